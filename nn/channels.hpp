#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/rearrange.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Where the channels of images are: [n, c, extents...], or [n, extents..., c] as Keras has them.
/// Kernels want them first; the others are brought there, and back.
enum class Channels { first, last };

namespace detail {
/// f of images of `axes` axes with their channels first.
template <class F>
Tensor channels_first(const Tensor& x, int axes, Channels channels, F&& f) {
  if (channels == Channels::first || x.rank() <= axes) return f(x);
  const Tensor y = f(moveaxis(x, -1, x.rank() - 1 - axes));
  return moveaxis(y, y.rank() - 1 - axes, -1);
}
}  // namespace detail

}  // namespace xtape::nn

XTAPE_EXPORT_END
