#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include <png.h>

#include <xtape/data/images/kernels/raw_image.hpp>

namespace xtape::data::kernels {
namespace {

/// Where libpng reads, and what it says when it gives up.
struct Source {
  std::span<const std::uint8_t> rest;
  char message[200] = "";
};

void read_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->rest.size()) png_error(png, "the file is cut short");
  std::memcpy(to, source->rest.data(), count);
  source->rest = source->rest.subspan(count);
}

[[noreturn]] void give_up(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::snprintf(source->message, sizeof source->message, "%s", message);
  png_longjmp(png, 1);
}

void ignore(png_structp, png_const_charp) {}

/// Whether the file has all that the lengths of its chunks promise. libpng takes memory for some of
/// them, such as eXIf, before it looks.
bool has_its_chunks(std::span<const std::uint8_t> file) {
  constexpr std::size_t signature = 8, around = 12;  // the length, the name and the sum
  for (auto rest = file.subspan(std::min(signature, file.size())); rest.size() >= around;) {
    const std::size_t length = png_get_uint_32(rest.data());
    if (length > rest.size() - around) return false;
    if (std::memcmp(&rest[4], "IEND", 4) == 0) return true;
    rest = rest.subspan(length + around);
  }
  return false;
}

/// The structures of libpng.
class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> file) : source_{file} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, give_up, ignore);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) {
      png_destroy_read_struct(&png, &info, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png, &source_, read_bytes);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller's hold instead
  }
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Calls f; false if libpng gave up in it. It leaves f by a jump: what f declares has no
  /// destructor.
  template <class F>
  bool runs(F f) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    f();
    return true;
  }
  const char* message() const { return source_.message; }

  png_structp png = nullptr;
  png_infop info = nullptr;

 private:
  Source source_;
};

/// The colours of a palette, and how much they hide if the file says so, for an index of each
/// pixel. libpng gives black where the palette ends.
RawImage looked_up(const Decoder& of, const RawImage& indices, const Limits& limits) {
  png_colorp colours = nullptr;
  png_bytep alpha = nullptr;
  int count = 0, alphas = 0;
  png_get_PLTE(of.png, of.info, &colours, &count);
  png_get_tRNS(of.png, of.info, &alpha, &alphas, nullptr);
  RawImage y{indices.height, indices.width, alphas > 0 ? std::size_t{4} : std::size_t{3}};
  y.orientation = indices.orientation;
  y.bytes.resize(indices.bytes.size() * y.channels);
  std::uint8_t* to = y.bytes.data();
  for (const std::uint8_t i : indices.bytes) {
    if (i >= count) limits.fail("the PNG is damaged: a pixel has a colour that the palette lacks");
    to[0] = colours[i].red, to[1] = colours[i].green, to[2] = colours[i].blue;
    if (alphas > 0) to[3] = i < alphas ? alpha[i] : std::uint8_t{255};
    to += y.channels;
  }
  return y;
}

}  // namespace

RawImage read_png(std::span<const std::uint8_t> file, const Limits& limits) {
  constexpr std::size_t least_shrunk = 1032;  // bytes that deflate makes of one, at most
  if (!has_its_chunks(file)) limits.fail("the PNG is damaged: the file is cut short");
  Decoder decoder(file);
  const auto run = [&](auto f) {
    if (!decoder.runs(f)) limits.fail(std::string("the PNG is damaged: ") + decoder.message());
  };
  png_structp png = decoder.png;
  png_infop info = decoder.info;
  int passes = 1;
  RawImage image;
  run([&] { png_read_info(png, info); });
  image.height = png_get_image_height(png, info);
  image.width = png_get_image_width(png, info);
  limits.check(image.height, image.width);
  const bool palette = png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
  run([&] {
    // Fewer bits than 8, and one colour that is transparent.
    palette ? png_set_packing(png) : png_set_expand(png);
    png_set_scale_16(png);
    passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
  });
  image.channels = png_get_channels(png, info);
  const std::size_t row = png_get_rowbytes(png, info);
  // One bit a pixel in the file may be four bytes here.
  if (image.height * row / 32 / least_shrunk > file.size())
    limits.fail("the PNG is damaged: the file is cut short");
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < image.height; ++i) {
      if (pass == 0) image.bytes.resize((i + 1) * row);  // grows with what is there
      run([&] { png_read_row(png, &image.bytes[i * row], nullptr); });
    }
  }
  run([&] { png_read_end(png, info); });
  png_bytep block = nullptr;
  png_uint_32 size = 0;
  if (png_get_eXIf_1(png, info, &size, &block) != 0)
    image.orientation = exif_orientation({block, size});
  return palette ? looked_up(decoder, image, limits) : image;
}

}  // namespace xtape::data::kernels
