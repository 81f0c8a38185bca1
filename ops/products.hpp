#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// NumPy's products beside `matmul`. Dtypes promote as there: integers are exact, wrapping beyond
/// int64, and a sum of products of booleans is whether any is true. All throw ValueError for an
/// undefined tensor.
namespace xtape {

/// The sum over the last axis of a and the last but one of b, or its only one. If one of them is a
/// scalar, the product of each element with it.
///   a [m..., k]   b [n..., k, l]   ->   y [m..., n..., l]
///   da = tensordot(g, b) over n and l,  db = tensordot(a, g) over m, its axes moved
/// Throws ShapeError if the extents that are summed over differ, or for a result of more than 8
/// axes.
[[nodiscard]] Tensor dot(const Tensor& a, const Tensor& b);

/// The sum of products of all elements, in row-major order: a scalar.   da = g b,  db = g a,
/// reshaped
/// Throws ShapeError unless there are as many elements in both.
[[nodiscard]] Tensor vdot(const Tensor& a, const Tensor& b);

/// The sum over the last axes of both. If one of them is a scalar, the product of each element with
/// it.
///   a [m..., k]   b [n..., k]   ->   y [m..., n...]
///   da = tensordot(g, b) over n,  db = tensordot(g, a) over m
/// Throws as dot.
[[nodiscard]] Tensor inner(const Tensor& a, const Tensor& b);

/// The products of each element of a and each of b, both in row-major order: a matrix.
///   y_ij = a_i b_j        da_i = sum over j of g_ij b_j,  db_j = sum over i of g_ij a_i
[[nodiscard]] Tensor outer(const Tensor& a, const Tensor& b);

/// Kronecker's product: b in place of each element of a, times that. Axes of extent 1 come in front
/// of the fewer ones.
///   y[..., i n + j, ...] = a[..., i, ...] b[..., j, ...], n being the extent of b
///   da, db = g times the other, summed over its elements
[[nodiscard]] Tensor kron(const Tensor& a, const Tensor& b);

/// The sum over axes of a and as many of b: the last `axes` of a and the first of b, or those of
/// two lists, pair by pair. The result has the other axes of a, then those of b. One matmul.
///   da = tensordot(g, b) over the axes of b that stay,  db = tensordot(a, g) over those of a,
///   with their axes moved
/// Throws ValueError for a number of axes that one of them has not, lists of different lengths and
/// an axis named twice; IndexError for an axis that there is not; ShapeError if extents of a pair
/// differ, or for a result of more than 8 axes.
[[nodiscard]] Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t axes = 2);
[[nodiscard]] Tensor tensordot(const Tensor& a, const Tensor& b,
                               std::span<const std::int64_t> axes_of_a,
                               std::span<const std::int64_t> axes_of_b);
[[nodiscard]] inline Tensor tensordot(const Tensor& a, const Tensor& b,
                                      std::initializer_list<std::int64_t> axes_of_a,
                                      std::initializer_list<std::int64_t> axes_of_b) {
  return tensordot(a, b, std::span(axes_of_a.begin(), axes_of_a.size()),
                   std::span(axes_of_b.begin(), axes_of_b.size()));
}
template <IntegerList A, IntegerList B>
[[nodiscard]] Tensor tensordot(const Tensor& a, const Tensor& b, const A& axes_of_a,
                               const B& axes_of_b) {
  return tensordot(a, b, std::span<const std::int64_t>(detail::as_int64("tensordot", axes_of_a)),
                   std::span<const std::int64_t>(detail::as_int64("tensordot", axes_of_b)));
}

/// The vector perpendicular to two of three components, which lie along an axis of both, counted in
/// each; the other axes broadcast.
///   y = (a1 b2 - a2 b1, a2 b0 - a0 b2, a0 b1 - a1 b0)        da = cross(b, g),  db = cross(g, a)
/// Throws IndexError for an axis that there is not, ShapeError unless its extent is 3 or if the
/// other axes do not broadcast, DtypeError for booleans.
[[nodiscard]] Tensor cross(const Tensor& a, const Tensor& b, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
