#include <cmath>
#include <limits>
#include <span>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/train/metrics.hpp>

namespace xtape {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// NaN is no prediction, though it has a place in an order and lies beside a threshold.
bool has_nan(const Tensor& x) {
  return x.size() > 0 && is_floating(x.dtype()) && std::isnan(amax(x).item());
}

/// Squares summed over the samples, float64 [outputs...].
Tensor sum_of_squares(const Tensor& x) { return sum(square(x), 0); }

}  // namespace

double accuracy(const Tensor& scores, const Tensor& labels, const AccuracyOptions& options) {
  if (scores.defined() && labels.defined() && scores.rank() > 2 &&
      labels.rank() == scores.rank() - 1 &&
      labels.shape() == Shape(std::span(scores.shape().begin(), scores.shape().end() - 1))) {
    return accuracy(reshape(scores, {labels.size(), scores.extent(-1)}), flatten(labels, 0),
                    options);
  }
  nn::detail::check_label_shapes("accuracy", "scores", scores, labels);
  const bool sparse = labels.rank() == 1;
  if (sparse && labels.dtype() != Dtype::int64) {
    throw DtypeError("accuracy: labels [n] must be int64; got " + labels.describe());
  }
  const auto ignored = options.ignore_index;
  if (ignored && !sparse)
    throw ValueError("accuracy: ignore_index goes with labels that are classes; got " +
                     labels.describe());
  if (sparse)
    nn::detail::check_label_range("accuracy", "labels", labels, scores.extent(1), ignored);
  const NoGradGuard off;
  if (ignored) {
    const Tensor counting = squeeze(argwhere(labels != *ignored), 1);
    return accuracy(take(scores, counting), take(labels, counting));
  }
  const Tensor actual = sparse ? labels : nn::detail::hot_classes("accuracy", labels);
  return has_nan(scores) ? no_number : mean(argmax(scores, 1) == actual).item();
}

double binary_accuracy(const Tensor& probabilities, const Tensor& targets,
                       const BinaryAccuracyOptions& options) {
  nn::detail::check_same_shape("binary_accuracy", "probabilities", probabilities, targets);
  nn::detail::check_truth_values("binary_accuracy", targets);
  detail::require_finite("binary_accuracy", "threshold", options.threshold);
  const NoGradGuard off;
  if (has_nan(probabilities)) return no_number;
  return mean((probabilities > options.threshold) == (targets != 0)).item();
}

double regression_accuracy(const Tensor& predictions, const Tensor& targets,
                           const RegressionAccuracyOptions& options) {
  nn::detail::check_same_shape("regression_accuracy", "predictions", predictions, targets);
  if (options.precision)
    detail::require_not_negative("regression_accuracy", "precision", *options.precision);
  const NoGradGuard off;
  if (has_nan(predictions) || has_nan(targets)) return no_number;
  const Tensor t = targets.to(Dtype::float64);
  const Tensor precision = options.precision ? full({}, *options.precision, Dtype::float64)
                                             : sqrt(mean(square(t - mean(t)))) / 250;
  return mean(abs(predictions - t) <= precision).item();
}

double r2_score(const Tensor& predictions, const Tensor& targets) {
  nn::detail::check_same_shape("r2_score", "predictions", predictions, targets);
  if (targets.shape()[0] < 2) return no_number;
  const NoGradGuard off;
  const Tensor t = targets.to(Dtype::float64);
  const Tensor residual = sum_of_squares(t - predictions);
  const Tensor total = sum_of_squares(t - mean(t, 0, {.keep_dims = true}));
  const Tensor of_constant = (residual == 0).to(Dtype::float64);
  return mean(where(amax(t, 0) == amin(t, 0), of_constant, 1 - residual / total)).item();
}

}  // namespace xtape
