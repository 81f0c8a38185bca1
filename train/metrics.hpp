#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape {

/// Share of the rows of `scores` whose greatest entry is at the label.
///   scores [n, classes], logits or probabilities   labels int64 [n], or one-hot [n, classes]
/// Throws ShapeError, DtypeError, IndexError for a label outside the classes. NaN for no rows.
double accuracy(const Tensor& scores, const Tensor& labels);

}  // namespace xtape
