#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/nn/channels.hpp>
#include <xtape/report/kernels/pixels.hpp>
#include <xtape/report/svg.hpp>

namespace xtape::report::detail {

/// Images of gray or of red, green and blue, and the numbers that are black and white.
struct ImageStack {
  std::int64_t count, height, width, channels;
  std::vector<double> values;  // [count, height, width, channels]
  double low, high;

  kernels::Pixels image(std::int64_t i, Colormap map = Colormap::gray) const;
};

/// See ImageGridOptions. Throws, in the name of `op`, ShapeError for a tensor that holds no such
/// images.
ImageStack image_stack(const char* op, const Tensor& images, std::optional<double> low = {},
                       std::optional<double> high = {}, std::optional<nn::Channels> channels = {});

/// The same of one image, see `save_png`.
ImageStack stack_of_one(const char* op, const Tensor& image, std::optional<double> low = {},
                        std::optional<double> high = {});

/// Draws pixels as they are, each a square; they are enlarged here, as not every viewer does it
/// without smoothing.
void draw_pixels(Svg& svg, const kernels::Pixels& pixels, double x, double y, double width,
                 double height);

/// The finite ones' least and greatest; 0 and 1 where there are none. Equal ones are set apart.
std::pair<double, double> value_range(const std::vector<double>& values);

}  // namespace xtape::report::detail
