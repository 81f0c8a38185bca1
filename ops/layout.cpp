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

using Permutation = std::array<std::int8_t, max_rank>;

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

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

/// The shape of all examples.
Shape with_count(std::int64_t count, Shape shape) {
  shape.insert(0, count);
  return shape;
}

struct Reshape {
  static constexpr OpInfo info{"reshape", true};
  Shape shape;

  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("shape", shape);
  }
  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    const std::optional<Strides> strides = reshaped_strides(x.body(), shape);
    // Of a dense copy there is a view of any shape.
    return strides
               ? detail::make_view(x, shape, *strides, 0, info.name)
               : detail::make_view(x.contiguous(), shape, row_major_strides(shape), 0, info.name);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, reshape(g, send.shape(0))); }
  Tensor jvp(const Tangents& t) const { return reshape(t[0], shape); }
  Tensor batch(const Examples& x) const { return reshape(x[0], with_count(x.count(), shape)); }
};

/// Axis i of the result is axis `axes[i]` of x.
struct Transpose {
  static constexpr OpInfo info{"transpose", true};
  Permutation axes;

  void attributes(auto& visit) const {
    const int rank = 1 + *std::max_element(axes.begin(), axes.end());
    Shape shown;
    for (int i = 0; i < rank; ++i) shown.push_back(axes[at(i)]);
    visit("axes", shown);
  }
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
  Tensor batch(const Examples& x) const {
    std::array<std::int64_t, max_rank> all{};
    for (int i = 0; i < x.rank(0); ++i) all[at(i + 1)] = axes[at(i)] + 1;
    return transpose(x[0], std::span(all.data(), at(x.rank(0) + 1)));
  }
};

struct BroadcastTo {
  static constexpr OpInfo info{"broadcast_to", true};
  Shape shape;

  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("shape", shape);
  }
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
  Tensor batch(const Examples& x) const {
    Shape raised = x[0].shape();
    for (int missing = shape.rank() - x.rank(0); missing > 0; --missing) raised.insert(1, 1);
    return broadcast_to(reshape(x[0], raised), with_count(x.count(), shape));
  }
};

[[noreturn]] void throw_other_size(const Tensor& x, const std::string& shape) {
  throw ShapeError("reshape: the number of elements must stay; got " + x.describe() + " for " +
                   shape);
}

/// Extents as they were given, with -1.
std::string asked(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents)
    text += (text.empty() ? "[" : ", ") + std::to_string(extent);
  return text.empty() ? "[]" : text + "]";
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  detail::require_defined("reshape", "x", x);
  if (x.shape() == shape) return detail::snapshot(x);
  if (x.size() != shape.size()) throw_other_size(x, to_string(shape));
  return apply(Reshape{.shape = shape}, x);
}

Tensor reshape(const Tensor& x, std::span<const std::int64_t> extents) {
  detail::require_defined("reshape", "x", x);
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
  if (x.size() != Shape(std::span(shape.begin(), shape.end())).size())
    throw_other_size(x, asked(extents));
  return reshape(x, Shape(std::span(shape.begin(), shape.end())));
}

Tensor transpose(const Tensor& x) {
  detail::require_defined("transpose", "x", x);
  std::array<std::int64_t, max_rank> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes[at(axis)] = x.rank() - 1 - axis;
  return transpose(x, std::span(axes.data(), at(x.rank())));
}

Tensor transpose(const Tensor& x, std::span<const std::int64_t> axes) {
  detail::require_defined("transpose", "x", x);
  if (axes.size() != at(x.rank())) {
    throw ValueError("transpose: one entry an axis is needed; got " + std::to_string(axes.size()) +
                     " for " + x.describe());
  }
  if (axes.empty()) return detail::snapshot(x);
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
  detail::require_defined("swapaxes", "x", x);
  std::array<std::int64_t, max_rank> axes;
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
  std::swap(axes[at(normalize_axis("swapaxes", a, x.rank()))],
            axes[at(normalize_axis("swapaxes", b, x.rank()))]);
  return transpose(x, std::span(axes.data(), at(x.rank())));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  detail::require_defined("broadcast_to", "x", x);
  return x.shape() == shape ? detail::snapshot(x) : apply(BroadcastTo{shape}, x);
}

Tensor expand_dims(const Tensor& x, std::int64_t axis) {
  detail::require_defined("expand_dims", "x", x);
  Shape shape = x.shape();
  shape.insert(normalize_axis("expand_dims", axis, x.rank() + 1), 1);
  return reshape(x, shape);
}

Tensor squeeze(const Tensor& x) {
  detail::require_defined("squeeze", "x", x);
  Shape shape;
  for (const std::int64_t extent : x.shape()) {
    if (extent != 1) shape.push_back(extent);
  }
  return reshape(x, shape);
}

Tensor squeeze(const Tensor& x, std::int64_t axis) {
  detail::require_defined("squeeze", "x", x);
  Shape shape = x.shape();
  const int dropped = normalize_axis("squeeze", axis, x.rank());
  if (shape[dropped] != 1) {
    throw ShapeError("squeeze: the axis must have extent 1; got axis " + std::to_string(axis) +
                     " of " + x.describe());
  }
  shape.erase(dropped);
  return reshape(x, shape);
}

}  // namespace xtape
