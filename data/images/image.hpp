#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/channels.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// What the channels of a picture are. Colours become grey by the weights of ITU-R BT.601; what is
/// asked for without alpha loses it, and what has none is opaque.
enum class Pixels {
  as_stored,  ///< as many channels as the file has: 1 grey, 2 and alpha, 3 colours, 4 and alpha
  grey,
  rgb,
  rgba
};

struct ImageOptions {
  Pixels pixels = Pixels::as_stored;
  nn::Channels channels = nn::Channels::last;  ///< as `augment` has them, or first
  std::optional<Dtype> dtype = {};             ///< int64 unless given
  double center = 0;                           ///< bytes become (byte - center) / scale
  double scale = 1;
  std::int64_t max_pixels = std::int64_t{1} << 27;  ///< a picture of more is refused
};

/// The picture in a file of PNG or JPEG: bytes from 0 to 255.
///   -> [height, width, channels], or [channels, height, width]
/// Palettes are looked up, 1, 2 and 4 bits spread over 0 to 255, 16 bits rounded to 8, interlaced
/// pictures put together, and the orientation that a camera wrote (Exif) is carried out. Colour
/// profiles are ignored.
/// Throws IoError, naming the file, if it cannot be read, is damaged or cut short, of another kind
/// (which is told), of CMYK or other colours than these, or larger than `max_pixels`; ValueError,
/// DtypeError as PackedIntegers. Source of the weights: ITU-R BT.601; of the orientation: CIPA
/// DC-008, Exif 2.3, 4.6.4.
Tensor read_image(const std::string& path, const ImageOptions& options = {});

/// A picture in another size: each pixel is the mean of those around its place, weighted by a
/// triangle as wide as the step between pixels, of the old or the new ones, whichever is longer;
/// sums go in double. NaN and infinities show in those alone. Nothing is recorded.
///   image [rows, columns, channels], floating   ->   [height, width, channels], of the same dtype
/// Throws ShapeError for another rank or an image without pixels, DtypeError unless floating,
/// ValueError for a height or width below 1.
/// Source: Pillow, `Image.resize` with BILINEAR; PyTorch, `interpolate` with antialias.
Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width);

}  // namespace xtape::data

XTAPE_EXPORT_END
