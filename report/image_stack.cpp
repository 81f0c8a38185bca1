#include <algorithm>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/report/image_stack.hpp>

namespace xtape::report::detail {

kernels::Pixels ImageStack::image(std::int64_t i, Colormap map) const {
  const double* const first = values.data() + i * height * width * channels;
  return kernels::pixels(first, static_cast<std::size_t>(height), static_cast<std::size_t>(width),
                         static_cast<std::size_t>(channels), low, high, map);
}

ImageStack image_stack(const char* op, const Tensor& images, std::optional<double> low,
                       std::optional<double> high, std::optional<nn::Channels> channels) {
  const NoGradGuard off;
  Tensor x = images.detach();
  const auto fits = [](std::int64_t extent) { return extent == 1 || extent == 3; };
  if (x.rank() == 3) x = expand_dims(x, -1), channels = nn::Channels::last;
  if (x.rank() == 4 && !channels)
    channels = fits(x.extent(3)) ? nn::Channels::last : nn::Channels::first;
  if (x.rank() == 4 && channels == nn::Channels::first) x = moveaxis(x, 1, 3);
  if (x.rank() != 4 || !fits(x.extent(3)) || x.size() == 0) {
    throw ShapeError(
        std::string(op) +
        ": images must be [n, height, width], or with an axis of 1 or 3 channels behind "
        "or in front of height and width; got " +
        images.describe());
  }
  ImageStack stack{x.extent(0), x.extent(1), x.extent(2), x.extent(3), x.to_vector<double>(), 0, 1};
  const auto [least, greatest] = value_range(stack.values);
  const double full = x.dtype() == Dtype::int64 ? 255 : 1;
  const bool usual = least >= 0 && greatest <= full;
  stack.low = low.value_or(usual ? 0 : least);
  stack.high = high.value_or(usual ? full : greatest);
  if (!(stack.low < stack.high) || !std::isfinite(stack.low) || !std::isfinite(stack.high)) {
    throw ValueError(std::string(op) + ": low must lie below high; got " +
                     xtape::detail::text(stack.low) + " and " + xtape::detail::text(stack.high));
  }
  return stack;
}

ImageStack stack_of_one(const char* op, const Tensor& image, std::optional<double> low,
                        std::optional<double> high) {
  const int rank = image.rank();
  const auto fits = [&](int axis) { return image.extent(axis) == 1 || image.extent(axis) == 3; };
  if ((rank == 2 || (rank == 3 && (fits(0) || fits(2)))) && image.size() > 0)
    return image_stack(op, expand_dims(image.detach(), 0), low, high);
  throw ShapeError(std::string(op) +
                   ": the image must be [height, width], or with an axis of 1 or 3 channels behind "
                   "or in front of these; got " +
                   image.describe());
}

std::pair<double, double> value_range(const std::vector<double>& values) {
  double least = INFINITY, greatest = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  if (least > greatest) return {0, 1};
  if (least == greatest) return {least, least + std::max(1.0, std::abs(least) / 2)};
  return {least, greatest};
}

void draw_pixels(Svg& svg, const kernels::Pixels& pixels, double x, double y, double width,
                 double height) {
  const double across = width / static_cast<double>(pixels.width);
  const kernels::Pixels large =
      kernels::enlarged(pixels, static_cast<std::size_t>(std::max(std::ceil(across), 1.0)));
  svg.element("image", {{"x", x},
                        {"y", y},
                        {"width", width},
                        {"height", height},
                        {"preserveAspectRatio", "none"},
                        {"style", "image-rendering:pixelated"},
                        {"href", "data:image/png;base64," + kernels::base64(kernels::png(large))}});
}

}  // namespace xtape::report::detail
