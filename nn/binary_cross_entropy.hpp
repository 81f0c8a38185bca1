#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor pos_weight = {};  ///< factor of the part of targets 1: a scalar or [outputs]; constant
  Tensor weights =
      {};  ///< factors of the elements, of their shape, [outputs] or a scalar; constants
};

/// Binary cross-entropy of p = sigmoid(logits) against targets y in [0, 1], computed from the
/// logits: finite and exact for logits of any size, and of infinite ones 0 or inf.
///   -(w y log p + (1 - y) log(1 - p))
///   logits and targets of one shape [n] or [n, outputs...]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those
///   dlogits = g ((w y + 1 - y) sigmoid(logits) - w y), of each element; none for the targets
/// With `weights` each element's loss is multiplied; the mean divides by the number of elements, as
/// PyTorch's.
/// Throws ShapeError if the shapes differ, DtypeError unless the logits are floating, ValueError
/// for a target outside [0, 1], a pos_weight that is not positive and finite, or a weight that is
/// negative or not finite.
[[nodiscard]] Tensor binary_cross_entropy_with_logits(
    const Tensor& logits, const Tensor& targets, const BinaryCrossEntropyOptions& options = {});

/// The same of probabilities, such as sigmoid gives, limited to [1e-7, 1 - 1e-7].
///   dp = g ((1 - y) / (1 - p) - w y / p) at the limited p, also where p itself lies outside
/// Of logits `binary_cross_entropy_with_logits` is faster and exact.
[[nodiscard]] Tensor binary_cross_entropy(const Tensor& probabilities, const Tensor& targets,
                                          const BinaryCrossEntropyOptions& options = {});

struct FocalOptions {
  Reduction reduction = Reduction::mean;
  double gamma = 2;     ///< how much less what is already right counts
  double alpha = 0.25;  ///< factor of targets 1; of targets 0 it is 1 - alpha
};

/// Focal loss of p = sigmoid(logits) against targets 0 or 1; q = p for 1 and 1 - p for 0:
///   -a (1 - q)^gamma log q
/// computed from the logits, finite for logits of any size. Shapes and reduction as above. gamma =
/// 0 is the binary cross-entropy times a.
/// Throws as above, ValueError for targets other than 0 and 1, a negative gamma, and an alpha
/// outside [0, 1].
/// Source: Lin et al., Focal Loss for Dense Object Detection (2017), equation 5.
[[nodiscard]] Tensor focal_loss(const Tensor& logits, const Tensor& targets,
                                const FocalOptions& options = {});

struct DiceOptions {
  Reduction reduction = Reduction::mean;
  double smooth = 1;  ///< added above and below: of nothing against nothing the loss is 0
};

/// Dice loss of probabilities p against targets t in [0, 1], of each sample over all of its
/// outputs:
///   1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s)
///   probabilities and targets of one shape [n, outputs...]   ->   the mean over the samples
/// Throws ShapeError for other shapes, DtypeError unless the probabilities are floating, ValueError
/// for a target outside [0, 1] and a smooth that is negative or not finite. Source: Milletari et
/// al., V-Net (2016), section 3, there with squares below.
[[nodiscard]] Tensor dice_loss(const Tensor& probabilities, const Tensor& targets,
                               const DiceOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
