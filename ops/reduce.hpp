#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The axes of a reduction: none given means all; negative ones count from the last. A list, such
/// as a std::vector, names the axes that are in it: an empty one, none.
class Axes {
 public:
  Axes() = default;
  /// Throws ValueError for more axes than a tensor can have.
  Axes(std::initializer_list<std::int64_t> axes) : Axes(std::span(axes.begin(), axes.size())) {}
  Axes(std::span<const std::int64_t> axes);
  template <IntegerList List>
  Axes(const List& axes) : Axes(std::span<const std::int64_t>(detail::as_int64("axes", axes))) {}
  template <std::integral Axis>
  Axes(Axis axis) : Axes({static_cast<std::int64_t>(axis)}) {}

  /// One flag an axis. Throws IndexError for an axis out of range, ValueError for one named twice.
  std::array<bool, max_rank> flags(const char* op, int rank) const;

 private:
  bool all_ = true;
  std::size_t count_ = 0;
  std::array<std::int64_t, max_rank> axes_{};
};

struct ReduceOptions {
  bool keep_dims = false;  ///< reduced axes stay, with extent 1
};

/// Sum over axes; of booleans and integers in int64. float32 sums go on in double after 64
/// additions. Empty: 0.
///   dx = g, broadcast
[[nodiscard]] Tensor sum(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// Mean over axes; of integers in float64. Empty: NaN.   dx = g / n, broadcast
[[nodiscard]] Tensor mean(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// Product over axes. Empty: 1.   dx_i = g times the product of the others, right with zeros among
/// them
[[nodiscard]] Tensor prod(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// Greatest and smallest element over axes; NaN if there is one. Throws ValueError for no elements.
///   dx = g shared evenly among the elements equal to the result, 0 elsewhere
[[nodiscard]] Tensor amax(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});
[[nodiscard]] Tensor amin(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// log(sum(exp(x))) over axes, without overflow; in a floating dtype. All -inf, or empty: -inf,
/// with gradient 0.
///   dx = g softmax(x), over the same axes
[[nodiscard]] Tensor logsumexp(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// Index of the greatest (smallest) element along an axis, the first among equals; NaN counts as
/// greatest (smallest). int64, without gradient. Throws ValueError for no elements.
[[nodiscard]] Tensor argmax(const Tensor& x, std::int64_t axis, ReduceOptions options = {});
[[nodiscard]] Tensor argmin(const Tensor& x, std::int64_t axis, ReduceOptions options = {});
/// Over all elements, in row-major order.
[[nodiscard]] Tensor argmax(const Tensor& x);
[[nodiscard]] Tensor argmin(const Tensor& x);

/// Sums the axes along which a tensor of `shape` was broadcast to that of x; the derivative of
/// broadcast_to, and the other way round. Itself if the shapes are equal.   dx = broadcast_to(g)
[[nodiscard]] Tensor sum_to(Tensor x, const Shape& shape);

}  // namespace xtape

XTAPE_EXPORT_END
