#include <xtape/core/body.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Exponential& of) { return {"Exponential", {&of.rate}}; }

}  // namespace

Exponential::Exponential(const Tensor& inverse_scale) : rate(in_floating(inverse_scale)) {
  check_parameter("Exponential", "rate", rate, Range::positive);
}

Shape Exponential::batch_shape() const { return rate.shape(); }

Tensor Exponential::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Exponential", "x", x);
  return where(x < 0, minus_infinity, log(rate) - rate * x);
}

Tensor Exponential::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  return rsample(rng, shape);
}

Tensor Exponential::rsample(Rng& rng, const Shape& shape) const {
  const Batch batch = batch_of(*this);
  const Tensor z = rng.exponential(1, joined(shape, batch.shape), Dtype::float64);
  return (1 / rate.to(Dtype::float64) * z).to(batch.dtype);
}

Tensor Exponential::mean() const { return batch_of(*this)(1 / rate); }

Tensor Exponential::variance() const { return batch_of(*this)(1 / square(rate)); }

Tensor Exponential::entropy() const { return batch_of(*this)(1 - log(rate)); }

}  // namespace xtape::distributions
