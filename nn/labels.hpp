#pragma once
#include <cstdint>

#include <xtape/core/tensor.hpp>

/// Checks that losses and metrics share; `op` is named in their errors.
namespace xtape::nn::detail {

/// Throws ShapeError unless scores are [n, classes] with at least one class, and labels [n] or
/// [n, classes].
void check_label_shapes(const char* op, const char* what, const Tensor& scores,
                        const Tensor& labels);

/// Throws IndexError for a label outside [0, classes), naming its row. Labels are int64 [n].
void check_label_range(const char* op, const Tensor& labels, std::int64_t classes);

/// Throws ValueError for an element outside [0, 1], NaN included, naming its position.
void check_probabilities(const char* op, const Tensor& targets);

}  // namespace xtape::nn::detail
