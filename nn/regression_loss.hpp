#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Mean squared error, mean of (p - t)².
///   predictions p and targets t of one shape [n] or [n, outputs...]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those; in the dtype of the predictions
///   dp = 2 g (p - t), dt = -dp, of each element
/// Throws ShapeError if the shapes differ, DtypeError unless the predictions are floating.
[[nodiscard]] Tensor mean_squared_error(const Tensor& predictions, const Tensor& targets,
                                        const LossOptions& options = {});

/// Mean absolute error, mean of |p - t|; shapes, reduction and errors as above.
///   dp = g sign(p - t), dt = -dp; 0 where the two are equal
[[nodiscard]] Tensor mean_absolute_error(const Tensor& predictions, const Tensor& targets,
                                         const LossOptions& options = {});

struct HuberOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1;  ///< where squares go over into a straight line
};

/// Huber's loss, (p - t)² / 2 for |p - t| <= delta and delta (|p - t| - delta / 2) beyond; shapes,
/// reduction and errors as above.
///   dp = g (p - t) limited to [-delta, delta], dt = -dp
/// Throws ValueError unless delta is finite and above 0.
/// Source: Huber, Robust Estimation of a Location Parameter (1964).
[[nodiscard]] Tensor huber_loss(const Tensor& predictions, const Tensor& targets,
                                const HuberOptions& options = {});

struct SmoothL1Options {
  Reduction reduction = Reduction::mean;
  double beta = 1;  ///< below it squares; 0: the absolute error
};

/// Huber's loss of that delta divided by it, (p - t)² / (2 beta) for |p - t| <= beta and |p - t| -
/// beta / 2 beyond; shapes, reduction and errors as above.
///   dp = g (p - t) / beta limited to [-1, 1], dt = -dp
/// Throws ValueError unless beta is finite and not negative.
/// Source: Girshick, Fast R-CNN (2015), equation 3.
[[nodiscard]] Tensor smooth_l1_loss(const Tensor& predictions, const Tensor& targets,
                                    const SmoothL1Options& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
