#include <xtape/core/body.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Normal& of) { return {"Normal", {&of.loc, &of.scale}}; }

}  // namespace

Normal::Normal(const Tensor& mean, const Tensor& stddev)
    : loc(in_floating(mean)), scale(in_floating(stddev)) {
  check_parameter("Normal", "loc", loc, Range::any);
  check_parameter("Normal", "scale", scale, Range::positive);
  static_cast<void>(batch_shape());
}

Shape Normal::batch_shape() const { return batch_of(*this).shape; }

Tensor Normal::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Normal", "x", x);
  return -0.5 * square((x - loc) / scale) - (log(scale) + 0.5 * log_2_pi);
}

Tensor Normal::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  return rsample(rng, shape);
}

Tensor Normal::rsample(Rng& rng, const Shape& shape) const {
  const Batch batch = batch_of(*this);
  const Tensor z = rng.randn(joined(shape, batch.shape), Dtype::float64);
  return (loc.to(Dtype::float64) + scale.to(Dtype::float64) * z).to(batch.dtype);
}

Tensor Normal::mean() const { return batch_of(*this)(loc); }

Tensor Normal::variance() const { return batch_of(*this)(square(scale)); }

Tensor Normal::entropy() const { return batch_of(*this)(log(scale) + 0.5 * (1 + log_2_pi)); }

}  // namespace xtape::distributions
