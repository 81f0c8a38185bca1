#include <xtape/core/body.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/distributions/odds.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

Batch batch_of(const Bernoulli& of) { return {"Bernoulli", {&parameter_of(of.given)}}; }

}  // namespace

Bernoulli::Bernoulli(const Odds& odds) : given(odds) {
  if (by_logits("Bernoulli", given)) {
    check_parameter("Bernoulli", "logits", given.logits, Range::any);
  } else {
    check_parameter("Bernoulli", "probs", given.probs, Range::probability);
  }
}

Tensor Bernoulli::logits() const {
  return given.logits.defined() ? given.logits : logit(given.probs);
}

Tensor Bernoulli::probs() const {
  return given.probs.defined() ? given.probs : sigmoid(given.logits);
}

Shape Bernoulli::batch_shape() const { return parameter_of(given).shape(); }

Tensor Bernoulli::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Bernoulli", "x", x);
  const Tensor asked = as_discrete(x, batch_of(*this).dtype);
  const Tensor outside = !((asked == 0) | (asked == 1) | isnan(asked));
  const Tensor at = where(outside, 0, asked);
  return where(outside, minus_infinity,
               given.logits.defined() ? -sigmoid_cross_entropy(given.logits, at)
                                      : xlogy(at, given.probs) + xlog1py(1 - at, -given.probs));
}

Tensor Bernoulli::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  const Tensor u = rng.uniform(joined(shape, batch_shape()), 0, 1, Dtype::float64);
  return u < probs();
}

Tensor Bernoulli::mean() const { return batch_of(*this)(probs()); }

Tensor Bernoulli::variance() const {
  const Outcomes of(given);
  return batch_of(*this)(of.yes * of.no);
}

Tensor Bernoulli::entropy() const {
  const Outcomes of(given);
  return batch_of(*this)(-(times(of.yes, of.log_yes) + times(of.no, of.log_no)));
}

}  // namespace xtape::distributions
