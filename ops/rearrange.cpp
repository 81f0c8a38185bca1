#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/numbers.hpp>
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

/// The matrices of x, and 0 above the k-th diagonal or, if not `lower`, below it.
struct Triangle {
  OpInfo info;
  bool lower;
  std::int64_t k;
  void attributes(auto& visit) const { visit("k", k); }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    const std::int64_t rows = x.extent(-2), columns = x.extent(-1);
    const std::size_t element = size_of(x.dtype());
    const auto bytes = [&](std::int64_t n) { return static_cast<std::size_t>(n) * element; };
    const std::byte* from = dense.body().data;
    std::byte* to = y.body().data;
    for (const std::byte* end = to + bytes(y.size()); to != end;) {
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t middle = std::clamp<std::int64_t>(row + k + (lower ? 1 : 0), 0, columns);
        const std::int64_t first = lower ? 0 : middle, last = lower ? middle : columns;
        std::memset(to, 0, bytes(first));
        std::memcpy(to + bytes(first), from + bytes(first), bytes(last - first));
        std::memset(to + bytes(last), 0, bytes(columns - last));
        to += bytes(columns), from += bytes(columns);
      }
    }
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, apply(Triangle(*this), g)); }
  Tensor batch(const Examples& x) const { return apply(Triangle(*this), x[0]); }
};

void check_widths(const Tensor& x, std::span<const Padding> widths) {
  if (std::ssize(widths) != x.rank()) {
    throw ShapeError("pad: a width is needed for each axis; got " + std::to_string(widths.size()) +
                     " for " + x.describe());
  }
  for (const auto& [before, after] : widths) {
    for (const std::int64_t width : {before, after})
      detail::require_at_least<std::int64_t>("pad", "widths", width, 0);
  }
}

/// A margin of `width` before or behind an axis, out of what lies inside.
Tensor margin(const Tensor& x, int axis, std::int64_t width, bool before, PadMode mode) {
  const std::int64_t extent = x.extent(axis), last = extent - 1;
  if (mode == PadMode::edge) {
    Shape shape = x.shape();
    shape[axis] = width;
    return broadcast_to(before ? part(x, axis, 0, 1) : part(x, axis, last, extent), shape);
  }
  if (mode == PadMode::wrap)
    return before ? part(x, axis, extent - width, extent) : part(x, axis, 0, width);
  const std::int64_t left_out = mode == PadMode::reflect ? 1 : 0;
  return flip(before ? part(x, axis, left_out, width + left_out)
                     : part(x, axis, extent - left_out - width, extent - left_out),
              axis);
}

/// The values in x's dtype, broadcast to the place that the slices take.
Tensor values_for(const char* op, const Tensor& x, std::span<const Slice> slices,
                  const Operand& values) {
  detail::require_defined(op, "the values", values);
  return detail::values_for(op, x, slice(x.detach(), slices).shape(), values);
}

}  // namespace

Tensor detail::values_for(const char* op, const Tensor& x, const Shape& place,
                          const Operand& values) {
  require_defined(op, "the values", values);
  Tensor constant;
  const Tensor& given = values.tensor(op, x.dtype(), constant);
  if (promote(x.dtype(), given.dtype()) != x.dtype()) {
    throw DtypeError(std::string(op) + ": the values must fit in x's dtype; got " +
                     (values.is_number() ? values.number().text() : given.describe()) + " for " +
                     x.describe());
  }
  Shape both = given.shape();
  if (place != both && given.rank() <= place.rank()) both = broadcast_shapes(op, both, place);
  if (both != place) {
    throw ShapeError(std::string(op) + ": the values must broadcast to their place, " +
                     to_string(place) + "; got " + given.describe());
  }
  return broadcast_to(given.to(x.dtype()), place);
}

Tensor moveaxis(const Tensor& x, std::int64_t from, std::int64_t to) {
  detail::require_defined("moveaxis", "x", x);
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
  detail::require_defined("roll", "x", x);
  const int axis = normalize_axis("roll", given, x.rank());
  const std::int64_t extent = x.extent(axis);
  if (extent == 0 || shift % extent == 0) return x;
  const std::int64_t start = shift % extent < 0 ? -(shift % extent) : extent - shift % extent;
  return concatenate({part(x, axis, start, extent), part(x, axis, 0, start)}, axis);
}

Tensor tile(const Tensor& x, std::span<const std::int64_t> repeats) {
  detail::require_defined("tile", "x", x);
  for (const std::int64_t count : repeats)
    detail::require_at_least<std::int64_t>("tile", "repeats", count, 0);
  if (repeats.size() > static_cast<std::size_t>(max_rank)) {
    throw detail::RankError("tile: at most " + std::to_string(max_rank) + " axes; got " +
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
  detail::require_defined("pad", "x", x);
  check_widths(x, widths);
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

Tensor pad(const Tensor& x, std::span<const Padding> widths, PadMode mode) {
  detail::require_defined("pad", "x", x);
  check_widths(x, widths);
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto& [before, after] = widths[static_cast<std::size_t>(axis)];
    const std::int64_t width = std::max(before, after), extent = x.extent(axis);
    const std::int64_t most = mode == PadMode::reflect ? extent - 1 : extent;
    if (width == 0 || (extent > 0 && (mode == PadMode::edge || width <= most))) continue;
    throw ShapeError("pad: the margin must have elements to show; got " + std::to_string(width) +
                     " for axis " + std::to_string(axis) + " of " + x.describe());
  }
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto& [before, after] = widths[static_cast<std::size_t>(axis)];
    if (before > 0 || after > 0) {
      y = concatenate({margin(y, axis, before, true, mode), y, margin(y, axis, after, false, mode)},
                      axis);
    }
  }
  return y;
}

Tensor repeat(const Tensor& x, std::int64_t count, std::int64_t given) {
  detail::require_defined("repeat", "x", x);
  const int axis = normalize_axis("repeat", given, x.rank());
  detail::require_at_least<std::int64_t>("repeat", "count", count, 0);
  Shape wide = x.shape(), shape = x.shape();
  const std::int64_t extents[] = {shape[axis], count};
  shape[axis] = detail::count_of(extents);
  if (x.size() == 0 || count == 0) return reshape(part(x, axis, 0, 0), shape);
  const std::int64_t inner = detail::count_of({wide.begin() + axis + 1, wide.end()});
  const std::int64_t rows = x.size() / inner;
  return reshape(broadcast_to(reshape(x, {rows, 1, inner}), {rows, count, inner}), shape);
}

Tensor flatten(const Tensor& x, std::int64_t first, std::int64_t last) {
  detail::require_defined("flatten", "x", x);
  if (x.rank() == 0 && first == 0 && last == -1) return reshape(x, {1});
  const int from = normalize_axis("flatten", first, x.rank());
  const int to = normalize_axis("flatten", last, x.rank());
  if (from > to) {
    throw ValueError("flatten: the first axis must not lie behind the last; got " +
                     std::to_string(first) + " and " + std::to_string(last) + " for " +
                     x.describe());
  }
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t extents[] = {axis > from && axis <= to ? shape[from] : 1, x.extent(axis)};
    if (axis > from && axis <= to)
      shape[from] = detail::count_of(extents);
    else
      shape.push_back(x.extent(axis));
  }
  return reshape(x, shape);
}

Tensor ravel(const Tensor& x) {
  detail::require_defined("ravel", "x", x);
  return flatten(x);
}

std::vector<Tensor> unbind(const Tensor& x, std::int64_t given) {
  detail::require_defined("unbind", "x", x);
  const int axis = normalize_axis("unbind", given, x.rank());
  std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < x.extent(axis); ++i) {
    slices.back() = i;
    parts.push_back(slice(x, slices));
  }
  return parts;
}

std::vector<Tensor> split_with_sizes(const Tensor& x, std::span<const std::int64_t> sizes,
                                     std::int64_t given) {
  detail::require_defined("split_with_sizes", "x", x);
  const int axis = normalize_axis("split_with_sizes", given, x.rank());
  std::int64_t left = x.extent(axis);
  for (const std::int64_t size : sizes) {
    detail::require_at_least<std::int64_t>("split_with_sizes", "sizes", size, 0);
    left = size > left ? -1 : left - size;  // -1: too many, whatever follows
  }
  if (left != 0) {
    throw ShapeError("split_with_sizes: the sizes must add up to " +
                     std::to_string(x.extent(axis)) + " for axis " + std::to_string(axis) + " of " +
                     x.describe() + "; got " + to_string(from_span(sizes, {std::ssize(sizes)})));
  }
  std::vector<Tensor> parts;
  std::int64_t start = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(part(x, axis, start, start + size));
    start += size;
  }
  return parts;
}

Tensor rot90(const Tensor& x, std::int64_t quarters, std::int64_t from, std::int64_t to) {
  detail::require_defined("rot90", "x", x);
  const int first = normalize_axis("rot90", from, x.rank());
  const int second = normalize_axis("rot90", to, x.rank());
  if (first == second) {
    throw ValueError("rot90: two axes are needed; got " + std::to_string(from) + " and " +
                     std::to_string(to) + " for " + x.describe());
  }
  switch ((quarters % 4 + 4) % 4) {
    case 1: return flip(swapaxes(x, first, second), first);
    case 2: return flip(flip(x, first), second);
    case 3: return flip(swapaxes(x, first, second), second);
    default: return x;
  }
}

std::vector<Tensor> meshgrid(std::span<const Tensor> vectors, Indexing indexing) {
  Shape shape;
  for (const Tensor& vector : vectors) {
    detail::require_defined("meshgrid", "vectors", vector);
    if (vector.rank() != 1)
      throw ShapeError("meshgrid: vectors are needed; got " + vector.describe());
    detail::named_in_errors("meshgrid", [&] { shape.push_back(vector.extent(0)); });
  }
  const auto place = [&](std::size_t i) {
    const bool exchanged = indexing == Indexing::xy && vectors.size() > 1 && i < 2;
    return static_cast<int>(exchanged ? 1 - i : i);
  };
  for (std::size_t i = 0; i < vectors.size(); ++i) shape[place(i)] = vectors[i].extent(0);
  std::vector<Tensor> grids;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Shape along;
    for (int axis = 0; axis < shape.rank(); ++axis)
      along.push_back(axis == place(i) ? shape[axis] : 1);
    grids.push_back(broadcast_to(reshape(vectors[i], along), shape));
  }
  return grids;
}

Tensor set(const Tensor& x, std::span<const Slice> slices, const Operand& values) {
  detail::require_defined("set", "x", x);
  const Tensor placed = values_for("set", x, slices, values);
  return detail::placed(x, slices, placed);
}

Tensor add_at(const Tensor& x, std::span<const Slice> slices, const Operand& values) {
  detail::require_defined("add_at", "x", x);
  return x + embed(values_for("add_at", x, slices, values), x.shape(), slices);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value) {
  detail::require_defined("masked_fill", "x", x);
  detail::require_defined("masked_fill", "mask", mask);
  detail::require_defined("masked_fill", "the value", value);
  if (value.is_number() && !Operand(x).is_number())
    value.number().check("masked_fill", value.number().dtype_beside(x.dtype()));
  return detail::named_in_errors("masked_fill", [&] { return where(mask, value, x); });
}

Tensor diag(const Tensor& x, std::int64_t k) {
  detail::require_defined("diag", "x", x);
  if (x.rank() == 2) return diagonal(x, k);
  if (x.rank() != 1) throw ShapeError("diag: a vector or a matrix is needed; got " + x.describe());
  constexpr std::int64_t most = std::int64_t{1} << 31;
  detail::require(k > -most && k < most, "diag", "k", "lie in (-2^31, 2^31)", k);
  const std::int64_t n = x.size() + std::abs(k), start = k >= 0 ? k : -k * n;
  if (x.size() == 0) return zeros({n, n}, x.dtype());
  const Slice places = range(start, start + (x.size() - 1) * (n + 1) + 1, n + 1);
  return reshape(embed(x, {n * n}, {places}), {n, n});
}

Tensor tril(const Tensor& x, std::int64_t k) {
  detail::require_defined("tril", "x", x);
  return apply(Triangle{{"tril", true}, true, MatrixSize("tril", x).clamped(k)}, x);
}

Tensor triu(const Tensor& x, std::int64_t k) {
  detail::require_defined("triu", "x", x);
  return apply(Triangle{{"triu", true}, false, MatrixSize("triu", x).clamped(k)}, x);
}

Tensor diagonal(const Tensor& x, std::int64_t given) {
  detail::require_defined("diagonal", "x", x);
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
  detail::require_defined("trace", "x", x);
  static_cast<void>(MatrixSize("trace", x));
  return sum(diagonal(x, k), -1);
}

}  // namespace xtape
