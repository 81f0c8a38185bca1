#pragma once
// pow on registers of numbers.

#include <cstdint>
#include <limits>

#include <xtape/core/wraps.hpp>
#include <xtape/ops/kernels/float_power.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/rounding.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Wraps around; the exponent is not negative.
XTAPE_WRAPS inline std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::uint64_t result = 1;
  for (auto square = static_cast<std::uint64_t>(base); exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<std::int64_t>(result);
}

/// (2 atanh(s) - 2 s - 2 s³ / 3 - 2 s⁵ / 5) / s⁷ in s², for |s| <= 0.172
inline constexpr float power_log_float[] = {0.285714421135815712F, 0.222141165060878269F,
                                            0.188956450776707837F};
inline constexpr double power_log_double[] = {
    0.285714285714285996, 0.222222222221301994, 0.181818182307793498, 0.153846056297548671,
    0.133342568158982292, 0.11720009778481809,  0.115884141427316618};

/// log(x) of a positive number, to some ten bits more than T has.
template <class T>
XTAPE_INLINE Two<T> two_log(Lane<T> x) {
  const Split<T> split = split_any(x);
  const Lane<T> n = split.exponent, f = split.fraction;
  // s = f / (2 + f), and log(1 + f) = 2 s + s z (2 / 3 + z (2 / 5 + z p(z))) for z = s²
  const Two<T> below = ordered_two_sum(Lane<T>(2), f);
  const Lane<T> reciprocal = 1 / below.high, s = f * reciprocal;
  const Two<T> product = two_product(s, below.high);
  const Lane<T> s_low = (((f - product.high) - product.low) - s * below.low) * reciprocal;
  Two<T> z = two_product(s, s);
  z.low = z.low + 2 * s * s_low;
  constexpr T fifth = static_cast<T>(2. / 5), fifth_low = static_cast<T>(2.L / 5 - fifth);
  constexpr T third = static_cast<T>(2. / 3), third_low = static_cast<T>(2.L / 3 - third);
  const Lane<T> last = z.high * by_halves(z.high, series<T>(power_log_float, power_log_double));
  Two<T> outer;
  if constexpr (std::is_same_v<T, float>) {  // whose exponents are small
    outer = {third, third_low + z.high * (fifth + last)};
  } else {
    Two<T> inner = ordered_two_sum(Lane<T>(fifth), last);
    inner.low = inner.low + fifth_low;
    const Two<T> behind = two_product(z.high, inner.high);
    outer = ordered_two_sum(Lane<T>(third), behind.high);
    outer.low = outer.low + ((third_low + behind.low) + (z.high * inner.low + z.low * inner.high));
  }
  Two<T> rest = two_product(z.high, outer.high);
  rest.low = rest.low + (z.high * outer.low + z.low * outer.high);
  Two<T> cubic = two_product(s, rest.high);
  cubic.low = cubic.low + (s * rest.low + s_low * rest.high);
  const Two<T> linear = two_sum(n * Ln2<T>::high, 2 * s);
  const Two<T> sum = two_sum(linear.high, cubic.high);
  const Lane<T> low = ((linear.low + sum.low) + (cubic.low + 2 * s_low)) + n * Ln2<T>::low;
  return ordered_two_sum(sum.high, low);
}

/// exp(x), to some bits more than T has until it is rounded.
template <class T>
XTAPE_INLINE Lane<T> exp_of(Two<T> x) {
  using Range = ExpRange<T>;
  const bool far = any(!(abs(x.high) <= Range::near));
  const Lane<T> at = far ? clamp(x.high, Range::low, Range::high) : x.high;
  const Lane<T> behind = far ? where(at == x.high, x.low, 0) : x.low;
  const Lane<T> sum = fma(at, Lane<T>(1.44269504088896341), Lane<T>(rounder<T>));
  const Lane<T> n = sum - rounder<T>;
  const Two<T> r = two_sum(at - n * Ln2<T>::high, -n * Ln2<T>::low);
  const Lane<T> rest = r.high * r.high * by_halves(r.high, series<T>(exp_float, exp_double));
  const Two<T> y = ordered_two_sum(Lane<T>(1), r.high);
  const Lane<T> low = rest + (r.low + behind) * (y.high + rest);
  return times_power_of_two(y.high + (y.low + low), sum, far);
}

#if defined(__AVX512F__)
template <class T>
inline constexpr bool by_tables = std::is_same_v<T, float>;
#else
template <class T>
inline constexpr bool by_tables = false;
#endif

/// Beyond this a finite power of any other number than 1 has left the range.
template <class T>
inline constexpr T greatest_exponent = std::is_same_v<T, float> ? T(0x1p60) : T(0x1p100);

/// a^b for positive a, both finite.
template <class T>
XTAPE_INLINE Lane<T> power_of_positive(Lane<T> a, Lane<T> b) {
  const Lane<T> times = clamp(b, -greatest_exponent<T>, greatest_exponent<T>);
  if constexpr (by_tables<T>) {
    return float_power(a, times);
  } else {
    const Two<T> logarithm = two_log(a);
    Two<T> exponent = two_product(times, logarithm.high);
    exponent.low = fma(times, logarithm.low, exponent.low);
    return exp_of(exponent);
  }
}

template <class T>
XTAPE_INLINE Mask<T> is_even(Lane<T> whole) {
  const Lane<T> half = T(0.5) * whole;
  return round(half) == half;
}

/// a^b where a is 0, or one of them infinite or NaN; C, annex F.10.4.4.
template <class T>
XTAPE_INLINE Lane<T> pow_limit(Lane<T> a, Lane<T> b) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Lane<T> size = abs(a);
  const Mask<T> grows = ((size > 1) & (b > 0)) | ((size < 1) & (b < 0));
  const Lane<T> positive = where(size == 1, 1, where(grows, infinity, 0));
  const Lane<T> y = where((round(b) == b) & !is_even(b), copysign(positive, a), positive);
  return where((b == 0) | (a == 1), 1, where((a == a) & (b == b), y, a + b));
}

template <class T>
XTAPE_INLINE Lane<T> pow(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  if constexpr (std::is_integral_v<T>) {
    for (std::size_t i = 0; i < Lane<T>::width; ++i) a.v[i] = power(a.v[i], b.v[i]);
    return a;
  } else {
    constexpr T most = std::numeric_limits<T>::max();
    const Lane<T> size = abs(a);
    const Mask<T> inside = (size > 0) & (size <= most) & (abs(b) <= most);
    Lane<T> y = power_of_positive(where(inside, size, 1), where(inside, b, 0));
    if (const Mask<T> left = a < 0; any(left)) {
      const Lane<T> with_sign = where(is_even(b), y, -y);
      y = where(left, where(round(b) == b, with_sign, std::numeric_limits<T>::quiet_NaN()), y);
    }
    if (const Mask<T> inverted = inside & (b == -1); any(inverted))
      y = where(inverted, 1 / a, y);  // rounded but once
    if (any(!inside)) [[unlikely]]
      y = where(inside, y, pow_limit(a, b));
    return y;
  }
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
