#pragma once
// Beta functions and their derivatives, on registers of numbers.

#include <cstddef>

#include <xtape/ops/kernels/gamma.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// digamma(a) - digamma(a + b) for positive a and b, also where that is small: each term of the two
/// is subtracted from its like.
[[gnu::noinline]] inline Lane<double> digamma_fall(Lane<double> a, Lane<double> b) {
  const Mask<double> limit = (a == endless) | (b == endless);
  const Lane<double> at_limit = where(a == b, no_number, where(a < b, -endless, 0));
  a = where(limit, 10, a), b = where(limit, 1, b);
  Lane<double> sum = 0;
  for (int step = 0; step < 10; ++step) {
    const Mask<double> near = a < 10;
    if (!any(near)) break;
    sum = where(near, sum + b / (a * (a + b)), sum);
    a = where(near, a + 1, a);
  }
  constexpr double stirling[] = {0,         1. / 12,  -1. / 120,     1. / 252,
                                 -1. / 240, 1. / 132, -691. / 32760, 1. / 12};
  const Lane<double> u = 1 / (a * a), v = 1 / ((a + b) * (a + b));
  Lane<double> value = 0, slope = 0;  // of the polynomial, at v and from v to u
  for (int k = 7; k >= 1; --k) {
    slope = fma(slope, u, value);
    value = fma(value, v, Lane<double>(stirling[k]));
  }
  slope = fma(slope, u, value);
  const Lane<double> share = b / a, less = b * (2 * a + b) * u * v;  // u - v
  const Lane<double> fall = sum + (log1p(share) + fma(slope, less, 0.5 * share / (a + b)));
  return where(limit, at_limit, -fall);
}

// Not inlined: four rows use it.
template <class T>
[[gnu::noinline]] Lane<T> digamma_less(Lane<T> a, Lane<T> b) {
  const Mask<T> right = (a > 0) & (b > 0);
  const auto of = [](Lane<double> x, Lane<double> z) { return digamma_fall(x, z); };
  const Lane<T> fall = in_double(of, where(right, a, 1), where(right, b, 1));
  return any(!right) ? where(right, fall, digamma(a) - digamma(a + b)) : fall;
}

inline double stirling_rest(double x) { return stirling_rest(Lane<double>(x)).first(); }

/// log(|beta(a, b)|) for positive a and b. Source of the forms: Didonato & Morris, Algorithm 708
/// (1992).
inline double log_beta_right(double a, double b) {
  const double small = a < b ? a : b, large = a < b ? b : a;
  if (large == endless) return -endless;
  if (large < 10) {
    const double ratio = __builtin_tgamma(large) / __builtin_tgamma(small + large);
    return small < 1e-300 ? log_gamma_of(small) : __builtin_log(__builtin_tgamma(small) * ratio);
  }
  const double difference = stirling_rest(large) - stirling_rest(small + large);
  const double share = small / large;
  if (small < 10)
    return log_gamma_of(small) + (difference + small - small * __builtin_log(small + large) -
                                  (large - 0.5) * __builtin_log1p(share));
  return (stirling_rest(small) + difference) + 0.918938533204672742 - 0.5 * __builtin_log(large) -
         ((small - 0.5) * -__builtin_log(share / (1 + share)) + large * __builtin_log1p(share));
}

/// The sign of gamma(x); 0 at its poles.
inline double sign_of_gamma(double x) {
  if (x > 0 || x != x) return 1;
  const double below = __builtin_floor(x);
  if (below == x) return 0;
  return __builtin_fmod(below, 2) == 0 ? 1 : -1;
}

inline double log_beta_of(double a, double b) {
  if (a > 0 && b > 0) return log_beta_right(a, b);
  if (a >= 0 && b >= 0) return endless;
  return log_gamma_of(a) + log_gamma_of(b) - log_gamma_of(a + b);
}

inline double beta_of(double a, double b) {
  if (a > 0 && b > 0) {
    if (a + b < 170 && a > 1e-300 && b > 1e-300)
      return __builtin_tgamma(a < b ? a : b) *
             (__builtin_tgamma(a < b ? b : a) / __builtin_tgamma(a + b));
    return __builtin_exp(log_beta_right(a, b));
  }
  if (a >= 0 && b >= 0) return endless;
  const double sign = sign_of_gamma(a) * sign_of_gamma(b);
  if (sign == 0) return sign_of_gamma(a + b) == 0 ? no_number : endless;
  return sign * sign_of_gamma(a + b) * __builtin_exp(log_beta_of(a, b));
}

/// gamma(x) for 0 < x < 20 is product / (least reciprocal).
struct GammaParts {
  XTAPE_INLINE explicit GammaParts(Lane<double> x) {
    const Mask<double> small = x < 1;
    Lane<double> at = x;
    for (int step = 0; step < 18; ++step) {  // to [1, 2], by gamma(x + 1) = x gamma(x)
      const Mask<double> above = at > 2;
      if (!any(above)) break;
      at = where(above, at - 1, at);
      product = where(above, product * at, product);
    }
    least = where(small, x, 1);
    reciprocal = chebyshev_sum<double, reciprocal_gamma, 0>(where(small, 2 * x - 1, 2 * at - 3));
  }
  Lane<double> product = 1, least, reciprocal;
};

/// Pairs whose beta function is the quotient of three gamma functions that the polynomial gives.
template <class T>
XTAPE_INLINE Mask<T> beta_is_near(Lane<T> a, Lane<T> b) {
  return (a > T(1e-300)) & (b > T(1e-300)) & (a < 10) & (b < 10);
}

/// beta(a, b) for these.
[[gnu::noinline]] inline Lane<double> beta_near(Lane<double> a, Lane<double> b) {
  const Mask<double> swap = a < b;
  const GammaParts p(where(swap, a, b)), q(where(swap, b, a)), sum(a + b);
  const Lane<double> above = p.product * q.product * sum.reciprocal * (sum.least / q.least);
  return above / (p.reciprocal * q.reciprocal * sum.product * p.least);
}
[[gnu::noinline]] inline Lane<double> log_beta_near(Lane<double> a, Lane<double> b) {
  return log(beta_near(a, b));
}

/// near(a, b) where beta_is_near, and elsewhere of(a, b), one by one.
template <class T, class Near>
XTAPE_INLINE Lane<T> beta_by(Near near, double (*of)(double, double), Lane<T> a, Lane<T> b) {
  const Mask<T> easy = beta_is_near(a, b);
  Lane<T> y = 0;
  if (any(easy)) y = in_double(near, where(easy, a, 1), where(easy, b, 1));
  if (!any(!easy)) return y;
  for (std::size_t i = 0; i < Lane<T>::width; ++i)
    if (easy.truths[i] == 0) y.v[i] = static_cast<T>(of(double{a.v[i]}, double{b.v[i]}));
  return y;
}

template <class T>
XTAPE_INLINE Lane<T> log_beta(Lane<T> a, Lane<T> b) {
  return beta_by([](Lane<double> p, Lane<double> q) { return log_beta_near(p, q); }, log_beta_of, a,
                 b);
}
template <class T>
XTAPE_INLINE Lane<T> beta(Lane<T> a, Lane<T> b) {
  return beta_by([](Lane<double> p, Lane<double> q) { return beta_near(p, q); }, beta_of, a, b);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
