#include <xtape/core/body.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/pooling.hpp>
#include <xtape/ops/layout.hpp>
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

}  // namespace xtape::nn::detail
