#pragma once
// tan, and asin, acos, atan and the angle of a point, on registers of numbers.

#include <limits>

#include <xtape/ops/kernels/trigonometric.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// (atan(t) - t) / t³ in t², for |t| <= tan(pi / 8), and (asin(t) - t) / t³ for |t| <= 1/2
inline constexpr float atan_float[] = {-0.333333316082357281F, 0.199995056900120363F,
                                       -0.142627622575028108F, 0.107309626001397167F,
                                       -0.0641003099544164146F};
inline constexpr double atan_double[] = {
    -0.333333333333333332,  0.199999999999997608,  -0.142857142856489609,  0.111111111041070745,
    -0.0909090870186339823, 0.0769229489717171149, -0.0666639861038260431, 0.058786299273374005,
    -0.052282736994074815,  0.0454174595654825276, -0.0343198343004537127, 0.0160106529072747193};
inline constexpr float asin_float[] = {0.166666662902529444F,  0.0750010596540911008F,
                                       0.0445951214584736772F, 0.0311554736571665452F,
                                       0.0168678426164019987F, 0.0341894562327799874F};
inline constexpr double asin_double[] = {
    0.166666666666666682,  0.074999999999979395,   0.0446428571473664456, 0.0303819440579025845,
    0.0223721762463874346, 0.0173523131998210946,  0.0139724212010028242, 0.0114671368603729081,
    0.0104026001109366874, 0.00510930980372315156, 0.018362048393583237,  -0.0163725067222212704,
    0.0298081267754541352};

/// n pi / 4, in two parts.
template <class T>
XTAPE_INLINE Two<T> quarter_turns(Lane<T> n) {
  constexpr auto& part = series<T>(half_pi_float, half_pi_double);
  return {n * (part[0] / 2), n * (part[1] / 2)};
}

/// tan(r) / r = (1 + z a(z)) / (1 + z b(z)) for z = r² and |r| <= pi / 4
inline constexpr float tan_above_float[] = {-0.111312346662730414F, 0.00107176872230671122F};
inline constexpr float tan_below_float[] = {-0.44464567986865864F, 0.0159536555915733155F};
inline constexpr double tan_above_double[] = {-0.133377575458093341, 0.00342416879695491429,
                                              -0.0000178496531048039081};
inline constexpr double tan_below_double[] = {-0.466710908791426674, 0.0256611383940971498,
                                              -0.00031169524720120164, 4.97615778396117899e-7};

/// By a quotient of two polynomials, which is turned over where n is odd: one division. What
/// rounding takes from the second is made good in the first.
template <class T>
XTAPE_INLINE Lane<T> tan(Lane<T> x) {
  const Quadrant<T> quadrant(x);
  const Mask<T> odd{(quadrant.number & 1) != 0};
  const Lane<T> r = quadrant.r.high, low = quadrant.r.low, z = r * r;
  const Lane<T> fall = polynomial(z, series<T>(tan_below_float, tan_below_double));
  const Lane<T> below = fma(z, fall, Lane<T>(1)), lost = fma(z, fall, 1 - below);
  const Lane<T> cube = z * r, near = fma(cube, Lane<T>(T(0.44)), r);  // of tan(r), to 5 %
  const Lane<T> beside = fma(-lost, near, fma(low, z, low));
  const Lane<T> above =
      r + fma(cube, polynomial(z, series<T>(tan_above_float, tan_above_double)), beside);
  Lane<T> y = where(odd, -below, above) / where(odd, above, below);
  const Mask<T> large = !(abs(x) < T(largest_reduced));
  if (any(large)) [[unlikely]] {
    for (std::size_t i = 0; i < Lane<T>::width; ++i) {
      if (large.truths[i] == 0) continue;
      if constexpr (std::is_same_v<T, float>)
        y.v[i] = __builtin_tanf(x.v[i]);
      else
        y.v[i] = __builtin_tan(x.v[i]);
    }
  }
  return where(x == 0, x, y);
}

/// The angle of (x, y) for y >= 0 and x >= 0, not both 0 or infinite; atan(y / x).
template <class T>
XTAPE_INLINE Lane<T> first_angle(Lane<T> y, Lane<T> x) {
  // Turned back by 0, 1 or 2 eighths of a turn, until it is at most half an eighth.
  const Mask<T> steep = y > T(2.41421356237309505) * x, level = !(y > T(0.414213562373095049) * x);
  const Lane<T> turned =
      where(steep, -x, where(level, y, y - x)) / where(steep, y, where(level, x, y + x));
  const Lane<T> z = turned * turned;
  const Lane<T> cubic = turned * z * polynomial(z, series<T>(atan_float, atan_double));
  const Two<T> turn = quarter_turns(where(steep, Lane<T>(2), where(level, 0, 1)));
  return turn.high + (turned + (cubic + turn.low));
}

template <class T>
XTAPE_INLINE Lane<T> atan(Lane<T> x) {
  return where(x == 0, x, copysign(first_angle(abs(x), Lane<T>(1)), x));
}

/// The angle of (b, a), in [-pi, pi]; that of (0, 0) by the signs, as in C.
template <class T>
XTAPE_INLINE Lane<T> atan2(Lane<T> a, Lane<T> b) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Lane<T> height = abs(a), width = abs(b);
  const Mask<T> diagonal = (height == infinity) & (width == infinity);
  const Mask<T> origin = (height == 0) & (width == 0);
  constexpr T large =
      std::numeric_limits<T>::max() / 4;  // from here on their sum could be infinite
  const Lane<T> scale = where((height > large) | (width > large), 0.25, 1);
  const Lane<T> angle =
      first_angle(where(diagonal, 1, scale * height), where(diagonal | origin, 1, scale * width));
  const Two<T> half = quarter_turns(Lane<T>(4));
  const Lane<T> behind = (half.high - angle) + half.low;
  const Lane<T> value = copysign(where(copysign(Lane<T>(1), b) < 0, behind, angle), a);
  return where((a == a) & (b == b), value, a + b);
}

/// b / (a² + b²), and 0 at the origin and at infinity.
template <class T>
XTAPE_INLINE Lane<T> angle_slope(Lane<T> a, Lane<T> b) {
  const Mask<T> level = abs(a) < abs(b);
  const Lane<T> larger = where(level, b, a), smaller = where(level, a, b);
  const Lane<T> ratio = where(larger == 0, larger, smaller / larger);
  const Lane<T> below = larger + smaller * ratio;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Mask<T> nothing = (larger == 0) | ((abs(a) == infinity) & (abs(b) == infinity));
  const Lane<T> slope = where(nothing, 0, where(level, 1, ratio) / below);
  return where((a == a) & (b == b), slope, a + b);
}

/// 1 - x², with its digits beside 1
template <class T>
XTAPE_INLINE Lane<T> one_less_square(Lane<T> x) {
  return (1 - x) * (1 + x);
}

/// asin(t) - t for |t| <= 1/2 and z = t²
template <class T>
XTAPE_INLINE Lane<T> asin_rest(Lane<T> t, Lane<T> z) {
  return t * z * polynomial(z, series<T>(asin_float, asin_double));
}

/// asin(x) near 0, and where |x| > 1/2 by sin(pi / 2 - 2 u) = 1 - 2 sin(u)².
template <class T>
XTAPE_INLINE Lane<T> asin(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Mask<T> large = size > T(0.5);
  const Lane<T> square = where(large, T(0.5) * (1 - size), x * x);
  const Lane<T> t = where(large, sqrt(square), size);
  const Lane<T> rest = asin_rest(t, square);
  const Two<T> quarter = quarter_turns(Lane<T>(2));
  const Lane<T> far = quarter.high - 2 * t - (2 * rest - quarter.low);
  return where(x == 0, x, copysign(where(large, far, t + rest), x));
}

template <class T>
XTAPE_INLINE Lane<T> acos(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Mask<T> large = size > T(0.5);
  const Lane<T> square = where(large, T(0.5) * (1 - size), x * x);
  const Lane<T> t = where(large, sqrt(square), x);
  const Lane<T> rest = asin_rest(t, square);
  const Two<T> quarter = quarter_turns(Lane<T>(2)), half = quarter_turns(Lane<T>(4));
  const Lane<T> near_one = 2 * (t + rest), near_zero = quarter.high - (t + (rest - quarter.low));
  const Lane<T> near_minus = half.high - (near_one - half.low);
  return where(large, where(x > 0, near_one, near_minus), near_zero);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
