#pragma once
#include <string>

namespace xtape::detail {

/// "train.cpp:42": where the program called the library, the innermost of its lines on this
/// thread's stack. Empty if it was compiled without -g, or the library without libbacktrace.
std::string user_line();

}  // namespace xtape::detail
