#include <cmath>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/binary_cross_entropy.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/nn/margin_loss.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/unit.hpp>

namespace xtape::nn {
namespace {

/// max(0, x), with the slope of x at 0.
Tensor excess(const Tensor& x) { return clip(x, 0, HUGE_VAL); }

/// Signs as constants of the dtype of x, once all fits.
Tensor signs(const char* op, const char* what, const Tensor& x, const Tensor& targets) {
  detail::check_same_shape(op, what, x, targets);
  detail::check_floating(op, what, x);
  detail::check_signs(op, targets);
  return targets.detach().to(x.dtype());
}

/// Throws unless both are floating vectors [n, d] of one shape.
void check_vectors(const char* op, const char* what, const Tensor& a, const Tensor& b) {
  detail::check_floating(op, what, a);
  detail::check_floating(op, what, b);
  if (a.rank() == 2 && a.shape() == b.shape()) return;
  throw ShapeError(std::string(op) + ": vectors must be [n, d] of one shape; got " + a.describe() +
                   " and " + b.describe());
}

/// Weights of the classes as constants of the dtype of the scores [n, classes], checked.
Tensor of_classes(const char* op, const Tensor& scores, const Tensor& weights) {
  if (!weights.defined()) return ones({scores.extent(1)}, scores.dtype());
  if (weights.shape() != Shape{scores.extent(1)}) {
    throw ShapeError(std::string(op) + ": class_weights must be [classes], here " +
                     to_string(Shape{scores.extent(1)}) + "; got " + weights.describe());
  }
  detail::check_not_negative(op, "class_weights", weights);
  return weights.detach().to(scores.dtype());
}

}  // namespace

Tensor hinge_loss(const Tensor& predictions, const Tensor& targets, const HingeOptions& options) {
  xtape::detail::require_finite("hinge_loss", "margin", options.margin);
  const Tensor y = signs("hinge_loss", "predictions", predictions, targets);
  Number(options.margin).check("hinge_loss", predictions.dtype());
  const Tensor losses = relu(options.margin - y * predictions);
  return detail::reduced(options.squared ? square(losses) : losses, options.reduction);
}

Tensor hinge_embedding_loss(const Tensor& distances, const Tensor& targets,
                            const MarginOptions& options) {
  xtape::detail::require_finite("hinge_embedding_loss", "margin", options.margin);
  const Tensor y = signs("hinge_embedding_loss", "distances", distances, targets);
  Number(options.margin).check("hinge_embedding_loss", distances.dtype());
  return detail::reduced(where(y > 0, distances, excess(options.margin - distances)),
                         options.reduction);
}

Tensor soft_margin_loss(const Tensor& predictions, const Tensor& targets,
                        const LossOptions& options) {
  const Tensor y = signs("soft_margin_loss", "predictions", predictions, targets);
  return detail::reduced(softplus(-y * predictions), options.reduction);
}

Tensor multi_margin_loss(const Tensor& scores, const Tensor& labels,
                         const MultiMarginOptions& options) {
  const char* const op = "multi_margin_loss";
  detail::check_label_shapes(op, "scores", scores, labels);
  detail::check_floating(op, "scores", scores);
  if (labels.rank() != 1 || labels.dtype() != Dtype::int64)
    throw DtypeError("multi_margin_loss: labels must be int64 [n]; got " + labels.describe());
  const std::int64_t classes = scores.extent(1);
  detail::check_label_range(op, "labels", labels, classes);
  xtape::detail::require_finite(op, "margin", options.margin);
  Number(options.margin).check(op, scores.dtype());
  xtape::detail::require_in<std::int64_t>(op, "power", options.power, 1, 2);
  const Tensor weights = of_classes(op, scores, options.class_weights);
  const Tensor own = take_along_axis(scores, expand_dims(labels, 1), 1);
  Tensor beyond = excess(options.margin - own + scores);
  if (options.power == 2) beyond = square(beyond);
  const Tensor others = where(one_hot(labels, classes, Dtype::boolean), 0, beyond);
  return detail::reduced(detail::weighted(take(weights, labels), mean(others, 1)),
                         options.reduction);
}

Tensor multilabel_margin_loss(const Tensor& scores, const Tensor& targets,
                              const LossOptions& options) {
  const char* const op = "multilabel_margin_loss";
  detail::check_same_shape(op, "scores", scores, targets);
  detail::check_floating(op, "scores", scores);
  if (scores.rank() != 2) {
    throw ShapeError("multilabel_margin_loss: scores must be [n, classes]; got " +
                     scores.describe());
  }
  detail::check_truth_values(op, targets);
  const Tensor hot = targets.detach() != 0;
  const Tensor pairs = expand_dims(hot, 2) & !expand_dims(hot, 1);  // [n, one of them, another]
  const Tensor beyond = excess(1 - expand_dims(scores, 2) + expand_dims(scores, 1));
  return detail::reduced(sum(mean(where(pairs, beyond, 0), 2), 1), options.reduction);
}

Tensor multilabel_soft_margin_loss(const Tensor& logits, const Tensor& targets,
                                   const MultilabelSoftMarginOptions& options) {
  const char* const op = "multilabel_soft_margin_loss";
  detail::check_same_shape(op, "logits", logits, targets);
  detail::check_floating(op, "logits", logits);
  if (logits.rank() != 2) {
    throw ShapeError("multilabel_soft_margin_loss: logits must be [n, classes]; got " +
                     logits.describe());
  }
  detail::check_probabilities(op, targets);
  const Tensor weights = of_classes(op, logits, options.class_weights);
  const Tensor losses = sigmoid_cross_entropy(logits, targets.detach().to(logits.dtype()));
  return detail::reduced(detail::weighted(weights, losses), options.reduction);
}

Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& targets,
                           const PairMarginOptions& options) {
  const char* const op = "margin_ranking_loss";
  xtape::detail::require_finite(op, "margin", options.margin);
  detail::check_same_shape(op, "b", b, targets);
  detail::check_floating(op, "b", b);
  const Tensor y = signs(op, "a", a, targets);
  Number(options.margin).check(op, a.dtype());
  return detail::reduced(excess(options.margin - y * (a - b)), options.reduction);
}

Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& targets,
                             const PairMarginOptions& options) {
  const char* const op = "cosine_embedding_loss";
  xtape::detail::require_finite(op, "margin", options.margin);
  check_vectors(op, "a and b", a, b);
  Number(options.margin).check(op, a.dtype());
  if (targets.shape() != Shape{a.extent(0)}) {
    throw ShapeError("cosine_embedding_loss: targets must be [n]; got " + targets.describe() +
                     " for " + a.describe());
  }
  detail::check_signs(op, targets);
  constexpr double least = 1e-12, large = 0x1p50;
  const auto length = [&](const Tensor& near, const Tensor& scale) {
    return sqrt(sum(square(near), 1, {.keep_dims = true}) + least / square(scale));
  };
  const auto unit = [&](const Tensor& x) { return xtape::detail::unit(x, 1, large, length); };
  const Tensor cosine = sum(unit(a) * unit(b), 1);
  return detail::reduced(where(targets.detach() > 0, 1 - cosine, excess(cosine - options.margin)),
                         options.reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& options) {
  const char* const op = "triplet_margin_loss";
  xtape::detail::require_finite(op, "margin", options.margin);
  xtape::detail::require(options.order >= 1, op, "order", "be at least 1", options.order);
  check_vectors(op, "anchor and positive", anchor, positive);
  check_vectors(op, "anchor and negative", anchor, negative);
  xtape::detail::require_eps(op, options.eps, anchor.dtype());
  Number(options.margin).check(op, anchor.dtype());
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return norm(a - b + options.eps, 1, {.order = options.order});
  };
  Tensor apart = distance(anchor, negative);
  if (options.swap) apart = minimum(apart, distance(positive, negative));
  return detail::reduced(excess(options.margin + distance(anchor, positive) - apart),
                         options.reduction);
}

}  // namespace xtape::nn
