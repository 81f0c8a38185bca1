#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/multivariate_normal.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::distributions {
namespace {

constexpr const char* name = "MultivariateNormal";

/// The Cholesky factor of what is given.
Tensor factor_of(const Spread& spread) {
  if (spread.covariance.defined() == spread.scale_tril.defined()) {
    throw ValueError(std::string(name) +
                     ": just one of covariance and scale_tril must be given; got " +
                     (spread.covariance.defined() ? "both" : "none"));
  }
  const bool whole = spread.covariance.defined();
  const char* what = whole ? "covariance" : "scale_tril";
  const Tensor& given = whole ? spread.covariance : spread.scale_tril;
  check_parameter(name, what, given, Range::any);
  if (given.rank() < 2 || given.extent(-1) != given.extent(-2) || given.extent(-1) == 0) {
    throw ShapeError(std::string(name) + ": " + what + " must be square matrices; got " +
                     given.describe());
  }
  if (whole) return linalg::cholesky(given);
  check_parameter(name, "the diagonal of scale_tril", diagonal(given.detach()), Range::positive);
  return tril(given);
}

std::int64_t size_of(const MultivariateNormal& of) { return of.scale_tril.extent(-1); }

Shape batch_of(const MultivariateNormal& of) {
  return broadcast_shapes(name, without_last(of.loc.shape()),
                          without_last(without_last(of.scale_tril.shape())));
}

Tensor in_batch(const MultivariateNormal& of, const Tensor& vectors) {
  return broadcast_to(vectors, joined(of.batch_shape(), {size_of(of)}));
}

}  // namespace

Tensor half_log_det(const MultivariateNormal& of) { return sum(log(diagonal(of.scale_tril)), -1); }

Tensor whitened(const Tensor& factor, const Tensor& x) {
  const Tensor l = factor.to(promote(factor.dtype(), x.dtype()));
  if (l.rank() > 2) return squeeze(linalg::solve_triangular(l, expand_dims(x, -1)), -1);
  const Tensor columns = swapaxes(reshape(x, {-1, l.extent(-1)}), 0, 1);  // of one system
  return reshape(swapaxes(linalg::solve_triangular(l, columns), 0, 1), x.shape());
}

MultivariateNormal::MultivariateNormal(const Tensor& mean, const Spread& spread)
    : loc(mean), scale_tril(factor_of(spread)) {
  check_parameter(name, "loc", loc, Range::any);
  const Dtype dtype = dtype_of({&loc, &scale_tril});
  scale_tril = scale_tril.to(dtype);
  const Shape vector{size_of(*this)};
  loc = loc.to(dtype);
  loc = broadcast_to(loc, broadcast_shapes(name, loc.shape(), vector));
  static_cast<void>(in_batch(*this, loc));
}

Shape MultivariateNormal::batch_shape() const { return batch_of(*this); }

Tensor MultivariateNormal::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("MultivariateNormal", "x", x);
  const std::int64_t n = size_of(*this);
  if (x.rank() == 0 || x.extent(-1) != n) {
    throw ShapeError(std::string(name) + ": x must be [..., " + std::to_string(n) + "]; got " +
                     x.describe());
  }
  const Tensor z = whitened(scale_tril, x - loc);
  return -0.5 * sum(square(z), -1) -
         (half_log_det(*this) + 0.5 * log_2_pi * static_cast<double>(n));
}

Tensor MultivariateNormal::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  return rsample(rng, shape);
}

Tensor MultivariateNormal::rsample(Rng& rng, const Shape& shape) const {
  const Shape all = joined(joined(shape, batch_shape()), {size_of(*this)});
  const Tensor z = rng.randn(all, Dtype::float64), l = scale_tril.to(Dtype::float64);
  const Tensor moved =
      l.rank() == 2 ? matmul(z, swapaxes(l, 0, 1)) : squeeze(matmul(l, expand_dims(z, -1)), -1);
  return (loc.to(Dtype::float64) + moved).to(loc.dtype());
}

Tensor MultivariateNormal::mean() const { return in_batch(*this, loc); }

Tensor MultivariateNormal::variance() const { return in_batch(*this, sum(square(scale_tril), -1)); }

Tensor MultivariateNormal::covariance() const {
  return matmul(scale_tril, swapaxes(scale_tril, -1, -2));
}

Tensor MultivariateNormal::entropy() const {
  const double flat = 0.5 * (1 + log_2_pi) * static_cast<double>(size_of(*this));
  return broadcast_to(half_log_det(*this) + flat, batch_shape());
}

}  // namespace xtape::distributions
