#pragma once
#include <cstdint>
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {
struct Slice;
}

namespace xtape::detail {

/// Indices into an axis of `extent`, counted from the front; dense.
/// Throws DtypeError unless they are int64, IndexError for one out of range.
Tensor resolved(const char* op, const Tensor& indices, std::int64_t extent);

/// take and scatter_add with such indices.
Tensor taken(const Tensor& x, const Tensor& index, int axis);
/// Rows whose gradient is kept sparse; of those with the number `unchanged` it is known to be 0.
Tensor taken_sparsely(const Tensor& x, const Tensor& index, std::int64_t unchanged = -1);
Tensor scattered(const Tensor& x, const Tensor& index, const Shape& shape, int axis);

/// Where each element of rows of `count` comes from, if others that follow it are put at these
/// places, [..., m] -> [..., count]: of several for one place the last.
Tensor sources(const char* op, const Tensor& places, std::int64_t count);

/// Values in x's dtype, broadcast to the shape of their place in x.
/// Throws DtypeError for ones that it does not hold, ShapeError unless they broadcast.
Tensor values_for(const char* op, const Tensor& x, const Shape& place, const Operand& values);

/// x with such values where the slices lead.
Tensor placed(const Tensor& x, std::span<const Slice> slices, const Tensor& values);

/// take_along_axis with such indices, of the extents that x has but along the axis.
Tensor taken_along(const Tensor& x, const Tensor& index, int axis);

/// A shape as [outer, count, inner] around an axis.
struct AroundAxis {
  AroundAxis(const Shape& shape, int axis)
      : outer(count_of({shape.begin(), shape.begin() + axis})),
        count(shape[axis]),
        inner(count_of({shape.begin() + axis + 1, shape.end()})) {}
  std::int64_t outer, count, inner;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
