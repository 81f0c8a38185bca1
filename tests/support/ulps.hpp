#pragma once
#include <cmath>
#include <limits>

/// The distance in units of the last place of the exact result; what underflows is not looked at.
template <class T>
inline double ulps(T got, long double exact) {
  const long double size = std::fabs(exact);
  if (std::isnan(exact)) return std::isnan(got) ? 0 : INFINITY;
  if (size < std::numeric_limits<T>::min()) {
    return std::fabs(static_cast<long double>(got)) < 2 * std::numeric_limits<T>::min() ? 0
                                                                                        : INFINITY;
  }
  if (static_cast<T>(exact) == got) return 0;
  int exponent = 0;
  std::frexp(exact, &exponent);
  const long double unit = std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - exact) / unit);
}
