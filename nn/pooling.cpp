#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/pooling.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/window_shape.hpp>

namespace xtape::nn::detail {

std::string pool_name(const char* name, int axes) { return per_axes(name, axes); }

std::string pool_arguments(const PerAxis& window, const PerAxis& stride, const PerAxis& padding) {
  return Arguments(window)("stride", stride.given() ? stride : window, window)("padding", padding,
                                                                               0)
      .text;
}

Images::Images(const char* op, const Tensor& x, int axes) : single(false) {
  xtape::detail::require_defined(op, "x", x);
  batch = xtape::detail::with_images(op, x, axes, single);
}

Tensor Images::unpacked(const Tensor& y) const { return single ? squeeze(y, 0) : y; }

namespace {

/// All elements of each channel, [n, c, elements].
Tensor channels_of(const char* op, const Tensor& x) {
  xtape::detail::require_defined(op, "x", x);
  if (x.rank() < 3)
    throw ShapeError(std::string(op) + ": [n, c, extents...] is needed; got " + x.describe());
  return flatten(x, 2);
}

}  // namespace

}  // namespace xtape::nn::detail

namespace xtape::nn {

Tensor GlobalAvgPool::operator()(const Tensor& x) const {
  return call(x,
              [](const Tensor& in) { return mean(detail::channels_of("global_avg_pool", in), 2); });
}
Tensor GlobalMaxPool::operator()(const Tensor& x) const {
  return call(x,
              [](const Tensor& in) { return amax(detail::channels_of("global_max_pool", in), 2); });
}

}  // namespace xtape::nn
