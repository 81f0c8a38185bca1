#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

/// Losses that ask for a distance, and let be what keeps it. Shapes must be equal, nothing
/// broadcasts. At a kink the slope is that of the side where there is a loss, but 0 for
/// `hinge_loss`. All throw ShapeError if shapes differ, DtypeError unless the predictions are
/// floating, ValueError for targets of other values and margins that are not finite.
namespace xtape::nn {

struct HingeOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
  bool squared = false;
};

/// Hinge loss of a score p against a sign y, max(0, margin - y p), or its square.
///   predictions and targets -1 or 1 of one shape [n] or [n, outputs...]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those
///   dp = -g y where y p < margin, 0 elsewhere
/// Source: Cortes and Vapnik, Support-Vector Networks (1995).
[[nodiscard]] Tensor hinge_loss(const Tensor& predictions, const Tensor& targets,
                                const HingeOptions& options = {});

struct MarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
};

/// A distance d itself for targets 1, and max(0, margin - d) for targets -1; likewise.
[[nodiscard]] Tensor hinge_embedding_loss(const Tensor& distances, const Tensor& targets,
                                          const MarginOptions& options = {});

/// log(1 + exp(-y p)), finite for p of any size; likewise.   dp = -g y sigmoid(-y p)
[[nodiscard]] Tensor soft_margin_loss(const Tensor& predictions, const Tensor& targets,
                                      const LossOptions& options = {});

struct MultiMarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
  std::int64_t power = 1;
  Tensor class_weights =
      {};  ///< [classes], not negative; constants: the loss of a sample times its class's
};
/// Of scores [n, classes] and a class y each: the sum over the other classes i of
/// max(0, margin - x_y + x_i)^power, over the number of classes.
///   labels int64 [n]   ->   the mean over the samples, or with Reduction::none [n]
/// Throws IndexError for a label outside the classes, ValueError for a power other than 1 and 2.
/// Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
/// Machines (2001); here as a sum.
[[nodiscard]] Tensor multi_margin_loss(const Tensor& scores, const Tensor& labels,
                                       const MultiMarginOptions& options = {});

/// Of scores and targets 0 or 1 [n, classes], any number of them 1: the sum over all pairs of a
/// class i that is 0 and a class j that is 1 of max(0, 1 - x_j + x_i), over the number of classes.
/// (PyTorch's targets are lists of the classes.)
///   ->   the mean over the samples, or with Reduction::none [n]
[[nodiscard]] Tensor multilabel_margin_loss(const Tensor& scores, const Tensor& targets,
                                            const LossOptions& options = {});

struct MultilabelSoftMarginOptions {
  Reduction reduction = Reduction::mean;
  Tensor class_weights = {};  ///< [classes], not negative; constants
};

/// The mean over the classes of the binary cross-entropies of logits against targets in [0, 1]
/// [n, classes]: see `binary_cross_entropy_with_logits`.
[[nodiscard]] Tensor multilabel_soft_margin_loss(const Tensor& logits, const Tensor& targets,
                                                 const MultilabelSoftMarginOptions& options = {});

struct PairMarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;
};

/// Of two scores and a sign y that is 1 where the first should be greater: max(0, margin - y (a -
/// b)).
///   all of one shape [n] or [n, outputs...]; reduction as above
[[nodiscard]] Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& targets,
                                         const PairMarginOptions& options = {});

/// Of pairs of vectors: 1 - cos for targets 1, max(0, cos - margin) for targets -1.
///   a and b [n, d], targets [n]   ->   the mean over the pairs, or with Reduction::none [n]
/// Squares of lengths get 1e-12 more, as in PyTorch.
[[nodiscard]] Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& targets,
                                           const PairMarginOptions& options = {});

struct TripletMarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
  double order = 2;   ///< of the norm
  double eps = 1e-6;  ///< added to each difference, so that no slope is missing
  bool swap = false;  ///< the negative's distance to the positive, if that is smaller
};

/// Of vectors: max(0, margin + |anchor - positive| - |anchor - negative|).
///   all [n, d]   ->   the mean over the triplets, or with Reduction::none [n]
/// Throws ValueError for an order below 1 and an eps that is negative.
/// Source: Balntas et al., Learning local feature descriptors with triplets (2016), with its swap.
[[nodiscard]] Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive,
                                         const Tensor& negative,
                                         const TripletMarginOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
