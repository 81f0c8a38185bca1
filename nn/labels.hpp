#pragma once
#include <cstdint>
#include <optional>

#include <xtape/core/tensor.hpp>

/// Checks that losses and metrics share. `op` is named in their errors, `what` is said there of the
/// first tensor.
namespace xtape::nn::detail {

/// Throws ShapeError unless scores are [n, classes] with at least one class, and labels [n] or
/// [n, classes].
void check_label_shapes(const char* op, const char* what, const Tensor& scores,
                        const Tensor& labels);

/// Throws IndexError for a label outside [0, classes) that is not `ignored`, naming its row. Labels
/// are int64 [n].
void check_label_range(const char* op, const Tensor& labels, std::int64_t classes,
                       std::optional<std::int64_t> ignored = {});

/// Throws ShapeError unless both have one shape [n] or [n, outputs...].
void check_same_shape(const char* op, const char* what, const Tensor& x, const Tensor& targets);

/// Throws DtypeError unless floating.
void check_floating(const char* op, const char* what, const Tensor& x);

/// Throw ValueError for a target outside [0, 1], or other than 0 and 1, and for a weight that is
/// negative or not positive, not finite; NaN included. They name the position.
void check_probabilities(const char* op, const Tensor& targets);
void check_truth_values(const char* op, const Tensor& targets);
void check_not_negative(const char* op, const char* what, const Tensor& weights);
void check_positive(const char* op, const char* what, const Tensor& weights);

}  // namespace xtape::nn::detail
