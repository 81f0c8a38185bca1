#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/images/image.hpp>
#include <xtape/data/images/kernels/raw_image.hpp>
#include <xtape/data/images/kernels/resample.hpp>
#include <xtape/data/packed.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::data {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string& path) {
  const auto fail = [&](const char* what) {
    throw IoError(path + ": cannot be " + what + ": " + std::strerror(errno));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) fail("opened");
  std::vector<std::uint8_t> bytes;
  constexpr std::size_t step = std::size_t{1} << 16;
  for (std::size_t got = step; got == step;) {
    bytes.resize(bytes.size() + step);
    got = std::fread(bytes.data() + bytes.size() - step, 1, step, file.get());
    bytes.resize(bytes.size() - step + got);
  }
  if (std::ferror(file.get()) != 0) fail("read");
  return bytes;
}

/// Beginnings of files that somebody may take for pictures to be read.
struct Kind {
  std::string_view name, begin, at_8;
};
constexpr Kind kinds[] = {{"PNG", {"\x89PNG\r\n\x1a\n", 8}, ""},
                          {"JPEG", "\xff\xd8\xff", ""},
                          {"GIF", "GIF8", ""},
                          {"BMP", "BM", ""},
                          {"WebP", "RIFF", "WEBP"},
                          {"TIFF", {"II*\0", 4}, ""},
                          {"TIFF", {"MM\0*", 4}, ""},
                          {"AVIF", {"\0\0\0", 3}, "avif"},
                          {"HEIC", {"\0\0\0", 3}, "heic"},
                          {"PDF", "%PDF", ""}};

std::string_view kind_of(const std::vector<std::uint8_t>& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (const Kind& kind : kinds) {
    if (text.starts_with(kind.begin) &&
        text.substr(std::min<std::size_t>(text.size(), 8)).starts_with(kind.at_8))
      return kind.name;
  }
  return "";
}

std::size_t channels_of(Pixels pixels, std::size_t stored) {
  switch (pixels) {
    case Pixels::grey: return 1;
    case Pixels::rgb: return 3;
    case Pixels::rgba: return 4;
    default: return stored;
  }
}

template <class T>
Tensor resized(const Tensor& image, std::int64_t height, std::int64_t width) {
  const auto size = [](std::int64_t extent) { return static_cast<std::size_t>(extent); };
  const std::size_t rows = size(image.extent(0)), columns = size(image.extent(1)),
                    channels = size(image.extent(2));
  const std::vector<T> lower =
      kernels::resampled<T>(image.data<T>(), rows, size(height), columns * channels);
  return from_vector(kernels::resampled<T>(lower, columns, size(width), channels),
                     {height, width, image.extent(2)});
}

}  // namespace

Tensor read_image(const std::string& path, const ImageOptions& options) {
  if (options.max_pixels < 1) {
    throw ValueError("read_image: max_pixels must be at least 1; got " +
                     std::to_string(options.max_pixels));
  }
  detail::check_affine("read_image", options.center, options.scale);
  const std::vector<std::uint8_t> file = bytes_of(path);
  const kernels::Limits limits{path, options.max_pixels};
  const std::string_view kind = kind_of(file);
  if (kind != "PNG" && kind != "JPEG") {
    limits.fail("must be a picture in PNG or JPEG; got " + (file.empty()   ? "an empty file"
                                                            : kind.empty() ? "something else"
                                                                           : std::string(kind)));
  }
  kernels::RawImage image =
      kind == "PNG" ? kernels::read_png(file, limits) : kernels::read_jpeg(file, limits);
  const std::size_t channels = channels_of(options.pixels, image.channels);
  image = kernels::upright(kernels::with_channels(std::move(image), channels));
  const Shape shape{1, static_cast<std::int64_t>(image.height),
                    static_cast<std::int64_t>(image.width), static_cast<std::int64_t>(channels)};
  const Tensor y = PackedIntegers(image.bytes, shape)
                       .row(0, {.dtype = options.dtype.value_or(Dtype::int64),
                                .center = options.center,
                                .scale = options.scale});
  return options.channels == nn::Channels::last ? y : moveaxis(y, -1, 0).contiguous();
}

Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width) {
  if (image.rank() != 3 || image.size() == 0) {
    throw ShapeError(
        "resize_image: the image must be [rows, columns, channels], with pixels; got " +
        image.describe());
  }
  if (!is_floating(image.dtype()))
    throw DtypeError("resize_image: a floating dtype is needed; got " + image.describe());
  if (height < 1 || width < 1) {
    throw ValueError("resize_image: height and width must be at least 1; got " +
                     std::to_string(height) + " and " + std::to_string(width));
  }
  if (image.extent(0) == height && image.extent(1) == width) return image.detach();
  const Tensor x = image.detach().contiguous();
  return x.dtype() == Dtype::float32 ? resized<float>(x, height, width)
                                     : resized<double>(x, height, width);
}

}  // namespace xtape::data
