#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/gamma_draws.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Beta& of) { return {"Beta", {&of.a, &of.b}}; }

}  // namespace

Beta::Beta(const Tensor& first, const Tensor& second) : a(first), b(second) {
  check_parameter("Beta", "a", a, Range::positive);
  check_parameter("Beta", "b", b, Range::positive);
  static_cast<void>(batch_shape());
}

Shape Beta::batch_shape() const { return batch_of(*this).shape; }

Tensor Beta::log_prob(const Tensor& x) const {
  const Tensor outside = (x < 0) | (x > 1);
  const Tensor at = where(outside, 0.5, x);
  return where(outside, minus_infinity, xlogy(a - 1, at) + xlog1py(b - 1, -at) - log_beta(a, b));
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
  return batch_of(*this)(log_beta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) +
                         (a + b - 2) * digamma(a + b));
}

}  // namespace xtape::distributions
