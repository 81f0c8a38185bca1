#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>

namespace xtape {
namespace {

int axis_of(const char* op, const Tensor& x, std::int64_t axis) {
  detail::require_defined(op, "the samples", x);
  return normalize_axis(op, axis, x.rank());
}

/// All samples along an axis but the first, or but the last.
struct Neighbours {
  Neighbours(const Tensor& x, int axis) {
    std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
    slices.back() = range(1, {});
    after = slice(x, slices);
    slices.back() = range(0, after.shape()[axis]);
    before = slice(x, slices);
  }
  Tensor before, after;
};

Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

Tensor of_neighbours(const Tensor& y, int axis) {
  const Neighbours pair(as_floating(y), axis);
  return pair.before + pair.after;
}

}  // namespace

Tensor diff(const Tensor& x, std::int64_t n, std::int64_t given) {
  const int axis = axis_of("diff", x, given);
  detail::require_at_least<std::int64_t>("diff", "n", n, 0);
  Tensor y = x.dtype() == Dtype::boolean && n > 0 ? x.to(Dtype::int64) : x;
  for (std::int64_t i = 0; i < n && y.shape()[axis] > 0; ++i) {
    const Neighbours pair(y, axis);
    y = pair.after - pair.before;
  }
  return y;
}

Tensor trapezoid(const Tensor& y, double dx, std::int64_t given) {
  const int axis = axis_of("trapezoid", y, given);
  const Tensor samples = as_floating(y);
  Number(dx).check("trapezoid", samples.dtype());
  std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
  const auto part = [&](const Slice& along) {
    slices.back() = along;
    return slice(samples, slices);
  };
  if (samples.shape()[axis] < 2) return sum(part(range(0, 0)), axis) * dx;
  // Each sample but the first and the last bounds two pieces.
  return (sum(part(range(1, -1)), axis) + (0.5 * part(0) + 0.5 * part(-1))) * dx;
}

Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t given) {
  const int axis = axis_of("trapezoid", y, given);
  detail::require_defined("trapezoid", "x", x);
  const std::int64_t samples = y.shape()[axis];
  const int along = x.rank() == 1 ? 0 : axis;
  if ((x.rank() != 1 && x.rank() != y.rank()) || x.shape()[along] != samples) {
    throw ShapeError("trapezoid: x must be a point for each sample along axis " +
                     std::to_string(axis) + "; got " + x.describe() + " for " + y.describe());
  }
  static_cast<void>(x.rank() == 1 ? y.shape()
                                  : broadcast_shapes("trapezoid", x.shape(), y.shape()));
  Tensor distance = diff(as_floating(x), 1, along);
  if (x.rank() == 1) {
    std::vector<std::int64_t> extents(static_cast<std::size_t>(y.rank()), 1);
    extents[static_cast<std::size_t>(axis)] = distance.size();
    distance = reshape(distance, extents);
  }
  return sum(of_neighbours(y, axis) * distance, axis) / 2;
}

}  // namespace xtape
