#pragma once
#include <exception>
#include <string>

/// The text of the E that `f` throws; says so if it throws nothing. Other exceptions pass.
template <class E, class F>
std::string error_of(F&& f) {
  try {
    static_cast<void>(f());
  } catch (const E& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}
