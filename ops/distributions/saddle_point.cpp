#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {

Tensor near(const Tensor& a, const Tensor& x) { return (a >= great) & (abs(x - a) < 0.5 * a); }

Tensor deviance(const Tensor& a, const Tensor& x) {
  const Tensor u = (x - a) / a;
  return a * (u - log1p(u));
}

Tensor stirling_rest(const Tensor& x) {
  const Tensor r = 1 / (x * x);
  return (1. / 12 -
          r * (1. / 360 -
               r * (1. / 1260 - r * (1. / 1680 - r * (1. / 1188 - r * (691. / 360360)))))) /
         x;
}

Tensor stirling_slope(const Tensor& x) {
  const Tensor r = 1 / (x * x);
  return r * (-1. / 12 +
              r * (3. / 360 -
                   r * (5. / 1260 - r * (7. / 1680 - r * (9. / 1188 - r * (7601. / 360360))))));
}

Tensor entropy_rest(const Tensor& x) {
  return stirling_rest(x) + (1 - x) * stirling_slope(x) - 0.5 / x;
}

Tensor digamma_rise(const Tensor& x, const Tensor& by) {
  const Tensor far = x >= great, a = where(far, x, great), n = a + by, s = where(far, 1, x);
  const Tensor by_series =
      log1p(by / a) + 0.5 * by / (a * n) + (stirling_slope(n) - stirling_slope(a));
  return where(far, by_series, digamma(s + by) - digamma(s));
}

Tensor above_tangent(const Tensor& a, const Tensor& by) {
  const Tensor u = by / a, x = a + by;
  const Tensor close = abs(u) < 0.05, far = (a >= great) & (x >= great);
  // Taylor's series, of which each term is at most |u| times the one before. From 1e15 on all is
  // proportional to a.
  const Tensor safe = where(close, a, 1), at = minimum(safe, 1e15);
  const Tensor step = at * where(close, u, 0);
  Tensor term = step, series = 0;
  for (int k = 2; k <= 13; ++k) {
    term = term * step / k;
    series = series + term * polygamma(k - 1, at);
  }
  const Tensor b = where(far, a, great), d = where(far, by, 0), y = b + d, v = d / b;
  const Tensor by_deviance = deviance(y, b) + 0.5 * (v - log1p(v)) +
                             (stirling_rest(y) - stirling_rest(b) - d * stirling_slope(b));
  const Tensor c = where(far, 1, a), e = where(far, 0, by);
  const Tensor plain = lgamma(c + e) - lgamma(c) - e * digamma(c);
  return where(close, safe / at * series, where(far, by_deviance, plain));
}

}  // namespace xtape::distributions
