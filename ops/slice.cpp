#include <algorithm>
#include <cstring>
#include <optional>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

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

/// The shape of all examples.
Shape with_count(std::int64_t count, Shape shape) {
  shape.insert(0, count);
  return shape;
}

/// The slices of all examples.
SliceList with_all(const SliceList& slices) {
  SliceList result(0, Slice::all);
  std::copy(slices.items.begin(), slices.items.end() - 1, result.items.begin() + 1);
  result.count = slices.count + 1;
  return result;
}

struct SliceOp {
  static constexpr OpInfo info{"slice", true};
  SliceList slices;

  Tensor run(const Tensor& x) const { return slice_view(info.name, x, slices.span()); }
  void vjp(const Tensor& g, const Send& send) const {
    if (!detail::plain(g)) return send(0, embed(g, send.shape(0), slices.span()));
    send.add_to(0,
                [&](const Tensor& sum) { add_into(slice_view(info.name, sum, slices.span()), g); });
  }
  Tensor batch(const Examples& x) const { return slice(x[0], with_all(slices).span()); }
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
  Tensor batch(const Examples& x) const {
    return embed(x[0], with_count(x.count(), shape), with_all(slices).span());
  }
};

/// The parts of an axis that tensors take, one behind the other.
class Parts {
 public:
  explicit Parts(int axis) : axis_(axis) {}
  SliceList next(const Shape& shape) {
    const std::int64_t start = std::exchange(end_, end_ + shape[axis_]);
    return {axis_, range(start, end_)};
  }

 private:
  int axis_;
  std::int64_t end_ = 0;
};

struct Concatenate {
  static constexpr OpInfo info{"concatenate", true};
  int axis;
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("axis", axis);
  }
  std::vector<Shape, memory::Allocator<Shape>> shapes{};  // of the inputs

  OpResult infer(std::span<const Tensor* const> tensors) const {
    Shape shape = tensors[0]->shape();
    Dtype dtype = tensors[0]->dtype();
    shape[axis] = 0;
    for (const Tensor* tensor : tensors) {
      Shape expected = tensors[0]->shape();
      if (tensor->rank() == shape.rank()) expected[axis] = tensor->shape()[axis];
      if (tensor->shape() != expected) {
        throw ShapeError("concatenate: extents but along axis " + std::to_string(axis) +
                         " must be equal; got " + tensors[0]->describe() + " and " +
                         tensor->describe());
      }
      if (__builtin_add_overflow(shape[axis], tensor->shape()[axis], &shape[axis])) {
        throw ShapeError("concatenate: the extent along axis " + std::to_string(axis) +
                         " must fit in int64; got " + tensor->describe() + " and others");
      }
      dtype = promote(dtype, tensor->dtype());
    }
    return {Shape(std::span(shape.begin(), shape.end())), dtype};
  }
  void run(const Tensor& y, std::span<const Tensor* const> tensors) const {
    Parts parts(axis);
    for (const Tensor* tensor : tensors)
      copy_into(slice_view(info.name, y, parts.next(tensor->shape()).span()), *tensor);
  }
  void keep(const Tensor&, std::span<const Tensor* const> tensors) {
    for (const Tensor* tensor : tensors) shapes.push_back(tensor->shape());
  }
  void vjp(const Tensor& g, const Send& send) const {
    Parts parts(axis);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const SliceList part = parts.next(shapes[i]);
      send(i, [&] { return slice(g, part.span()).to(send.dtype(i)); });
    }
  }
  Tensor jvp(const Tangents& t) const {
    std::vector<Tensor> tangents;
    for (std::size_t i = 0; i < shapes.size(); ++i)
      tangents.push_back(t[i].defined() ? t[i].to(t.dtype()) : zeros(shapes[i], t.dtype()));
    return concatenate(tangents, axis);
  }
  Tensor batch(const Examples& x) const {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < x.size(); ++i) all.push_back(x.each(i));
    return concatenate(all, axis + 1);
  }
};

}  // namespace

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
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
  return apply_list(Concatenate{along}, pointers);
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
    raised.push_back(expand_dims(part, normalize_axis("stack", axis, part.rank() + 1)));
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
