#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/gamma_draws.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Beta& of) { return {"Beta", {&of.a, &of.b}}; }

Tensor log_density(const Tensor& a, const Tensor& b, const Tensor& x) {
  return xlogy(a - 1, x) + xlog1py(b - 1, -x) - log_beta(a, b);
}

Tensor log_density_near(const Tensor& a, const Tensor& b, const Tensor& x) {
  const Tensor n = a + b;
  const Tensor far = deviance(a, n * x) + deviance(b, n * (1 - x));
  const Tensor rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
  return 0.5 * (log(a) + log(b) - log(n) - log_2_pi) - log(x) - log1p(-x) - far + rest;
}

}  // namespace

Beta::Beta(const Tensor& first, const Tensor& second)
    : a(in_floating(first)), b(in_floating(second)) {
  check_parameter("Beta", "a", a, Range::positive);
  check_parameter("Beta", "b", b, Range::positive);
  static_cast<void>(batch_shape());
}

Shape Beta::batch_shape() const { return batch_of(*this).shape; }

Tensor Beta::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Beta", "x", x);
  const Tensor outside = (x < 0) | (x > 1);
  const Tensor at = beside(where(outside, 0.5, x), {&a, &b, &x});
  const Tensor p = beside(a, {&b, &x}), q = beside(b, {&a, &x}), n = p + q;
  const Tensor by_deviance = near(p, n * at) & near(q, n * (1 - at));
  const auto chosen = [&](const Tensor& of, double other) { return where(by_deviance, of, other); };
  const auto left = [&](const Tensor& of, double other) { return where(by_deviance, other, of); };
  const Tensor plain = log_density(left(p, 1), left(q, 1), left(at, 0.5));
  const Tensor close = log_density_near(chosen(p, great), chosen(q, great), chosen(at, 0.5));
  return where(outside, minus_infinity, where(by_deviance, close, plain));
}

Tensor Beta::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  const Batch batch = batch_of(*this);
  const Shape all = joined(shape, batch.shape);
  const Tensor first = values_of("beta", for_draws(a, all));
  const Tensor second = values_of("beta", for_draws(b, all));
  const auto fill = [&](const Tensor& y) {
    const double *p = first.body().elements<const double>(),
                 *q = second.body().elements<const double>();
    std::generate_n(y.body().elements<double>(), y.size(), [&] { return rng.beta(*p++, *q++); });
  };
  return xtape::detail::drawn_together("beta", all, Dtype::float64, fill).to(batch.dtype);
}

Tensor Beta::rsample(Rng& rng, const Shape& shape) const {
  const Batch batch = batch_of(*this);
  const Shape all = joined(shape, batch.shape);
  const Tensor u = log_standard_gamma(rng, for_draws(a, all));
  const Tensor v = log_standard_gamma(rng, for_draws(b, all));
  return sigmoid(u - v).to(batch.dtype);
}

Tensor Beta::mean() const { return batch_of(*this)(a / (a + b)); }

Tensor Beta::variance() const {
  const Tensor whole = a + b;
  return batch_of(*this)(a / whole * (b / whole) / (whole + 1));
}

Tensor Beta::entropy() const {
  const Tensor far = (a >= great) & (b >= great);
  const Tensor p = where(far, a, great), q = where(far, b, great), n = p + q;
  const Tensor rest =
      entropy_rest(p) + entropy_rest(q) - (entropy_rest(n) + stirling_slope(n) - 0.5 / n);
  const Tensor close = 0.5 * (log(p) + log(q) + (1 + log_2_pi)) - 1.5 * log(n) + rest;
  const Tensor s = where(far, 1, a), t = where(far, 1, b);
  const Tensor plain = log_beta(s, t) + (s - 1) * digamma_rise(s, t) + (t - 1) * digamma_rise(t, s);
  return batch_of(*this)(where(far, close, plain));
}

}  // namespace xtape::distributions
