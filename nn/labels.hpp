#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

/// Checks that losses and metrics share. `op` is named in their errors, `what` is said there of the
/// first tensor.
XTAPE_EXPORT_BEGIN

namespace xtape::nn::detail {

/// Throws ShapeError unless scores are [n, classes] with at least one class, and labels [n] or
/// [n, classes].
void check_label_shapes(const char* op, const char* what, const Tensor& scores,
                        const Tensor& labels);

/// Throws IndexError for a label outside [0, classes) that is not `ignored`, naming its row. Labels
/// are int64 [n]; `what` is said of them.
void check_label_range(const char* op, const char* what, const Tensor& labels, std::int64_t classes,
                       std::optional<std::int64_t> ignored = {});

/// The classes int64 [n] of one-hot rows [n, classes] of any dtype.
/// Throws ValueError, naming the row, unless each has a single 1 and else zeros.
Tensor hot_classes(const char* op, const Tensor& one_hot);

/// Throws ShapeError unless both have one shape [n] or [n, outputs...].
void check_same_shape(const char* op, const char* what, const Tensor& x, const Tensor& targets);

/// Throws DtypeError unless floating.
void check_floating(const char* op, const char* what, const Tensor& x);

/// Throws ValueError unless each target lies in [0, 1], naming the position of one that does not.
void check_probabilities(const char* op, const Tensor& targets);
/// The same of what is not a target.
void check_shares(const char* op, const char* what, const Tensor& x);
/// Throws ValueError unless each target is 0 or 1, naming the position.
void check_truth_values(const char* op, const Tensor& targets);
/// Throws ValueError unless each target is -1 or 1, naming the position.
void check_signs(const char* op, const Tensor& targets);
/// Throws ValueError unless each weight is finite and at least 0, naming the position.
void check_not_negative(const char* op, const char* what, const Tensor& weights);
/// Throws ValueError unless each weight is finite and above 0, naming the position.
void check_positive(const char* op, const char* what, const Tensor& weights);

/// Throws ShapeError unless weights, if defined, are a scalar, [outputs] or of the shape of the
/// losses; ValueError for one that is negative or not finite.
void check_element_weights(const char* op, const Tensor& losses, const Tensor& weights);

}  // namespace xtape::nn::detail

XTAPE_EXPORT_END
