#include <string>

#include <xtape/core/error.hpp>
#include <xtape/nn/binary_cross_entropy.hpp>
#include <xtape/nn/clipped.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {
namespace {

void check(const char* op, const char* what, const Tensor& x, const Tensor& targets,
           const Tensor& pos_weight) {
  detail::check_same_shape(op, what, x, targets);
  detail::check_floating(op, what, x);
  detail::check_probabilities(op, targets);
  if (!pos_weight.defined()) return;
  if (pos_weight.rank() != 0 && (x.rank() != 2 || pos_weight.shape() != Shape{x.extent(1)})) {
    throw ShapeError(std::string(op) + ": pos_weight must be a scalar or [outputs]; got " +
                     pos_weight.describe() + " for " + x.describe());
  }
  detail::check_positive(op, "pos_weight", pos_weight);
}

/// The targets as constants of the dtype of x; and times the weight of the positive ones.
Tensor constant(const Tensor& targets, const Tensor& x) { return targets.detach().to(x.dtype()); }
Tensor positive(const Tensor& y, const Tensor& pos_weight) {
  return pos_weight.defined() ? constant(pos_weight, y) * y : y;
}

}  // namespace

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const BinaryCrossEntropyOptions& options) {
  check("binary_cross_entropy_with_logits", "logits", logits, targets, options.pos_weight);
  const Tensor y = constant(targets, logits);
  if (!options.pos_weight.defined()) {
    return detail::reduced(sigmoid_cross_entropy(logits, y), options.reduction);
  }
  return detail::reduced(detail::weighted(positive(y, options.pos_weight), softplus(-logits)) +
                             detail::weighted(1 - y, softplus(logits)),
                         options.reduction);
}

Tensor binary_cross_entropy(const Tensor& probabilities, const Tensor& targets,
                            const BinaryCrossEntropyOptions& options) {
  check("binary_cross_entropy", "probabilities", probabilities, targets, options.pos_weight);
  const Tensor y = constant(targets, probabilities), p = detail::clipped(probabilities);
  return detail::reduced(-(positive(y, options.pos_weight) * log(p) + (1 - y) * log1p(-p)),
                         options.reduction);
}

}  // namespace xtape::nn
