#pragma once
#include <cstddef>

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// c[0] + c[1] x + c[2] x² + ..., by Horner's rule.
template <class T, std::size_t n>
XTAPE_INLINE Lane<T> polynomial(Lane<T> x, const T (&c)[n]) {
  Lane<T> sum = c[n - 1];
  for (std::size_t i = n - 1; i > 0; --i) sum = fma(sum, x, Lane<T>(c[i - 1]));
  return sum;
}

/// The same by its even and odd powers beside one another: where all else waits for the sum.
template <class T, std::size_t n>
XTAPE_INLINE Lane<T> by_halves(Lane<T> x, const T (&c)[n]) {
  const Lane<T> square = x * x;
  const auto every_other = [&](std::size_t last) {
    Lane<T> sum = c[last];
    for (std::size_t i = last; i > 1; i -= 2) sum = fma(sum, square, Lane<T>(c[i - 2]));
    return sum;
  };
  constexpr std::size_t odd = n % 2 == 0 ? n - 1 : n - 2, even = n % 2 == 0 ? n - 2 : n - 1;
  return fma(every_other(odd), x, every_other(even));
}

/// For float32 fewer terms do: f(float series, double series) picks by T.
template <class T, class F, class D>
constexpr const auto& series(const F& for_float, const D& for_double) {
  if constexpr (std::is_same_v<T, float>)
    return for_float;
  else
    return for_double;
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
