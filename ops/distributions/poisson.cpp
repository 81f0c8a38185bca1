#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Poisson& of) { return {"Poisson", {&of.rate}}; }

Tensor log_density(const Tensor& count, const Tensor& rate) {
  return xlogy(count, rate) - rate - lgamma(count + 1);
}

Tensor log_density_near(const Tensor& count, const Tensor& rate) {
  return -0.5 * (log(count) + log_2_pi) - deviance(count, rate) - stirling_rest(count);
}

}  // namespace

Poisson::Poisson(const Tensor& expected) : rate(in_floating(expected)) {
  check_parameter("Poisson", "rate", rate, Range::not_negative);
}

Shape Poisson::batch_shape() const { return rate.shape(); }

Tensor Poisson::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Poisson", "x", x);
  const Tensor asked = as_discrete(x, batch_of(*this).dtype);
  const Tensor outside = (asked < 0) | (asked == infinity) | (floor(asked) < asked);
  const Tensor at = where(outside, 0, asked);
  const Tensor mean = beside(rate, {&at}), k = beside(at, {&rate});
  const Tensor by_deviance = near(k, mean);
  const Tensor plain = log_density(where(by_deviance, 0, k), where(by_deviance, 1, mean));
  const Tensor close =
      log_density_near(where(by_deviance, k, great), where(by_deviance, mean, great));
  return where(outside, minus_infinity, where(by_deviance, close, plain));
}

Tensor Poisson::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  const Shape all = joined(shape, batch_shape());
  const Tensor values = values_of("poisson", for_draws(rate, all));
  const auto fill = [&](const Tensor& y) {
    const double* next = values.body().elements<const double>();
    std::generate_n(y.body().elements<std::int64_t>(), y.size(),
                    [&] { return rng.poisson(*next++); });
  };
  return xtape::detail::drawn_together("poisson", all, Dtype::int64, fill);
}

Tensor Poisson::mean() const { return batch_of(*this)(rate); }

Tensor Poisson::variance() const { return batch_of(*this)(rate); }

}  // namespace xtape::distributions
