#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/train/confusion.hpp>

XTAPE_EXPORT_BEGIN

// Metrics are numbers, not recorded; shares are those of exact counts, and NaN of nothing.
namespace xtape {

struct AccuracyOptions {
  std::optional<std::int64_t> ignore_index = {};  ///< rows with this label do not count
};

/// Share of the rows of `scores` whose greatest entry is at the label.
///   scores [..., classes], logits or probabilities   labels int64 [...], or of [n] one-hot [n, classes]
/// NaN if a score of a row that counts is NaN, and for no rows that count.
/// Throws ShapeError, DtypeError, IndexError for a label outside the classes, ValueError for a row
/// that is not one-hot, and for ignore_index beside one-hot rows.
double accuracy(const Tensor& scores, const Tensor& labels, const AccuracyOptions& options = {});

struct BinaryAccuracyOptions {
  double threshold = 0.5;  ///< 0 for logits
};

/// Share of all elements where p > threshold exactly if the target is 1.
///   probabilities and targets of one shape [n] or [n, outputs...]; targets are 0 or 1
/// NaN if a probability is NaN.
/// Throws ShapeError if the shapes differ, ValueError for a target other than 0 and 1 or a
/// threshold that is not finite.
double binary_accuracy(const Tensor& probabilities, const Tensor& targets,
                       const BinaryAccuracyOptions& options = {});

struct TopKOptions {
  std::int64_t k = 5;
};

/// Share of the rows whose label is among the k greatest scores; of equal scores the first come
/// first.
///   scores [n, classes]   labels int64 [n], or one-hot [n, classes]
/// Throws as accuracy, ValueError unless 1 <= k <= classes.
double top_k_accuracy(const Tensor& scores, const Tensor& labels, const TopKOptions& options = {});

/// The area under the receiver operating characteristic: the probability that a sample of target 1
/// has a greater score than one of target 0, equal scores counted by half.
///   scores [n], of any scale   targets 0 or 1 [n]
/// Throws ShapeError for other shapes, ValueError for other targets, for one class only and for a
/// score that is NaN.
/// Source: Hanley and McNeil, The meaning and use of the area under a ROC curve (1982): the rank
/// statistic of Mann and Whitney.
double roc_auc(const Tensor& scores, const Tensor& targets);

/// The mean precision over what is found of target 1 as the threshold sinks, equal scores at once:
/// sum over thresholds of (recall - recall before) precision. As scikit-learn's.
/// Throws as roc_auc, ValueError if no target is 1.
double average_precision(const Tensor& scores, const Tensor& targets);

/// Minus the mean logarithm of the probability of what is true, limited to [eps, 1 - eps] of the
/// dtype.
///   probabilities [n, classes] with labels int64 [n] or one-hot; or of target 1 alone, [n], with targets 0
///   or 1
/// Throws ShapeError, DtypeError, IndexError as accuracy, ValueError for a probability outside [0,
/// 1].
double log_loss(const Tensor& probabilities, const Tensor& labels);

struct PerplexityOptions {
  std::optional<std::int64_t> ignore_index = {};  ///< rows with this label do not count
};
/// exp of the mean cross-entropy of logits [..., classes] against labels int64 [...]: how many
/// equally probable classes would be as surprising. Throws as nn::cross_entropy.
double perplexity(const Tensor& logits, const Tensor& labels,
                  const PerplexityOptions& options = {});

struct RegressionAccuracyOptions {
  std::optional<double> precision = {};  ///< by default std(targets) / 250, of the population
};

/// Share of all predictions that differ from their target by at most `precision`.
///   predictions and targets of one shape [n] or [n, outputs...]
/// NaN if a prediction or a target is NaN.
/// Throws ShapeError if the shapes differ, ValueError for a precision that is negative or not
/// finite. Source: Kinsley & Kukieła, Neural Networks from Scratch (2020), chapter 17, where the
/// difference must be smaller than the precision: exact predictions of constant targets, of
/// precision 0, would all be wrong.
double regression_accuracy(const Tensor& predictions, const Tensor& targets,
                           const RegressionAccuracyOptions& options = {});

/// Coefficient of determination, 1 - sum (t - p)² / sum (t - mean(t))², in float64; of several
/// outputs the mean. 1 is exact, 0 no better than the mean of the targets.
///   predictions and targets of one shape [n] or [n, outputs...]
/// Where the targets of an output are all equal it is 1 for exact predictions and else 0, as in
/// scikit-learn. NaN for fewer than two samples.
/// Throws ShapeError if the shapes differ.
double r2_score(const Tensor& predictions, const Tensor& targets);

}  // namespace xtape

XTAPE_EXPORT_END
