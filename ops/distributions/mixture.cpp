#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/distributions/odds.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::distributions::detail {
namespace {

/// The weights, repeated so that each mixture of the batch has its own.
Categorical for_each(const Categorical& weights, const Shape& components) {
  const Tensor& given = parameter_of(weights.given);
  if (components.rank() == 0 || components[-1] != given.extent(-1) ||
      broadcast_shapes("Mixture", given.shape(), components) != components) {
    throw ShapeError(
        "Mixture: weights must be [..., k] and broadcast to the batch of k components; got " +
        to_string(given.shape()) + " and " + to_string(components));
  }
  const Tensor all = broadcast_to(given, components);
  return Categorical(weights.given.logits.defined() ? Odds{.logits = all} : Odds{.probs = all});
}

/// [..., k] beside what components have, [..., k, draw...].
Tensor beside(Tensor x, int axes) {
  for (; axes > 0; --axes) x = expand_dims(x, -1);
  return x;
}

}  // namespace

MixtureWeights::MixtureWeights(const Categorical& weights, const Shape& components, int axes)
    : Categorical(for_each(weights, components)), event_axes(axes) {}

Tensor MixtureWeights::for_components(const Tensor& x) const {
  xtape::detail::require_defined("Mixture", "x", x);
  return expand_dims(x, -1 - event_axes);
}

Tensor MixtureWeights::log_prob_of(const Tensor& log_probs) const {
  return logsumexp(logits() + log_probs, -1);
}

Tensor MixtureWeights::chosen(const Tensor& places, const Tensor& draws) const {
  const Tensor each = beside(expand_dims(places, -1), event_axes);
  return squeeze(take_along_axis(draws, each, -1 - event_axes), -1 - event_axes);
}

Tensor MixtureWeights::mean_of(const Tensor& means) const {
  return sum(beside(probs(), event_axes) * means, -1 - event_axes);
}

Tensor MixtureWeights::variance_of(const Tensor& means, const Tensor& variances) const {
  return mean_of(variances + square(means - for_components(mean_of(means))));
}

}  // namespace xtape::distributions::detail
