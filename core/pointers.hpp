#pragma once
#include <cstddef>  // tells which library this is

// std::shared_ptr and std::unique_ptr. <memory> holds them among algorithms, ranges and execution
// policies, 2 MB of what a program takes to compile; of libstdc++ the files they come from serve.
#if defined(__GLIBCXX__) && __has_include(<bits/shared_ptr.h>) && __has_include(<bits/unique_ptr.h>)
#include <bits/shared_ptr.h>
#include <bits/unique_ptr.h>
#else
#include <memory>
#endif
