#include <zlib.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/report/images.hpp>
#include <xtape/report/kernels/pixels.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using report::kernels::base64;

namespace {

std::uint32_t number_at(const std::string& bytes, std::size_t i) {
  std::uint32_t number = 0;
  for (std::size_t j = 0; j < 4; ++j)
    number = number << 8U | static_cast<unsigned char>(bytes[i + j]);
  return number;
}

struct Png {
  std::uint32_t width = 0, height = 0;
  int type = 0;
  std::vector<int> bytes;  // without the filters of rows
};

/// What a file holds, which has a header, one chunk of data and an end, with no filters; each is
/// checked.
Png read(const std::string& file) {
  Png png;
  REQUIRE(file.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::string names;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t size = number_at(file, at);
    const std::string body = file.substr(at + 4, size + 4), data = body.substr(4);
    REQUIRE(crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())) ==
            number_at(file, at + 8 + size));
    names += body.substr(0, 4);
    if (body.starts_with("IHDR")) {
      png.width = number_at(data, 0);
      png.height = number_at(data, 4);
      png.type = data[9];
      CHECK(data.size() == 13);
      CHECK(data[8] == 8);
    } else if (body.starts_with("IDAT")) {
      const unsigned channels = png.type == 0 ? 1 : png.type == 2 ? 3 : 4;
      uLongf raw = png.height * (1 + png.width * channels);
      std::vector<unsigned char> rows(raw);
      REQUIRE(uncompress(rows.data(), &raw, reinterpret_cast<const Bytef*>(data.data()),
                         data.size()) == Z_OK);
      REQUIRE(raw == rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i % (1 + png.width * channels) != 0) png.bytes.push_back(rows[i]);
        if (i % (1 + png.width * channels) == 0) CHECK(rows[i] == 0);
      }
    }
    at += size + 12;
  }
  CHECK(names == "IHDRIDATIEND");
  return png;
}

Png saved(const Tensor& image, std::optional<double> low = {}, std::optional<double> high = {}) {
  const TemporaryDirectory directory;
  report::save_png(directory.file("x.png"), image, low, high);
  return read(golden::contents(directory.file("x.png")));
}

std::vector<int> bytes_of(const Tensor& image) { return saved(image).bytes; }

}  // namespace

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[]{{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) CHECK(base64(bytes) == text);
  CHECK(base64("\xfb\xff\xfe") == "+//+");
}

TEST_CASE("png: a gray image, pixel by pixel") {
  const Png png = saved(tensor({{0.0, 0.2, 1.0}, {0.4, 0.6, 0.8}}));
  CHECK(png.width == 3);
  CHECK(png.height == 2);
  CHECK(png.type == 0);
  CHECK(png.bytes == std::vector<int>{0, 51, 255, 102, 153, 204});
}

TEST_CASE("png: colours, with their channels in front or behind") {
  const Tensor rgb = tensor({{{255, 0, 51}, {0, 102, 0}}});  // [1, 2, 3]
  const Png png = saved(rgb);
  CHECK(png.type == 2);
  CHECK(png.bytes == std::vector<int>{255, 0, 51, 0, 102, 0});
  CHECK(bytes_of(moveaxis(rgb, 2, 0)) == png.bytes);
  CHECK(bytes_of(rgb.to(Dtype::float32) * (1 / 255.0)) == png.bytes);
  CHECK(bytes_of(expand_dims(tensor({{0, 255}}), -1)) == std::vector<int>{0, 255});
  CHECK(bytes_of(expand_dims(tensor({{0, 255}}), 0)) == std::vector<int>{0, 255});
}

TEST_CASE("png: what is black and what is white") {
  CHECK(bytes_of(tensor({{-1.0, 0.0, 1.0}})) == std::vector<int>{0, 128, 255});
  CHECK(bytes_of(tensor({{0.25, 0.5}})) == std::vector<int>{64, 128});  // 0 to 1
  CHECK(bytes_of(tensor({{3.0, 3.0}})) == std::vector<int>{0, 0});
  CHECK(bytes_of(tensor({{true, false}})) == std::vector<int>{255, 0});
  CHECK(saved(tensor({{-1.0, 0.0, 9.0}}), 0, 5).bytes == std::vector<int>{0, 0, 255});
  CHECK(bytes_of(tensor({{-1e308, 0.0, 1e308}}, Dtype::float64)) == std::vector<int>{0, 128, 255});
}

TEST_CASE("png: NaN is transparent, infinities are ends") {
  const Png png = saved(tensor({{0.0, NAN, INFINITY, -INFINITY}}));
  CHECK(png.type == 6);
  CHECK(png.bytes ==
        std::vector<int>{0, 0, 0, 255, 255, 255, 255, 0, 255, 255, 255, 255, 0, 0, 0, 255});
}

TEST_CASE("png: what is wrong is told, and no file made") {
  const TemporaryDirectory directory;
  const auto refused = [&](const std::string& name, const Tensor& image) {
    return error_of<Error>([&] { return report::save_png(directory.file(name), image), 0; });
  };
  CHECK(refused("x.jpg", zeros({2, 2})) ==
        "save_png: the file must end in .png; got " + directory.file("x.jpg"));
  const std::string shapes =
      "save_png: the image must be [height, width], or with an axis of 1 or 3 channels behind or "
      "in "
      "front of these; got float32";
  CHECK(refused("x.png", zeros({2, 2, 2})) == shapes + "[2, 2, 2]");
  CHECK(refused("x.png", zeros({5, 5, 4})) == shapes + "[5, 5, 4]");
  CHECK(refused("x.png", zeros({0, 2})) == shapes + "[0, 2]");
  CHECK(refused("x.png", zeros({2})) == shapes + "[2]");
  CHECK(refused("x.png", zeros({1, 2, 2, 3})) == shapes + "[1, 2, 2, 3]");
  CHECK_THROWS_AS(report::save_png(directory.file("nowhere/x.png"), zeros({2, 2})), IoError);
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("enlarged: each pixel is a square") {
  const report::kernels::Pixels large = report::kernels::enlarged({2, 1, 1, {3, 4}}, 2);
  CHECK(large.width == 4);
  CHECK(large.height == 2);
  CHECK(large.bytes == std::vector<unsigned char>{3, 3, 4, 4, 3, 3, 4, 4});
}

TEST_CASE("image grid: images with labels below") {
  const Tensor images = reshape(arange(5 * 4), {5, 2, 2}).to(Dtype::float32) * (1 / 19.0);
  const auto grid = report::image_grid(images, {.title = "Squares",
                                                .labels = {"one", "two\nlines", "<3>", "", ""},
                                                .columns = 3,
                                                .image_width = 40});
  golden::check("images", grid);
  CHECK(golden::without_images(grid.svg()).size() < grid.svg().size());
  const std::string rgb = report::image_grid(Rng(1).uniform({2, 3, 4, 5})).svg();
  CHECK(golden::well_formed(rgb));
  CHECK(error_of<ShapeError>([] {
          return report::image_grid(zeros({2, 2}));
        }).starts_with("image_grid: images must be [n, height, width], or with"));
  for (const std::int64_t count : {1, 3}) {
    CHECK(error_of<ShapeError>([&] {
            return report::image_grid(zeros({count, 2, 2}), {.labels = {"a", "b"}});
          }) == "image_grid: there are 2 labels for the images float32[" + std::to_string(count) +
                    ", 2, 2]");
  }
}

TEST_CASE("mistakes: the worst first, and only those") {
  // True classes 0, 1, 0, 1; the second is right, the third the surest mistake.
  const Tensor logits = tensor({{1.0, 2.0}, {0.0, 5.0}, {-9.0, 9.0}, {1.0, 0.0}});
  const Tensor labels = tensor({0, 1, 0, 1}), images = zeros({4, 3, 3});
  const auto lines = [](const report::Picture& picture) {
    std::string text;
    const std::string svg = picture.elements();
    for (std::size_t at = svg.find("<text"); at != std::string::npos;
         at = svg.find("<text", at + 1)) {
      const std::size_t begin = svg.find('>', at) + 1;
      text += svg.substr(begin, svg.find('<', begin) - begin) + ";";
    }
    return text;
  };
  const report::MistakesOptions names{.names = {"cat", "dog"}};
  CHECK(lines(report::mistakes(images, logits, labels, names)) ==
        "cat;not dog;cat;not dog;dog;not cat;");
  golden::check("mistakes",
                report::mistakes(reshape(arange(36).to(Dtype::float32) / 35, {4, 3, 3}), logits,
                                 labels, {.title = "Mistakes", .names = {"cat", "dog"}}));
  CHECK(lines(report::mistakes(images, logits, take(eye(2), labels),
                               {.names = {"cat", "dog"}, .count = 1})) == "cat;not dog;");
  CHECK(lines(report::mistakes(images, logits, tensor({1, 1, 1, 0}))) == "no mistakes;");
  CHECK(
      error_of<ShapeError>([&] {
        return report::mistakes(zeros({3, 2, 2}), logits, labels);
      }) ==
      "mistakes: images and logits must be of one number; got float32[3, 2, 2] and float32[4, 2]");
  CHECK_THROWS_AS(report::mistakes(images, logits, tensor({0, 1, 2, 0})), IndexError);
}
