#pragma once
#include <cstddef>  // tells which library this is

// std::function. <functional> holds it among searchers, hash tables and algorithms, 11 MB of what
// a program takes to compile; of libstdc++ the file it comes from serves.
#if defined(__GLIBCXX__) && __has_include(<bits/std_function.h>)
#include <bits/std_function.h>
#else
#include <functional>
#endif
