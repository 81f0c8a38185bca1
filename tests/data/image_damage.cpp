// Pictures that claim too much, are cut short or are damaged.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <xtape/images.hpp>
#include <xtape/xtape.hpp>

#include "support/errors.hpp"
#include "support/image_cases.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using namespace image_cases;
namespace fs = std::filesystem;

TEST_CASE("images: a header that claims too much takes no memory") {
  const TemporaryDirectory scratch;
  Bytes png = bytes_of("grey8.png");
  // 11585 by 11585 pixels, just less than allowed, with the checksum of that.
  const Bytes header{0x00, 0x00, 0x2d, 0x41, 0x00, 0x00, 0x2d, 0x41, 8,
                     0,    0,    0,    0,    0x48, 0xfe, 0x0c, 0x15};
  std::copy(header.begin(), header.end(), png.begin() + 16);
  const std::string text = refusal(scratch.write("large.png", png));
  CHECK(text.find("the PNG is damaged") != std::string::npos);
}

TEST_CASE("images: a file that is cut short is an error wherever it is cut") {
  const TemporaryDirectory scratch;
  for (const std::string name : {"rgb8.png", "palette2_transparent.png", "rgba8_interlaced.png",
                                 "rgb.jpg", "progressive.jpg", "orientation6.jpg"}) {
    CAPTURE(name);
    const Bytes whole = bytes_of(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string path = scratch.write("part", part);
      CHECK(refusal(path).starts_with(path + ": "));
    }
  }
}

namespace {

/// Where the four letters of a chunk of a PNG stand.
std::size_t chunk(const Bytes& png, const std::string& name) {
  return static_cast<std::size_t>(std::search(png.begin(), png.end(), name.begin(), name.end()) -
                                  png.begin());
}

}  // namespace

TEST_CASE("images: damage that would pass for another picture is an error") {
  const TemporaryDirectory scratch;
  const std::string damaged = "picture.png: the PNG is damaged: ";
  const auto flipped = [&](const std::string& file, const std::string& name) {
    Bytes png = bytes_of(file);
    const std::size_t at = chunk(png, name);
    REQUIRE(at < png.size());
    png[at + 4] ^= 1;
    return refusal(scratch.write("picture.png", png));
  };
  using Place = std::pair<std::string, std::string>;
  for (const Place& place : {Place{"rgb8_transparent.png", "tRNS"},
                             {"grey4_transparent.png", "tRNS"},
                             {"palette2_transparent.png", "tRNS"},
                             {"palette8.png", "PLTE"},
                             {"turned.png", "eXIf"},
                             {"turned_after.png", "eXIf"},
                             {"grey8.png", "IEND"},
                             {"rgb8.png", "IDAT"}}) {
    CAPTURE(place.first);
    CHECK(flipped(place.first, place.second).find(damaged) != std::string::npos);
  }
  // Four pixels of a palette of two colours, the indices 0, 1, 200 and 255.
  const std::string lacking = refusal(folder + "/damaged/palette8.png");
  CHECK(lacking.ends_with("the PNG is damaged: a pixel has a colour that the palette lacks"));
  CHECK(refusal(folder + "/damaged/palette1_interlaced.png").ends_with("the palette lacks"));
}

TEST_CASE("images: no memory is taken for what a PNG only claims to have") {
  const auto most_memory = [] {  // kB of addresses, at any time
    std::ifstream status("/proc/self/status");
    std::string word;
    std::int64_t size = 0;
    while (status >> word && word != "VmPeak:") continue;
    status >> size;
    return size;
  };
  const TemporaryDirectory scratch;
  Bytes png = bytes_of("turned.png");
  png[chunk(png, "eXIf") - 4] = 0x7f;
  const std::string path = scratch.write("picture.png", png);
  const std::int64_t before = most_memory();
  REQUIRE(before > 0);
  CHECK(refusal(path).ends_with("the PNG is damaged: the file is cut short"));
  CHECK(most_memory() - before < 1 << 20);
}

TEST_CASE("images: a long row is a matter of max_pixels alone") {
  // 2 000 000 by 1 pixels of grey 0: libpng itself refuses more than a million.
  const std::string wide = folder + "/wide/grey8.png";
  CHECK(data::read_image(wide).shape() == Shape{1, 2000000, 1});
  CHECK(refusal(wide, {.max_pixels = 1999999})
            .ends_with("a picture must have from 1 to 1999999 pixels; got 1 by 2000000"));
}

TEST_CASE("images: damaged files are read or refused") {
  const char* many = std::getenv("XTAPE_MUTATIONS");  // a sanitizer may be given more
  const int rounds = many != nullptr ? std::atoi(many) : 60;
  const TemporaryDirectory scratch;
  Rng rng(0);
  int refused = 0, all = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() || name.ends_with(".npz")) continue;
    const Bytes whole = bytes_of(name);
    for (int round = 0; round < rounds; ++round, ++all) {
      Bytes damaged = whole;
      for (std::int64_t change = rng.integer(1, 5); change > 0; --change) {
        const auto at = static_cast<std::size_t>(rng.integer(0, std::ssize(damaged)));
        damaged[at] = static_cast<unsigned char>(rng.integer(0, 256));
      }
      try {
        data::read_image(scratch.write("damaged", damaged), {.max_pixels = 1 << 20});
      } catch (const IoError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > all / 4);
}
