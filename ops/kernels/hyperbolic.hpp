#pragma once
// Hyperbolic functions and their inverses, powers of 2, and logarithms to the bases 2 and 10, on
// registers of numbers.

#include <iterator>
#include <limits>

#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/two.hpp>

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
  const Lane<T> size = abs(x), e = expm1(where(size < large_angle<T>, size, 1));
  const Lane<T> inside = T(0.5) * (e + e / (e + 1));
  return copysign(unless_large(size, inside), x);
}

template <class T>
XTAPE_INLINE Lane<T> cosh(Lane<T> x) {
  const Lane<T> size = abs(x), e = exp(where(size < large_angle<T>, size, 1));
  return unless_large(size, T(0.5) * e + T(0.5) / e);
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
  const Lane<T> inside = log1p(near + square / (1 + sqrt(1 + square)));
  return where(x == 0, x, copysign(unless_log(large, size, inside), x));
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
  const Lane<T> inside = log1p(above + sqrt(above * (2 + above)));
  const Lane<T> value = unless_log(large, x, inside);
  return where(x < 1, std::numeric_limits<T>::quiet_NaN(), value);
}

template <class T>
XTAPE_INLINE Lane<T> atanh(Lane<T> x) {
  const Lane<T> size = abs(x), twice = 2 * size;
  const Lane<T> ratio = where(size < T(0.5), twice + twice * size / (1 - size), twice / (1 - size));
  return where(x == 0, x, copysign(T(0.5) * log1p(ratio), x));
}

/// A number in twice the precision, for logarithms to other bases.
template <class T>
struct Factor {
  constexpr Factor(double leading, double rest)
      : high(static_cast<T>(leading)),
        low(static_cast<T>((leading - static_cast<double>(high)) + rest)) {}
  T high, low;
};

template <class T>
XTAPE_INLINE Lane<T> exp2(Lane<T> x) {
  constexpr Factor<T> ln2(0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56);
  const Lane<T> bounded = clamp(x, T(-4000), T(4000));
  const Two<T> product = two_product(bounded, Lane<T>(ln2.high));
  return Exponential<T>(Two<T>{product.high, fma(bounded, Lane<T>(ln2.low), product.low)}).value();
}

/// ln2 exp2(x) for y = exp2(x), also where only that overflows.
template <class T>
XTAPE_INLINE Lane<T> exp2_slope(Lane<T> x, Lane<T> y) {
  constexpr T ln2 = static_cast<T>(0x1.62e42fefa39efp-1);
  const Mask<T> beyond = y > std::numeric_limits<T>::max();
  if (!any(beyond)) [[likely]]
    return ln2 * y;
  return where(beyond, 2 * ln2 * exp2(x - 1), ln2 * y);
}

/// log(x) / log(base), for 1 / log(base) and log(2) / log(base); `of_two` so short that whole
/// multiples are exact, and `of_two_rest` what it lacks. Whole powers of the base are exact.
template <class T>
XTAPE_INLINE Lane<T> log_to_base(Lane<T> x, const Factor<T>& per, T of_two, T of_two_rest) {
  const Split<T> split = split_any(x);
  const Lane<T> n = split.exponent, f = split.fraction;
  const Lane<T> s = f / (2 + f), half_square = T(0.5) * f * f, z = s * s;
  const Lane<T> rest = z * polynomial(z, series<T>(log_float, log_double));
  const Two<T> lead = ordered_two_sum(f, -half_square);
  const Lane<T> tail = lead.low + s * (half_square + rest);
  const Two<T> product = two_product(lead.high, Lane<T>(per.high));
  const Two<T> sum = ordered_two_sum(n * of_two, product.high);
  const Lane<T> small_parts =
      product.low + (lead.high * per.low + tail * per.high + n * of_two_rest);
  return log_limits(x, sum.high + (sum.low + small_parts));
}

template <class T>
XTAPE_INLINE Lane<T> log2(Lane<T> x) {
  return log_to_base(x, Factor<T>(0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56), T(1), T(0));
}

template <class T>
XTAPE_INLINE Lane<T> log10(Lane<T> x) {
  // log10(2) in 13 digits of T or 42, and the rest
  constexpr double leading = std::is_same_v<T, float> ? 0x1.344p-2 : 0x1.34413509f78p-2;
  constexpr Factor<double> whole(0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59);
  constexpr T rest = static_cast<T>((whole.high - leading) + whole.low);
  return log_to_base(x, Factor<T>(0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57), T(leading), rest);
}

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

/// cbrt(m) for m in [0.35, 2.84], to 2 digits
inline constexpr double cbrt_double[] = {0.506502128415236748, 0.6578322228335917,
                                         -0.192300433009814237, 0.0259578393453554105};

/// By Halley's iteration on x over a power of 8, and a last step with the error in twice the
/// precision.
template <class T>
XTAPE_INLINE Lane<T> cbrt(Lane<T> x) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr int lift = Register<T>::fraction_bits / 3 * 3 + 3;
  const Lane<T> size = abs(x);
  const Mask<T> small = size < std::numeric_limits<T>::min();
  const Split<T> split(where(small, size * T(std::int64_t{1} << lift), size));
  const Lane<T> third = (split.exponent * T(1.0 / 3) + rounder<T>)-rounder<T>;
  const Lane<T> m = (1 + split.fraction) * power_of_two((split.exponent - 3 * third) + rounder<T>);
  Lane<T> y = 0;
  for (std::size_t i = std::size(cbrt_double); i > 0; --i)
    y = fma(y, m, Lane<T>(cbrt_double[i - 1]));
  for (int step = 0; step < (std::is_same_v<T, float> ? 1 : 2); ++step) {
    const Lane<T> cube = y * y * y;
    y = y * (cube + 2 * m) / (2 * cube + m);
  }
  const Two<T> square = two_product(y, y), cube = two_product(square.high, y);
  const Lane<T> error = ((cube.high - m) + cube.low) + square.low * y;
  const Lane<T> root = y - error / (3 * square.high);
  const Lane<T> power = third - where(small, lift / 3, 0);
  const Lane<T> value = copysign(root * power_of_two(power + rounder<T>), x);
  return where((size > 0) & (size < infinity), value, x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
