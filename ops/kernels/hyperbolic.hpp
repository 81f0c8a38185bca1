#pragma once
// Hyperbolic functions and their inverses, on registers of numbers.

#include <cstddef>
#include <iterator>
#include <limits>

#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/logarithm.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// exp(x) / 2 for x so large that exp(x) may be infinite.
template <class T>
XTAPE_INLINE Lane<T> half_of_large_exp(Lane<T> x) {
  const Lane<T> root = exp(T(0.5) * x);
  return (T(0.5) * root) * root;
}

/// From here on sinh, cosh and exp / 2 are one.
template <class T>
inline constexpr T large_angle = ExpRange<T>::near;

template <class T>
XTAPE_INLINE Lane<T> unless_large(Lane<T> size, Lane<T> inside) {
  const Mask<T> large = !(size < large_angle<T>);
  if (!any(large)) [[likely]]
    return inside;
  return where(large, half_of_large_exp(size), inside);
}

template <class T>
XTAPE_INLINE Lane<T> sinh(Lane<T> x) {
  const Lane<T> size = abs(x), e = expm1_of_positive(where(size < large_angle<T>, size, 1));
  const Lane<T> inside = T(0.5) * (e + e / (e + 1));
  return copysign(unless_large(size, inside), x);
}

/// By exp(r) and exp(-r) for x = n log(2) + r, from the even and the odd terms of one polynomial: no
/// division.
template <class T>
XTAPE_INLINE Lane<T> cosh(Lane<T> x) {
  const Lane<T> size = abs(x), near = where(size < large_angle<T>, size, 1);
  const Lane<T> sum = fma(near, Lane<T>(1.44269504088896341), Lane<T>(rounder<T>));
  const Lane<T> n = sum - rounder<T>;
  const Lane<T> r = fma(-n, Lane<T>(Ln2<T>::low), fma(-n, Lane<T>(Ln2<T>::high), near));
  const Lane<T> z = r * r;
  constexpr auto& terms = series<T>(exp_float, exp_double);
  constexpr std::size_t count = std::size(terms);
  const auto every_other = [&](std::size_t last) {
    Lane<T> total = terms[last];
    for (std::size_t i = last; i > 1; i -= 2) total = fma(total, z, Lane<T>(terms[i - 2]));
    return total;
  };
  const Lane<T> even = every_other(count - 2 + count % 2), odd = every_other(count - 1 - count % 2);
  const Lane<T> beside = fma(r * z, odd, r);
  const Lane<T> rising = 1 + fma(z, even, beside), falling = 1 + fma(z, even, -beside);
  const Lane<T> half = power_of_two(sum - 1), inverse = power_of_two((rounder<T> - 1) - n);
  return unless_large(size, fma(inverse, falling, half * rising));
}

/// From here on sqrt(1 + x²) is x.
template <class T>
inline constexpr T large_root = T(std::int64_t{1} << (Register<T>::fraction_bits / 2 + 2));

/// log(2 x) where x is large.
template <class T>
XTAPE_INLINE Lane<T> unless_log(Mask<T> large, Lane<T> x, Lane<T> inside) {
  if (!any(large)) [[likely]]
    return inside;
  return where(large, log(x) + T(0.693147180559945309), inside);
}

template <class T>
XTAPE_INLINE Lane<T> asinh(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Mask<T> large = size > large_root<T>;
  const Lane<T> near = where(large, 1, size), square = near * near;
  const Lane<T> inside = log1p_of_positive(near + square / (1 + sqrt(1 + square)));
  return copysign(unless_log(large, size, inside), x);
}

/// sqrt(x² - 1), with its digits beside 1; NaN below it
template <class T>
XTAPE_INLINE Lane<T> root_of_square_less_one(Lane<T> x) {
  return sqrt(x - 1) * sqrt(x + 1);
}

template <class T>
XTAPE_INLINE Lane<T> acosh(Lane<T> x) {
  const Mask<T> large = x > large_root<T>;
  const Lane<T> above = where(large, 1, x) - 1;
  const Lane<T> inside = log1p_of_positive(above + sqrt(above * (2 + above)));
  const Lane<T> value = unless_log(large, x, inside);
  return where(x < 1, std::numeric_limits<T>::quiet_NaN(), value);
}

template <class T>
XTAPE_INLINE Lane<T> atanh(Lane<T> x) {
  const Lane<T> size = abs(x), twice = 2 * size;
  const Mask<T> near = size < T(0.5);
  const Lane<T> ratio = where(near, twice, 0) + where(near, twice * size, twice) / (1 - size);
  return copysign(T(0.5) * log1p(ratio), x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
