#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/train/confusion.hpp>

XTAPE_EXPORT_BEGIN

// Metrics are numbers, not recorded; shares are those of exact counts, and NaN of nothing.
namespace xtape {

/// Share of the rows of `scores` whose greatest entry is at the label.
///   scores [n, classes], logits or probabilities   labels int64 [n], or one-hot [n, classes]
/// NaN if a score is NaN, and for no rows.
/// Throws ShapeError, DtypeError, IndexError for a label outside the classes, ValueError for a row
/// that is not one-hot.
double accuracy(const Tensor& scores, const Tensor& labels);

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

struct RegressionAccuracyOptions {
  std::optional<double> precision = {};  ///< by default std(targets) / 250, of the population
};

/// Share of all predictions that differ from their target by at most `precision`.
///   predictions and targets of one shape [n] or [n, outputs...]
/// NaN if a prediction or a target is NaN.
/// Throws ShapeError if the shapes differ, ValueError for a precision that is negative or not finite.
/// Source: Kinsley & Kukieła, Neural Networks from Scratch (2020), chapter 17, where the difference
/// must be smaller than the precision: exact predictions of constant targets, of precision 0, would
/// all be wrong.
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
