#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/kernels/interpolate.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/upsample.hpp>

namespace xtape {
namespace {

/// Interpolation along an axis, or the transpose of that.
struct Resize {
  OpInfo info;
  kernels::Interpolation of;
  int axis;
  bool transposed = false;

  void attributes(auto& visit) const {
    visit("axis", static_cast<std::int64_t>(axis));
    visit("size", to());
    visit("linear", of.linear);
    if (of.linear) visit("align_corners", of.align_corners);
  }
  OpResult infer(const Tensor& x) const {
    Shape shape = x.shape();
    shape[axis] = to();
    return {shape, x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    std::int64_t outer = 1, inner = 1;
    for (int i = 0; i < x.rank(); ++i)
      if (i != axis) (i < axis ? outer : inner) *= x.extent(i);
    (transposed ? kernels::spread : kernels::interpolate)(x.dtype(), of, outer, inner,
                                                          dense.body().data, y.body().data);
  }
  void vjp(const Tensor& g, const Send& send) const {
    Resize back = *this;
    back.transposed = !transposed;
    send(0, apply(back, g));
  }
  Tensor batch(const Examples& x) const {
    Resize all = *this;
    ++all.axis;
    return apply(all, x[0]);
  }

 private:
  std::int64_t to() const { return transposed ? of.in : of.out; }
};

Tensor resized(const char* op, const Tensor& x, const PerAxis& size, bool linear,
               bool align_corners) {
  detail::require_defined(op, "x", x);
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > 3) {
    throw ShapeError(std::string(op) + ": [n, c, extents...] of 1 to 3 axes is needed; got " +
                     x.describe());
  }
  if (!is_floating(x.dtype()))
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
  const auto sizes = size.of(op, "size", axes, 1);
  for (int axis = 2; axis < x.rank(); ++axis) {
    if (x.extent(axis) == 0)
      throw ShapeError(std::string(op) + ": each axis must have elements; got " + x.describe());
  }
  Tensor y = x;
  for (int axis = x.rank() - 1; axis >= 2; --axis) {  // first along rows, then of whole rows
    const std::int64_t to = sizes[static_cast<std::size_t>(axis + 3 - x.rank())];
    if (to == y.extent(axis)) continue;
    y = apply(Resize{{op, true}, {y.extent(axis), to, linear, align_corners}, axis}, y);
  }
  return y;
}

void check_pixels(const char* op, const Tensor& x, std::int64_t factor) {
  detail::require_defined(op, "x", x);
  detail::require_in<std::int64_t>(op, "factor", factor, 1, 1 << 30);
  if (x.rank() < 3)
    throw ShapeError(std::string(op) + ": [..., channels, height, width] is needed; got " +
                     x.describe());
}

/// The leading extents, and others behind them.
std::vector<std::int64_t> behind(const Tensor& x, std::initializer_list<std::int64_t> others) {
  std::vector<std::int64_t> shape(x.shape().begin(), x.shape().end() - 3);
  shape.insert(shape.end(), others);
  return shape;
}

/// The last of the axes, as many as `order` has, in that order.
Tensor with_last(const Tensor& x, std::initializer_list<std::int64_t> order) {
  std::vector<std::int64_t> axes;
  const auto first = x.rank() - static_cast<std::int64_t>(order.size());
  for (std::int64_t axis = 0; axis < first; ++axis) axes.push_back(axis);
  for (const std::int64_t axis : order) axes.push_back(first + axis);
  return transpose(x, axes);
}

}  // namespace

Tensor upsample_nearest(const Tensor& x, const PerAxis& size) {
  return resized("upsample_nearest", x, size, false, false);
}

Tensor upsample_linear(const Tensor& x, const PerAxis& size, const UpsampleLinearOptions& options) {
  return resized("upsample_linear", x, size, true, options.align_corners);
}

Tensor pixel_shuffle(const Tensor& x, std::int64_t factor) {
  const char* const op = "pixel_shuffle";
  check_pixels(op, x, factor);
  const std::int64_t r = factor, h = x.extent(-2), w = x.extent(-1);
  if (x.extent(-3) % (r * r) != 0) {
    throw ShapeError("pixel_shuffle: the channels must be a multiple of " + std::to_string(r * r) +
                     "; got " + x.describe());
  }
  const std::int64_t c = x.extent(-3) / (r * r);
  const Tensor parted = reshape(x, behind(x, {c, r, r, h, w}));
  return reshape(with_last(parted, {0, 3, 1, 4, 2}), behind(x, {c, h * r, w * r}));
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t factor) {
  const char* const op = "pixel_unshuffle";
  check_pixels(op, x, factor);
  const std::int64_t r = factor, c = x.extent(-3);
  if (x.extent(-2) % r != 0 || x.extent(-1) % r != 0) {
    throw ShapeError("pixel_unshuffle: height and width must be multiples of " + std::to_string(r) +
                     "; got " + x.describe());
  }
  const std::int64_t h = x.extent(-2) / r, w = x.extent(-1) / r;
  const Tensor parted = reshape(x, behind(x, {c, h, r, w, r}));
  return reshape(with_last(parted, {0, 2, 4, 1, 3}), behind(x, {c * r * r, h, w}));
}

}  // namespace xtape
