#pragma once
#include <charconv>
#include <cmath>
#include <string>

/// A number as Python prints it: the fewest digits that read back as the same double, "1.0" for 1,
/// "5e-07" below 0.0001.
inline std::string python_float(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const double size = std::abs(value);
  const bool fixed = value == 0 || (size >= 1e-4 && size < 1e16);
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits, end.ptr);
  if (fixed && text.find('.') == std::string::npos) text += ".0";
  return text;
}
