#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// At each place the element of x that the index there names along an axis. Negative indices count
/// from the end; the other axes of both broadcast.
///   x [a, n, b]   indices [a, m, b]   ->   y [a, m, b],  y[i, j, k] = x[i, indices[i, j, k], k]
///   dx = scatter_add_along_axis(g)
/// Throws DtypeError unless the indices are int64, IndexError for one out of range, naming it, and
/// for an axis that there is not, ShapeError unless the other axes broadcast.
[[nodiscard]] Tensor take_along_axis(const Tensor& x, const Tensor& indices,
                                     std::int64_t axis = -1);

/// The derivative of take_along_axis: zeros of `shape`, with each element of x added to the one
/// that the index at its place names. float32 sums go on in double.
///   dx = take_along_axis(g, indices)
/// Throws as take_along_axis; ShapeError unless x has the shape of the indices, which is `shape`
/// but along the axis.
[[nodiscard]] Tensor scatter_add_along_axis(const Tensor& x, const Tensor& indices,
                                            const Shape& shape, std::int64_t axis = -1);

/// x with other elements at the places that the indices name along an axis, where take_along_axis
/// finds its own; the indices broadcast to the other axes of x, the values to the indices. Of
/// several for one place it takes the last, as NumPy does. x itself stays.
///   dx = g, 0 at the places;  d(values) = g there, 0 for those that it does not take
/// Throws as take_along_axis, DtypeError for values that x's dtype does not hold.
[[nodiscard]] Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Operand& values,
                                    std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
