#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/images.hpp>
#include <xtape/xtape.hpp>

#include "support/errors.hpp"
#include "support/image_cases.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using namespace image_cases;
namespace fs = std::filesystem;

// Pictures, and what is in them, by tests/reference/image_files.py: of Pillow, and written sample
// by sample.

namespace {

const NamedTensors& expected() {
  static const NamedTensors all = data::load_npz(folder + "/expected.npz");
  return all;
}
Tensor expected(const std::string& name) { return data::load_npz(folder + "/expected.npz", name); }

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && all(equal(a, b)).item() == 1;
}

}  // namespace

TEST_CASE("images: what is in files of every form") {
  int files = 0;
  for (const NamedTensor& one : expected()) {
    const std::string& name = one.first;
    const Tensor& pixels = one.second;
    if (!name.ends_with(".png") && !name.ends_with(".jpg")) continue;
    CAPTURE(name);
    const Tensor read = data::read_image(folder + "/" + name);
    REQUIRE(read.shape() == pixels.shape());
    CHECK(read.dtype() == Dtype::int64);
    // Decoders of JPEG may round differently, by 1 of each transform (ISO/IEC 10918-2).
    CHECK(amax(abs(read - pixels)).item() <= (name.ends_with(".jpg") ? 2 : 0));
    ++files;
  }
  CHECK(files == 37);
}

TEST_CASE("images: channels as they are asked for") {
  const auto read = [](const std::string& name, data::Pixels pixels) {
    return data::read_image(folder + "/" + name, {.pixels = pixels});
  };
  const Tensor rgba = expected("rgba8.png"), grey = expected("grey8.png");
  const Tensor both = expected("grey_alpha8.png"),
               rgb = slice(rgba, {Slice::all, Slice::all, range(0, 3)});
  CHECK(same(read("rgba8.png", data::Pixels::rgb), rgb));
  CHECK(same(read("rgba8.png", data::Pixels::rgba), rgba));
  const Tensor opaque = full({9, 13, 1}, 255, Dtype::int64);
  CHECK(same(read("grey8.png", data::Pixels::rgb), concatenate({grey, grey, grey}, 2)));
  CHECK(same(read("grey8.png", data::Pixels::rgba), concatenate({grey, grey, grey, opaque}, 2)));
  CHECK(same(read("grey_alpha8.png", data::Pixels::grey),
             slice(both, {Slice::all, Slice::all, range(0, 1)})));
  const Tensor one = slice(both, {Slice::all, Slice::all, range(0, 1)});
  CHECK(same(read("grey_alpha8.png", data::Pixels::rgba), concatenate({one, one, both}, 2)));
  // 0.299 red, 0.587 green, 0.114 blue.
  const Tensor weights = tensor({0.299, 0.587, 0.114}, Dtype::float64);
  const Tensor exact = sum(rgb.to(Dtype::float64) * weights, 2, {.keep_dims = true});
  CHECK(amax(abs(read("rgba8.png", data::Pixels::grey) - exact)).item() < 0.51);
  const Tensor of_jpeg = read("rgb444.jpg", data::Pixels::grey);
  CHECK(amax(abs(of_jpeg - expected("rgb444.jpg as grey"))).item() <= 2);
}

TEST_CASE("images: dtype, scale and order of axes") {
  const Tensor bytes = expected("rgb8.png");
  const Tensor scaled = data::read_image(
      folder + "/rgb8.png",
      {.channels = nn::Channels::first, .dtype = Dtype::float32, .center = 127.5, .scale = 127.5});
  CHECK(
      same(scaled, moveaxis((bytes.to(Dtype::float64) - 127.5) / 127.5, 2, 0).to(Dtype::float32)));
  CHECK_THROWS_AS(data::read_image(folder + "/rgb8.png", {.scale = 2}), DtypeError);
}

TEST_CASE("images: what is none, or none of ours, is told by name") {
  const TemporaryDirectory scratch;
  const auto of = [&](const std::string& text) {
    return refusal(scratch.write("picture", Bytes(text.begin(), text.end())));
  };
  const std::string wanted = "picture: must be a picture in PNG or JPEG; got ";
  CHECK(of("GIF89a").ends_with(wanted + "GIF"));
  CHECK(of("BM1234").ends_with(wanted + "BMP"));
  CHECK(of("RIFF1234WEBPVP8 ").ends_with(wanted + "WebP"));
  CHECK(of(std::string("II*\0\0\0\0\0", 8)).ends_with(wanted + "TIFF"));
  CHECK(of(std::string("\0\0\0 ftypavif", 12)).ends_with(wanted + "AVIF"));
  CHECK(of("").ends_with(wanted + "an empty file"));
  CHECK(of("RIFF").ends_with(wanted + "something else"));
  const std::string nowhere = scratch.file("nowhere.png");
  CHECK(refusal(nowhere).starts_with(nowhere + ": cannot be opened: "));
  CHECK(refusal(scratch.path()).find(": cannot be read: ") != std::string::npos);
  CHECK(refusal(folder + "/cmyk.jpg")
            .ends_with("the JPEG has colours of CMYK; grey and RGB are read"));
  CHECK(refusal(folder + "/rgb.jpg", {.max_pixels = 116})
            .ends_with("a picture must have from 1 to 116 pixels; got 9 by 13"));
  CHECK(refusal(folder + "/rgb8.png", {.max_pixels = 116})
            .ends_with("a picture must have from 1 to 116 pixels; got 9 by 13"));
  CHECK_THROWS_AS(data::read_image(folder + "/rgb8.png", {.max_pixels = 0}), ValueError);
}

TEST_CASE("images: other sizes, as PyTorch with antialias") {
  const Tensor picture = expected("picture");
  for (const Shape& size : {Shape{5, 6}, Shape{11, 40}, Shape{23, 4}, Shape{1, 1}}) {
    const std::string name = "picture " + std::to_string(size[0]) + " " + std::to_string(size[1]);
    CAPTURE(name);
    const Tensor y = data::resize_image(picture, size[0], size[1]);
    CHECK(y.shape() == Shape{size[0], size[1], 3});
    CHECK(amax(abs(y - expected(name))).item() < 1e-14);
  }
  CHECK(same(data::resize_image(picture, 11, 17), picture));
  CHECK_THROWS_AS(data::resize_image(picture, 0, 4), ValueError);
  CHECK_THROWS_AS(data::resize_image(picture[0], 3, 4), ShapeError);
  CHECK_THROWS_AS(data::resize_image(zeros({0, 3, 1}), 3, 4), ShapeError);
  CHECK_THROWS_AS(data::resize_image(picture.to(Dtype::int64), 3, 4), DtypeError);
}

TEST_CASE("images: what is not finite stays where it is in other sizes") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const double odd : {inf, -inf, std::nan("")}) {
      Rng rng(2);
      const Tensor finite = rng.normal({12, 9, 2}).to(dtype);
      const Tensor x = set(finite, {5, 4, 1}, tensor(odd));
      for (const Shape& size : {Shape{4, 3}, Shape{24, 27}, Shape{5, 16}}) {
        CAPTURE(size[0]);
        const Tensor y = data::resize_image(x, size[0], size[1]);
        const Tensor of_finite = data::resize_image(finite, size[0], size[1]);
        CHECK(y.dtype() == dtype);
        std::int64_t hit = 0;
        for (std::int64_t i = 0; i < size[0]; ++i) {
          for (std::int64_t j = 0; j < size[1]; ++j) {
            // The windows: as wide as two steps, around the places.
            const double down = 12.0 / static_cast<double>(size[0]),
                         across = 9.0 / static_cast<double>(size[1]);
            const bool within =
                std::abs((static_cast<double>(i) + 0.5) * down - 5.5) < std::max(down, 1.0) &&
                std::abs((static_cast<double>(j) + 0.5) * across - 4.5) < std::max(across, 1.0);
            const double got = y[i][j][1].item(), plain = of_finite[i][j][1].item();
            const bool same_odd = std::isnan(odd) ? std::isnan(got) : got == odd;
            CHECK((within ? same_odd : got == plain));
            CHECK(y[i][j][0].item() == of_finite[i][j][0].item());
            hit += within ? 1 : 0;
          }
        }
        CHECK(hit > 0);
      }
    }
  }
}

TEST_CASE("images: long means of float32 keep its digits") {
  Rng rng(3);
  const Tensor x = rng.uniform({4000, 3, 1}, 0, 1);
  const Tensor exact = data::resize_image(x.to(Dtype::float64), 2, 2);
  CHECK(amax(abs(data::resize_image(x, 2, 2) - exact)).item() < 6e-8);
}

namespace {

/// Two classes of pictures, "ant" with three and "bee" with two, and what is none of them.
void fill(const TemporaryDirectory& scratch) {
  for (const char* name : {"bee", "ant/deep", "ant/.ipynb_checkpoints/deep", ".git"})
    fs::create_directories(scratch.file(name));
  const auto copy = [&](const std::string& from, const std::string& to) {
    fs::copy_file(folder + "/" + from, scratch.file(to));
  };
  copy("rgb8.png", "ant/b.png");
  copy("rgb.jpg", "ant/a.JPG");
  copy("grey8.png", "ant/deep/c.png");
  copy("orientation6.jpg", "bee/2.jpeg");
  copy("rgba8.png", "bee/1.png");
  copy("rgb.jpg", "bee/.3.jpg");
  copy("rgb.jpg", ".git/4.jpg");
  copy("rgb.jpg", "ant/.ipynb_checkpoints/a-checkpoint.jpg");
  copy("rgb.jpg", "ant/.ipynb_checkpoints/deep/a.jpg");
  copy("rgb.jpg", "5.jpg");
  scratch.write("bee/notes.txt", {'x'});
}

}  // namespace

TEST_CASE("images: a folder for each class is a dataset") {
  const TemporaryDirectory scratch;
  fill(scratch);
  const data::ImageFolder pictures(scratch.path(), {.height = 8, .width = 6});
  CHECK(pictures.class_names() == std::vector<std::string>{"ant", "bee"});
  CHECK(pictures.labels().to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 0, 1, 1});
  std::vector<std::string> files;
  for (const std::string& file : pictures.files())
    files.push_back(fs::relative(file, scratch.path()));
  CHECK(files == std::vector<std::string>{"ant/a.JPG", "ant/b.png", "ant/deep/c.png", "bee/1.png",
                                          "bee/2.jpeg"});

  const auto [x, y] = pictures(1);
  CHECK(y.item() == 0);
  const Tensor scaled = ((expected("rgb8.png") - 127.5) / 127.5).to(Dtype::float64);
  CHECK(x.shape() == Shape{8, 6, 3});
  CHECK(amax(abs(x - data::resize_image(scaled, 8, 6))).item() < 1e-6);
  CHECK_THROWS_AS(pictures(5), IndexError);
  CHECK_THROWS_AS(pictures(-1), IndexError);

  // In batches, made ahead or not, by classes alike, and in two parts.
  Rng rng(1);
  for (const std::int64_t prefetch : {0, 2}) {
    data::Loader loader(pictures.size(), pictures,
                        {.batch_size = 4,
                         .sampler = data::Sampler::balanced(pictures.labels(), {.samples = 8}),
                         .prefetch = prefetch},
                        rng);
    std::int64_t seen = 0;
    for (const auto& batch : loader) {
      CHECK(batch.x.shape() == Shape{4, 8, 6, 3});
      seen += batch.y.size();
    }
    CHECK(seen == 8);
  }
  const data::ImageFolder part = data::rows(pictures, tensor({4, -4}));
  CHECK(part.size() == 2);
  CHECK(part.labels().to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0});
  CHECK(same(part(1).x, x));
  CHECK(part.class_names().size() == 2);
  CHECK_THROWS_AS(data::rows(pictures, tensor({5})), IndexError);

  const data::ImageFolder first(
      scratch.path(),
      {.pixels = data::Pixels::grey, .channels = nn::Channels::first, .dtype = Dtype::float64});
  CHECK(first(2).x.shape() == Shape{1, 9, 13});
  CHECK(first(4).x.shape() == Shape{1, 13, 9});
  CHECK(first(4).x.dtype() == Dtype::float64);
}

TEST_CASE("images: links to pictures and to classes are followed, others not") {
  const TemporaryDirectory scratch, elsewhere;
  fill(scratch);
  fs::create_directories(elsewhere.file("far"));
  fs::copy_file(folder + "/rgb8.png", elsewhere.file("far/z.png"));
  fs::create_symlink(elsewhere.file("far/z.png"), scratch.file("bee/z.png"));
  fs::create_symlink(elsewhere.file("gone.png"), scratch.file("bee/y.png"));
  fs::create_directory_symlink(elsewhere.file("far"), scratch.file("bee/far"));
  fs::create_directory_symlink(elsewhere.file("far"), scratch.file("cow"));
  const data::ImageFolder pictures(scratch.path());
  CHECK(pictures.class_names() == std::vector<std::string>{"ant", "bee", "cow"});
  std::vector<std::string> files;
  for (std::size_t i = 3; i < pictures.files().size(); ++i)
    files.push_back(pictures.files()[i].substr(scratch.path().size() + 1));
  CHECK(files == std::vector<std::string>{"bee/1.png", "bee/2.jpeg", "bee/z.png", "cow/z.png"});
}

TEST_CASE("images: what is wrong with a folder") {
  const TemporaryDirectory scratch;
  const auto refused = [](const std::string& path, const data::ImageFolderOptions& options = {}) {
    return error_of<Error>([&] { return data::ImageFolder(path, options); });
  };
  CHECK(refused(scratch.path()).ends_with(": must have a folder for each class; has none"));
  fill(scratch);
  fs::create_directory(scratch.file("cow"));
  CHECK(refused(scratch.path())
            .find("/cow: must have pictures that end in .png, .jpg or .jpeg; has none") !=
        std::string::npos);
  const std::string nowhere = scratch.file("nowhere");
  CHECK(refused(nowhere).starts_with(nowhere + ": cannot be read as a folder: "));
  CHECK(refused(scratch.file("5.jpg")).find("5.jpg: cannot be read as a folder: ") !=
        std::string::npos);
  CHECK(refused(nowhere, {.height = 3})
            .starts_with("image folder: height and width must both be given"));
  CHECK(refused(nowhere, {.scale = 0}).starts_with("image folder: "));
  CHECK_THROWS_AS(data::read_image(folder + "/rgb8.png", {.scale = 0}), ValueError);
  CHECK(refused(nowhere, {.dtype = Dtype::int64})
            .starts_with("image folder: a floating dtype is needed"));

  // Told when it is needed, with the name of the file; other sizes by the loader.
  scratch.write("cow/bad.png", {'x'});
  const data::ImageFolder pictures(scratch.path());
  CHECK(error_of<IoError>([&] { return pictures(5); }).find("/cow/bad.png: must be a picture") !=
        std::string::npos);
  data::Loader loader(pictures.size(), pictures, {.batch_size = 6});
  CHECK_THROWS_AS(*loader.begin(), Error);
  CHECK(error_of<ShapeError>([&] {
          return *data::Loader(5, pictures, {.batch_size = 5}).begin();
        }).ends_with("; .height and .width of an ImageFolder bring pictures to one size"));
}
