#pragma once
// Cube roots, and lengths of pairs, on registers of numbers.

#include <iterator>
#include <limits>
#include <type_traits>

#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// What brings numbers whose squares over- or underflow to where they do not.
template <class T>
struct SquareRange {
  static constexpr T high = 0x1p60F, down = 0x1p-70F, low = 0x1p-50F, up = 0x1p90F;
};
template <>
struct SquareRange<double> {
  static constexpr double high = 0x1p500, down = 0x1p-600, low = 0x1p-400, up = 0x1p700;
};

/// sqrt(a² + b²)
template <class T>
XTAPE_INLINE Lane<T> hypot(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  using Range = SquareRange<T>;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Lane<T> x = abs(a), y = abs(b), larger = where(x > y, x, y);
  const Mask<T> huge = larger > Range::high, tiny = larger < Range::low;
  const Lane<T> scale = where(huge, Range::down, where(tiny, Range::up, 1));
  const Lane<T> back = where(huge, 1 / Range::down, where(tiny, 1 / Range::up, 1));
  const Lane<T> value = sqrt(fma(x * scale, x * scale, (y * scale) * (y * scale))) * back;
  return where((x == infinity) | (y == infinity), infinity, value);
}

/// a for the limit of a / hypot(a, b): infinite ones count as 1, and finite ones beside them as 0.
template <class T>
XTAPE_INLINE Lane<T> bounded(Lane<T> a, Lane<T> b) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  return where(abs(a) == infinity, sign(a), where(abs(b) == infinity, 0, T(0.25) * a));
}

/// a / y for y = hypot(a, b), 0 at the origin; also where y is infinite.
template <class T>
XTAPE_INLINE Lane<T> hypot_slope(Lane<T> a, Lane<T> b, Lane<T> y) {
  const Lane<T> near = where(y == 0, 0, a / y);
  const Mask<T> finite = y < std::numeric_limits<T>::infinity();
  if (!any(!finite)) [[likely]]
    return near;
  const Lane<T> x = bounded(a, b), z = bounded(b, a);
  return where(finite, near, x / hypot(x, z));
}

/// (1 + f)^(-1/3) for 1 + f in [0.7, 1.43], to 4 digits
inline constexpr double inverse_cbrt_double[] = {0.999966811149581604, -0.332925854472898068,
                                                 0.224994198136562761, -0.188628220334326155,
                                                 0.123727507212578356};

/// 2^e (1 + f) = 8^n m; for y near m^(-1/3) one step of Newton's, or of the next order, on 1 / y³ =
/// m, and one with the error of m y² in twice the precision. No division.
template <class T>
XTAPE_INLINE Lane<T> cbrt(Lane<T> x) {
  constexpr T infinity = std::numeric_limits<T>::infinity(), third = T(1.0 / 3);
  const Lane<T> size = abs(x);
  const Split<T> split = split_any(size);
  const Lane<T> sum = fma(split.exponent, Lane<T>(third), Lane<T>(rounder<T>));
  const Lane<T> rest = split.exponent - 3 * (sum - rounder<T>);
  const Mask<T> above = rest > 0, below = rest < 0;
  const Lane<T> m = (1 + split.fraction) * where(above, 2, where(below, T(0.5), 1));

  Lane<T> y = inverse_cbrt_double[std::size(inverse_cbrt_double) - 1];
  for (std::size_t i = std::size(inverse_cbrt_double) - 1; i > 0; --i)
    y = fma(y, split.fraction, Lane<T>(inverse_cbrt_double[i - 1]));
  y = y * where(above, T(0.793700525984099737), where(below, T(1.25992104989487316), 1));
  const Lane<T> left = fma(-(y * y), m * y, Lane<T>(1));
  if constexpr (std::is_same_v<T, float>)
    y = fma(y * left, Lane<T>(third), y);
  else
    y = fma(y * left, fma(left, Lane<T>(2 * third * third), Lane<T>(third)), y);

  const Lane<T> slope = y * y, near = m * slope;
  const Two<T> square = two_product(near, near), cube = two_product(square.high, near);
  const Lane<T> error = ((cube.high - m) + cube.low) + square.low * near;
  const Lane<T> root = near - error * (third * slope);
  const Lane<T> value = copysign(root * power_of_two(sum), x);
  return where((size > 0) & (size < infinity), value, x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
