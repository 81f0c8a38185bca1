#pragma once
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

namespace xtape::report::detail {

/// Labels as classes int64 [n]: of int64 or 0 and 1 of any dtype [n] or [n, 1], or one-hot [n,
/// classes].
/// Throws, in the name of `op`, ShapeError for other shapes, ValueError for numbers that are no
/// classes.
Tensor classes_of(const char* op, const Tensor& labels);

/// The classes int64 [n] that are predicted: themselves, the greatest of scores [n, classes], or
/// whether the only score [n, 1] or [n] is above the threshold; -1 for scores that are NaN.
Tensor predicted_classes(const char* op, const Tensor& scores, double threshold);

/// Throws ShapeError unless there are no names or as many as rows, say, of the matrix.
void check_names(const char* op, const char* of, const std::vector<std::string>& names,
                 std::int64_t count, const Tensor& matrix);
/// The name of a class, its number if it has none.
std::string class_name(const std::vector<std::string>& names, std::int64_t i);

/// "0.9312"
std::string decimals(double value, int digits);

}  // namespace xtape::report::detail
