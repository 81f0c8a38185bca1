#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/core/shape.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

struct Axis {
  std::int64_t extent, stride;
};

/// Some axes of x: their extents and strides.
struct AxisGroup {
  Shape shape;
  Strides strides{};

  void add(std::int64_t extent, std::int64_t stride) {
    strides[static_cast<std::size_t>(shape.rank())] = stride;
    shape.push_back(extent);
  }
  /// Takes the innermost axis out, or an axis of extent 1 if there is none.
  Axis pop() {
    if (shape.rank() == 0) return {1, 0};
    const int last = shape.rank() - 1;
    const Axis axis{shape[last], strides[static_cast<std::size_t>(last)]};
    shape.erase(last);
    return axis;
  }
  /// Takes neighbouring axes that lie one behind the other in memory as one.
  void merge() { coalesce(shape, {&strides}); }
  std::int64_t inner_stride() const {
    return shape.rank() == 0 ? 0 : strides[static_cast<std::size_t>(shape.rank()) - 1];
  }
};

/// Calls f(offset) for every position of the axes, in row-major order.
template <class F>
void for_each_offset(const AxisGroup& axes, F&& f) {
  std::array<std::int64_t, max_rank> at{};
  std::int64_t offset = 0;
  for (std::int64_t left = axes.shape.size(); left > 0; --left) {
    f(offset);
    for (int axis = axes.shape.rank() - 1; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      offset += axes.strides[a];
      if (++at[a] < axes.shape[axis]) break;
      offset -= axes.strides[a] * at[a];
      at[a] = 0;
    }
  }
}

/// Only the places [first, last) of the outermost axis are left; returns what then is the first
/// element.
template <class From>
const From* restrict_to(std::int64_t first, std::int64_t last, const From* x, AxisGroup& axes) {
  axes.shape[0] = last - first;
  return x + first * axes.strides[0];
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
