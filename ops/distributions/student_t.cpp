#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/gamma_draws.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const StudentT& of) { return {"StudentT", {&of.df, &of.loc, &of.scale}}; }

/// log(1 + u²), also where the square overflows.
Tensor log1p_square(const Tensor& u) {
  const Tensor large = abs(u) > 1e9;  // 1 is nothing beside its square
  return where(large, 2 * log(abs(where(large, u, 1))), log1p(square(where(large, 0, u))));
}

}  // namespace

StudentT::StudentT(const Tensor& freedom, const Tensor& centre, const Tensor& spread)
    : df(in_floating(freedom)), loc(in_floating(centre)), scale(in_floating(spread)) {
  check_parameter("StudentT", "df", df, Range::positive);
  check_parameter("StudentT", "loc", loc, Range::any);
  check_parameter("StudentT", "scale", scale, Range::positive);
  static_cast<void>(batch_shape());
}

Shape StudentT::batch_shape() const { return batch_of(*this).shape; }

Tensor StudentT::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("StudentT", "x", x);
  const Tensor u = (x - loc) / (scale * sqrt(df));
  return -0.5 * (df + 1) * log1p_square(u) - (log_beta(0.5, 0.5 * df) + 0.5 * log(df) + log(scale));
}

Tensor StudentT::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  return rsample(rng, shape);
}

Tensor StudentT::rsample(Rng& rng, const Shape& shape) const {
  const Batch batch = batch_of(*this);
  const Shape all = joined(shape, batch.shape);
  const Tensor half = for_draws(df, all) / 2;
  const Tensor values = values_of("standard_t", half);
  const auto fill = [&](const Tensor& y) {
    const double* k = values.body().elements<const double>();
    double *normal = y.body().elements<double>(), *gamma = normal + values.size();
    for (std::int64_t i = 0, n = values.size(); i < n; ++i) {
      normal[i] = rng.normal();
      gamma[i] = rng.standard_gamma(k[i]);
    }
  };
  const Tensor both =
      xtape::detail::drawn_together("standard_t", {2, values.size()}, Dtype::float64, fill);
  const Tensor gamma = moving_with(half, reshape(both[1], all));
  const Tensor t = sqrt(half) * reshape(both[0], all) / sqrt(gamma);
  return (loc.to(Dtype::float64) + scale.to(Dtype::float64) * t).to(batch.dtype);
}

Tensor StudentT::mean() const { return batch_of(*this)(where(df > 1, loc, not_a_number)); }

Tensor StudentT::variance() const {
  const Tensor finite = df > 2;
  const Tensor safe = where(finite, df, 3);
  const Tensor beyond = where(df > 1, infinity, not_a_number);
  return batch_of(*this)(where(finite, square(scale) * (safe / (safe - 2)), beyond));
}

Tensor StudentT::entropy() const {
  const Tensor half = 0.5 * df;
  return batch_of(*this)((half + 0.5) * digamma_rise(half, 0.5) + 0.5 * log(df) +
                         log_beta(0.5, half) + log(scale));
}

}  // namespace xtape::distributions
