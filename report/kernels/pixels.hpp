#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/report/color.hpp>

/// Loops over the bytes of images.
namespace xtape::report::kernels {

/// An image, row by row: gray (1 channel), red, green and blue (3), or those and how opaque (4).
struct Pixels {
  std::size_t width = 0, height = 0, channels = 1;
  std::vector<unsigned char> bytes = {};
};

/// Numbers in [low, high] as pixels: of one channel in the colours of a map, of three as red, green
/// and blue. NaN is transparent.
///   values [height, width, channels]
Pixels pixels(const double* values, std::size_t height, std::size_t width, std::size_t channels,
              double low, double high, Colormap map);

/// Each pixel as a square of so many.
Pixels enlarged(const Pixels& pixels, std::size_t times);

/// The bytes of a PNG file.
std::string png(const Pixels& pixels);

std::string base64(std::string_view bytes);

}  // namespace xtape::report::kernels
