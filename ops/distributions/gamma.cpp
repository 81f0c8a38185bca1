#include <xtape/core/body.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/gamma_draws.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Gamma& of) { return {"Gamma", {&of.concentration, &of.rate}}; }

/// Of rate 1.
Tensor log_density(const Tensor& a, const Tensor& z) { return xlogy(a - 1, z) - z - lgamma(a); }

Tensor log_density_near(const Tensor& a, const Tensor& z) {
  return 0.5 * (log(a) - log_2_pi) - log(z) - deviance(a, z) - stirling_rest(a);
}

}  // namespace

Gamma::Gamma(const Tensor& shape, const Tensor& inverse_scale)
    : concentration(in_floating(shape)), rate(in_floating(inverse_scale)) {
  check_parameter("Gamma", "concentration", concentration, Range::positive);
  check_parameter("Gamma", "rate", rate, Range::positive);
  static_cast<void>(batch_shape());
}

Shape Gamma::batch_shape() const { return batch_of(*this).shape; }

Tensor Gamma::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Gamma", "x", x);
  const Tensor all = rate * x;
  const Tensor outside = (x < 0) | (all == infinity);
  const Tensor z = beside(where(outside, 1, all), {&concentration, &all});
  const Tensor a = beside(concentration, {&all});
  const Tensor by_deviance = near(a, z);
  const Tensor plain = log_density(where(by_deviance, 1, a), where(by_deviance, 1, z));
  const Tensor close = log_density_near(where(by_deviance, a, great), where(by_deviance, z, great));
  return where(outside, minus_infinity, log(rate) + where(by_deviance, close, plain));
}

Tensor Gamma::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  return rsample(rng, shape);
}

Tensor Gamma::rsample(Rng& rng, const Shape& shape) const {
  const Batch batch = batch_of(*this);
  const Tensor z = standard_gamma(rng, for_draws(concentration, joined(shape, batch.shape)));
  return (1 / rate.to(Dtype::float64) * z).to(batch.dtype);
}

Tensor Gamma::mean() const { return batch_of(*this)(concentration / rate); }

Tensor Gamma::variance() const { return batch_of(*this)(concentration / square(rate)); }

Tensor Gamma::entropy() const {
  const Tensor far = concentration >= great;
  const Tensor a = where(far, concentration, great), s = where(far, 1, concentration);
  const Tensor close = 0.5 * (log(a) + (1 + log_2_pi)) + entropy_rest(a);
  const Tensor plain = s + lgamma(s) + (1 - s) * digamma(s);
  return batch_of(*this)(where(far, close, plain) - log(rate));
}

}  // namespace xtape::distributions
