#include <algorithm>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/data/images/kernels/raw_image.hpp>

namespace xtape::data::kernels {
namespace {

/// Two or four bytes in one of the two orders of TIFF; nothing behind the end of the block.
class TiffBlock {
 public:
  explicit TiffBlock(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    little_ = bytes.size() > 1 && bytes[0] == 'I' && bytes[1] == 'I';
    valid_ =
        (little_ || (bytes.size() > 1 && bytes[0] == 'M' && bytes[1] == 'M')) && number(2, 2) == 42;
  }
  bool valid() const { return valid_; }
  std::size_t number(std::size_t at, std::size_t count) const {
    std::size_t value = 0;
    if (at > bytes_.size() || count > bytes_.size() - at) return 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 | bytes_[little_ ? at + count - 1 - i : at + i];
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_ = false, valid_ = false;
};

/// Of 255: what BT.601 gives red, green and blue, in units of 2^-16, as Pillow has it.
std::uint8_t grey(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >>
                                   16);
}

}  // namespace

void Limits::fail(const std::string& what) const { throw IoError(path + ": " + what); }

void Limits::check(std::size_t height, std::size_t width) const {
  if (height > 0 && width > 0 && height <= static_cast<std::size_t>(max_pixels) / width) return;
  fail("a picture must have from 1 to " + std::to_string(max_pixels) + " pixels; got " +
       std::to_string(height) + " by " + std::to_string(width));
}

// TIFF 6.0, section 2: behind the byte order and 42 where the entries are; these have 12 bytes, a
// tag, a type, a count, and the value, whose first two bytes it is for one short number.
int exif_orientation(std::span<const std::uint8_t> block) {
  constexpr std::size_t orientation = 0x0112, short_number = 3;
  const TiffBlock tiff(block);
  if (!tiff.valid()) return 1;
  const std::size_t first = tiff.number(4, 4), count = tiff.number(first, 2);
  for (std::size_t i = 0; i < count && first + 14 + 12 * i <= block.size(); ++i) {
    const std::size_t entry = first + 2 + 12 * i;
    if (tiff.number(entry, 2) != orientation) continue;
    const std::size_t value = tiff.number(entry + 8, 2);
    const bool good = tiff.number(entry + 2, 2) == short_number && value >= 1 && value <= 8;
    return good ? static_cast<int>(value) : 1;
  }
  return 1;
}

// 2 is mirrored, 3 turned by 180 degrees, 4 both; 5 to 8 are those with rows for columns.
RawImage upright(RawImage image) {
  if (image.orientation == 1) return image;
  const bool swapped = image.orientation >= 5;
  const int kind = image.orientation;
  const bool from_right = kind == 2 || kind == 3 || kind == 7 || kind == 8;  // in the file
  const bool from_below = kind == 3 || kind == 4 || kind == 6 || kind == 7;
  RawImage y{swapped ? image.width : image.height, swapped ? image.height : image.width,
             image.channels, std::vector<std::uint8_t>(image.bytes.size())};
  std::uint8_t* to = y.bytes.data();
  for (std::size_t i = 0; i < y.height; ++i) {
    for (std::size_t j = 0; j < y.width; ++j, to += y.channels) {
      const std::size_t row = swapped ? j : i, column = swapped ? i : j;
      const std::size_t from_row = from_below ? image.height - 1 - row : row;
      const std::size_t from_column = from_right ? image.width - 1 - column : column;
      std::copy_n(&image.bytes[(from_row * image.width + from_column) * y.channels], y.channels,
                  to);
    }
  }
  return y;
}

RawImage with_channels(RawImage image, std::size_t channels) {
  if (image.channels == channels) return image;
  const bool colours = image.channels >= 3, alpha = image.channels % 2 == 0;
  RawImage y{image.height, image.width, channels, {}, image.orientation};
  y.bytes.resize(image.height * image.width * channels);
  const std::uint8_t* from = image.bytes.data();
  for (std::uint8_t* to = y.bytes.data(); to != y.bytes.data() + y.bytes.size();
       to += channels, from += image.channels) {
    if (channels == 1) {
      *to = colours ? grey(from) : *from;
      continue;
    }
    for (std::size_t k = 0; k < 3; ++k) to[k] = colours ? from[k] : *from;
    if (channels == 4) to[3] = alpha ? from[image.channels - 1] : std::uint8_t{255};
  }
  return y;
}

}  // namespace xtape::data::kernels
