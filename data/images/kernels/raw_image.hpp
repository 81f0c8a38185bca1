#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Loops over the bytes of pictures.
namespace xtape::data::kernels {

/// [height, width, channels]: grey, grey and alpha, red, green and blue, or those and alpha.
struct RawImage {
  std::size_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> bytes = {};
  int orientation = 1;  // as Exif counts them: what has to be done to see it upright
};

/// What a file says of itself is told before memory is taken for it: throws if it is too large.
struct Limits {
  const std::string& path;
  std::int64_t max_pixels;

  void check(std::size_t height, std::size_t width) const;
  [[noreturn]] void fail(const std::string& what) const;
};

/// Throw IoError.
RawImage read_png(std::span<const std::uint8_t> file, const Limits& limits);
RawImage read_jpeg(std::span<const std::uint8_t> file, const Limits& limits);

/// The orientation in a block of Exif, which begins with its byte order, 1 to 8; 1 if there is
/// none.
int exif_orientation(std::span<const std::uint8_t> block);

/// With the orientation carried out.
RawImage upright(RawImage image);

/// With 1, 3 or 4 channels.
RawImage with_channels(RawImage image, std::size_t channels);

}  // namespace xtape::data::kernels
