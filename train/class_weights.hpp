#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Weights with which all classes count alike in a loss, however many rows each has: n / (classes
/// n_c).
///   labels int64 or boolean [n], or one-hot [n, classes]   ->   [classes], of the default dtype
/// `nn::cross_entropy(logits, y, {.class_weights = class_weights(training.y, 3)})`
/// Throws ShapeError, DtypeError; IndexError for a label outside the classes, ValueError for a
/// class of which there is no row, and for a row that is not one-hot.
/// Source: scikit-learn, compute_class_weight("balanced", ...).
Tensor class_weights(const Tensor& labels, std::int64_t classes);

}  // namespace xtape

XTAPE_EXPORT_END
