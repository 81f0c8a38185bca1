#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  ///< the share of each label that all classes get, evenly
  std::optional<std::int64_t> ignore_index = {};  ///< rows with this label do not count
  Tensor class_weights = {};                      ///< [classes], not negative; constants
  std::int64_t axis = -1;  ///< of the classes: 1 for images [n, classes, ...]
};

/// Categorical cross-entropy of p = softmax(logits) against labels, computed from the logits:
/// finite and exact for logits of any size, and in one pass that also makes the gradient's softmax
/// unless labels are smoothed or probabilities.
///   logits [n, classes], floating; or any [..., classes], sequences [n, t, classes]; with the classes
///   along another axis if told, images [n, classes, height, width]
///   labels int64, the logits' shape without the classes; or of their shape, one-hot, int64 or boolean,
///   or floating probabilities
///   ->   a scalar over all rows of classes, or with Reduction::none one loss for each, [...]
///   dlogits = g (softmax(logits) - one_hot(labels)), per row; none for the labels
/// With smoothing e of C classes and class weights w, a row with label y has the loss
///   -(1 - e) w_y log p_y - e / C sum_c w_c log p_c
/// and the mean divides by the sum of w_y. A row with probabilities q has the loss
///   -sum_c w_c ((1 - e) q_c + e / C) log p_c
/// and the mean divides by the number of rows; q is taken as it is, and need not sum to 1. A row
/// that is ignored has loss and gradient 0 whatever its logits are, and is not among those of the
/// mean. The mean over no samples, or over none that count, is NaN.
/// Throws ShapeError, DtypeError; IndexError for a label outside the classes, naming its row;
/// ValueError for an int64 or boolean row that is not one-hot, naming it, a probability or a
/// smoothing outside [0, 1], a weight that is negative or not finite, and ignore_index beside
/// probabilities.
/// Source of the smoothing: Szegedy et al., Rethinking the Inception Architecture (2016), section
/// 7.
[[nodiscard]] Tensor cross_entropy(const Tensor& logits, const Tensor& labels,
                                   const CrossEntropyOptions& options = {});

/// The same of probabilities, such as softmax gives, limited to [1e-7, 1 - 1e-7].
///   dp = -g one_hot(labels) / p at the limited p, also where p itself lies outside
/// Of logits `cross_entropy` is faster and exact.
[[nodiscard]] Tensor categorical_cross_entropy(const Tensor& probabilities, const Tensor& labels,
                                               const CrossEntropyOptions& options = {});

/// The same of logarithms of probabilities, such as log_softmax gives: negative log-likelihood.
///   dlog_p = -g one_hot(labels)
/// Of logits `cross_entropy` does both in one pass.
[[nodiscard]] Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels,
                              const CrossEntropyOptions& options = {});

struct SoftmaxFocalOptions {
  Reduction reduction = Reduction::mean;
  double gamma = 2;                               ///< how much less what is already right counts
  std::optional<std::int64_t> ignore_index = {};  ///< rows with this label do not count
  Tensor class_weights = {};                      ///< [classes], not negative; constants
  std::int64_t axis = -1;                         ///< of the classes
};

/// Focal loss of several classes that exclude each other: of p = softmax(logits) at the label
///   -w_y (1 - p)^gamma log p
/// computed from the logits, finite for logits of any size. Shapes, labels, weights and reduction
/// are those of `cross_entropy`, which this is for gamma = 0. Of classes that do not exclude each
/// other: `focal_loss`.
/// Throws as `cross_entropy`, DtypeError for probabilities as labels, ValueError for a negative
/// gamma. Source: Lin et al., Focal Loss for Dense Object Detection (2017), equation 5.
[[nodiscard]] Tensor softmax_focal_loss(const Tensor& logits, const Tensor& labels,
                                        const SoftmaxFocalOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
