#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// How often each class was taken for each: int64 [classes, classes], a row for each true class, a
/// column for each predicted one.
///   predicted: labels int64 or boolean [n], or scores [n, classes], of which the greatest counts
///   labels int64 or boolean [n], or one-hot [n, classes]
/// Throws ShapeError, DtypeError; ValueError for no classes, a score that is NaN and a row that is
/// not one-hot; IndexError for a label outside the classes. They name the row.
Tensor confusion_matrix(const Tensor& predicted, const Tensor& labels, std::int64_t classes);

/// How one number is made of those of the classes: their mean; their mean weighted by how often
/// each class is true; or from the counts of all classes together.
enum class Average { macro, weighted, micro };

/// Of those predicted to be of a class, the share that is; of those that are of a class, the share
/// that was predicted to be; and the harmonic mean of the two.
///   confusion [classes, classes], as from confusion_matrix   ->   float64 [classes], or one number
/// 0 / 0 is 0, and a class that never occurs counts in the macro average: as in scikit-learn if it
/// is given `labels`, all the classes, and without them leaves such a class out. The micro averages
/// of these three are the accuracy.
/// Throws ShapeError unless square, DtypeError unless int64, ValueError for a negative count.
Tensor precision(const Tensor& confusion);
Tensor recall(const Tensor& confusion);
Tensor f1_score(const Tensor& confusion);
/// And how much of what is of a class or was predicted to be is both, the size of the intersection
/// over that of the union (Jaccard's index): of images, the labels and predictions of all their
/// pixels are counted.
Tensor intersection_over_union(const Tensor& confusion);
double precision(const Tensor& confusion, Average average);
double recall(const Tensor& confusion, Average average);
double f1_score(const Tensor& confusion, Average average);
double intersection_over_union(const Tensor& confusion, Average average);

}  // namespace xtape

XTAPE_EXPORT_END
