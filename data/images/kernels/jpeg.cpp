#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>

#include <xtape/data/images/kernels/raw_image.hpp>

namespace xtape::data::kernels {
namespace {

constexpr int most_scans =
    200;  // a real progressive picture has about ten; each goes over all of it

/// What libjpeg calls, and what it says when it gives up.
struct Errors : jpeg_error_mgr {
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void give_up(j_common_ptr of) {
  auto* errors = static_cast<Errors*>(of->err);
  errors->format_message(of, errors->message);
  std::longjmp(errors->jump, 1);
}

/// A warning is of data that are not as they should be, and made up.
void warn(j_common_ptr of, int level) {
  const int code = of->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
  if (level < 0 && !harmless) give_up(of);
}

void count_scans(j_common_ptr of) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(of);
  if (decoder->input_scan_number <= most_scans) return;
  auto* errors = static_cast<Errors*>(of->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", most_scans);
  std::longjmp(errors->jump, 1);
}

class Decoder {
 public:
  Decoder() {
    decoder.err = jpeg_std_error(&errors_);
    errors_.error_exit = give_up;
    errors_.emit_message = warn;
    runs([&] { jpeg_create_decompress(&decoder); });
    progress_.progress_monitor = count_scans;
    decoder.progress = &progress_;
  }
  ~Decoder() { jpeg_destroy_decompress(&decoder); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Calls f; false if libjpeg gave up in it. It leaves f by a jump: what f declares has no
  /// destructor.
  template <class F>
  bool runs(F f) {
    if (setjmp(errors_.jump) != 0) return false;
    f();
    return true;
  }
  const char* message() const { return errors_.message; }

  jpeg_decompress_struct decoder{};

 private:
  Errors errors_{};
  jpeg_progress_mgr progress_{};
};

int orientation_of(jpeg_saved_marker_ptr marker) {
  constexpr char head[] = "Exif\0";  // and one 0 more, that of the text
  for (; marker != nullptr; marker = marker->next) {
    const std::span<const std::uint8_t> block(marker->data, marker->data_length);
    if (block.size() > sizeof head && std::memcmp(block.data(), head, sizeof head) == 0)
      return exif_orientation(block.subspan(sizeof head));
  }
  return 1;
}

}  // namespace

RawImage read_jpeg(std::span<const std::uint8_t> file, const Limits& limits) {
  Decoder of;
  jpeg_decompress_struct& decoder = of.decoder;
  const auto run = [&](auto f) {
    if (!of.runs(f)) limits.fail(std::string("the JPEG is damaged or unknown: ") + of.message());
  };
  run([&] {
    jpeg_mem_src(&decoder, file.data(), file.size());
    jpeg_save_markers(&decoder, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(&decoder, TRUE);
  });
  limits.check(decoder.image_height, decoder.image_width);
  const auto stored = decoder.jpeg_color_space;
  if (stored == JCS_CMYK || stored == JCS_YCCK)
    limits.fail("the JPEG has colours of CMYK; grey and RGB are read");
  if (stored == JCS_UNKNOWN)
    limits.fail("the JPEG has colours that it does not name; grey and RGB are read");
  decoder.out_color_space = stored == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  run([&] { jpeg_start_decompress(&decoder); });
  RawImage image{decoder.output_height, decoder.output_width,
                 static_cast<std::size_t>(decoder.output_components)};
  image.orientation = orientation_of(decoder.marker_list);
  const std::size_t row = image.width * image.channels;
  for (std::size_t i = 0; i < image.height; ++i) {
    image.bytes.resize((i + 1) * row);  // grows with what is there
    run([&] {
      JSAMPROW to = &image.bytes[i * row];
      jpeg_read_scanlines(&decoder, &to, 1);
    });
  }
  run([&] { jpeg_finish_decompress(&decoder); });
  return image;
}

}  // namespace xtape::data::kernels
