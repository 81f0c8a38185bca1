#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The elements of x at several int64 tensors of indices together, one for each of its first axes,
/// which broadcast; its other axes stay: x[i, j] in NumPy. Negative indices count from the end.
///   x [n, m, b]   i, j [k...]   ->   y [k..., b],  y[p, q] = x[i[p], j[p], q]
///   dx = g added at the places, which may repeat
/// Throws ValueError for no indices, IndexError for more of them than axes and for one out of
/// range, naming it, DtypeError unless they are int64, ShapeError unless they broadcast.
[[nodiscard]] Tensor take_at(const Tensor& x, std::span<const Tensor> indices);
[[nodiscard]] inline Tensor take_at(const Tensor& x, std::initializer_list<Tensor> indices) {
  return take_at(x, std::span(indices.begin(), indices.size()));
}

/// x with other elements where `take_at` with the same indices finds its own, or with these added
/// there; they broadcast to what it gives. Of several for one place `set` takes the last, as NumPy
/// does, and `add_at` the sum. x itself stays.
///   dx = g, 0 at the places (`add_at`: g);  d(values) = g there, 0 for those that `set` does not take
/// Throws as take_at, ShapeError unless the values broadcast to the places, DtypeError for ones
/// that x's dtype does not hold.
[[nodiscard]] Tensor set(const Tensor& x, std::span<const Tensor> indices, const Operand& values);
template <std::same_as<Tensor> Index>
[[nodiscard]] Tensor set(const Tensor& x, std::initializer_list<Index> indices,
                         const Operand& values) {
  return set(x, std::span<const Tensor>(indices.begin(), indices.size()), values);
}
[[nodiscard]] Tensor add_at(const Tensor& x, std::span<const Tensor> indices,
                            const Operand& values);
template <std::same_as<Tensor> Index>
[[nodiscard]] Tensor add_at(const Tensor& x, std::initializer_list<Index> indices,
                            const Operand& values) {
  return add_at(x, std::span<const Tensor>(indices.begin(), indices.size()), values);
}

/// x with values added to the rows along an axis that the indices name, which may repeat: x +
/// scatter_add(values, indices, x.shape(), axis). The values broadcast to what `take` gives.
///   dx = g,  d(values) = take(g, indices, axis)
/// Throws as take, ShapeError unless the values broadcast, DtypeError for ones that x's dtype does
/// not hold.
[[nodiscard]] Tensor index_add(const Tensor& x, const Tensor& indices, const Operand& values,
                               std::int64_t axis = 0);

/// The elements of x where the mask is true, in row-major order: x[mask] in NumPy. A mask of fewer
/// axes chooses among the first ones; the others stay.
///   x [n, m, b]   mask [n, m]   ->   y [how many are true, b]
///   dx = g where the mask is true, 0 elsewhere
/// Within vmap the mask must be the same in each example, else the shapes would differ: ValueError.
/// Throws DtypeError unless the mask is boolean, ShapeError unless its extents are the first of x.
[[nodiscard]] Tensor masked_select(const Tensor& x, const Tensor& mask);

/// The indices of the elements that are not 0, in row-major order, NaN among them: a row for each,
/// [count, axes of x]. int64, without gradient. Within vmap x must be the same in each example.
[[nodiscard]] Tensor argwhere(const Tensor& x);
/// The same as one tensor for each axis, so that take_at(x, nonzero(x)) are the elements. Throws
/// ShapeError for a scalar, which has no axes.
[[nodiscard]] std::vector<Tensor> nonzero(const Tensor& x);

}  // namespace xtape

XTAPE_EXPORT_END
