#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The same elements in row-major order in another shape; one extent may be -1 and follows from the
/// others. A view where strides allow it.   dx = g, reshaped back
/// Throws ShapeError unless the number of elements is the same.
[[nodiscard]] Tensor reshape(const Tensor& x, std::span<const std::int64_t> shape);
[[nodiscard]] inline Tensor reshape(const Tensor& x, std::initializer_list<std::int64_t> shape) {
  return reshape(x, std::span(shape.begin(), shape.size()));
}
template <IntegerList List>
[[nodiscard]] Tensor reshape(const Tensor& x, const List& shape) {
  return reshape(x, std::span<const std::int64_t>(detail::as_int64("reshape", shape)));
}
[[nodiscard]] Tensor reshape(const Tensor& x, const Shape& shape);

/// Axes in another order, `axes[i]` becoming the i-th; without `axes` reversed. A view.
///   dx = g, transposed back
/// Throws ValueError unless `axes` names each axis once.
[[nodiscard]] Tensor transpose(const Tensor& x);
[[nodiscard]] Tensor transpose(const Tensor& x, std::span<const std::int64_t> axes);
[[nodiscard]] inline Tensor transpose(const Tensor& x, std::initializer_list<std::int64_t> axes) {
  return transpose(x, std::span(axes.begin(), axes.size()));
}
template <IntegerList List>
[[nodiscard]] Tensor transpose(const Tensor& x, const List& axes) {
  return transpose(x, std::span<const std::int64_t>(detail::as_int64("transpose", axes)));
}
/// Two axes exchanged; the last two make the matrix transpose. A view.   dx = g, exchanged back
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor swapaxes(const Tensor& x, std::int64_t a, std::int64_t b);

/// x repeated along new axes in front and along axes of extent 1. A view.   dx = sum_to(g)
/// Throws ShapeError unless x broadcasts to `shape`.
[[nodiscard]] Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// A new axis of extent 1 before the axis that is then `axis`. A view.   dx = g, reshaped
/// Throws IndexError for an axis that there is not, ShapeError beyond 8 axes.
[[nodiscard]] Tensor expand_dims(const Tensor& x, std::int64_t axis);
/// Without the axes of extent 1, or without one of them.   dx = g, reshaped
/// Throws ShapeError if its extent is not 1, IndexError for an axis that there is not.
[[nodiscard]] Tensor squeeze(const Tensor& x);
[[nodiscard]] Tensor squeeze(const Tensor& x, std::int64_t axis);

/// The part of an axis that `slice` takes: one index, which drops the axis, a `range`, or all.
/// Braces around numbers make no range, so that `{0, 2}` always is two indices.
struct Slice {
  static const Slice all;  ///< the whole axis

  Slice() = default;  ///< the whole axis too
  Slice(std::int64_t index) : start(index), single(true) {}
  /// An end of the axis, `{}`.
  struct End {};
  /// The whole axis in steps: `{{}, {}, -1}` is the axis backwards.
  Slice(End, End, std::int64_t by) : step(by) {}
  struct Part {
    Part() = default;
    Part(std::int64_t) {}
  };
  /// Of numbers in braces nobody could say whether they are indices or a range: see `range`.
  Slice(Part, Part) = delete;
  Slice(Part, Part, Part) = delete;

  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
  bool single = false;
};
inline const Slice Slice::all;

/// start, start + step, ... below stop, counted and clamped as Python does; `{}` is the end that
/// the step comes from or leads to.
inline Slice range(std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
                   std::int64_t step = 1) {
  Slice slice;
  slice.start = start;
  slice.stop = stop;
  slice.step = step;
  return slice;
}

/// Part of x, axis by axis from the first; axes not named are taken whole. A view.
///   `slice(x, {Slice::all, range(1, 5), range({}, {}, -1), 3})` is x[:, 1:5, ::-1, 3]
///   dx = embed(g)
/// Throws IndexError for a single index out of range or too many slices, ValueError for step 0.
[[nodiscard]] Tensor slice(const Tensor& x, std::span<const Slice> slices);
[[nodiscard]] Tensor slice(const Tensor& x, std::initializer_list<Slice> slices);

/// Zeros of `shape` with x in the place that `slice` with the same slices would take: its
/// derivative.
///   dx = slice(g)
/// Throws ShapeError unless x has the shape of that place.
[[nodiscard]] Tensor embed(const Tensor& x, const Shape& shape, std::span<const Slice> slices);
[[nodiscard]] Tensor embed(const Tensor& x, const Shape& shape,
                           std::initializer_list<Slice> slices);

/// Elements in reverse order along an axis. A view.   dx = flip(g)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor flip(const Tensor& x, std::int64_t axis);

/// Tensors one behind the other along an axis, in the promoted dtype.   dx_i = its part of g
/// Throws ValueError for no tensors, ShapeError unless the other extents agree, IndexError for an
/// axis that there is not.
[[nodiscard]] Tensor concatenate(std::span<const Tensor> tensors, std::int64_t axis = 0);
[[nodiscard]] inline Tensor concatenate(std::initializer_list<Tensor> tensors,
                                        std::int64_t axis = 0) {
  return concatenate(std::span(tensors.begin(), tensors.size()), axis);
}
/// Tensors of one shape along a new axis.   dx_i = its part of g
/// Throws ValueError for no tensors, ShapeError unless they have one shape, IndexError for an axis
/// that there is not.
[[nodiscard]] Tensor stack(std::span<const Tensor> tensors, std::int64_t axis = 0);
[[nodiscard]] inline Tensor stack(std::initializer_list<Tensor> tensors, std::int64_t axis = 0) {
  return stack(std::span(tensors.begin(), tensors.size()), axis);
}
/// Equal parts of an axis, views.   dx = embed(g)
/// Throws ShapeError unless `parts` divides it, IndexError for an axis that there is not.
[[nodiscard]] std::vector<Tensor> split(const Tensor& x, std::int64_t parts, std::int64_t axis = 0);

}  // namespace xtape

XTAPE_EXPORT_END
