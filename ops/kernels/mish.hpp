#pragma once
// x tanh(log(1 + exp(x))) on registers of numbers. With w = exp(-|x|) the hyperbolic tangent is a
// quotient of polynomials in w, and what is small keeps its digits.

#include <xtape/ops/kernels/exponential.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// |x| for exp(-|x|): beyond this size nothing is left of it, and products with it would be NaN.
template <class T>
XTAPE_INLINE Lane<T> mish_size(Lane<T> x) {
  const Lane<T> size = abs(x);
  return where(size > 800, 800, size);
}

template <class T>
XTAPE_INLINE Lane<T> mish(Lane<T> x) {
  const Lane<T> z = mish_size(x);
  const Exponential<T> tail(-z);
  const Lane<T> w = tail.value(), twice = w * (w + 2);
  const Lane<T> below = tail.times(-z * (w + 2)) / (twice + 2);
  return where(x < 0, below, x * ((2 * w + 1) / (2 * w * (w + 1) + 1)));
}

template <class T>
XTAPE_INLINE Lane<T> mish_slope(Lane<T> x) {
  const Lane<T> z = mish_size(x);
  const Exponential<T> tail(-z);
  const Lane<T> w = tail.value(), one_more = w + 1;
  const Lane<T> under = w * (w + 2) + 2, over_it = 2 * w * one_more + 1;
  const Lane<T> below = tail.times(((w + 2) * under - 4 * z * one_more) / (under * under));
  const Lane<T> above = ((2 * w + 1) * over_it + 4 * z * one_more * w * w) / (over_it * over_it);
  return where(x < 0, below, above);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
