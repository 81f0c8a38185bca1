#pragma once
#include <concepts>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>

XTAPE_EXPORT_BEGIN

/// Ranges of options, checked before anything is done. NaN lies in none. Each check gives its value
/// back, for member initialisers.
namespace xtape::detail {

/// Throws ValueError, "op: what must rule; got value".
template <class T>
[[noreturn]] void refuse(const char* op, const char* what, const std::string& rule, T value) {
  throw ValueError(std::string(op) + ": " + what + " must " + rule + "; got " + text(value));
}

/// Refuses a value unless `holds`.
template <class T>
T require(bool holds, const char* op, const char* what, const char* rule, T value) {
  if (!holds) refuse(op, what, rule, value);
  return value;
}

double require_finite(const char* op, const char* what, double value);
double require_positive(const char* op, const char* what, double value);      ///< and finite
double require_not_negative(const char* op, const char* what, double value);  ///< and finite

template <class T>
T require_in(const char* op, const char* what, T value, T least, T most) {
  if (!(value >= least && value <= most))
    refuse(op, what, "lie in [" + text(least) + ", " + text(most) + "]", value);
  return value;
}

template <std::integral T>
T require_at_least(const char* op, const char* what, T value, T least) {
  if (value < least) refuse(op, what, "be at least " + text(least), value);
  return value;
}

}  // namespace xtape::detail

XTAPE_EXPORT_END
