#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/data/idx.hpp>

#include "../support/errors.hpp"
#include "../support/idx_bytes.hpp"

using namespace xtape;
using data::read_idx;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

/// uint8[2, 3] of 0, 1, 2, 127, 128, 255.
const Bytes small = idx_header(8, {2, 3}) + Bytes{0, 1, 2, 127, 128, 255};

XTAPE_WRAPS std::uint32_t drawn_after(std::uint32_t number) {
  return number * 1664525 + 1013904223;
}

/// What read_idx says to a file with these bytes, without the path in front.
std::string complaint(const TemporaryDirectory& directory, const Bytes& bytes) {
  const std::string path = directory.write("bad", bytes);
  const std::string text = error_of<IoError>([&] { return read_idx(path); });
  const std::string front = path + ": ";
  return text.starts_with(front) ? text.substr(front.size()) : text;
}

/// Reads the bytes as a file: an error, or the values of `small`. Returns whether it was an error.
bool refused(const TemporaryDirectory& directory, const Bytes& bytes) {
  const std::string path = directory.write("fuzzed", bytes);
  try {
    const Tensor x = read_idx(path);
    CHECK(x.shape() == Shape{2, 3});
    CHECK(x.to_vector<std::int64_t>() == Integers{0, 1, 2, 127, 128, 255});
    return false;
  } catch (const IoError& error) {
    CHECK(std::string(error.what()).starts_with(path));
    return true;
  }
}

}  // namespace

TEST_CASE("read_idx: unsigned bytes, plain and gzip") {
  const TemporaryDirectory directory;
  for (const Bytes& bytes : {small, gzip(small)}) {
    const Tensor x = read_idx(directory.write("small", bytes));
    CHECK(x.describe() == "int64[2, 3]");
    CHECK(x.to_vector<std::int64_t>() == Integers{0, 1, 2, 127, 128, 255});
  }
}

TEST_CASE("read_idx: every element type") {
  const TemporaryDirectory directory;
  const auto read = [&](unsigned char type, std::uint32_t count, const Bytes& data) {
    return read_idx(directory.write("file", idx_header(type, {count}) + data));
  };
  CHECK(read(0x08, 2, {0, 255}).to_vector<std::int64_t>() == Integers{0, 255});
  CHECK(read(0x09, 3, {0x7f, 0x80, 0xff}).to_vector<std::int64_t>() == Integers{127, -128, -1});
  CHECK(read(0x0b, 3, {1, 2, 0x80, 0, 0xff, 0xfe}).to_vector<std::int64_t>() ==
        Integers{258, -32768, -2});
  CHECK(read(0x0c, 2, {1, 2, 3, 4, 0x80, 0, 0, 0}).to_vector<std::int64_t>() ==
        Integers{16909060, -2147483648});
  // np.array([1.5, -2], '>f4').tobytes(), and of '>f8'
  const Tensor floats = read(0x0d, 2, {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0});
  CHECK(floats.dtype() == Dtype::float32);
  CHECK(floats.to_vector<double>() == Doubles{1.5, -2});
  const Tensor doubles = read(0x0e, 1, {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a});
  CHECK(doubles.dtype() == Dtype::float64);
  CHECK(doubles.item() == 0.1);
}

TEST_CASE("read_idx: into another dtype, centred and scaled") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("small", small);
  const Tensor plain = read_idx(path, {.dtype = Dtype::float32});
  CHECK(plain.dtype() == Dtype::float32);
  CHECK(plain.to_vector<double>() == Doubles{0, 1, 2, 127, 128, 255});
  const Tensor scaled = read_idx(path, {.dtype = Dtype::float64, .center = 127.5, .scale = 127.5});
  CHECK(scaled.to_vector<double>() ==
        Doubles{-1, -126.5 / 127.5, -125.5 / 127.5, -0.5 / 127.5, 0.5 / 127.5, 1});
  CHECK(read_idx(path, {.dtype = Dtype::boolean}).to_vector<bool>() ==
        std::vector<bool>{false, true, true, true, true, true});
}

TEST_CASE("read_idx: shapes") {
  const TemporaryDirectory directory;
  CHECK(read_idx(directory.write("eight", idx_header(8, {1, 1, 2, 1, 1, 1, 1, 1}) + Bytes{3, 4}))
            .shape() == Shape{1, 1, 2, 1, 1, 1, 1, 1});
  CHECK(read_idx(directory.write("empty", idx_header(8, {0, 28, 28}))).shape() == Shape{0, 28, 28});
  CHECK(read_idx(directory.write("vast", idx_header(8, {~0U, ~0U, ~0U, 0}))).size() == 0);
}

TEST_CASE("read_idx: larger than its buffers, in one or two gzip members") {
  const TemporaryDirectory directory;
  Bytes data(3'000'000);
  std::uint32_t noise = 1;
  for (unsigned char& byte : data)
    byte = static_cast<unsigned char>((noise = drawn_after(noise)) >> 24);
  const Bytes whole = idx_header(8, {3000, 1000}) + data;
  const auto middle = whole.begin() + 1'500'000;
  const Bytes parts = gzip({whole.begin(), middle}) + gzip({middle, whole.end()});
  for (const Bytes& bytes : {whole, gzip(whole), parts}) {
    const Tensor x = read_idx(directory.write("file", bytes));
    REQUIRE(x.shape() == Shape{3000, 1000});
    CHECK(std::equal(data.begin(), data.end(), x.data<std::int64_t>().begin()));
  }
}

TEST_CASE("read_idx: a file that cannot be read") {
  const TemporaryDirectory directory;
  CHECK(error_of<IoError>([&] { return read_idx(directory.file("none")); }) ==
        directory.file("none") + ": cannot be opened: No such file or directory");
  CHECK(error_of<IoError>([&] { return read_idx(directory.path()); }) ==
        directory.path() + ": cannot be read: Is a directory");
  CHECK_THROWS_AS(read_idx(directory.write("file", small) + "/inside"), IoError);
}

TEST_CASE("read_idx: a header of another kind") {
  const TemporaryDirectory directory;
  CHECK(complaint(directory, {}) ==
        "the header of an IDX file goes on with 4 bytes for its magic number; the file ends after "
        "0 of them");
  CHECK(complaint(directory, {'P', 'K', 3, 4}) ==
        "an IDX file begins with two bytes 0; got 80 and 75");
  CHECK(complaint(directory, {0, 0, 0x0a, 1, 0, 0, 0, 1, 7}) ==
        "the element type of an IDX file must be 8, 9 or 11 to 14; got 10");
  CHECK(complaint(directory, {0, 0, 8, 0, 7}) == "the array must have 1 to 8 axes; got 0");
  CHECK(complaint(directory, {0, 0, 8, 9}) == "the array must have 1 to 8 axes; got 9");
  CHECK(complaint(directory, {0, 0, 8, 2, 0, 0, 0, 2, 0}) ==
        "the header of an IDX file goes on with 4 bytes for an extent; the file ends after 1 of "
        "them");
}

TEST_CASE("read_idx: more or fewer data than the header says") {
  const TemporaryDirectory directory;
  const std::int64_t cached = memory::cached_bytes(), live = memory::live_bytes();
  for (const bool packed : {false, true}) {
    const auto complain = [&](const Bytes& bytes) {
      return complaint(directory, packed ? gzip(bytes) : bytes);
    };
    CHECK(complain(idx_header(8, {2, 3}) + Bytes{1, 2}) ==
          "the header says uint8[2, 3], 6 bytes; the file holds 2");
    CHECK(complain(small + Bytes{9}) ==
          "the header says uint8[2, 3], 6 bytes; the file holds more");
    CHECK(complain(idx_header(0x0e, {1048576, 1048576}) + Bytes{1}) ==
          "the header says float64[1048576, 1048576], 8796093022208 bytes; the file holds 1");
    CHECK(
        complain(idx_header(8, {~0U, ~0U, ~0U})) ==
        "the size of the array must fit in 63 bits; got uint8[4294967295, 4294967295, 4294967295]");
  }
  CHECK(memory::cached_bytes() + memory::live_bytes() ==
        cached + live);  // nothing was taken for what was claimed
}

TEST_CASE("read_idx: damaged gzip data") {
  const TemporaryDirectory directory;
  Bytes packed = gzip(small);
  CHECK(complaint(directory, {packed.begin(), packed.end() - 1}) ==
        "ends in the middle of the gzip data");
  CHECK(complaint(directory, packed + Bytes{0}) ==
        "must end with the gzip data; other bytes follow");
  CHECK(complaint(directory, packed + packed) ==
        "the header says uint8[2, 3], 6 bytes; the file holds more");
  packed[packed.size() - 8] ^= 1U;
  CHECK(complaint(directory, packed) == "the gzip data are damaged: incorrect data check");
  packed[packed.size() - 8] ^= 1U;
  packed[packed.size() - 1] ^= 1U;
  CHECK(complaint(directory, packed) == "the gzip data are damaged: incorrect length check");
}

TEST_CASE("read_idx: cut off anywhere") {
  const TemporaryDirectory directory;
  for (const Bytes& bytes : {small, gzip(small)}) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK(refused(directory,
                    Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))));
    }
  }
}

TEST_CASE("read_idx: any byte of the header wrong") {
  const TemporaryDirectory directory;
  for (std::size_t place = 0; place < idx_header(8, {2, 3}).size(); ++place) {
    for (unsigned value = 0; value < 256; ++value) {
      Bytes bytes = small;
      bytes[place] = static_cast<unsigned char>(value);
      CAPTURE(place);
      CAPTURE(value);
      if (place == 2 && value == 9) continue;  // int8[2, 3] is as good a header
      CHECK(refused(directory, bytes) == (bytes != small));
    }
  }
}

TEST_CASE("read_idx: any byte of the gzip form wrong") {
  const TemporaryDirectory directory;
  const Bytes packed = gzip(small);
  for (std::size_t place = 0; place < packed.size(); ++place) {
    for (unsigned value = 0; value < 256; ++value) {
      Bytes bytes = packed;
      bytes[place] = static_cast<unsigned char>(value);
      refused(directory, bytes);  // or right: the time stamp, for one, may be anything
    }
  }
}

TEST_CASE("read_idx refuses options") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("small", small);
  CHECK(error_of<ValueError>([&] {
          return read_idx(path, {.dtype = Dtype::float32, .scale = 0});
        }) == "read_idx: center and scale must be finite, and scale not 0; got 0 and 0");
  CHECK(error_of<DtypeError>([&] { return read_idx(path, {.center = 1}); }) ==
        path + ": scaled numbers need a floating dtype; got int64");
  const std::string floats = directory.write("floats", idx_header(0x0d, {1}) + Bytes{0, 0, 0, 0});
  CHECK(error_of<DtypeError>([&] { return read_idx(floats, {.dtype = Dtype::int64}); }) ==
        floats + ": float32 numbers need a floating dtype; got int64");
}
