#pragma once
// Modified Bessel functions of whole order, sin(pi x) / (pi x) and the spherical Bessel functions
// that are its derivatives, on registers of numbers.

#include <limits>

#include <xtape/ops/kernels/each.hpp>
#include <xtape/ops/kernels/erf.hpp>
#include <xtape/ops/kernels/rounding.hpp>
#include <xtape/ops/kernels/trigonometric.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// In x / 4 - 1 for x from 0 to 8: exp(-x) I0(x), (1 + x) exp(-x) I1(x) / x, and (1 + x)² exp(-x)
/// (I0(x) - I1(x)). In 16 / x - 1 from there on: sqrt(x) exp(-x) I0(x), the same of I1, and x
/// sqrt(x) exp(-x) (I0(x) - I1(x)). Source of the form: Clenshaw, Chebyshev series for mathematical
/// functions (1962).
inline constexpr double bessel_i0_near[] = {
    0.33839763720473804,     -0.3046826723431984,     0.17162090152220878,
    -0.094901097048047644,   0.049305284239670708,    -0.023737414805899469,
    0.010546460394594998,    -0.0043243099950505759,  0.0016394756169413358,
    -0.00057637557453858237, 0.00018850288509584166,  -5.7541950100821037e-5,
    1.6448448070728897e-5,   -4.4167383584587506e-6,  1.1173875391201037e-6,
    -2.6707938539406117e-7,  6.0469950225419189e-8,   -1.300025009986248e-8,
    2.6598237246823867e-9,   -5.1897956016352629e-10, 9.6758090353732369e-11,
    -1.7268262914415557e-11, 2.9550526631296398e-12,  -4.8564467831119295e-13,
    7.6761854986049356e-14,  -1.1685332877993452e-14, 1.715391285555133e-15,
    -2.4312798465479547e-16, 3.3307945188222381e-17};
inline constexpr double bessel_i0_far[] = {
    0.40224520550705442,     0.0033691164782556941,   6.889758346916824e-5,
    2.8913705208347565e-6,   2.0489185894690637e-7,   2.2666689904981781e-8,
    3.3962320257083863e-9,   4.9406023882249696e-10,  1.1889147107846438e-11,
    -3.1499165279632414e-11, -1.3215811840447713e-11, -1.7941785315068061e-12,
    7.1801244513836662e-13,  3.8527783827421427e-13,  1.5400862175214098e-14,
    -4.1505693472872221e-14, -9.5548466988283076e-15, 3.8116806693526224e-15,
    1.7725601330565264e-15,  -3.4254856196772191e-16, -2.8276239805165835e-16,
    3.4612228676974611e-17,  4.46562142029676e-17,    -4.8305044859441821e-18,
    -7.233180487874754e-18};
inline constexpr double bessel_i1_near[] = {
    0.27863492939341603,     -0.17162090152220878,    0.054493294317377384,
    -0.0099896905995277327,  -0.003387887052309795,   0.0049453194767478192,
    -0.0033731999689504618,  0.0017695555478066621,   -0.00078923675207142092,
    0.0003113991353586689,   -0.00011098970358636965, 3.6205986487079262e-5,
    -1.090881482432957e-5,   3.0568014346380566e-6,   -8.0099785873894988e-7,
    1.9716906904360219e-7,   -4.5767995146893361e-8,  1.0051944070687821e-8,
    -2.0949741571396406e-9,  4.1541594273310382e-10,  -7.8556811771115934e-11,
    1.41972592821462e-11,    -2.4568958226516583e-12, 4.0785076654219017e-13,
    -6.5051482516351972e-14, 9.9841102423411224e-15,  -1.4766063408898357e-15,
    2.1071115905485388e-16,  -2.9047170077866517e-17, 3.8726233943841261e-18};
inline constexpr double bessel_i1_far[] = {
    0.38928811750914006,     -0.0097610974913614684,  -0.00011058893876262372,
    -3.8825648088776904e-6,  -2.5122362378702089e-7,  -2.6314688468895195e-8,
    -3.835380385964237e-9,   -5.5897434621965838e-10, -1.8974958123505412e-11,
    3.2526035830154882e-11,  1.4125807436613781e-11,  2.0356285441470895e-12,
    -7.1985517762459085e-13, -4.0835511110921973e-13, -2.1015418427726643e-14,
    4.2724400167119514e-14,  1.0420276984128803e-14,  -3.8144030724370078e-15,
    -1.8803547755107824e-15, 3.3082023109209283e-16,  2.9626289976459501e-16,
    -3.209525921993424e-17,  -4.6503053684893583e-17, 4.4143483230717079e-18,
    7.5172963108421048e-18};
inline constexpr double bessel_fall_near[] = {
    0.8293772140958222,      -0.16444889102381225,    0.10386712737115726,
    -0.00037650174697031592, -0.035847269221588774,   0.032909737158868752,
    -0.019131919664760642,   0.0081107600636868694,   -0.0023929594627845715,
    0.00027362257498727868,  0.00021734275020085062,  -0.00020044497900270882,
    0.00010798554595905552,  -4.6098205676142827e-5,  1.6907908254051045e-5,
    -5.5217864434386736e-6,  1.6380020585796566e-6,   -4.4706516056233525e-7,
    1.1328942697008152e-7,   -2.6837416911794727e-8,  5.9754529346623112e-9,
    -1.2560223324166841e-9,  2.5016655003600135e-10,  -4.7363520550841088e-11,
    8.5475166527231652e-12,  -1.4739176828852641e-12, 2.4337965796081194e-13,
    -3.8558312476360161e-14, 5.8713659789690275e-15,  -8.6068481676675985e-16,
    1.2163842025029634e-16,  -1.6596093346558245e-17};
inline constexpr double bessel_fall_far[] = {
    0.20463914491986041,     0.0053485260935385576,   0.00019150500095126415,
    1.2032615976256657e-5,   1.1956976470208373e-6,   1.7168417718734061e-7,
    2.8338106568544693e-8,   3.0512068490939512e-9,   -7.4341354538362426e-10,
    -5.7672839092344347e-10, -1.5193610828268227e-10, 5.6687906228401844e-12,
    1.8044700616077239e-11,  4.2535720734199775e-12,  -1.1555903826473055e-12,
    -7.7707032883126273e-13, 1.4368043830095463e-14,  1.0913028331644427e-13,
    1.1406069274284165e-14,  -1.5049144790858717e-14, -2.8555810704808023e-15,
    2.2314974017002143e-15,  5.2722587978145681e-16,  -3.688525888515701e-16,
    -8.5355991966825099e-17, 6.7549315226280812e-17,  1.1811455208665337e-17,
    -1.3225212330303549e-17};

template <class T, const auto& c>
XTAPE_INLINE Lane<T> bessel_near(Lane<T> size) {
  return chebyshev_sum<T, c, 20>(size * T(0.25) - 1);
}
template <class T, const auto& c>
XTAPE_INLINE Lane<T> bessel_far(Lane<T> size) {
  return chebyshev_sum<T, c, 9>(16 / size - 1) / sqrt(size);
}

/// exp(-|x|) In(x) for n = 0 and 1, with 1 also over x, and their difference for x >= 0.
template <class T>
struct ScaledBessel {
  XTAPE_INLINE explicit ScaledBessel(Lane<T> x) {
    const Lane<T> size = abs(x);
    const Mask<T> large = size > 8;
    const Lane<T> near = where(large, 8, size);
    zeroth = bessel_near<T, bessel_i0_near>(near);
    first_over = bessel_near<T, bessel_i1_near>(near) / (1 + near);
    first = first_over * size;
    fall = bessel_near<T, bessel_fall_near>(near) / ((1 + near) * (1 + near));
    if (!any(large)) return;
    const Lane<T> far = where(large, size, 16), first_far = bessel_far<T, bessel_i1_far>(far);
    zeroth = where(large, bessel_far<T, bessel_i0_far>(far), zeroth);
    first = where(large, first_far, first);
    first_over = where(large, first_far / far, first_over);
    fall = where(large, bessel_far<T, bessel_fall_far>(far) / far, fall);
  }
  Lane<T> zeroth, first, first_over, fall;
};

template <class T>
XTAPE_INLINE Lane<T> i0e(Lane<T> x) {
  return ScaledBessel<T>(x).zeroth;
}
template <class T>
XTAPE_INLINE Lane<T> i1e(Lane<T> x) {
  return copysign(ScaledBessel<T>(x).first, x);
}
template <class T>
XTAPE_INLINE Lane<T> i0e_slope(Lane<T> x) {
  return -sign(x) * ScaledBessel<T>(x).fall;
}
/// (I0 + I2) / 2 is I0 - I1 / x.
template <class T>
XTAPE_INLINE Lane<T> i1e_slope(Lane<T> x) {
  const ScaledBessel<T> of(x);
  return where(x == 0, T(0.5), of.fall - of.first_over);
}

/// f exp(|x|), in two steps: the exponential alone may be infinite.
template <class T>
XTAPE_INLINE Lane<T> unscaled(Lane<T> f, Lane<T> x) {
  const Lane<T> size = abs(x);
  const Mask<T> large = size > ExpRange<T>::near;
  const Lane<T> root = exp(where(large, T(0.5), 1) * size);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  return where(size == infinity, copysign(size, f), where(large, f * root * root, f * root));
}

template <class T>
XTAPE_INLINE Lane<T> i0(Lane<T> x) {
  return unscaled(i0e(x), x);
}
template <class T>
XTAPE_INLINE Lane<T> i1(Lane<T> x) {
  return unscaled(i1e(x), x);
}

template <class T>
XTAPE_INLINE Lane<T> i1_slope(Lane<T> x) {
  const ScaledBessel<T> of(x);
  return unscaled(of.zeroth - of.first_over, x);
}

/// The power series of exp(-x) In(x), x >= 0
inline double bessel_series(double n, double x) {
  double term = 1, sum = 1;
  for (double k = 1; term > 1e-18 * sum; ++k) {
    term *= x * x / 4 / (k * (k + n));
    sum += term;
  }
  for (double k = 1; k <= n; ++k) sum *= x / (2 * k);
  return sum * __builtin_exp(-x);
}

/// exp(-x) In(x) for large x, by its asymptotic series.
inline double bessel_asymptotic(double n, double x) {
  double term = 1, sum = 1;
  for (double k = 1; k < 60; ++k) {
    term *= ((2 * k - 1) * (2 * k - 1) - 4 * n * n) / (8 * k * x);
    sum += term;
    if (__builtin_fabs(term) < 1e-18 * __builtin_fabs(sum)) break;
  }
  return sum * 0.398942280401432678 / __builtin_sqrt(x);
}

/// exp(-x) In(x) from I0 by the ratios In / I(n - 1), which the recurrence gives downwards. A ratio
/// is at most exp(-k / x), and what it begins with is forgotten by the product of their squares.
inline double bessel_by_ratios(double n, double x) {
  double ratio = 0, product = 1;
  for (double k = __builtin_floor(__builtin_sqrt(n * n + 40 * x)) + 40; k >= 1; --k) {
    ratio = 1 / (2 * k / x + ratio);
    if (k <= n) product *= ratio;
  }
  return product * i0e(Lane<double>(x)).first();
}

/// exp(-|x|) In(x) for whole n, which has the value of -n too.
inline double ive_of(double n, double x) {
  n = __builtin_fabs(n);
  if (!is_order(n) || x != x) return std::numeric_limits<double>::quiet_NaN();
  const double size = __builtin_fabs(x), sign = x < 0 && __builtin_fmod(n, 2) == 1 ? -1 : 1;
  if (size > std::numeric_limits<double>::max()) return sign * 0;
  if (size <= 20) return sign * bessel_series(n, size);
  return sign *
         (size >= 50 && size >= n * n ? bessel_asymptotic(n, size) : bessel_by_ratios(n, size));
}

template <class T>
XTAPE_INLINE Lane<T> ive(std::type_identity_t<Lane<T>> n, Lane<T> x) {
  return each(ive_of, n, x);
}
template <class T>
XTAPE_INLINE Lane<T> iv(std::type_identity_t<Lane<T>> n, Lane<T> x) {
  return unscaled(ive(n, x), x);
}

/// (-1)^n for whole n
template <class T>
XTAPE_INLINE Lane<T> parity(Lane<T> n) {
  return 1 - 2 * abs(n - 2 * round(T(0.5) * n));
}

/// sin(pi x) and cos(pi x): whole turns are exact.
template <class T>
XTAPE_INLINE Lane<T> sin_of_turn(Lane<T> x) {
  const Lane<T> n = round(x);
  return parity(n) * sin(T(3.14159265358979324) * (x - n));
}
template <class T>
XTAPE_INLINE Lane<T> cos_of_turn(Lane<T> x) {
  const Lane<T> n = round(x), rest = abs(x - n);
  const Lane<T> near = cos(T(3.14159265358979324) * rest);
  return parity(n) * where(rest > T(0.25), sin(T(3.14159265358979324) * (T(0.5) - rest)), near);
}

/// sin(pi x) / (pi x), 1 at 0
template <class T>
XTAPE_INLINE Lane<T> sinc(Lane<T> x) {
  return where(x == 0, 1, sin_of_turn(x) / (T(3.14159265358979324) * x));
}

/// Its slope is (cos(pi x) - sinc(x)) / x, which near 0 cancels: there by the power series.
template <class T>
XTAPE_INLINE Lane<T> sinc_slope(Lane<T> x) {
  constexpr double square = 9.86960440108935862;  // pi²
  const Lane<T> z = x * x;
  Lane<T> sum = 1;
  for (int k = 16; k >= 1; --k) sum = 1 - z * T(square / (2 * k * (2 * k + 3))) * sum;
  const Lane<T> near = x * T(-square / 3) * sum, far = (cos_of_turn(x) - sinc(x)) / x;
  return where(abs(x) < 1, near, far);
}

/// jn(x) for x >= 0: by its power series where the terms fall, upwards from j0 and j1 where x > n,
/// and between the two by the ratios jn / j(n - 1) downwards.
inline double spherical_right(double n, double x) {
  if (x * x < 2 * (2 * n + 3)) {
    double term = 1, sum = 1;
    for (double k = 1; __builtin_fabs(term) > 1e-18; ++k) {
      term *= -x * x / (2 * k * (2 * n + 2 * k + 1));
      sum += term;
    }
    for (double k = 1; k <= n; ++k) sum *= x / (2 * k + 1);
    return sum;
  }
  const double zeroth = __builtin_sin(x) / x, first = (zeroth - __builtin_cos(x)) / x;
  if (n == 0) return zeroth;
  if (x > n) {
    double before = zeroth, here = first;
    for (double k = 1; k < n; ++k) {
      const double next = (2 * k + 1) / x * here - before;
      before = here;
      here = next;
    }
    return here;
  }
  double above = 0, here = 1e-300, wanted = 0;  // any multiple: Miller's algorithm
  for (double k = __builtin_floor(n + 40 + __builtin_sqrt(40 * n)); k >= 1; --k) {
    const double next = (2 * k + 1) / x * here - above;
    above = here;
    here = next;
    if (k - 1 == n) wanted = here;
    if (__builtin_fabs(here) > 1e250) above *= 1e-300, here *= 1e-300, wanted *= 1e-300;
  }
  return __builtin_fabs(zeroth) > __builtin_fabs(first) ? wanted / here * zeroth
                                                        : wanted / above * first;
}

inline double spherical_jn_of(double n, double x) {
  if (!is_order(n) || x != x) return std::numeric_limits<double>::quiet_NaN();
  const double size = __builtin_fabs(x), sign = x < 0 && __builtin_fmod(n, 2) == 1 ? -1 : 1;
  return size > std::numeric_limits<double>::max() ? 0 : sign * spherical_right(n, size);
}

template <class T>
XTAPE_INLINE Lane<T> spherical_jn(std::type_identity_t<Lane<T>> n, Lane<T> x) {
  return each(spherical_jn_of, n, x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
