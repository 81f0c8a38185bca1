#include <string>

#include <xtape/core/error.hpp>
#include <xtape/ops/distributions/multivariate_normal.hpp>
#include <xtape/ops/distributions/odds.hpp>
#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/special.hpp>

// Where the scales of p and q are near each other, parts of the order of their distance cancel, not
// parts of the order of 1.

namespace xtape::distributions {
namespace {

/// log(a / b), given (a - b) / b, exact where they are near, and where that rounds to -1.
Tensor log_ratio(const Tensor& a, const Tensor& b, const Tensor& further) {
  const Tensor near = further > -0.5;
  return where(near, log1p(where(near, further, 0)), log(a) - log(b));
}

/// The same less than that quotient, by how far the logarithm lies below its tangent.
Tensor below_tangent(const Tensor& a, const Tensor& b, const Tensor& further) {
  const Tensor close = abs(further) < 0.05, u = where(close, further, 0);
  Tensor series = 1. / 13;
  for (int k = 12; k >= 2; --k) series = 1. / k - u * series;
  return where(close, u * u * series, further - log_ratio(a, b, further));
}

}  // namespace

Tensor kl_divergence(const Normal& p, const Normal& q) {
  const Tensor wider = (p.scale - q.scale) / q.scale, moved = (p.loc - q.loc) / q.scale;
  return 0.5 * (square(wider) + square(moved)) + below_tangent(p.scale, q.scale, wider);
}

Tensor kl_divergence(const MultivariateNormal& p, const MultivariateNormal& q) {
  const std::int64_t n = p.scale_tril.extent(-1);
  if (q.scale_tril.extent(-1) != n) {
    throw ShapeError("kl_divergence: vectors must have one length; got " + std::to_string(n) +
                     " and " + std::to_string(q.scale_tril.extent(-1)));
  }
  const Dtype dtype = promote(p.loc.dtype(), q.loc.dtype());
  const Tensor l = q.scale_tril.to(dtype);
  const Tensor wider = linalg::solve_triangular(l, p.scale_tril.to(dtype));
  const Tensor moved = whitened(l, p.loc - q.loc);
  return 0.5 * (sum(square(wider), {-2, -1}) + sum(square(moved), -1) - static_cast<double>(n)) +
         (half_log_det(q) - half_log_det(p));
}

Tensor kl_divergence(const Exponential& p, const Exponential& q) {
  const Tensor faster = (q.rate - p.rate) / p.rate;
  return below_tangent(q.rate, p.rate, faster);
}

Tensor kl_divergence(const Gamma& p, const Gamma& q) {
  const Tensor faster = (q.rate - p.rate) / p.rate;
  return above_tangent(p.concentration, q.concentration - p.concentration) +
         (p.concentration - q.concentration) * faster +
         q.concentration * below_tangent(q.rate, p.rate, faster);
}

Tensor kl_divergence(const Beta& p, const Beta& q) {
  const Tensor a = q.a - p.a, b = q.b - p.b;
  return above_tangent(p.a, a) + above_tangent(p.b, b) - above_tangent(p.a + p.b, a + b);
}

Tensor kl_divergence(const Bernoulli& p, const Bernoulli& q) {
  const Outcomes from(p.given), to(q.given);
  return times(from.yes, from.log_yes - to.log_yes) + times(from.no, from.log_no - to.log_no);
}

Tensor kl_divergence(const Categorical& p, const Categorical& q) {
  return sum(times(p.probs(), p.logits() - q.logits()), -1);
}

}  // namespace xtape::distributions
