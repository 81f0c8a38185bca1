#include <algorithm>
#include <cstring>
#include <optional>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

using Permutation = std::array<std::int8_t, max_rank>;

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

void copy_into(const Tensor& target, const Tensor& source) {
  const detail::Body& to = target.body();
  const detail::Body& from = source.body();
  kernels::copy(to.shape, {to.data, to.dtype, to.strides}, {from.data, from.dtype, from.strides});
}

void add_into(const Tensor& target, const Tensor& source) {
  const detail::Body& to = target.body();
  const detail::Body& from = source.body();
  kernels::add_to(to.shape, {to.data, to.dtype, to.strides}, {from.data, from.dtype, from.strides});
}

/// Strides under which the same memory has another shape; none if the elements would have to move.
std::optional<Strides> reshaped_strides(const detail::Body& x, const Shape& shape) {
  if (x.contiguous) return row_major_strides(shape);
  Shape merged = x.shape;  // axes that lie behind one another in memory, as one
  Strides steps = x.strides;
  kernels::coalesce(merged, {&steps});
  Strides strides{};
  int axis = 0;
  for (int group = 0; group < merged.rank(); ++group) {
    const int first = axis;
    std::int64_t size = 1;
    while (axis < shape.rank() && size < merged[group]) size *= shape[axis++];
    if (size != merged[group]) return std::nullopt;
    std::int64_t step = steps[at(group)];
    for (int inner = axis - 1; inner >= first; --inner) {
      strides[at(inner)] = step;
      step *= shape[inner];
    }
  }
  return strides;  // what is left has extent 1
}

/// What a slice takes of an axis.
struct Range {
  std::int64_t start, count, step;
};

Range resolve(const char* op, const Slice& slice, std::int64_t extent) {
  if (slice.single) {
    const std::int64_t index = *slice.start;
    if (index < -extent || index >= extent) {
      throw IndexError(detail::out_of_range(op, "index", index, extent));
    }
    return {index < 0 ? index + extent : index, 1, 1};
  }
  if (slice.step == 0) throw ValueError(std::string(op) + ": step must not be 0");
  const std::int64_t furthest = std::max<std::int64_t>(extent, 1);
  const std::int64_t step =
      std::clamp(slice.step, -furthest, furthest);  // further ones leave the axis too
  const bool forward = step > 0;
  const std::int64_t lowest = forward ? 0 : -1;
  const std::int64_t highest = forward ? extent : extent - 1;
  const auto place = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
    const std::int64_t index = bound.value_or(0);
    return bound ? std::clamp(index < 0 ? index + extent : index, lowest, highest) : otherwise;
  };
  const std::int64_t start = place(slice.start, forward ? lowest : highest);
  const std::int64_t stop = place(slice.stop, forward ? highest : lowest);
  const std::int64_t span = forward ? stop - start : start - stop;
  return {start, span > 0 ? (span - 1) / std::abs(step) + 1 : 0, step};
}

/// A view of what the slices take, without a place on the tape.
XTAPE_WRAPS Tensor slice_view(const char* op, const Tensor& x, std::span<const Slice> slices) {
  Shape shape;
  Strides strides{};
  std::uint64_t offset = 0;  // wraps: beside an extent of 0 strides and places may be anything
  for (int axis = 0; axis < x.rank(); ++axis) {
    const Slice& slice = at(axis) < slices.size() ? slices[at(axis)] : Slice::all;
    const Range range = resolve(op, slice, x.shape()[axis]);
    const auto stride = static_cast<std::uint64_t>(x.body().strides[at(axis)]);
    offset += static_cast<std::uint64_t>(range.start) * stride;
    if (slice.single) continue;
    strides[at(shape.rank())] =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(range.step) * stride);
    shape.push_back(range.count);
  }
  return detail::make_view(x, shape, strides,
                           shape.size() == 0 ? 0 : static_cast<std::int64_t>(offset), op);
}

/// A list of slices by value, at most one an axis.
struct SliceList {
  /// The slice of one axis, the axes before it taken whole.
  SliceList(int axis, const Slice& slice) : count(at(axis) + 1) { items[at(axis)] = slice; }
  /// Throws IndexError for more than the tensor has axes.
  SliceList(const char* op, const Shape& shape, Dtype dtype, std::span<const Slice> slices)
      : count(slices.size()) {
    if (count > at(shape.rank())) {
      throw IndexError(std::string(op) + ": at most one slice an axis; got " +
                       std::to_string(count) + " for " + std::string(to_string(dtype)) +
                       to_string(shape));
    }
    std::copy(slices.begin(), slices.end(), items.begin());
  }
  std::span<const Slice> span() const { return {items.data(), count}; }
  std::array<Slice, max_rank> items;
  std::size_t count;
};

struct Reshape {
  static constexpr OpInfo info{"reshape", true};
  Shape shape;

  Tensor run(const Tensor& x) const {
    return detail::make_view(x, shape, reshaped_strides(x.body(), shape).value(), 0, info.name);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, reshape(g, send.shape(0))); }
};

/// Axis i of the result is axis `axes[i]` of x.
struct Transpose {
  static constexpr OpInfo info{"transpose", true};
  Permutation axes;

  Tensor run(const Tensor& x) const {
    Shape shape = x.shape();
    Strides strides{};
    for (int i = 0; i < x.rank(); ++i) {
      shape[i] = x.shape()[axes[at(i)]];
      strides[at(i)] = x.body().strides[at(axes[at(i)])];
    }
    return detail::make_view(x, shape, strides, 0, info.name);
  }
  void vjp(const Tensor& g, const Send& send) const {
    std::array<std::int64_t, max_rank> inverse;
    for (int i = 0; i < g.rank(); ++i) inverse[at(axes[at(i)])] = i;
    send(0, transpose(g, std::span(inverse.data(), at(g.rank()))));
  }
};

struct BroadcastTo {
  static constexpr OpInfo info{"broadcast_to", true};
  Shape shape;

  Tensor run(const Tensor& x) const {
    const int offset = shape.rank() - x.rank();
    Strides strides{};
    bool fits = offset >= 0;
    for (int axis = 0; fits && axis < x.rank(); ++axis) {
      fits = x.shape()[axis] == 1 || x.shape()[axis] == shape[axis + offset];
      if (x.shape()[axis] != 1) strides[at(axis + offset)] = x.body().strides[at(axis)];
    }
    if (!fits) {
      throw ShapeError("broadcast_to: the tensor must broadcast to " + to_string(shape) + "; got " +
                       x.describe());
    }
    return detail::make_view(x, shape, strides, 0, info.name);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, sum_to(g, send.shape(0))); }
};

struct SliceOp {
  static constexpr OpInfo info{"slice", true};
  SliceList slices;

  Tensor run(const Tensor& x) const { return slice_view(info.name, x, slices.span()); }
  void vjp(const Tensor& g, const Send& send) const {
    if (recording()) return send(0, embed(g, send.shape(0), slices.span()));
    send.add_to(0,
                [&](const Tensor& sum) { add_into(slice_view(info.name, sum, slices.span()), g); });
  }
};

struct Embed {
  static constexpr OpInfo info{"embed", true};
  Shape shape;
  SliceList slices;

  OpResult infer(const Tensor& x) const { return {shape, x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const Tensor place = slice_view(info.name, y, slices.span());
    if (place.shape() != x.shape()) {
      throw ShapeError("embed: the place has the shape " + to_string(place.shape()) + "; got " +
                       x.describe());
    }
    std::memset(y.body().data, 0, static_cast<std::size_t>(y.size()) * size_of(y.dtype()));
    copy_into(place, x);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, slice(g, slices.span())); }
};

struct Concatenate {
  static constexpr OpInfo info{"concatenate", true};
  int axis;
  std::vector<Slice, memory::Allocator<Slice>> parts;  // of the axis, one for each tensor

  OpResult infer(std::span<const Tensor> tensors) const {
    Shape shape = tensors[0].shape();
    Dtype dtype = tensors[0].dtype();
    shape[axis] = 0;
    for (const Tensor& tensor : tensors) {
      Shape expected = tensors[0].shape();
      if (tensor.rank() == shape.rank()) expected[axis] = tensor.shape()[axis];
      if (tensor.shape() != expected) {
        throw ShapeError("concatenate: extents but along axis " + std::to_string(axis) +
                         " must be equal; got " + tensors[0].describe() + " and " +
                         tensor.describe());
      }
      if (__builtin_add_overflow(shape[axis], tensor.shape()[axis], &shape[axis])) {
        throw ShapeError("concatenate: the extent along axis " + std::to_string(axis) +
                         " must fit in int64; got " + tensor.describe() + " and others");
      }
      dtype = promote(dtype, tensor.dtype());
    }
    return {Shape(std::span(shape.begin(), shape.end())), dtype};
  }
  void run(const Tensor& y, std::span<const Tensor> tensors) const {
    std::int64_t start = 0;
    for (const Tensor& tensor : tensors) {
      const std::int64_t stop = start + tensor.shape()[axis];
      copy_into(slice_view(info.name, y, SliceList(axis, range(start, stop)).span()), tensor);
      start = stop;
    }
  }
  void keep(const Tensor&, std::span<const Tensor> tensors) {
    std::int64_t start = 0;
    for (const Tensor& tensor : tensors) {
      parts.push_back(range(start, start + tensor.shape()[axis]));
      start += tensor.shape()[axis];
    }
  }
  void vjp(const Tensor& g, const Send& send) const {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      send(i, [&] { return slice(g, SliceList(axis, parts[i]).span()).to(send.dtype(i)); });
    }
  }
};

Tensor expanded(const Tensor& x, std::int64_t axis, const char* op) {
  Shape shape = x.shape();
  shape.insert(normalize_axis(op, axis, x.rank() + 1), 1);
  return reshape(x, shape);
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return detail::snapshot(x);
  if (x.size() != shape.size()) {
    throw ShapeError("reshape: the number of elements must stay; got " + x.describe() + " for " +
                     to_string(shape));
  }
  // Of a dense copy there is a view of any shape.
  const bool view = reshaped_strides(x.body(), shape).has_value();
  return apply(Reshape{.shape = shape}, view ? x : x.contiguous());
}

Tensor reshape(const Tensor& x, std::span<const std::int64_t> extents) {
  if (std::count(extents.begin(), extents.end(), -1) > 1) {
    throw ShapeError("reshape: at most one extent may be -1");
  }
  Shape given;
  for (const std::int64_t extent : extents) given.push_back(extent == -1 ? 1 : extent);
  const std::int64_t known = Shape(std::span(given.begin(), given.end())).size();
  Shape shape;
  for (const std::int64_t extent : extents) {
    if (extent == -1 && known == 0) {
      throw ShapeError("reshape: -1 beside an extent of 0 could be anything; got " + x.describe());
    }
    shape.push_back(extent == -1 ? x.size() / known : extent);
  }
  return reshape(x, Shape(std::span(shape.begin(), shape.end())));
}

Tensor transpose(const Tensor& x) {
  std::array<std::int64_t, max_rank> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes[at(axis)] = x.rank() - 1 - axis;
  return transpose(x, std::span(axes.data(), at(x.rank())));
}

Tensor transpose(const Tensor& x, std::span<const std::int64_t> axes) {
  if (axes.size() != at(x.rank())) {
    throw ValueError("transpose: one entry an axis is needed; got " + std::to_string(axes.size()) +
                     " for " + x.describe());
  }
  Permutation permutation{};
  std::array<bool, max_rank> named{};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = normalize_axis("transpose", axes[i], x.rank());
    if (std::exchange(named[at(axis)], true)) {
      throw ValueError("transpose: each axis may be named once; got " + std::to_string(axes[i]) +
                       " twice");
    }
    permutation[i] = static_cast<std::int8_t>(axis);
  }
  return apply(Transpose{permutation}, x);
}

Tensor swapaxes(const Tensor& x, std::int64_t a, std::int64_t b) {
  std::array<std::int64_t, max_rank> axes;
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
  std::swap(axes[at(normalize_axis("swapaxes", a, x.rank()))],
            axes[at(normalize_axis("swapaxes", b, x.rank()))]);
  return transpose(x, std::span(axes.data(), at(x.rank())));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? detail::snapshot(x) : apply(BroadcastTo{shape}, x);
}

Tensor expand_dims(const Tensor& x, std::int64_t axis) { return expanded(x, axis, "expand_dims"); }

Tensor squeeze(const Tensor& x) {
  Shape shape;
  for (const std::int64_t extent : x.shape()) {
    if (extent != 1) shape.push_back(extent);
  }
  return reshape(x, shape);
}

Tensor squeeze(const Tensor& x, std::int64_t axis) {
  Shape shape = x.shape();
  const int dropped = normalize_axis("squeeze", axis, x.rank());
  if (shape[dropped] != 1) {
    throw ShapeError("squeeze: the axis must have extent 1; got axis " + std::to_string(axis) +
                     " of " + x.describe());
  }
  shape.erase(dropped);
  return reshape(x, shape);
}

Tensor slice(const Tensor& x, std::span<const Slice> slices) {
  return apply(SliceOp{SliceList("slice", x.shape(), x.dtype(), slices)}, x);
}

Tensor embed(const Tensor& x, const Shape& shape, std::span<const Slice> slices) {
  return apply(Embed{shape, SliceList("embed", shape, x.dtype(), slices)}, x);
}

Tensor flip(const Tensor& x, std::int64_t axis) {
  return slice(x, SliceList(normalize_axis("flip", axis, x.rank()), range({}, {}, -1)).span());
}

Tensor concatenate(std::span<const Tensor> tensors, std::int64_t axis) {
  if (tensors.empty()) throw ValueError("concatenate: at least one tensor is needed; got none");
  const int along = normalize_axis("concatenate", axis, tensors[0].rank());
  return apply_list(Concatenate{along, {}}, tensors);
}

Tensor stack(std::span<const Tensor> tensors, std::int64_t axis) {
  const Dtype dtype = detail::dtype_of_all(tensors);
  std::vector<Tensor> raised;
  Tensor adapted;
  for (const Tensor& tensor : tensors) {
    if (tensor.shape() != tensors[0].shape()) {
      throw ShapeError("stack: the tensors must have one shape; got " + tensors[0].describe() +
                       " and " + tensor.describe());
    }
    const Tensor& part = detail::beside("stack", tensor, dtype, adapted);
    raised.push_back(expanded(part, axis, "stack"));
  }
  if (raised.empty()) throw ValueError("stack: at least one tensor is needed; got none");
  return concatenate(raised, axis);
}

std::vector<Tensor> split(const Tensor& x, std::int64_t parts, std::int64_t axis) {
  const int along = normalize_axis("split", axis, x.rank());
  const std::int64_t extent = x.shape()[along];
  if (parts < 1 || parts > std::max<std::int64_t>(extent, 1) || extent % parts != 0) {
    throw ShapeError("split: the number of parts must divide the axis; got " +
                     std::to_string(parts) + " for axis " + std::to_string(axis) + " of " +
                     x.describe());
  }
  std::vector<Tensor> pieces;
  for (std::int64_t i = 0; i < parts; ++i) {
    pieces.push_back(
        slice(x, SliceList(along, range(i * (extent / parts), (i + 1) * (extent / parts))).span()));
  }
  return pieces;
}

}  // namespace xtape
