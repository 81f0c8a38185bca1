#pragma once
// pow of float32 on registers that hold its tables: the logarithm to base 2 in two numbers, by one
// of 32 parts of its range and a short polynomial beside that part, and the power of 2. Source of
// the form: Tang, Table-driven implementation of the logarithm function in IEEE floating-point
// arithmetic (1990).

#include <limits>

#include <xtape/ops/kernels/lookup.hpp>
#include <xtape/ops/kernels/polynomial.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// 2 (log(1 + r) - r + r² / 2) / log(2) / r³ for |r| <= 0.0158, and (2^r - 1) / r for |r| <= 1 / 64
inline constexpr float power_cubic_float[] = {0.961796690714318385F, -0.721347517634266045F,
                                              0.577180935095228705F, -0.48098840129736064F};
inline constexpr float power_exp2_float[] = {0.693147180559945309F, 0.240228307766813261F,
                                             0.0555043583095654419F};
/// 1 / (1 + i / 32); and its logarithm to base 2 without its sign, so short that whole numbers may
/// be added, and what that lacks
inline constexpr float power_part_float[] = {1.0F,
                                             0.969696998596191406F,
                                             0.941176474094390869F,
                                             0.914285719394683838F,
                                             0.888888895511627197F,
                                             0.864864885807037354F,
                                             0.842105269432067871F,
                                             0.820512831211090088F,
                                             0.800000011920928955F,
                                             0.780487775802612305F,
                                             0.761904776096343994F,
                                             0.744186043739318848F,
                                             0.727272748947143555F,
                                             0.711111128330230713F,
                                             0.695652186870574951F,
                                             0.6808510422706604F,
                                             0.666666686534881592F,
                                             0.653061211109161377F,
                                             0.639999985694885254F,
                                             0.627451002597808838F,
                                             0.61538463830947876F,
                                             0.603773593902587891F,
                                             0.592592597007751465F,
                                             0.581818163394927979F,
                                             0.571428596973419189F,
                                             0.561403512954711914F,
                                             0.551724135875701904F,
                                             0.54237288236618042F,
                                             0.533333361148834229F,
                                             0.524590134620666504F,
                                             0.516129016876220703F,
                                             0.507936537265777588F};
inline constexpr float power_part_log_float[] = {0.0F,
                                                 0.0443878173828125F,
                                                 0.08746337890625F,
                                                 0.1292877197265625F,
                                                 0.169921875F,
                                                 0.2094573974609375F,
                                                 0.2479248046875F,
                                                 0.285400390625F,
                                                 0.321929931640625F,
                                                 0.3575592041015625F,
                                                 0.3923187255859375F,
                                                 0.42626953125F,
                                                 0.4594268798828125F,
                                                 0.491851806640625F,
                                                 0.5235595703125F,
                                                 0.554595947265625F,
                                                 0.5849609375F,
                                                 0.614715576171875F,
                                                 0.64385986328125F,
                                                 0.67242431640625F,
                                                 0.700439453125F,
                                                 0.7279205322265625F,
                                                 0.7548828125F,
                                                 0.7813568115234375F,
                                                 0.8073577880859375F,
                                                 0.8328857421875F,
                                                 0.8579864501953125F,
                                                 0.8826446533203125F,
                                                 0.906890869140625F,
                                                 0.9307403564453125F,
                                                 0.954193115234375F,
                                                 0.9772796630859375F};
inline constexpr float power_part_rest_float[] = {0.0F,
                                                  6.25897997886263623e-6F,
                                                  -5.43030368421197996e-7F,
                                                  -4.71084328278135777e-6F,
                                                  3.11569339672402477e-6F,
                                                  -4.0667659632516978e-6F,
                                                  2.69800716985491081e-6F,
                                                  1.80942664602636203e-6F,
                                                  -1.85825109384980944e-6F,
                                                  -7.14573889941113552e-6F,
                                                  -1.32967946615815045e-6F,
                                                  -4.77117344421164238e-6F,
                                                  4.69575882268118249e-6F,
                                                  1.25475507417722219e-6F,
                                                  2.35887222392524799e-6F,
                                                  -7.04990509526912199e-6F,
                                                  1.52022549410643687e-6F,
                                                  -5.70249714836524691e-6F,
                                                  -3.64125977790709726e-6F,
                                                  9.74507897018277852e-7F,
                                                  2.11271514766839872e-7F,
                                                  -9.91611945183989776e-8F,
                                                  4.67891455290547851e-6F,
                                                  2.94768411446277688e-6F,
                                                  -2.93052182602456938e-6F,
                                                  4.26122832603636455e-6F,
                                                  -5.44969328252980675e-6F,
                                                  -1.6066457001584213e-6F,
                                                  -3.48774514261056054e-7F,
                                                  -2.93826555637917691e-6F,
                                                  3.2381481635651936e-6F,
                                                  1.77109884863748977e-7F};

/// 2^(i / 32), and what rounding took
inline constexpr float power_root_float[] = {1.0F,
                                             1.02189719676971436F,
                                             1.0442737340927124F,
                                             1.06714046001434326F,
                                             1.09050774574279785F,
                                             1.11438679695129395F,
                                             1.13878858089447021F,
                                             1.16372489929199219F,
                                             1.18920707702636719F,
                                             1.21524739265441895F,
                                             1.24185776710510254F,
                                             1.2690509557723999F,
                                             1.29683959484100342F,
                                             1.32523667812347412F,
                                             1.3542555570602417F,
                                             1.38390994071960449F,
                                             1.41421353816986084F,
                                             1.44518077373504639F,
                                             1.47682619094848633F,
                                             1.50916445255279541F,
                                             1.54221081733703613F,
                                             1.57598090171813965F,
                                             1.61049032211303711F,
                                             1.64575552940368652F,
                                             1.68179285526275635F,
                                             1.71861934661865234F,
                                             1.75625216960906982F,
                                             1.79470908641815186F,
                                             1.83400809764862061F,
                                             1.87416768074035645F,
                                             1.91520655155181885F,
                                             1.95714414119720459F};
inline constexpr float power_root_rest_float[] = {0.0F,
                                                  -4.81155976772342699e-8F,
                                                  4.83347014379782165e-8F,
                                                  -5.93375196435492289e-8F,
                                                  -1.30775401923554893e-8F,
                                                  -5.4355401409003687e-8F,
                                                  5.38622214388600803e-8F,
                                                  -4.05144146736864264e-8F,
                                                  3.79763538792175e-8F,
                                                  -3.26739500671959797e-8F,
                                                  4.49683815095311775e-8F,
                                                  1.41933332021066908e-9F,
                                                  -4.01899937520349959e-8F,
                                                  -3.49637328264642129e-8F,
                                                  -1.01233489709207353e-8F,
                                                  -5.87557725373148405e-8F,
                                                  2.42032342089579387e-8F,
                                                  3.32420002333182562e-8F,
                                                  -4.50089870167380925e-8F,
                                                  -2.49593726703902304e-8F,
                                                  8.07090469079979186e-9F,
                                                  -5.66102531619822298e-8F,
                                                  9.83621719880452067e-9F,
                                                  -5.12497216789187433e-8F,
                                                  -2.4755327261593999e-8F,
                                                  -4.84961744281206556e-8F,
                                                  -9.23577034110658938e-9F,
                                                  -1.14150446690410468e-8F,
                                                  -1.12392781419816668e-8F,
                                                  -4.66300565439825011e-8F,
                                                  9.84532844621636127e-9F,
                                                  -1.70218043208254277e-8F};

#if defined(__AVX512F__)

/// log2(a) of positive a.
XTAPE_INLINE Two<float> two_log2(Lane<float> a) {
  // a = 2^k m with m from 1 - 1/128 on, in the i-th part of that range
  const Mask<float> small = a < std::numeric_limits<float>::min();
  const Lane<float> lifted = where(small, a * 0x1p25F, a);
  const __m512i bits = reinterpret_cast<__m512i>(lifted.v);
  const __m512i above = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3F7E0000));
  const __m512i i = _mm512_maskz_srli_epi32(0xFFFF, above, 18);
  const __m512i k = _mm512_maskz_srai_epi32(0xFFFF, above, 23);
  const auto m =
      Lane<float>::of_bits(_mm512_sub_epi32(bits, _mm512_maskz_slli_epi32(0xFFFF, k, 23)));
  const auto exponent = Lane<float>::of(_mm512_maskz_cvtepi32_ps(0xFFFF, k));
  const Lane<float> whole = where(small, exponent - 25, exponent);
  const Two<float> product = two_product(m, looked_up(power_part_float, i));
  const Lane<float> r = product.high - 1;
  // log(1 + r) = u + r³ (...) for u = r - r² / 2
  const Two<float> half_square = two_product(r, 0.5F * r);
  Two<float> u = ordered_two_sum(r, -half_square.high);
  u.low = fma(product.low, 1 - r, u.low - half_square.low);
  constexpr float per_log2 = 0x1.715476p+0F, per_log2_rest = 0x1.4ae0cp-26F;
  const Two<float> leading = two_product(u.high, Lane<float>(per_log2));
  const Lane<float> behind =
      fma(u.low, Lane<float>(per_log2), fma(u.high, Lane<float>(per_log2_rest), leading.low));
  const Two<float> sum = ordered_two_sum(whole + looked_up(power_part_log_float, i), leading.high);
  const Lane<float> rest = sum.low + looked_up(power_part_rest_float, i);
  const Lane<float> cubic = half_square.high * r;
  return {sum.high, fma(cubic, polynomial(r, power_cubic_float), behind) + rest};
}

/// a^b for positive a; what leaves the range of numbers saturates.
XTAPE_INLINE Lane<float> float_power(Lane<float> a, Lane<float> b) {
  const Two<float> logarithm = two_log2(a);
  Two<float> y = two_product(b, logarithm.high);
  y.low = fma(b, logarithm.low, y.low);
  if (const Mask<float> far = !(abs(y.high) < 120); any(far)) [[unlikely]] {
    y = ordered_two_sum(y.high, y.low);
    const Mask<float> beyond = abs(y.high) > 300;
    y.high = where(y.high > 300, 300, where(y.high < -300, -300, y.high));
    y.low = where(beyond, 0, y.low);
  }
  const Lane<float> shifter = 0x1.8p23F;  // its last bits take up an integer
  const Lane<float> sum = fma(y.high + y.low, Lane<float>(32), shifter), n = sum - shifter;
  const Lane<float> r = fma(n, Lane<float>(-1.0F / 32), y.high) + y.low;
  const __m512i i = reinterpret_cast<__m512i>(sum.v);
  const Lane<float> root = looked_up(power_root_float, i);
  const Lane<float> beyond = r * polynomial(r, power_exp2_float);
  const Lane<float> power = root + fma(root, beyond, looked_up(power_root_rest_float, i));
  const Lane<float> exponent = n * (1.0F / 32);
  return Lane<float>::of(_mm512_maskz_scalef_ps(0xFFFF, power.v, exponent.v));  // by 2^floor
}

#endif

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
