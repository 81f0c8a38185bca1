#pragma once
// The normal distribution, its logarithm and its inverse, and the scaled complement of the error
// function, on registers of numbers.

#include <limits>

#include <xtape/ops/kernels/each.hpp>
#include <xtape/ops/kernels/gated.hpp>
#include <xtape/ops/kernels/logarithm.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// With w = -log(1 - x²) and s = sqrt(w): erfinv(x) / x in w / 3.125 - 1 for w <= 6.25, and
/// erfinv(|x|) / s for s from 2.5 to 6 and from 6 to 27.5. Source of the form: Giles, Approximating
/// the erfinv function (2012).
inline constexpr double erfinv_center[] = {
    1.6304220989459325,      0.73156744567422574,     -0.021235032142504586,
    -0.0065808875424494631,  0.0019488711426908524,   -0.00014158343386374537,
    -4.9292864636180005e-5,  1.4752887929042497e-5,   -6.1119186032581936e-7,
    -5.1069973354807612e-7,  1.1590277232977349e-7,   1.4907998843194937e-9,
    -5.2447767855306813e-9,  8.5179054910976207e-10,  7.9170205929739079e-11,
    -5.0994281737154327e-11, 5.4362275302313168e-12,  1.2922821897517949e-12,
    -4.656064719044143e-13,  2.4256976317675218e-14,  1.6403697972051413e-14,
    -3.9495606909014703e-15, -3.9036001761416304e-17, 1.8312908352795899e-16,
    -3.03580260263594e-17};
inline constexpr double erfinv_middle[] = {
    0.95900067244747032,     0.02106378050384815,     -0.003912483399280413,
    0.0005391010477647652,   -3.09974010524139e-5,    -1.2804036973752729e-5,
    6.4518878704953671e-6,   -1.8659007542199614e-6,  3.7720394820466288e-7,
    -3.5880147660122254e-8,  -1.1532782823111749e-8,  7.7835986794915149e-9,
    -2.5117319730767719e-9,  4.7139691768606035e-10,  -1.3570249526748317e-13,
    -3.8004058609283113e-11, 1.5880411057338146e-11,  -3.516846263791329e-12,
    1.8736818668056374e-13,  1.9297179337510604e-13,  -8.9724970202753089e-14,
    2.0877347159739699e-14,  -1.7085595512737915e-15, -7.8571083816418988e-16,
    4.1953168277603103e-16,  -1.1121114578426437e-16, 1.6127425617441807e-17};
inline constexpr double erfinv_far[] = {
    0.99184052965307965,     0.0087945371856424967,   -0.003876147439487184,
    0.0015668187322048189,   -0.00060245135768369808, 0.00022384266992740856,
    -8.0990069553153537e-5,  2.8644762185092023e-5,   -9.9181853214434764e-6,
    3.3611765007199044e-6,   -1.1127494939344886e-6,  3.5844850991721875e-7,
    -1.1155294502905927e-7,  3.3110437354484523e-8,   -9.1387556855207743e-9,
    2.2105247996303286e-9,   -3.8226073010753962e-10, -1.9105692242108176e-11,
    6.5729135688415506e-11,  -4.5586445239718699e-11, 2.452085420502792e-11,
    -1.1808181343633068e-11, 5.340052453034508e-12,   -2.3181962900830453e-12,
    9.776345715900759e-13,   -4.0342299942150223e-13, 1.6366256965403075e-13,
    -6.5486969798069395e-14, 2.5905636100857206e-14,  -1.0149048586120642e-14,
    3.9430188491955078e-15,  -1.5207587563557574e-15, 5.8275248610956686e-16,
    -2.2202237426116088e-16, 8.4147816886095249e-17,  -3.1741458158259196e-17};

/// The y with erf(y) = x, for a given 1 - x².
template <class T>
XTAPE_INLINE Lane<T> inverse_erf(Lane<T> x, Lane<T> one_less_square) {
  const Lane<T> w = -log(one_less_square);
  Lane<T> y = x * chebyshev_sum<T, erfinv_center, 12>(w * T(0.32) - 1);
  const Mask<T> tail = w > T(6.25);
  if (any(tail)) {
    const Lane<T> s = sqrt(where(tail, w, 9));
    Lane<T> ratio = chebyshev_sum<T, erfinv_middle, 13>((s - T(4.25)) / T(1.75));
    if (const Mask<T> far = s > 6; any(far))
      ratio = where(far, chebyshev_sum<T, erfinv_far, 17>((s - T(16.75)) / T(10.75)), ratio);
    y = where(tail, copysign(s * ratio, x), y);
  }
  return y;
}

template <class T>
XTAPE_INLINE Lane<T> erfinv(Lane<T> x) {
  const Lane<T> inside = inverse_erf(x, (1 - x) * (1 + x));
  return where(abs(x) == 1, x * std::numeric_limits<T>::infinity(), inside);
}

/// The x with ndtr(x) = p
template <class T>
XTAPE_INLINE Lane<T> ndtri(Lane<T> p) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Lane<T> inside = T(1.41421356237309505) * inverse_erf(2 * p - 1, 4 * p * (1 - p));
  return where(p == 0, -infinity, where(p == 1, infinity, inside));
}

/// f exp(x²), or f exp(x² / 2), for |x| <= 40: with the digits of the square that rounding takes.
template <class T>
XTAPE_INLINE Lane<T> over_exp_of_square(Lane<T> f, Lane<T> x, bool half = false) {
  const Lane<T> near = clamp(x, T(-40), T(40));
  const Two<T> square = two_product(near, near);
  const T factor = half ? T(0.5) : T(1);
  return Exponential<T>(Two<T>{factor * square.high, factor * square.low}).times(f);
}

/// sqrt(pi) / 2 exp(y²) for y = erfinv(x). A rounding of y counts 2 y² times there: it is found by
/// what erfc(|y|) lacks to 1 - |x|.
template <class T>
XTAPE_INLINE Lane<T> erfinv_slope(Lane<T> x, Lane<T> y) {
  const Lane<T> size = abs(y), power = over_exp_of_square(Lane<T>(T(0.886226925452758014)), y);
  const Lane<T> moved = (erfc(size) - (1 - abs(x))) * power;
  const Lane<T> slope = power * (1 + 2 * size * moved);
  return where(abs(x) == 1, std::numeric_limits<T>::infinity(), slope);
}

/// P(X < -z) for a standard normal X and z >= 0
template <class T>
XTAPE_INLINE Lane<T> normal_tail(Lane<T> z) {
  return times_exp_of_square(scaled_normal_tail(z), z, true);
}

/// sqrt(2 pi) exp(y² / 2) for y = ndtri(p), likewise.
template <class T>
XTAPE_INLINE Lane<T> ndtri_slope(Lane<T> p, Lane<T> y) {
  const Lane<T> size = abs(y), rest = where(p < T(0.5), p, 1 - p);
  const Lane<T> power = over_exp_of_square(Lane<T>(T(2.50662827463100050)), y, true);
  const Lane<T> moved = (normal_tail(size) - rest) * power;
  const Lane<T> slope = power * (1 + size * moved);
  return where(power == std::numeric_limits<T>::infinity(), power, slope);  // at the ends, and near
}

/// exp(-x² / 2) / sqrt(2 pi)
template <class T>
XTAPE_INLINE Lane<T> normal_density(Lane<T> x) {
  return times_exp_of_square(Lane<T>(T(0.398942280401432678)), x, true);
}

/// P(X < x) for a standard normal X
template <class T>
XTAPE_INLINE Lane<T> ndtr(Lane<T> x) {
  const Lane<T> z = abs(x), tail = normal_tail(z);
  return where(z < T(0.7), normal_below_near(x), where(x < 0, tail, 1 - tail));
}

template <class T>
XTAPE_INLINE Lane<T> log_ndtr(Lane<T> x) {
  const Lane<T> z = abs(x), scaled = scaled_normal_tail(z);
  return where(x < 0, log(scaled) - T(0.5) * z * z, log1p(-times_exp_of_square(scaled, z, true)));
}

/// normal_density(x) / ndtr(x), which is near -x far on the left.
template <class T>
XTAPE_INLINE Lane<T> log_ndtr_slope(Lane<T> x) {
  constexpr T peak = T(0.398942280401432678);
  const Lane<T> z = abs(x), scaled = scaled_normal_tail(z);
  const Lane<T> right = normal_density(x) / (1 - times_exp_of_square(scaled, z, true));
  return where(x < 0, peak / scaled, right);
}

/// exp(x²) erfc(x)
template <class T>
XTAPE_INLINE Lane<T> erfcx(Lane<T> x) {
  const Lane<T> size = scaled_erfc_of(abs(x));
  if (const Mask<T> left = x < 0; any(left))
    return where(left, over_exp_of_square(Lane<T>(2), x) - size, size);
  return size;
}

/// (1 + 2 x)² exp(x²) times the integral of erfc from x on, in t = (x - 4) / (x + 4) for x >= 0
inline constexpr double scaled_erfc_integral[] = {
    1.1129670964386787,      0.16140910109198895,     -0.23599660658887954,
    0.1205552264985802,      -0.034852863791873134,   0.0024993098473745212,
    0.0033391658389945418,   -0.0021658715078796768,  0.00079438898992350969,
    -0.00020066229572192711, 3.3640482422449575e-5,   -2.4578940136837907e-6,
    -4.3627591875667496e-7,  1.491783074273313e-7,    -1.0468562117664109e-8,
    -3.1738786097111369e-9,  7.232817531781252e-10,   2.8025945658424781e-11,
    -2.7312184820205101e-11, 1.1853177869806926e-12,  9.085573335478683e-13,
    -9.4888125863679675e-14, -3.0346940577973892e-14, 4.771725711998962e-15,
    1.0918017600085981e-15,  -2.1295437930819989e-16, -4.3981668629167708e-17};

/// 2 x erfcx(x) - 2 / sqrt(pi), which far on the right cancels.
template <class T>
XTAPE_INLINE Lane<T> erfcx_slope(Lane<T> x) {
  const Lane<T> size = abs(x), scale = 1 / (1 + 2 * size);
  const Lane<T> right =
      -2 * chebyshev_sum<T, scaled_erfc_integral, 15>(1 - 8 / (size + 4)) * scale * scale;
  if (const Mask<T> left = x < T(0.25); any(left))
    return where(left, 2 * x * erfcx(x) - T(1.12837916709551257), right);
  return right;
}

/// exp(x²) times the n-th repeated integral of erfc from x on: 2 n E_n = E_(n - 2) - 2 x E_(n - 1),
/// upwards where that cancels little and downwards, as the ratios E_n / E_(n - 1), elsewhere.
/// Source: Gautschi, Evaluation of the repeated integrals of the coerror function (1977).
inline double repeated_erfcx_of(double n, double x) {
  if (!is_order(n) || x != x) return std::numeric_limits<double>::quiet_NaN();
  const double first = erfcx(Lane<double>(x)).first();
  if (x < 0.5) {
    double before = 1.12837916709551257, here = first;
    for (double k = 1; k <= n; ++k) {
      const double next = (before - 2 * x * here) / (2 * k);
      before = here;
      here = next;
    }
    return here;
  }
  const double start = n + __builtin_floor(20 + 250 / (x * x));
  double ratio = 1 / (x + __builtin_sqrt(x * x + 2 * start)), product = 1;
  for (double k = start; k >= 1; --k) {
    if (k <= n) product *= ratio;
    ratio = 1 / (2 * x + 2 * k * ratio);
  }
  return first * product;
}

template <class T>
XTAPE_INLINE Lane<T> repeated_erfcx(std::type_identity_t<Lane<T>> n, Lane<T> x) {
  return each(repeated_erfcx_of, n, x);
}

/// log(p / (1 - p)); from 1/4 on by 2 p - 1, which is exact.
template <class T>
XTAPE_INLINE Lane<T> logit(Lane<T> p) {
  const Lane<T> rest = 1 - p;
  const Lane<T> near = log1p((2 * p - 1) / rest);
  return where(p < T(0.25), log(p / rest), near);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
