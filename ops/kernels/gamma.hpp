#pragma once
// The logarithm of the gamma function and its derivatives, on registers of numbers.

#include <cmath>
#include <limits>

#include <xtape/ops/kernels/each.hpp>
#include <xtape/ops/kernels/erf.hpp>
#include <xtape/ops/kernels/inverse_trigonometric.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/rounding.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr double endless = std::numeric_limits<double>::infinity();

/// log(|gamma(x)|), the C library's; lgamma itself would write its sign to a place that threads
/// share.
inline double log_gamma_of(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

/// log(gamma(x)) / ((x - 1) (x - 2)) in 2 x - 3, for x from 1 to 2
inline constexpr double lgamma_near[] = {
    0.49141539302938713,     -0.076114161670435843,   0.008432324965932778,
    -0.0010794937263286082,  1.4900748003692965e-4,   -2.1512399888556785e-5,
    3.1979329860862186e-6,   -4.8516930121399262e-7,  7.4714878211631598e-8,
    -1.1638296700170519e-8,  1.829400437118668e-9,    -2.8969180607129606e-10,
    4.6157014062090901e-11,  -7.3928102304979825e-12, 1.1894280008333086e-12,
    -1.9212068676522804e-13, 3.113975526387164e-14,   -5.0628432984486113e-15,
    8.2541502816311443e-16,  -1.3490578987574843e-16, 2.2098761167826228e-17};

/// What Stirling's formula lacks to log(gamma(x)), for x >= 10.
XTAPE_INLINE Lane<double> stirling_rest(Lane<double> x) {
  constexpr double terms[] = {1. / 12, -1. / 360, 1. / 1260, -1. / 1680, 1. / 1188, -691. / 360360};
  return polynomial(1 / (x * x), terms) / x;
}

/// log(gamma(x)) for x > 0: on [1, 2] by the polynomial between its zeros, from 10 on by Stirling's
/// formula, and from one to the other by gamma(x + 1) = x gamma(x).
XTAPE_INLINE Lane<double> lgamma_right(Lane<double> x) {
  const Mask<double> small = x < 1, near = x < 10;
  Lane<double> y = 0;
  if (any(near)) {
    Lane<double> at = where(near, x, 1), product = 1;
    for (int step = 0; step < 8; ++step) {
      const Mask<double> above = at > 2;
      if (!any(above)) break;
      at = where(above, at - 1, at);
      product = where(above, product * at, product);
    }
    // The distances to 1 and 2, of x + 1 without its rounding.
    const Lane<double> from_1 = where(small, at, at - 1), from_2 = where(small, at - 1, at - 2);
    const Lane<double> t = where(small, 2 * at - 1, 2 * at - 3);
    const Lane<double> inside = from_1 * from_2 * chebyshev_sum<double, lgamma_near, 0>(t);
    const Lane<double> logarithm = log(where(small, at, product));
    y = inside + where(small, -logarithm, logarithm);
  }
  if (any(!near)) {
    constexpr double half_log_2_pi = 0.918938533204672742;
    const Lane<double> rest = stirling_rest(x) + (half_log_2_pi - 0.5);
    y = where(near, y, (x - 0.5) * (log(x) - 1) + rest);
  }
  return y;
}

/// On the left of 0 the C library's.
template <class T>
XTAPE_INLINE Lane<T> lgamma(Lane<T> x) {
  const Mask<T> left = x <= 0;
  const Lane<T> y = in_double([](Lane<double> at) { return lgamma_right(at); }, where(left, 1, x));
  return any(left) ? where(left, each(log_gamma_of, x), y) : y;
}

/// 1 / gamma(x) in 2 x - 3, for x from 1 to 2
inline constexpr double reciprocal_gamma[] = {
    1.063773007805262,      -0.0049855872868400359, -0.064192543610915823,
    0.0050657986402860873,  4.1660913870968886e-4,  -8.0481412497847114e-5,
    2.960011775188017e-6,   2.6897599644059548e-7,  -3.3396463068683694e-8,
    1.0896538645441866e-9,  5.1385018632422698e-11, -6.600741004112952e-12,
    2.4769163034825413e-13, 2.2003907817225955e-15, -6.7071860647790818e-16,
    3.1317345823123396e-17};

/// digamma(x) / (x - zero) in 2 x - 3, for x from 1 to 2
inline constexpr double digamma_near[] = {
    0.98357026044156699,    -0.2270640863346444,     0.033368899023930109,
    -0.0053200772715965474, 0.00087886569378205053,  -0.00014773492650606043,
    2.5060543468359144e-5,  -4.2721034029993322e-6,  7.302769272465923e-7,
    -1.2502886813559596e-7, 2.1425009322359474e-8,   -3.673295918565179e-9,
    6.2997172361089309e-10, -1.080593028883266e-10,  1.8537351920536379e-11,
    -3.18023536582553e-12,  5.4561475703227942e-13,  -9.3609931310364382e-14,
    1.606064636295075e-14,  -2.7555431377438813e-15, 4.7277361786019114e-16,
    -8.11148420346509e-17,  1.3917077694741541e-17};

/// digamma(x) for x > 0: on [1, 2] by the series around its zero, from 10 on by Stirling's, and
/// from one to the other by digamma(x + 1) = digamma(x) + 1 / x.
template <class T>
XTAPE_INLINE Lane<T> digamma_right(Lane<T> x) {
  const Mask<T> small = x < 1;
  Lane<T> sum = where(small, -1 / x, 0), at = where(small, x + 1, x);
  const Mask<T> near = at < 10;
  for (int step = 0; step < 8; ++step) {
    const Mask<T> above = near & (at > 2);
    if (!any(above)) break;
    at = where(above, at - 1, at);
    sum = where(above, sum + 1 / at, sum);
  }
  constexpr double zero = 1.4616321449683622, rest = static_cast<T>(zero) - zero;
  const Lane<T> t = where(near, 2 * at - 3, 0);
  const Lane<T> distance = (at - T(zero)) - T(9.549995429965697e-17 - rest);
  const Lane<T> inside = sum + distance * chebyshev_sum<T, digamma_near, 12>(t);
  if (!any(!near)) return inside;
  const Lane<T> r = 1 / (x * x);
  constexpr T stirling[] = {T(1. / 12),  T(-1. / 120),     T(1. / 252), T(-1. / 240),
                            T(1. / 132), T(-691. / 32760), T(1. / 12)};
  return where(near, inside, log(x) - (T(0.5) / x + r * polynomial(r, stirling)));
}

/// digamma(x) for x < 0, by reflection; NaN at its poles.
[[gnu::noinline]] inline Lane<double> digamma_left(Lane<double> x) {
  constexpr double pi = 3.14159265358979324;
  const Lane<double> turn = x - round(x), right = digamma_right(1 - x);
  return where(turn == 0, no_number, right - pi / tan(pi * turn));
}

/// The logarithmic derivative of gamma. On the left of 0 in double: beside zeros the parts cancel.
template <class T>
XTAPE_INLINE Lane<T> digamma(Lane<T> x) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const Mask<T> left = x < 0;
  const Lane<T> right = digamma_right(where(left, 1, x));
  const Lane<T> y = where(x == 0, copysign(Lane<T>(infinity), -x), right);
  if (!any(left)) return y;
  const auto of = [](Lane<double> at) { return digamma_left(at); };
  return where(left, in_double(of, where(left, x, -0.5)), y);
}

/// x^-s for a whole s > 1
inline double inverse_power(double x, double s) {
  if (s == 2) return 1 / (x * x);
  if (s == 3) return 1 / (x * x * x);
  return __builtin_pow(x, -s);
}

/// The sum of (q + k)^-s over k = 0, 1, ..., times `factor`, for whole s > 1 and q > 0: the first
/// terms, and the others by the formula of Euler and Maclaurin. `log_factor` serves where either is
/// out of range.
inline double hurwitz_zeta(double s, double q, double factor, double log_factor) {
  constexpr double bernoulli[] = {
      // B_2k / (2 k)!
      0.083333333333333333,    -0.0013888888888888889,  3.3068783068783069e-5,
      -8.2671957671957672e-7,  2.0876756987868099e-8,   -5.2841901386874932e-10,
      1.3382536530684679e-11,  -3.3896802963225829e-13, 8.5860620562778446e-15,
      -2.1748686985580619e-16, 5.5090028283602295e-18,  -1.3954464685812523e-19};
  // All terms as parts of the first, where that or the factor is out of range.
  const double first = inverse_power(q, s);
  const bool in_range = first > 1e-290 && first < 1e290 && factor < 1e290;
  const double unit = in_range ? 1 : q;
  const auto scaled = [&](double sum) {
    return in_range ? factor * sum : __builtin_exp(log_factor - s * __builtin_log(q)) * sum;
  };
  double sum = 0, at = q;
  for (; at < 8 + s; ++at) {
    const double term = inverse_power(at / unit, s);
    sum += term;
    if (term < 1e-18 * sum) return scaled(sum);
  }
  double rest = at / (s - 1) + 0.5, term = s / at;
  for (int k = 0; k < 12; ++k) {
    const double part = bernoulli[k] * term;
    rest += part;
    if (__builtin_fabs(part) < 1e-18 * rest) break;
    term *= (s + 2 * k + 1) * (s + 2 * k + 2) / (at * at);
  }
  return scaled(sum + inverse_power(at / unit, s) * rest);
}

/// The n-th derivative of digamma for n > 0, (-1)^(n + 1) n! times the sum of (x + k)^-(n + 1). On
/// the left of 0 the sum is that over all integers less the one over k < 0.
inline double polygamma_of(double n, double x) {
  if (!is_order(n) || x != x) return no_number;
  const double s = n + 1, log_factor = log_gamma_of(s);
  double factor = 1;
  if (n <= 20)
    for (double k = 2; k <= n; ++k) factor *= k;
  else
    factor = __builtin_tgamma(s);
  const bool odd = __builtin_fmod(n, 2) == 1;
  const double sign = odd ? 1 : -1;
  const auto zeta = [&](double q) { return hurwitz_zeta(s, q, factor, log_factor); };
  if (x > 0) return x == endless ? sign * 0 : sign * zeta(x);
  const double turn = x - __builtin_nearbyint(x);
  if (x == -endless) return no_number;
  if (turn == 0) return sign * endless;
  const double parity = odd ? 1 : -1;  // of (-1)^s
  const double pole = factor * __builtin_pow(turn, -s);
  return sign * (pole + (zeta(1 + turn) + parity * (zeta(1 - turn) - zeta(1 - x))));
}

/// The derivative of digamma for x > 0: the first terms of its sum of (x + k)^-2, by three
/// fractions, and from 10 on Stirling's series. Not inlined: three tables of it are enough.
[[gnu::noinline]] inline Lane<double> trigamma_right(Lane<double> x) {
  constexpr double bernoulli[] = {1. / 6,       -1. / 30, 1. / 42,      -1. / 30,    5. / 66,
                                  -691. / 2730, 7. / 6,   -3617. / 510, 43867. / 798};
  const Mask<double> near = x < 10;
  const Lane<double> at = where(near, x, 1), z = where(near, x + 10, x);
  const auto terms_from = [&](int first, int end) {
    Lane<double> above = 1, below = (at + first) * (at + first);
    for (int k = first + 1; k < end; ++k) {
      const Lane<double> next = (at + k) * (at + k);
      above = fma(above, next, below);
      below = below * next;
    }
    return above / below;
  };
  // 1 / z, and what rounding took from it and from z
  const Lane<double> u = 1 / z, square = u * u;
  const Two<double> one = two_product(z, u);
  const Lane<double> lost = u * (((1 - one.high) - one.low) - where(near, x - (z - 10), 0) * u);
  const Lane<double> terms = fma(u * square, polynomial(square, bernoulli), 0.5 * square);
  const Lane<double> rest = u + (terms + where(z < 1e100, lost, 0));
  return where(near, 1 / (at * at) + (terms_from(1, 4) + (terms_from(4, 10) + rest)), rest);
}

template <class T>
XTAPE_INLINE Lane<T> polygamma(std::type_identity_t<Lane<T>> n, Lane<T> x) {
  const Mask<T> zeroth = n == 0, first = (n == 1) & (x > 0);
  Lane<T> y = 0;
  if (any(!(zeroth | first)))
    y = each(
        [](double order, double at) {
          return order == 0 || (order == 1 && at > 0) ? 0 : polygamma_of(order, at);
        },
        n, x);
  if (any(first)) {
    const auto of = [](Lane<double> at) { return trigamma_right(at); };
    y = where(first, in_double(of, where(first, x, 1)), y);
  }
  return any(zeroth) ? where(zeroth, digamma(x), y) : y;
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
