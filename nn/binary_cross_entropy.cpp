#include <string>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/binary_cross_entropy.hpp>
#include <xtape/nn/clipped.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {
namespace {

void check(const char* op, const char* what, const Tensor& x, const Tensor& targets,
           const BinaryCrossEntropyOptions& options) {
  detail::check_same_shape(op, what, x, targets);
  detail::check_floating(op, what, x);
  detail::check_probabilities(op, targets);
  detail::check_element_weights(op, x, options.weights);
  const Tensor& pos_weight = options.pos_weight;
  if (!pos_weight.defined()) return;
  if (pos_weight.rank() != 0 && (x.rank() != 2 || pos_weight.shape() != Shape{x.extent(1)})) {
    throw ShapeError(std::string(op) + ": pos_weight must be a scalar or [outputs]; got " +
                     pos_weight.describe() + " for " + x.describe());
  }
  detail::check_positive(op, "pos_weight", pos_weight);
}

/// The losses times the weights of their elements, reduced.
Tensor reduced(const Tensor& losses, const BinaryCrossEntropyOptions& options) {
  return detail::reduced(options.weights.defined()
                             ? detail::weighted(options.weights.detach().to(losses.dtype()), losses)
                             : losses,
                         options.reduction);
}

/// The targets as constants of the dtype of x; and times the weight of the positive ones.
Tensor constant(const Tensor& targets, const Tensor& x) { return targets.detach().to(x.dtype()); }
Tensor positive(const Tensor& y, const Tensor& pos_weight) {
  return pos_weight.defined() ? constant(pos_weight, y) * y : y;
}

}  // namespace

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const BinaryCrossEntropyOptions& options) {
  check("binary_cross_entropy_with_logits", "logits", logits, targets, options);
  const Tensor y = constant(targets, logits);
  if (!options.pos_weight.defined()) {
    return reduced(sigmoid_cross_entropy(logits, y), options);
  }
  return reduced(detail::weighted(positive(y, options.pos_weight), softplus(-logits)) +
                     detail::weighted(1 - y, softplus(logits)),
                 options);
}

Tensor binary_cross_entropy(const Tensor& probabilities, const Tensor& targets,
                            const BinaryCrossEntropyOptions& options) {
  check("binary_cross_entropy", "probabilities", probabilities, targets, options);
  const Tensor y = constant(targets, probabilities), p = detail::clipped(probabilities);
  return reduced(-(positive(y, options.pos_weight) * log(p) + (1 - y) * log1p(-p)), options);
}

Tensor focal_loss(const Tensor& logits, const Tensor& targets, const FocalOptions& options) {
  detail::check_same_shape("focal_loss", "logits", logits, targets);
  detail::check_floating("focal_loss", "logits", logits);
  detail::check_truth_values("focal_loss", targets);
  xtape::detail::require_not_negative("focal_loss", "gamma", options.gamma);
  xtape::detail::require_in("focal_loss", "alpha", options.alpha, 0.0, 1.0);
  const Tensor hot = targets.detach() != 0;
  const Tensor z = where(hot, logits, -logits);  // q = sigmoid(z)
  Tensor losses = softplus(-z);
  if (options.gamma > 0) losses = exp(options.gamma * log_sigmoid(-z)) * losses;
  const Tensor factor = where(hot, options.alpha, 1 - options.alpha).to(logits.dtype());
  return detail::reduced(factor * losses, options.reduction);
}

Tensor dice_loss(const Tensor& probabilities, const Tensor& targets, const DiceOptions& options) {
  const char* const op = "dice_loss";
  detail::check_same_shape(op, "probabilities", probabilities, targets);
  if (probabilities.rank() < 2) {
    throw ShapeError("dice_loss: probabilities [n, outputs...] are needed; got " +
                     probabilities.describe());
  }
  detail::check_floating(op, "probabilities", probabilities);
  detail::check_probabilities(op, targets);
  xtape::detail::require_eps(op, options.smooth, probabilities.dtype(), "smooth");
  const Tensor p = flatten(probabilities, 1), t = flatten(constant(targets, probabilities), 1);
  // What is missing to all, place by place: one less what is there would cancel near the end.
  const Tensor apart = sum(p * (1 - t) + t * (1 - p), 1);
  return detail::reduced(apart / (sum(p, 1) + sum(t, 1) + options.smooth), options.reduction);
}

}  // namespace xtape::nn
