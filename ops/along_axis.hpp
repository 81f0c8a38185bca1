#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// At each place the element of x that the index there names along an axis. Negative indices count
/// from the end; the other axes of both broadcast.
///   x [a, n, b]   indices [a, m, b]   ->   y [a, m, b],  y[i, j, k] = x[i, indices[i, j, k], k]
///   dx = scatter_add_along_axis(g)
/// Throws DtypeError unless the indices are int64, IndexError for one out of range, naming it, and for
/// an axis that there is not, ShapeError unless the other axes broadcast.
[[nodiscard]] Tensor take_along_axis(const Tensor& x, const Tensor& indices,
                                     std::int64_t axis = -1);

/// The derivative of take_along_axis: zeros of `shape`, with each element of x added to the one that
/// the index at its place names. float32 sums go on in double.
///   dx = take_along_axis(g, indices)
/// Throws as take_along_axis; ShapeError unless x has the shape of the indices, which is `shape` but
/// along the axis.
[[nodiscard]] Tensor scatter_add_along_axis(const Tensor& x, const Tensor& indices,
                                            const Shape& shape, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
