#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor pos_weight = {};  ///< factor of the part of targets 1: a scalar or [outputs]; constant
};

/// Binary cross-entropy of p = sigmoid(logits) against targets y in [0, 1], computed from the
/// logits: finite and exact for logits of any size, and of infinite ones 0 or inf.
///   -(w y log p + (1 - y) log(1 - p))
///   logits and targets of one shape [n] or [n, outputs...]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those
///   dlogits = g ((w y + 1 - y) sigmoid(logits) - w y), of each element; none for the targets
/// Throws ShapeError if the shapes differ, DtypeError unless the logits are floating, ValueError for
/// a target outside [0, 1] or a weight that is not positive and finite.
[[nodiscard]] Tensor binary_cross_entropy_with_logits(
    const Tensor& logits, const Tensor& targets, const BinaryCrossEntropyOptions& options = {});

/// The same of probabilities, such as sigmoid gives, limited to [1e-7, 1 - 1e-7].
///   dp = g ((1 - y) / (1 - p) - w y / p) at the limited p, also where p itself lies outside
/// Of logits `binary_cross_entropy_with_logits` is faster and exact.
[[nodiscard]] Tensor binary_cross_entropy(const Tensor& probabilities, const Tensor& targets,
                                          const BinaryCrossEntropyOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
