#pragma once
// log and log1p on registers of numbers.

#include <limits>

#include <xtape/ops/kernels/exponential.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// (2 atanh(s) - 2 s) / s³ in s², for |s| <= 0.172
inline constexpr float log_float[] = {0.666666665450788441F, 0.400001294656752938F,
                                      0.285499642848193962F, 0.2335354248644052F};
inline constexpr double log_double[] = {
    0.666666666666666664, 0.400000000000010103, 0.285714285707228267, 0.222222224098440379,
    0.181817937222725056, 0.153863429743081531, 0.132660350372610508, 0.131149760967170383};

/// 2^exponent (1 + fraction), 1 + fraction between sqrt(1/2) and sqrt(2).
template <class T>
struct Split {
  /// Of positive, finite, normal numbers.
  XTAPE_INLINE explicit Split(Lane<T> x) {
    constexpr int bits = Register<T>::fraction_bits;
    const auto start = Lane<T>(0.707106781186547524).bits();
    const auto moved = x.bits() - start + Lane<T>(1).bits();
    const auto fraction_mask = ((typename Register<T>::Bits{} + 1) << bits) - 1;
    fraction = Lane<T>::of_bits((moved & fraction_mask) + start) - 1;
    const Lane<T> shifter = T(std::int64_t{1} << bits);  // its last bits take up an integer
    exponent = Lane<T>::of_bits((moved >> bits) | shifter.bits()) -
               (shifter + (std::numeric_limits<T>::max_exponent - 1));
  }
  XTAPE_INLINE Split(Lane<T> n, Lane<T> f) : exponent(n), fraction(f) {}
  Lane<T> exponent, fraction;
};

/// The same of positive finite numbers, subnormal ones too.
template <class T>
XTAPE_INLINE Split<T> split_any(Lane<T> x) {
  constexpr int lift = Register<T>::fraction_bits + 2;
  const Mask<T> small = x < std::numeric_limits<T>::min();
  Split<T> split(where(small, x * T(std::int64_t{1} << lift), x));
  split.exponent = split.exponent - where(small, lift, 0);
  return split;
}
#if defined(__AVX512F__)
XTAPE_INLINE Split<float> split_any(Lane<float> x) {
  const auto m =
      Lane<float>::of(_mm512_maskz_getmant_ps(0xFFFF, x.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src));
  const auto n = Lane<float>::of(_mm512_maskz_getexp_ps(0xFFFF, x.v));
  const Mask<float> upper = m > 1.41421356F;
  return {where(upper, n + 1, n), where(upper, 0.5F * m, m) - 1};
}
XTAPE_INLINE Split<double> split_any(Lane<double> x) {
  const auto m =
      Lane<double>::of(_mm512_maskz_getmant_pd(0xFF, x.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src));
  const auto n = Lane<double>::of(_mm512_maskz_getexp_pd(0xFF, x.v));
  const Mask<double> upper = m > 1.4142135623730951;
  return {where(upper, n + 1, n), where(upper, 0.5 * m, m) - 1};
}
#endif

/// n log(2) + log(1 + f). Source of the form: Ng, fdlibm's e_log.c (1993).
template <class T>
XTAPE_INLINE Lane<T> log_of(Lane<T> n, Lane<T> f) {
  const Lane<T> s = f / (2 + f), half_square = T(0.5) * f * f;
  const Lane<T> z = s * s, rest = z * polynomial(z, series<T>(log_float, log_double));
  return n * Ln2<T>::high - ((half_square - fma(s, half_square + rest, n * Ln2<T>::low)) - f);
}

/// What log(u) is at the ends of its range, and `inside` elsewhere.
template <class T>
XTAPE_INLINE Lane<T> log_limits(Lane<T> u, Lane<T> inside) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Lane<T> outside =
      where(u == 0, -infinity, where(u > 0, u, std::numeric_limits<T>::quiet_NaN()));
  return where((u > 0) & (u < infinity), inside, outside);
}

#if defined(__AVX512F__)
// By the kind of u: NaN stays, -inf of 0, inf of inf, NaN below.
inline constexpr int limits_of_log = 0x03530422;
XTAPE_INLINE Lane<float> log_limits(Lane<float> u, Lane<float> inside) {
  const __m512i kinds = _mm512_set1_epi32(limits_of_log);
  return Lane<float>::of(_mm512_fixupimm_ps(inside.v, u.v, kinds, 0));
}
XTAPE_INLINE Lane<double> log_limits(Lane<double> u, Lane<double> inside) {
  const __m512i kinds = _mm512_set1_epi64(limits_of_log);
  return Lane<double>::of(_mm512_fixupimm_pd(inside.v, u.v, kinds, 0));
}
#endif

template <class T>
XTAPE_INLINE Lane<T> log(Lane<T> x) {
  const Split<T> split = split_any(x);
  return log_limits(x, log_of(split.exponent, split.fraction));
}

/// log(u) for u = 1 + x > 0, x where `bounded` below 1e30.
template <bool bounded, class T>
XTAPE_INLINE Lane<T> log1p_inside(Lane<T> x, Lane<T> u) {
  const Split<T> split(u);
  // What rounding took from u. Where x is huge that is of no account, and could be infinite.
  const Lane<T> lost = where(x < 1, x - (u - 1), 1 - (u - x));
  const Lane<T> scaled = lost * power_of_two(rounder<T> - split.exponent);
  const Lane<T> more = bounded ? scaled : where(u < T(1e30), scaled, 0);
  return log_of(split.exponent, where(split.exponent == 0, x, split.fraction + more));
}

template <class T>
XTAPE_INLINE Lane<T> log1p(Lane<T> x) {
  const Lane<T> u = 1 + x;
  return where(x == 0, x, log_limits(u, log1p_inside<false>(x, u)));
}

/// The same for x from 0 to 1e30, or NaN.
template <class T>
XTAPE_INLINE Lane<T> log1p_of_positive(Lane<T> x) {
  return log1p_inside<true>(x, 1 + x);
}

/// log(1 + exp(-|x|)), the part of softplus that is not a straight line.
template <class T>
XTAPE_INLINE Lane<T> softplus_tail(Lane<T> x) {
  const Lane<T> e = exp(-abs(x));
  const Mask<T> halved = e > T(0.414213562373095049);  // 1 + e above sqrt(2); (1 + e) / 2 is exact
  return log_of(where(halved, 1, 0), where(halved, T(0.5) * (e - 1), e));
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
