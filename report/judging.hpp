#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/report/plot.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct RocOptions {
  std::string title = {};
  std::vector<std::string> names = {};  ///< of the classes; by default their numbers
  /// Those with a curve; by default all, or of two the second: the first has the same one,
  /// mirrored.
  std::vector<std::int64_t> classes = {};
  Size size = {480, 500};
};

/// The receiver operating characteristic: which share of target 1 is found, over which share of
/// target 0 is taken for it, as the threshold sinks; with the area under it, as `roc_auc` gives it.
///   scores [n] or [n, 1], of any scale, targets 0 or 1 [n] or [n, 1]
///   scores [n, classes], better probabilities than logits, labels int64 [n] or one-hot: a curve for each
///   class, or the second of two, against all others; of a class without samples a note in the
///   legend, "dog: none"
/// Throws as roc_auc, for classes if none of them has a curve, ShapeError for another number of names than of classes, IndexError for a
/// class that there is not.
Plot roc_curve(const Tensor& scores, const Tensor& targets, const RocOptions& options = {});
/// Of several models, by their names: scores [n] each.
Plot roc_curve(const std::vector<std::pair<std::string, Tensor>>& scores, const Tensor& targets,
               const RocOptions& options = {});

struct CalibrationOptions {
  std::string title = {};
  std::int64_t bins = 10;
  Size size = {480, 500};
};

/// How often what is said to be probable is true: the share of the samples of a bin over their mean
/// probability, with the expected calibration error, the mean distance of the two over the samples.
///   probabilities of target 1 [n] or [n, 1], targets 0 or 1 [n] or [n, 1]
///   probabilities [n, classes], labels int64 [n] or one-hot: the probability of the class that is predicted,
///   and whether it is right
/// Throws ShapeError, DtypeError, ValueError for a probability outside [0, 1], no bins and other
/// targets. Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks
/// (2017), equation 5.
Plot calibration(const Tensor& probabilities, const Tensor& targets,
                 const CalibrationOptions& options = {});

}  // namespace xtape::report

XTAPE_EXPORT_END
