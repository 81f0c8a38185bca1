#include <xtape/core/number.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/nn/regression_loss.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {
namespace {

/// predictions - targets, in the dtype of the predictions.
Tensor residuals(const char* op, const Tensor& predictions, const Tensor& targets) {
  detail::check_same_shape(op, "predictions", predictions, targets);
  detail::check_floating(op, "predictions", predictions);
  return predictions - targets.to(predictions.dtype());
}

}  // namespace

Tensor mean_squared_error(const Tensor& predictions, const Tensor& targets,
                          const LossOptions& options) {
  return detail::reduced(square(residuals("mean_squared_error", predictions, targets)),
                         options.reduction);
}

Tensor mean_absolute_error(const Tensor& predictions, const Tensor& targets,
                           const LossOptions& options) {
  return detail::reduced(abs(residuals("mean_absolute_error", predictions, targets)),
                         options.reduction);
}

Tensor huber_loss(const Tensor& predictions, const Tensor& targets, const HuberOptions& options) {
  xtape::detail::require_positive("huber_loss", "delta", options.delta);
  const Tensor error = residuals("huber_loss", predictions, targets);
  Number(options.delta).check("huber_loss", error.dtype());
  const Tensor near = clip(error, -options.delta, options.delta);
  return detail::reduced(near * (error - 0.5 * near), options.reduction);
}

Tensor smooth_l1_loss(const Tensor& predictions, const Tensor& targets,
                      const SmoothL1Options& options) {
  const double beta = xtape::detail::require_not_negative("smooth_l1_loss", "beta", options.beta);
  const Tensor error = residuals("smooth_l1_loss", predictions, targets);
  Number(beta).check("smooth_l1_loss", error.dtype());
  if (beta == 0) return detail::reduced(abs(error), options.reduction);
  const Tensor near = clip(error, -beta, beta);
  return detail::reduced(near * (error - 0.5 * near) / beta, options.reduction);
}

}  // namespace xtape::nn
