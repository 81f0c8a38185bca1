#include <cmath>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/positions.hpp>

namespace xtape {
namespace {

/// The angles [count, pairs] of positions from `first` on, p / base^(2 i / width).
Tensor angles(std::int64_t first, std::int64_t count, std::int64_t pairs, double width,
              double base) {
  const NoGradGuard off;
  const Tensor positions = (arange(count) + first).to(Dtype::float64);
  const Tensor exponents = arange(pairs).to(Dtype::float64) * (-2 / width);
  return expand_dims(positions, 1) * pow(base, exponents);
}

/// a and b by turns along a new last axis, which becomes one with that before.
Tensor interleaved(const Tensor& a, const Tensor& b) {
  const Tensor both = stack({a, b}, -1);
  Shape shape = a.shape();
  shape[a.rank() - 1] = 2 * a.extent(-1);
  return reshape(both, shape);
}

}  // namespace

Tensor sinusoidal_positions(std::int64_t count, std::int64_t width, Dtype dtype) {
  constexpr const char* op = "sinusoidal_positions";
  detail::require_at_least<std::int64_t>(op, "count", count, 0);
  detail::require_at_least<std::int64_t>(op, "width", width, 0);
  if (!is_floating(dtype))
    throw DtypeError(std::string(op) + ": a floating dtype is needed; got " +
                     std::string(to_string(dtype)));
  if (width == 0) return zeros({count, width}, dtype);
  const Tensor at = angles(0, count, width / 2 + width % 2, static_cast<double>(width), 10000);
  const Tensor all = interleaved(sin(at), cos(at)).to(dtype);
  return width % 2 == 0 ? all : slice(all, {Slice::all, range(0, width)}).contiguous();
}

Tensor rotary_positions(const Tensor& x, const RotaryOptions& options) {
  constexpr const char* op = "rotary_positions";
  detail::require_defined(op, "x", x);
  detail::require_positive(op, "base", options.base);
  detail::require_at_least<std::int64_t>(op, "first", options.first, 0);
  if (x.rank() < 2 || x.extent(-1) % 2 != 0) {
    throw ShapeError(std::string(op) +
                     ": [..., positions, width] with an even width is needed; got " + x.describe());
  }
  if (!is_floating(x.dtype()))
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
  const std::int64_t pairs = x.extent(-1) / 2;
  const Tensor at =
      angles(options.first, x.extent(-2), pairs, static_cast<double>(2 * pairs), options.base);
  const Tensor c = cos(at).to(x.dtype()), s = sin(at).to(x.dtype());
  std::vector<Slice> places(static_cast<std::size_t>(x.rank()));
  const auto part = [&](const Slice& columns) {
    places.back() = columns;
    return slice(x, places);
  };
  const bool halves = options.pairs == RotaryPairs::halves;
  const Tensor a = part(halves ? range(0, pairs) : range({}, {}, 2));
  const Tensor b = part(halves ? range(pairs, {}) : range(1, {}, 2));
  const Tensor turned_a = a * c - b * s, turned_b = a * s + b * c;
  return halves ? concatenate({turned_a, turned_b}, -1) : interleaved(turned_a, turned_b);
}

}  // namespace xtape
