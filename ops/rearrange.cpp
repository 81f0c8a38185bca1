#include <algorithm>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

/// Part of one axis.
Tensor part(const Tensor& x, int axis, std::int64_t start, std::int64_t stop) {
  std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
  slices.back() = range(start, stop);
  return slice(x, slices);
}

struct MatrixSize {
  MatrixSize(const char* op, const Tensor& x) {
    if (x.rank() < 2) {
      throw ShapeError(std::string(op) + ": at least two axes are needed, of a matrix; got " +
                       x.describe());
    }
    rows = x.extent(-2);
    columns = x.extent(-1);
  }
  /// k, or one that means the same and leaves room to count.
  std::int64_t clamped(std::int64_t k) const { return std::clamp(k, -rows - 1, columns + 1); }
  std::int64_t rows, columns;
};

/// x where column - row compares with k, and 0 elsewhere.
template <class Compare>
Tensor triangle(const char* op, const Tensor& x, std::int64_t k, Compare keep) {
  const MatrixSize size(op, x);
  const Tensor row = reshape(arange(size.rows), {size.rows, 1}), column = arange(size.columns);
  return where(keep(column - row, size.clamped(k)), x, 0);
}

}  // namespace

Tensor moveaxis(const Tensor& x, std::int64_t from, std::int64_t to) {
  const int source = normalize_axis("moveaxis", from, x.rank());
  const int target = normalize_axis("moveaxis", to, x.rank());
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axis != source) axes.push_back(axis);
  }
  axes.insert(axes.begin() + target, source);
  return transpose(x, axes);
}

Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t given) {
  const int axis = normalize_axis("roll", given, x.rank());
  const std::int64_t extent = x.extent(axis);
  if (extent == 0 || shift % extent == 0) return x;
  const std::int64_t start = shift % extent < 0 ? -(shift % extent) : extent - shift % extent;
  return concatenate({part(x, axis, start, extent), part(x, axis, 0, start)}, axis);
}

Tensor tile(const Tensor& x, std::span<const std::int64_t> repeats) {
  for (const std::int64_t count : repeats)
    detail::require_at_least<std::int64_t>("tile", "repeats", count, 0);
  if (repeats.size() > static_cast<std::size_t>(max_rank)) {
    throw ShapeError("tile: at most " + std::to_string(max_rank) + " axes; got " +
                     std::to_string(repeats.size()));
  }
  Tensor y = x;
  while (y.rank() < std::ssize(repeats)) y = expand_dims(y, 0);
  for (int axis = y.rank() - static_cast<int>(repeats.size()), i = 0; axis < y.rank();
       ++axis, ++i) {
    const std::int64_t count = repeats[static_cast<std::size_t>(i)];
    if (count == 1) continue;
    if (count == 0) {
      y = part(y, axis, 0, 0);
      continue;
    }
    Shape shape = y.shape();
    const std::int64_t outer =
        detail::count_of(std::span(shape.begin(), static_cast<std::size_t>(axis)));
    const std::int64_t extents[] = {count, shape[axis]};
    shape[axis] = detail::count_of(extents);
    if (y.size() > 0) {
      const Tensor rows = reshape(y, {outer, 1, -1});
      y = broadcast_to(rows, {outer, count, rows.extent(2)});
    }
    y = reshape(y, shape);
  }
  return y;
}

Tensor pad(const Tensor& x, std::span<const Padding> widths, const Number& value) {
  if (std::ssize(widths) != x.rank()) {
    throw ShapeError("pad: a width is needed for each axis; got " + std::to_string(widths.size()) +
                     " for " + x.describe());
  }
  for (const auto& [before, after] : widths) {
    for (const std::int64_t width : {before, after})
      detail::require_at_least<std::int64_t>("pad", "widths", width, 0);
  }
  value.check("pad", x.dtype());
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto margin = [&](std::int64_t width) {
      Shape shape = y.shape();
      shape[axis] = width;
      return full(shape, value, x.dtype());
    };
    const auto& [before, after] = widths[static_cast<std::size_t>(axis)];
    if (before > 0 || after > 0) y = concatenate({margin(before), y, margin(after)}, axis);
  }
  return y;
}

Tensor tril(const Tensor& x, std::int64_t k) {
  return triangle("tril", x, k,
                  [](const Tensor& place, std::int64_t last) { return place <= last; });
}

Tensor triu(const Tensor& x, std::int64_t k) {
  return triangle("triu", x, k,
                  [](const Tensor& place, std::int64_t first) { return place >= first; });
}

Tensor diagonal(const Tensor& x, std::int64_t given) {
  const MatrixSize size("diagonal", x);
  const std::int64_t k = size.clamped(given);
  const std::int64_t length =
      std::max<std::int64_t>(0, std::min(size.rows + std::min<std::int64_t>(k, 0),
                                         size.columns - std::max<std::int64_t>(k, 0)));
  Shape flat = x.shape();
  flat.erase(x.rank() - 1);
  flat[x.rank() - 2] = length;
  if (x.size() == 0) return reshape(x, flat);
  flat[x.rank() - 2] = size.rows * size.columns;
  std::vector<Slice> slices(static_cast<std::size_t>(x.rank()) - 1);
  const std::int64_t step = size.columns + 1, start = k >= 0 ? k : -k * size.columns;
  slices.back() = length == 0 ? range(0, 0) : range(start, start + (length - 1) * step + 1, step);
  return slice(reshape(x, flat), slices);
}

Tensor trace(const Tensor& x, std::int64_t k) {
  static_cast<void>(MatrixSize("trace", x));
  return sum(diagonal(x, k), -1);
}

}  // namespace xtape
