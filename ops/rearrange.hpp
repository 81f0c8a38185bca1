#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An axis moved to another place, the others in their order. A view.   dx = g, moved back
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor moveaxis(const Tensor& x, std::int64_t from, std::int64_t to);

/// Elements moved by `shift` along an axis, those beyond its end to its beginning.
///   dx = roll(g, -shift)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t axis);

/// x side by side, `repeats[i]` times along axis i; axes of extent 1 come in front of the fewer ones.
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
/// Throws ShapeError unless there is a width for each axis, ValueError for a negative one or for a value
/// that does not fit in x's dtype.
[[nodiscard]] Tensor pad(const Tensor& x, std::span<const Padding> widths, const Number& value = 0);
[[nodiscard]] inline Tensor pad(const Tensor& x, std::initializer_list<Padding> widths,
                                const Number& value = 0) {
  return pad(x, std::span(widths.begin(), widths.size()), value);
}

/// The last two axes as a matrix without what lies above (below) the k-th diagonal, which counts from
/// the main one upwards: zeros there.   dx = the same of g
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
