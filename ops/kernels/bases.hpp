#pragma once
// Powers of 2, and logarithms to the bases 2 and 10, on registers of numbers.

#include <type_traits>

#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/lookup.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// A number in twice the precision, for logarithms to other bases.
template <class T>
struct Factor {
  constexpr Factor(double leading, double rest)
      : high(static_cast<T>(leading)),
        low(static_cast<T>((leading - static_cast<double>(high)) + rest)) {}
  T high, low;
};

/// (2^r - 1) / r for |r| <= 1 / 2
inline constexpr float exp2_float[] = {0.693147188485954294F,   0.240226507645486622F,
                                       0.0555035492895236373F,  0.00961808066526978133F,
                                       0.00133920174055525508F, 0.000154541620879172211F};
inline constexpr double exp2_double[] = {
    0.693147180559945309,     0.240226506959100712,    0.055504108664821632,
    0.00961812910762847974,   0.00133335581464046493,  0.000154035303933698319,
    0.0000152527338438648551, 1.32154868098480021e-6,  1.01780559125461686e-7,
    7.05489672247035183e-9,   4.45602475513346413e-10, 2.57303480092343516e-11};

template <class T>
XTAPE_INLINE Lane<T> exp2(Lane<T> x) {
  constexpr T most = ExpRange<T>::exponent;
  const bool far = any(!(abs(x) <= most));
  if (far) [[unlikely]]
    x = clamp(x, -2 * most, 2 * most);
  const Lane<T> sum = x + rounder<T>, r = x - (sum - rounder<T>);
  const Lane<T> y = fma(r, polynomial(r, series<T>(exp2_float, exp2_double)), Lane<T>(1));
  return times_power_of_two(y, sum, far);
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

#if defined(__AVX512F__)
// float32 by tables that registers hold, without a division: x = 2^k m with m from 3/4 on, times a
// short number near 1 / m, one of 32. Source of the form: Tang, as in float_power.hpp.

/// (log(1 + r) - r) / r² to the bases 2 and 10, for r from -0.0168 to 0.0316
inline constexpr float log2_square_float[] = {-0.721347517207538987F, 0.480899996947960441F,
                                              -0.360735471241490802F, 0.28164929022363106F};
inline constexpr float log10_square_float[] = {-0.217147239977209062F, 0.144765323996053102F,
                                               -0.108592197343670189F, 0.0847848846147830393F};
/// The numbers near 1 / m: 1 beside 1, others in 9 bits; and minus their logarithms, so short that
/// whole multiples of log(2) may be added, with what those lack
inline constexpr float log_part_float[] = {
    1.0F,         0.955078125F, 0.927734375F, 0.90234375F, 0.876953125F, 0.853515625F, 0.83203125F,
    0.810546875F, 0.791015625F, 0.771484375F, 0.75390625F, 0.736328125F, 0.71875F,     0.703125F,
    0.6875F,      0.673828125F, 1.3203125F,   1.29296875F, 1.265625F,    1.2421875F,   1.21875F,
    1.1953125F,   1.17578125F,  1.15234375F,  1.1328125F,  1.11328125F,  1.09375F,     1.07421875F,
    1.05859375F,  1.0390625F,   1.0234375F,   1.0F};
inline constexpr float log_part_log2_float[] = {0.0F,
                                                0.066314697265625F,
                                                0.10821533203125F,
                                                0.14825439453125F,
                                                0.189422607421875F,
                                                0.228515625F,
                                                0.265289306640625F,
                                                0.30303955078125F,
                                                0.338226318359375F,
                                                0.374298095703125F,
                                                0.4075469970703125F,
                                                0.4415740966796875F,
                                                0.4764404296875F,
                                                0.508148193359375F,
                                                0.5405731201171875F,
                                                0.569549560546875F,
                                                -0.40087890625F,
                                                -0.3706817626953125F,
                                                -0.33984375F,
                                                -0.3128814697265625F,
                                                -0.285400390625F,
                                                -0.25738525390625F,
                                                -0.233612060546875F,
                                                -0.2045745849609375F,
                                                -0.1799163818359375F,
                                                -0.154815673828125F,
                                                -0.1292877197265625F,
                                                -0.1032867431640625F,
                                                -0.0821533203125F,
                                                -0.0552825927734375F,
                                                -0.033416748046875F,
                                                0.0F};
inline constexpr float log_part_log2_rest_float[] = {0.0F,
                                                     -5.35221785873401752e-6F,
                                                     9.64750439810465842e-7F,
                                                     -3.43594730754509507e-6F,
                                                     5.75783697805759204e-6F,
                                                     -5.09450059836608767e-6F,
                                                     1.07313353675713951e-6F,
                                                     -7.07701553710422995e-6F,
                                                     -4.41613136207368528e-6F,
                                                     -6.93876759027229761e-6F,
                                                     -4.0343383929196373e-6F,
                                                     5.19005164821888341e-6F,
                                                     -2.38574451287229415e-6F,
                                                     -1.2896890497107778e-6F,
                                                     -4.73875448475619936e-6F,
                                                     -2.11221240640161821e-6F,
                                                     -5.30032184320793625e-7F,
                                                     -5.6441119051976108e-6F,
                                                     -6.25288462472581496e-6F,
                                                     -1.48555779286073452e-6F,
                                                     -1.82823724834185055e-6F,
                                                     -2.58878640177116154e-6F,
                                                     -7.61621282704632611e-6F,
                                                     3.44071173389332227e-6F,
                                                     7.29182100303140991e-6F,
                                                     -2.43522397902311758e-6F,
                                                     4.70278159604468771e-6F,
                                                     -1.06524795945194e-6F,
                                                     4.27895862843930233e-6F,
                                                     1.57272247898764511e-7F,
                                                     -6.25349057527901759e-6F,
                                                     0.0F};
inline constexpr float log_part_log10_float[] = {0.0F,
                                                 0.01995849609375F,
                                                 0.0325775146484375F,
                                                 0.04462432861328125F,
                                                 0.0570220947265625F,
                                                 0.06878662109375F,
                                                 0.07985687255859375F,
                                                 0.09122467041015625F,
                                                 0.10181427001953125F,
                                                 0.1126708984375F,
                                                 0.1226806640625F,
                                                 0.13292694091796875F,
                                                 0.14342498779296875F,
                                                 0.1529693603515625F,
                                                 0.16272735595703125F,
                                                 0.17144775390625F,
                                                 -0.12067413330078125F,
                                                 -0.1115875244140625F,
                                                 -0.10230255126953125F,
                                                 -0.09418487548828125F,
                                                 -0.08591461181640625F,
                                                 -0.077484130859375F,
                                                 -0.0703277587890625F,
                                                 -0.06158447265625F,
                                                 -0.05416107177734375F,
                                                 -0.04660797119140625F,
                                                 -0.03891754150390625F,
                                                 -0.03108978271484375F,
                                                 -0.02472686767578125F,
                                                 -0.01663970947265625F,
                                                 -0.01006317138671875F,
                                                 0.0F};
inline constexpr float log_part_log10_rest_float[] = {0.0F,
                                                      2.60575846051198853e-6F,
                                                      -1.16329747331418521e-6F,
                                                      3.65680642400295247e-6F,
                                                      1.52524594508200462e-6F,
                                                      1.90291165891651954e-6F,
                                                      3.48931451808832205e-6F,
                                                      -2.80614641820169537e-6F,
                                                      6.67741630952957277e-7F,
                                                      1.96691187052414257e-6F,
                                                      1.99224157580111267e-6F,
                                                      1.6698520691503843e-6F,
                                                      -2.84549065565279908e-6F,
                                                      -1.90014301900809388e-6F,
                                                      -5.84593315098952444e-8F,
                                                      3.11199630663597458e-6F,
                                                      -2.60166502392191684e-6F,
                                                      -5.04049806676898229e-7F,
                                                      -2.49362523132789768e-6F,
                                                      -2.27918430186643185e-6F,
                                                      -1.68901869804328386e-8F,
                                                      2.66968964456336595e-6F,
                                                      1.22850706870459261e-6F,
                                                      2.42198993656666299e-6F,
                                                      3.03919023722437706e-6F,
                                                      3.07649474560809229e-6F,
                                                      -5.24526463409429783e-7F,
                                                      -2.94580356933861281e-6F,
                                                      -2.45788677491781127e-6F,
                                                      -1.96184656117575238e-6F,
                                                      1.84537882285568612e-6F,
                                                      0.0F};

/// x = 2^k (1 + r) / part, for the part of place i.
struct LogParts {
  XTAPE_INLINE explicit LogParts(Lane<float> x) {
    const __m512 m = _mm512_maskz_getmant_ps(0xFFFF, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    i = _mm512_maskz_srli_epi32(0xFFFF, reinterpret_cast<__m512i>(m), 18);
    k = Lane<float>::of(_mm512_maskz_getexp_ps(0xFFFF, x.v)) -
        Lane<float>::of(_mm512_maskz_getexp_ps(0xFFFF, m));
    r = fma(Lane<float>::of(m), looked_up(log_part_float, i), Lane<float>(-1));
  }
  __m512i i;
  Lane<float> k, r;
};

XTAPE_INLINE Lane<float> log2(Lane<float> x) {
  constexpr Factor<float> per(0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56);
  const LogParts parts(x);
  const Lane<float> r = parts.r;
  const Lane<float> rest =
      fma(r * r, polynomial(r, log2_square_float), looked_up(log_part_log2_rest_float, parts.i));
  const Lane<float> beside = fma(r, Lane<float>(per.high), fma(r, Lane<float>(per.low), rest));
  return log_limits(x, (parts.k + looked_up(log_part_log2_float, parts.i)) + beside);
}

XTAPE_INLINE Lane<float> log10(Lane<float> x) {
  constexpr Factor<float> per(0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57);
  constexpr double of_two = 0x1.34413509f79ffp-2,
                   leading = 0x1.344p-2;  // whose multiples are exact
  const LogParts parts(x);
  const Lane<float> r = parts.r, k = parts.k;
  const Lane<float> last = fma(k, Lane<float>(static_cast<float>(of_two - leading)),
                               looked_up(log_part_log10_rest_float, parts.i));
  const Lane<float> rest = fma(r * r, polynomial(r, log10_square_float), last);
  const Lane<float> beside = fma(r, Lane<float>(per.high), fma(r, Lane<float>(per.low), rest));
  const Lane<float> whole = fma(k, Lane<float>(leading), looked_up(log_part_log10_float, parts.i));
  return log_limits(x, whole + beside);
}
#endif

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
