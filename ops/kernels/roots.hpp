#pragma once
// Cube roots, and lengths of pairs, on registers of numbers.

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

/// ((1 - c)^(-1/3) - 1) / c for |c| <= 0.103, ((1 - c)^(-2/3) - 1) / c for these, and for |c| <=
/// 0.0004
inline constexpr double cbrt_start_double[] = {0.33425368793596693, 0.222989380779330583};
inline constexpr float cbrt_step_float[] = {0.666666666666666667F, 0.555541349443588986F,
                                            0.493813629036445549F, 0.458018177296434067F,
                                            0.42758595941255812F};
inline constexpr double cbrt_end_double[] = {0.66666670617284221, 0.555555591769549879};

/// Near x^(-1/3) for positive, finite, normal numbers, by a straight line between the bits of the
/// two: 1 - x y³ is at most 0.103. Source of the form: Kahan, Computing a real cube root
/// (1991).
XTAPE_INLINE Lane<float> near_inverse_cbrt(Lane<float> x) {
  using Integers = Register<float>::Truths;
  const auto bits =
      Lane<float>::of(__builtin_convertvector(Integers(x.bits()), Register<float>::Values));
  const Lane<float> line = fma(bits, Lane<float>(-1.0F / 3), Lane<float>(0x1.5287dp+30F));
  return Lane<float>::of_bits(__builtin_convertvector(line.v, Integers));
}
XTAPE_INLINE Lane<double> near_inverse_cbrt(Lane<double> x) {
  // without the last 20 bits, so that an integer stands in those of a number from 2^52 on
  const auto bits = Lane<double>::of_bits((x.bits() >> 20) | Lane<double>(0x1p52).bits());
  const Lane<double> line =
      fma(bits, Lane<double>(-1.0 / 3), Lane<double>(0x1p52 * (4.0 / 3) + 0x1p32 * 1363.93195));
  return Lane<double>::of_bits(line.bits() << 20);
}

/// What scales numbers so small that a rounding error in their cube is none that counts.
template <class T>
struct CubeRange {
  static constexpr T low = 0x1p-90F, up = 0x1p48F, down = 0x1p-16F;
};
template <>
struct CubeRange<double> {
  static constexpr double low = 0x1p-900, up = 0x1p300, down = 0x1p-100;
};

/// a b - c where that is small beside c: rounded once.
template <class T>
XTAPE_INLINE Lane<T> product_less(Lane<T> a, Lane<T> b, Lane<T> c) {
  if constexpr (has_fma) return fma(a, b, -c);
  const Two<T> half = two_product(T(0.5) * a, b);  // a b itself may be infinite
  return 2 * ((half.high - T(0.5) * c) + half.low);
}

/// y² and x y² for y near x^(-1/3), both times what (1 - x y³) says they lack; and then, once, the
/// second less its error in twice the precision. No division.
template <class T>
XTAPE_INLINE Lane<T> cbrt(Lane<T> x) {
  using Range = CubeRange<T>;
  constexpr T infinity = std::numeric_limits<T>::infinity(), third = T(1.0 / 3);
  const Lane<T> size = abs(x);
  const Mask<T> small = size < Range::low;
  const bool any_small = any(small);
  const Lane<T> m = any_small ? where(small, size * Range::up, size) : size;

  Lane<T> y = near_inverse_cbrt(m);
  if constexpr (std::is_same_v<T, double>) {
    const Lane<T> lack = fma(-(y * y), m * y, Lane<T>(1));
    y = fma(y * lack, polynomial(lack, cbrt_start_double), y);
  }
  const Lane<T> square = y * y, first = m * square, lack = fma(-first, y, Lane<T>(1));
  const Lane<T> more = lack * polynomial(lack, series<T>(cbrt_step_float, cbrt_end_double));
  const Lane<T> slope = fma(square, more, square), near = fma(first, more, first);

  const Two<T> power = two_product(near, near);
  const Lane<T> error = fma(power.low, near, product_less(power.high, near, m));
  Lane<T> root = fma(-error, third * slope, near);
  if (any_small) root = where(small, root * Range::down, root);
  return where(size < infinity, copysign(root, x), x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
