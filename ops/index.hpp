#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Options of `take`.
struct TakeOptions {
  /// `backward` keeps of the gradient of x, if x is a leaf, the rows that were taken alone, and no
  /// tensor of the size of x is made: see `Tensor::sparse_grad`. For axis 0.
  bool sparse_grad = false;
};

/// Rows of x along an axis, chosen by an int64 tensor of indices, which may repeat and count from
/// the end if negative.
///   x [a, n, b]   indices [m...]   ->   y [a, m..., b]      dx = scatter_add(g): repeated rows add
///   up
/// Throws DtypeError unless the indices are int64, IndexError for one out of range, naming it;
/// ValueError for a sparse gradient of another axis than the first.
[[nodiscard]] Tensor take(const Tensor& x, const Tensor& indices, std::int64_t axis = 0,
                          const TakeOptions& options = {});

/// The derivative of take: zeros of `shape`, with each row of x added to the row that its index
/// names.
///   dx = take(g, indices)
/// Throws as take; ShapeError unless x has the shape that take would give.
[[nodiscard]] Tensor scatter_add(const Tensor& x, const Tensor& indices, const Shape& shape,
                                 std::int64_t axis = 0);

/// Vectors with a one in the place that the label names: labels [n...] -> [n..., classes].
/// Throws DtypeError unless the labels are int64, ValueError for a negative number of classes,
/// IndexError for a label outside [0, classes), naming its row.
[[nodiscard]] Tensor one_hot(const Tensor& labels, std::int64_t classes,
                             Dtype dtype = default_dtype());

}  // namespace xtape

XTAPE_EXPORT_END
