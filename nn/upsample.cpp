#include <string>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/upsample.hpp>

namespace xtape::nn {

Upsample::Upsample(const UpsampleOptions& options) : options_(options) {
  if (options.size.given() == options.scale.given())
    throw ValueError("upsample: either a size or a scale must be given; got " +
                     std::string(options.size.given() ? "both" : "none"));
  detail::Arguments shown;
  shown("size", options.size, {})("scale", options.scale, {});
  shown("mode", std::string(options.mode == Interpolation::linear ? "linear" : "nearest"),
        "nearest")("align_corners", options.align_corners, false);
  describe("Upsample", shown.text);
}

Tensor Upsample::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    PerAxis size = options_.size;
    if (options_.scale.given() && in.rank() > 2 && in.rank() < 6) {
      const int axes = in.rank() - 2;
      const auto scale = options_.scale.of("upsample", "scale", axes, 1);
      std::vector<std::int64_t> sizes;
      for (int axis = 0; axis < axes; ++axis) {
        const std::int64_t times = scale[static_cast<std::size_t>(axis + 3 - axes)];
        sizes.push_back(in.extent(axis + 2) * times);
      }
      size = sizes;
    }
    return options_.mode == Interpolation::nearest
               ? upsample_nearest(in, size)
               : upsample_linear(in, size, {.align_corners = options_.align_corners});
  });
}

PixelShuffle::PixelShuffle(std::int64_t factor)
    : factor_(xtape::detail::require_at_least<std::int64_t>("pixel_shuffle", "factor", factor, 1)) {
  describe("PixelShuffle", xtape::detail::text(factor));
}
Tensor PixelShuffle::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return pixel_shuffle(in, factor_); });
}

PixelUnshuffle::PixelUnshuffle(std::int64_t factor)
    : factor_(
          xtape::detail::require_at_least<std::int64_t>("pixel_unshuffle", "factor", factor, 1)) {
  describe("PixelUnshuffle", xtape::detail::text(factor));
}
Tensor PixelUnshuffle::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return pixel_unshuffle(in, factor_); });
}

}  // namespace xtape::nn
