#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An axis moved to another place, the others in their order. A view.   dx = g, moved back
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor moveaxis(const Tensor& x, std::int64_t from, std::int64_t to);

/// Elements moved by `shift` along an axis, those beyond its end to its beginning.
///   dx = roll(g, -shift)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t axis);

/// x side by side, `repeats[i]` times along axis i; axes of extent 1 come in front of the fewer
/// ones.
///   dx = g, summed over the copies
/// Throws ValueError for a negative number of copies, ShapeError beyond 8 axes.
[[nodiscard]] Tensor tile(const Tensor& x, std::span<const std::int64_t> repeats);
[[nodiscard]] inline Tensor tile(const Tensor& x, std::initializer_list<std::int64_t> repeats) {
  return tile(x, std::span(repeats.begin(), repeats.size()));
}

/// What is added at the ends of an axis.
struct Padding {
  std::int64_t before = 0, after = 0;
};

/// x within a margin of one value, `widths[i]` wide along axis i.   dx = the part of g inside
/// Throws ShapeError unless there is a width for each axis, ValueError for a negative one or for a
/// value that does not fit in x's dtype.
[[nodiscard]] Tensor pad(const Tensor& x, std::span<const Padding> widths, const Number& value = 0);
[[nodiscard]] Tensor pad(const Tensor& x, std::initializer_list<Padding> widths,
                         const Number& value = 0);

/// What stands in a margin: the element at the edge; those inside as a mirror shows them, at the
/// edge (`reflect`, which has no second copy of it) or behind it (`symmetric`); or as if x went
/// round.
enum class PadMode { edge, reflect, symmetric, wrap };

/// x within a margin that repeats x's elements.   dx = g, summed over the copies
/// Throws as above, ShapeError for an empty axis or a margin with too few elements to show: as many
/// as x has, but for `reflect` one less.
[[nodiscard]] Tensor pad(const Tensor& x, std::span<const Padding> widths, PadMode mode);
[[nodiscard]] Tensor pad(const Tensor& x, std::initializer_list<Padding> widths, PadMode mode);

/// Each element so many times in a row, along an axis.   dx = g, summed over the copies
/// Throws ValueError for a negative number of copies, IndexError for an axis that there is not.
[[nodiscard]] Tensor repeat(const Tensor& x, std::int64_t count, std::int64_t axis);

/// Axes `first` to `last` as one, or all of them: elements in row-major order. A view where x's
/// strides allow it.   dx = g, reshaped
/// Throws IndexError for an axis that there is not, ValueError if the first lies behind the last.
[[nodiscard]] Tensor flatten(const Tensor& x, std::int64_t first = 0, std::int64_t last = -1);
[[nodiscard]] Tensor ravel(const Tensor& x);

/// What x holds at each place of an axis, without that axis. Views.   dx = embed(g)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] std::vector<Tensor> unbind(const Tensor& x, std::int64_t axis = 0);

/// Parts of an axis, one after another, so long as `sizes` says. Views.   dx = embed(g)
/// Throws ValueError for a negative size, ShapeError unless they add up to the axis.
[[nodiscard]] std::vector<Tensor> split_with_sizes(const Tensor& x,
                                                   std::span<const std::int64_t> sizes,
                                                   std::int64_t axis = 0);
[[nodiscard]] inline std::vector<Tensor> split_with_sizes(const Tensor& x,
                                                          std::initializer_list<std::int64_t> sizes,
                                                          std::int64_t axis = 0) {
  return split_with_sizes(x, std::span(sizes.begin(), sizes.size()), axis);
}

/// A matrix of blocks: each row of them joined along the last axis, the rows along the last but
/// one. `block({{a, b}, {c, d}})`; axes of extent 1 come in front of fewer than two.
///   d(block) = its part of g
/// Throws ValueError for no rows or an empty one, ShapeError unless the blocks of a row have one
/// height, and the rows one width.
[[nodiscard]] Tensor block(const std::vector<std::vector<Tensor>>& rows);

/// Turned by quarters from the first of two axes towards the second.   dx = rot90(g, -quarters)
/// Throws IndexError for an axis that there is not, ValueError for one named twice.
[[nodiscard]] Tensor rot90(const Tensor& x, std::int64_t quarters = 1, std::int64_t from = 0,
                           std::int64_t to = 1);

/// How `meshgrid` orders axes: the first two exchanged, as in a plot, or each at its own place.
enum class Indexing { xy, ij };

/// Vectors, each along an axis of its own, broadcast against one another. Views.
/// Throws ShapeError unless all are vectors, at most 8.
[[nodiscard]] std::vector<Tensor> meshgrid(std::span<const Tensor> vectors,
                                           Indexing indexing = Indexing::xy);
[[nodiscard]] inline std::vector<Tensor> meshgrid(std::initializer_list<Tensor> vectors,
                                                  Indexing indexing = Indexing::xy) {
  return meshgrid(std::span(vectors.begin(), vectors.size()), indexing);
}

/// x with other elements at the place that `slice` with the same slices takes, or with these added
/// there; they broadcast to that place. x itself stays.
///   dx = g, 0 at that place (`add_at`: g);  d(values) = g there
/// Throws as slice, ShapeError unless the values broadcast to the place, DtypeError for ones that
/// x's dtype does not hold.
[[nodiscard]] Tensor set(const Tensor& x, std::span<const Slice> slices, const Operand& values);
[[nodiscard]] Tensor set(const Tensor& x, std::initializer_list<Slice> slices,
                         const Operand& values);
[[nodiscard]] Tensor add_at(const Tensor& x, std::span<const Slice> slices, const Operand& values);
[[nodiscard]] Tensor add_at(const Tensor& x, std::initializer_list<Slice> slices,
                            const Operand& values);

/// x with one value where the mask is true; both broadcast.   dx = g where it is false, 0 elsewhere
/// Throws DtypeError unless the mask is boolean.
[[nodiscard]] Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value);

/// A square matrix with the elements of a vector on its k-th diagonal and 0 elsewhere; of a matrix
/// its k-th diagonal.   dx = the other of g
/// Throws ShapeError for other ranks, or if the matrix has more elements than int64 counts.
[[nodiscard]] Tensor diag(const Tensor& x, std::int64_t k = 0);

/// The last two axes as a matrix without what lies above (below) the k-th diagonal, which counts
/// from the main one upwards: zeros there.   dx = the same of g
/// Throws ShapeError for less than two axes.
[[nodiscard]] Tensor tril(const Tensor& x, std::int64_t k = 0);
[[nodiscard]] Tensor triu(const Tensor& x, std::int64_t k = 0);

/// The k-th diagonal of the last two axes: [..., n, m] -> [..., length], of length 0 outside of the
/// matrix; and its sum.   dx = g on the diagonal, 0 elsewhere
/// Throws ShapeError for less than two axes.
[[nodiscard]] Tensor diagonal(const Tensor& x, std::int64_t k = 0);
[[nodiscard]] Tensor trace(const Tensor& x, std::int64_t k = 0);

}  // namespace xtape

XTAPE_EXPORT_END
