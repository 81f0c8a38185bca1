#include <algorithm>
#include <cstring>
#include <optional>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/few.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/indices.hpp>
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

/// What is taken of a tensor: ranges of axes one behind the other, the others whole. Most often it
/// is one range.
class Region {
 public:
  Region(int axis, const Range& range) : ranges_(std::span(&range, 1)), first_(byte(axis)) {}
  /// Throws IndexError for more slices than the tensor has axes, or an index that it has not,
  /// ValueError for a step of 0.
  Region(const char* op, const Shape& shape, Dtype dtype, std::span<const Slice> slices) {
    if (slices.size() > at(shape.rank())) {
      throw IndexError(std::string(op) + ": at most one slice an axis; got " +
                       std::to_string(slices.size()) + " for " + std::string(to_string(dtype)) +
                       to_string(shape));
    }
    std::array<Range, max_rank> ranges;
    std::size_t count = 0;
    for (std::size_t axis = 0; axis < slices.size(); ++axis) {
      if (count == 0 && is_whole(slices[axis])) continue;
      if (count == 0) first_ = byte(axis);
      if (slices[axis].single) singles_ = byte(singles_ | 1u << count);
      ranges[count++] = resolve(op, slices[axis], shape[static_cast<std::int64_t>(axis)]);
    }
    ranges_ = detail::Few<Range, 1>(std::span(ranges.data(), count));
  }

  /// Of an axis; null where that is taken whole.
  const Range* range(int axis) const {
    const int place = axis - first_, count = static_cast<int>(ranges_.items().size());
    return place >= 0 && place < count ? &ranges_.items()[at(place)] : nullptr;
  }
  /// Whether the axis goes, its range being one index.
  bool drops(int axis) const {
    return range(axis) != nullptr && (singles_ >> (axis - first_) & 1) != 0;
  }
  /// The same of tensors with one axis more in front.
  Region of_examples() const {
    Region region = *this;
    ++region.first_;
    return region;
  }
  std::string text() const;
  /// Where a tensor's part lies, along the first axis of which not all is taken.
  PartPlace place() const {
    if (ranges_.items().empty()) return {};
    const auto& [start, count, step] = ranges_.items()[0];
    if (count == 0) return {first_, 0, 0};
    const std::int64_t last = start + (count - 1) * step;
    return {first_, std::min(start, last), std::max(start, last) + 1};
  }

 private:
  static std::uint8_t byte(auto value) { return static_cast<std::uint8_t>(value); }
  static bool is_whole(const Slice& slice) {
    return !slice.single && !slice.start && !slice.stop && slice.step == 1;
  }

  detail::Few<Range, 1> ranges_;
  std::uint8_t first_ = 0;    // the axis of the first range
  std::uint8_t singles_ = 0;  // a bit for each range
};

/// As Python writes it: "[:, 0:2, 3]".
std::string Region::text() const {
  std::string text;
  const int end = first_ + static_cast<int>(ranges_.items().size());
  for (int axis = 0; axis < end; ++axis) {
    text += axis > 0 ? ", " : "";
    const Range* const taken = range(axis);
    if (taken == nullptr) {
      text += ":";
      continue;
    }
    if (taken->count == 0) {
      text += "0:0";
      continue;
    }
    text += std::to_string(taken->start);
    if (drops(axis)) continue;
    const std::int64_t last = taken->start + (taken->count - 1) * taken->step;
    const std::int64_t stop = last + (taken->step > 0 ? 1 : -1);
    text += ":" + (stop < 0 ? "" : std::to_string(stop));
    if (taken->step != 1) text += ":" + std::to_string(taken->step);
  }
  return "[" + text + "]";
}

/// A view of a region, without a place on the tape.
XTAPE_WRAPS Tensor view(const char* op, const Tensor& x, const Region& region) {
  Shape shape;
  Strides strides{};
  std::uint64_t offset = 0;  // wraps: beside an extent of 0 strides and places may be anything
  for (int axis = 0; axis < x.rank(); ++axis) {
    const Range* const taken = region.range(axis);
    const Range range = taken != nullptr ? *taken : Range{0, x.shape()[axis], 1};
    const auto stride = static_cast<std::uint64_t>(x.body().strides[at(axis)]);
    offset += static_cast<std::uint64_t>(range.start) * stride;
    if (region.drops(axis)) continue;
    strides[at(shape.rank())] =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(range.step) * stride);
    shape.push_back(range.count);
  }
  return detail::make_view(x, shape, strides,
                           shape.size() == 0 ? 0 : static_cast<std::int64_t>(offset), op);
}

/// The shape of all examples.
Shape with_count(std::int64_t count, Shape shape) {
  shape.insert(0, count);
  return shape;
}

/// `x` in a region of zeros.
struct Embed {
  static constexpr OpInfo info{"embed", true};
  Shape shape;
  Region region;
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("shape", shape);
    visit("at", region.text());
  }

  OpResult infer(const Tensor& x) const { return {shape, x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const Tensor place = view(info.name, y, region);
    if (place.shape() != x.shape()) {
      throw ShapeError("embed: the place has the shape " + to_string(place.shape()) + "; got " +
                       x.describe());
    }
    std::memset(y.body().data, 0, static_cast<std::size_t>(y.size()) * size_of(y.dtype()));
    copy_into(place, x);
  }
  void vjp(const Tensor& g, const Send& send) const;
  Tensor batch(const Examples& x) const {
    return apply(Embed{with_count(x.count(), shape), region.of_examples()}, x[0]);
  }
};

struct AddSlice {
  static constexpr OpInfo info{"add_slice"};
  Region region;
  void attributes(auto& visit) const { visit("at", region.text()); }

  void run(std::span<const Tensor* const> x) const {
    add_into(view(info.name, *x[0], region), *x[1]);
  }
};

struct SliceOp {
  static constexpr OpInfo info{"slice", true};
  Region region;
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("at", region.text());
  }

  Tensor run(const Tensor& x) const { return view(info.name, x, region); }
  void vjp(const Tensor& g, const Send& send) const {
    if (!detail::plain(g)) return send(0, apply(Embed{send.shape(0), region}, g));
    send.add_by(AddSlice{region}, 0, g, region.place());
  }
  Tensor batch(const Examples& x) const { return apply(SliceOp{region.of_examples()}, x[0]); }
};

void Embed::vjp(const Tensor& g, const Send& send) const { send(0, apply(SliceOp{region}, g)); }

/// x with other values in a region, of its dtype and of the region's shape.
struct Placed {
  static constexpr OpInfo info{"set", true};
  Region region;
  void attributes(auto& visit) const { visit("at", region.text()); }

  OpResult infer(const Tensor& x, const Tensor&) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x, const Tensor& values) const {
    copy_into(y, x);
    copy_into(view(info.name, y, region), values);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return apply(Placed{region}, g, no_values(g)); });
    send(1, [&] { return apply(SliceOp{region}, g); });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor x = t[0].defined() ? t[0] : zeros(t.shape(), t.dtype());
    return apply(Placed{region}, x, t[1].defined() ? t[1] : no_values(x));
  }
  Tensor batch(const Examples& x) const {
    return apply(Placed{region.of_examples()}, x.each(0), x.each(1));
  }

 private:
  Tensor no_values(const Tensor& x) const { return zeros_like(apply(SliceOp{region}, x.detach())); }
};

/// The parts of an axis that tensors take, one behind the other.
class Parts {
 public:
  explicit Parts(int axis) : axis_(axis) {}
  Region next(std::int64_t extent) {
    return {axis_, {std::exchange(end_, end_ + extent), extent, 1}};
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
  detail::Few<std::int64_t, 2> extents{};  // of the inputs along the axis

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
      copy_into(view(info.name, y, parts.next(tensor->shape()[axis])), *tensor);
  }
  void keep(const Tensor&, std::span<const Tensor* const> tensors) {
    std::vector<std::int64_t> all;
    for (const Tensor* tensor : tensors) all.push_back(tensor->shape()[axis]);
    extents = detail::Few<std::int64_t, 2>(all);
  }
  void vjp(const Tensor& g, const Send& send) const {
    Parts parts(axis);
    std::size_t i = 0;
    for (const std::int64_t extent : extents.items()) {
      const Region part = parts.next(extent);
      send(i, [&] { return apply(SliceOp{part}, g).to(send.dtype(i)); });
      ++i;
    }
  }
  Tensor jvp(const Tangents& t) const {
    std::vector<Tensor> tangents;
    for (const std::int64_t extent : extents.items()) {
      const Tensor& tangent = t[tangents.size()];
      Shape shape = t.shape();
      shape[axis] = extent;
      tangents.push_back(tangent.defined() ? tangent.to(t.dtype()) : zeros(shape, t.dtype()));
    }
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
  detail::require_defined("slice", "x", x);
  if (slices.empty()) return detail::snapshot(x);
  return apply(SliceOp{Region("slice", x.shape(), x.dtype(), slices)}, x);
}

Tensor embed(const Tensor& x, const Shape& shape, std::span<const Slice> slices) {
  detail::require_defined("embed", "x", x);
  return apply(Embed{shape, Region("embed", shape, x.dtype(), slices)}, x);
}

Tensor detail::placed(const Tensor& x, std::span<const Slice> slices, const Tensor& values) {
  return apply(Placed{Region("set", x.shape(), x.dtype(), slices)}, x, values);
}

Tensor flip(const Tensor& x, std::int64_t axis) {
  detail::require_defined("flip", "x", x);
  const int along = normalize_axis("flip", axis, x.rank());
  return apply(SliceOp{Region(along, {x.extent(along) - 1, x.extent(along), -1})}, x);
}

Tensor concatenate(std::span<const Tensor> tensors, std::int64_t axis) {
  for (const Tensor& one : tensors) detail::require_defined("concatenate", "tensors", one);
  if (tensors.empty()) throw ValueError("concatenate: at least one tensor is needed; got none");
  const int along = normalize_axis("concatenate", axis, tensors[0].rank());
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
  return apply_list(Concatenate{along}, pointers);
}

Tensor stack(std::span<const Tensor> tensors, std::int64_t axis) {
  for (const Tensor& one : tensors) detail::require_defined("stack", "tensors", one);
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
  detail::require_defined("split", "x", x);
  const int along = normalize_axis("split", axis, x.rank());
  const std::int64_t extent = x.shape()[along];
  if (parts < 1 || parts > std::max<std::int64_t>(extent, 1) || extent % parts != 0) {
    throw ShapeError("split: the number of parts must divide the axis; got " +
                     std::to_string(parts) + " for axis " + std::to_string(axis) + " of " +
                     x.describe());
  }
  std::vector<Tensor> pieces;
  for (std::int64_t i = 0; i < parts; ++i) {
    const Range part{i * (extent / parts), extent / parts, 1};
    pieces.push_back(apply(SliceOp{Region(along, part)}, x));
  }
  return pieces;
}

}  // namespace xtape
