#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::nn {

/// What becomes of the losses of the samples.
enum class Reduction { mean, sum, none };

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

/// Categorical cross-entropy of softmax(logits) against labels, computed from the logits: finite
/// and exact for logits of any size, in one pass that also makes the gradient's softmax.
///   logits [n, classes], floating   labels int64 [n], or one-hot [n, classes]: int64, or floating
///   probabilities
///   ->   a scalar, or [n] with Reduction::none
///   dlogits = g (softmax(logits) - one_hot(labels)), per sample; none for the labels
/// Throws ShapeError, DtypeError; IndexError for a label outside the classes, naming its row;
/// ValueError for an int64 row that is not one-hot, or a probability outside [0, 1]. The mean over
/// no samples is NaN.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const LossOptions& options = {});

/// Binary cross-entropy of sigmoid(logits) against targets in [0, 1], computed from the logits.
///   logits and targets of one shape [n] or [n, outputs]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those
///   dlogits = g (sigmoid(logits) - targets); none for the targets
/// Throws ShapeError if the shapes differ, DtypeError unless the logits are floating, ValueError for
/// a target outside [0, 1].
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const LossOptions& options = {});

}  // namespace xtape::nn
