#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The n-th differences of neighbours along an axis, whose extent shrinks by n; of booleans in
/// int64.
///   dx = those of g, with the sign turned, and its ends
/// Throws ValueError for a negative n, IndexError for an axis that there is not.
[[nodiscard]] Tensor diff(const Tensor& x, std::int64_t n = 1, std::int64_t axis = -1);

/// The integral along an axis by the trapezoidal rule, of samples at a distance `dx`, or at the
/// points `x`, which are one list or broadcast against y; of integers in float64. Of less than two
/// samples: 0.
///   dy = g times half the distance of the neighbours
/// Throws IndexError for an axis that there is not, ShapeError unless there is a point for each
/// sample.
[[nodiscard]] Tensor trapezoid(const Tensor& y, double dx = 1, std::int64_t axis = -1);
[[nodiscard]] Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
