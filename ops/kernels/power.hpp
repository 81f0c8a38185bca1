#pragma once
// pow on registers of numbers: the C library's, number by number.

#include <cstdint>
#include <limits>

#include <xtape/core/wraps.hpp>
#include <xtape/ops/kernels/logarithm.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

XTAPE_INLINE float power(float a, float b) { return __builtin_powf(a, b); }
XTAPE_INLINE double power(double a, double b) { return __builtin_pow(a, b); }

/// Wraps around; the exponent is not negative.
XTAPE_WRAPS inline std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::uint64_t result = 1;
  for (auto square = static_cast<std::uint64_t>(base); exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<std::int64_t>(result);
}

template <class T>
XTAPE_INLINE Lane<T> pow(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  for (std::size_t i = 0; i < Lane<T>::width; ++i) a.v[i] = power(a.v[i], b.v[i]);
  return a;
}

/// Whether y has all its digits: it is neither 0, subnormal, infinite nor NaN.
template <class T>
XTAPE_INLINE Mask<T> is_normal(Lane<T> y) {
  const Lane<T> size = abs(y);
  return (size >= std::numeric_limits<T>::min()) & (size <= std::numeric_limits<T>::max());
}

/// b a^(b - 1); 0 where a and b are 0. By y = a^b where no step of that loses digits: b - 1 itself
/// rounds, which counts where log(a) is large.
template <class T>
XTAPE_INLINE Lane<T> pow_base_slope(Lane<T> a, Lane<T> b, Lane<T> y) {
  const Lane<T> quotient = y / a, product = b * y;
  const Mask<T> direct = is_normal(y) & is_normal(quotient);
  const Mask<T> other = is_normal(y) & is_normal(product);
  const Lane<T> by_value = where(direct, b * quotient, product / a);
  if (!any(!(direct | other))) return by_value;
  const Lane<T> root = pow(abs(a), T(0.5) * b);
  const Lane<T> by_root = where(y == y, b * (root / a) * copysign(root, y), y);
  const Mask<T> edge = (a == 0) | (abs(a) > std::numeric_limits<T>::max());
  const Lane<T> at_edge = where(b == 0, 0, b * pow(a, b - 1));
  return where(direct | other, by_value, where(edge, at_edge, by_root));
}

/// a^b log(a); 0 where a is 0 and b is not negative, or a infinite and b negative.
template <class T>
XTAPE_INLINE Lane<T> pow_exponent_slope(Lane<T> a, Lane<T> b, Lane<T> y) {
  const Lane<T> logarithm = log(a);
  Lane<T> slope = y * logarithm;
  if (const Mask<T> lost = !is_normal(y); any(lost)) {
    const Lane<T> root = pow(a, T(0.5) * b);  // y itself has lost digits
    slope = where(lost & (abs(y) < 1), root * logarithm * root, slope);
  }
  const Mask<T> endless = a > std::numeric_limits<T>::max();
  return where(((a == 0) & (b >= 0)) | (endless & (b < 0)), 0, slope);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
