#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <xtape/core/error.hpp>
#include <xtape/report/kernels/pixels.hpp>

namespace xtape::report::kernels {
namespace {

std::string big_endian(std::uint64_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xffU));
  return bytes;
}

const Bytef* as_bytes(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uLong check = crc32(0, as_bytes(body), static_cast<uInt>(body.size()));
  return big_endian(data.size()) + body + big_endian(check);
}

std::string compressed(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(result.data()), &size, as_bytes(bytes), bytes.size(),
                Z_BEST_COMPRESSION) != Z_OK) {
    throw ValueError("png: an image of " + std::to_string(bytes.size()) +
                     " bytes could not be compressed");
  }
  result.resize(size);
  return result;
}

unsigned char byte_of(double share) {
  return static_cast<unsigned char>(std::lround(255 * (share > 0 ? std::min(share, 1.0) : 0)));
}

}  // namespace

Pixels pixels(const double* values, std::size_t height, std::size_t width, std::size_t channels,
              double low, double high, Colormap map) {
  const double* const end = values + height * width * channels;
  const bool gaps = std::any_of(values, end, [](double v) { return std::isnan(v); });
  const bool gray = channels == 1 && map == Colormap::gray && !gaps;
  Pixels image{width, height, gray ? 1U : gaps ? 4U : 3U};
  image.bytes.reserve(height * width * image.channels);
  const auto share = [&](double v) {  // halves: their difference is finite
    return std::isinf(v) ? (v > 0 ? 1.0 : 0.0) : (v / 2 - low / 2) / (high / 2 - low / 2);
  };
  for (const double* v = values; v != end; v += channels) {
    if (gray) {
      image.bytes.push_back(byte_of(share(*v)));
      continue;
    }
    const bool gap = std::any_of(v, v + channels, [](double part) { return std::isnan(part); });
    Color color{255, 255, 255};
    if (!gap && channels == 1) color = color_of(map, share(*v));
    if (!gap && channels == 3)
      color = {byte_of(share(v[0])), byte_of(share(v[1])), byte_of(share(v[2]))};
    image.bytes.insert(image.bytes.end(), {color.red, color.green, color.blue});
    if (gaps) image.bytes.push_back(gap ? 0 : 255);
  }
  return image;
}

Pixels enlarged(const Pixels& pixels, std::size_t times) {
  if (times <= 1) return pixels;
  Pixels large{pixels.width * times, pixels.height * times, pixels.channels};
  large.bytes.reserve(pixels.bytes.size() * times * times);
  for (std::size_t y = 0; y < large.height; ++y) {
    for (std::size_t x = 0; x < large.width; ++x) {
      const std::size_t from = (y / times * pixels.width + x / times) * pixels.channels;
      const auto first = pixels.bytes.begin() + static_cast<std::ptrdiff_t>(from);
      large.bytes.insert(large.bytes.end(), first,
                         first + static_cast<std::ptrdiff_t>(pixels.channels));
    }
  }
  return large;
}

// PNG (ISO/IEC 15948): eight bits a channel, no filter.
std::string png(const Pixels& pixels) {
  const std::size_t row = pixels.width * pixels.channels;
  std::string lines;
  lines.reserve(pixels.height * (row + 1));
  for (std::size_t y = 0; y < pixels.height; ++y) {
    lines += '\0';
    lines.append(reinterpret_cast<const char*>(pixels.bytes.data()) + y * row, row);
  }
  const char type = pixels.channels == 1 ? '\0' : pixels.channels == 3 ? '\2' : '\6';
  std::string header = big_endian(pixels.width) + big_endian(pixels.height) + '\10' + type;
  header += std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", compressed(lines)) +
         chunk("IEND", "");
}

std::string base64(std::string_view bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < here ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += j <= here ? digits[group >> (18U - 6U * j) & 63U] : '=';
  }
  return text;
}

}  // namespace xtape::report::kernels
