// Whatever bytes a picture has, it is read or refused by an error of the library that names the file;
// what is read has the extents and the values of a picture, however it is asked for.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <zlib.h>

#include <xtape/images.hpp>
#include <xtape/xtape.hpp>

#include "memory_file.hpp"
#include "target.hpp"

using namespace xtape;

namespace {

std::uint64_t taken = 0, refused = 0;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool is_picture(const Tensor& x, std::int64_t height, std::int64_t width, std::int64_t channels) {
  return x.shape() == Shape{height, width, channels} && amin(x).item() >= 0 &&
         amax(x).item() <= 255;
}

void look(const std::string& path) {
  constexpr std::int64_t most = 1 << 14;
  const auto read = [&](const data::ImageOptions& options) {
    return data::read_image(path, options);
  };
  const Tensor stored = read({.max_pixels = most});
  require(stored.rank() == 3, "a picture has three axes");
  const std::int64_t height = stored.extent(0), width = stored.extent(1),
                     channels = stored.extent(2);
  require(height * width <= most, "a picture has no more pixels than are allowed");
  require(is_picture(stored, height, width, std::clamp<std::int64_t>(channels, 1, 4)),
          "what is stored is bytes of 1 to 4 channels");
  const Tensor grey = read({.pixels = data::Pixels::grey, .max_pixels = most});
  require(is_picture(grey, height, width, 1), "a grey picture has one channel");
  const Tensor rgba = read({.pixels = data::Pixels::rgba, .max_pixels = most});
  require(is_picture(rgba, height, width, 4), "a picture with alpha has four channels");
  const Tensor small = data::resize_image(rgba.to(Dtype::float32), 3, 2);
  require(is_picture(small, 3, 2, 4), "means of bytes are between 0 and 255");
}

std::uint32_t number_at(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

/// With the right sum behind each chunk, if it is a PNG: nearly any change would be noticed there,
/// and nothing behind it be tried.
std::vector<std::uint8_t> with_right_sums(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> file(bytes.begin(), bytes.end());
  constexpr std::size_t signature = 8, around = 12;  // length, kind and sum
  if (file.size() < signature || std::memcmp(file.data() + 1, "PNG", 3) != 0) return {};
  for (std::size_t place = signature; place + around <= file.size();) {
    const std::size_t length = number_at(&file[place]);
    if (length > file.size() - place - around) break;
    const uLong sum = crc32(0, &file[place + 4], static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      file[place + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    place += length + around;
  }
  return file;
}

void try_to_read(std::span<const std::uint8_t> bytes) {
  const MemoryFile file(bytes);
  try {
    look(file.path());
    ++taken;
  } catch (const IoError& error) {
    require(std::strstr(error.what(), file.path().c_str()) != nullptr, "an error names the file");
    ++refused;
  }
}

}  // namespace

int run_target(std::span<const std::uint8_t> bytes) {
  try_to_read(bytes);
  if (const std::vector<std::uint8_t> mended = with_right_sums(bytes);
      !std::equal(mended.begin(), mended.end(), bytes.begin(), bytes.end()) && !mended.empty())
    try_to_read(mended);
  return 0;
}

std::string target_counts() {
  return std::to_string(taken) + " read, " + std::to_string(refused) + " refused";
}
