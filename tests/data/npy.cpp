#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#if __has_include(<xtensor/io/xnpy.hpp>)
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/data/npy.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/idx_bytes.hpp"
#include "../support/npy_bytes.hpp"

using namespace xtape;
using data::load_npy;
using data::save_npy;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

Tensor load(const TemporaryDirectory& directory, const std::string& bytes) {
  return load_npy(directory.write("file.npy", bytes_of(bytes)));
}

Tensor load(const TemporaryDirectory& directory, const std::string& descr, const std::string& shape,
            const std::string& data, bool fortran = false) {
  return load(directory, npy_header("{'descr': '" + descr + "', 'fortran_order': " +
                                    (fortran ? "True" : "False") + ", 'shape': " + shape + ", }") +
                             data);
}

/// What load_npy says to a file with these bytes, without the path in front.
std::string complaint(const TemporaryDirectory& directory, const std::string& bytes) {
  const std::string text = error_of<IoError>([&] { return load(directory, bytes); });
  const std::string front = directory.file("file.npy") + ": ";
  return text.starts_with(front) ? text.substr(front.size()) : text;
}

std::string dictionary_complaint(const TemporaryDirectory& directory, const std::string& text) {
  return complaint(directory, npy_header(text));
}

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("load_npy: what NumPy writes, plain and gzip") {
  const TemporaryDirectory directory;
  const Bytes bytes = bytes_of(npy_matrix);
  for (const Bytes& form : {bytes, gzip(bytes)}) {
    const Tensor x = load_npy(directory.write("matrix", form));
    CHECK(x.describe() == "float32[2, 3]");
    CHECK(x.to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6.5});
  }
}

TEST_CASE("load_npy: every element type") {
  const TemporaryDirectory directory;
  const auto integers = [&](const std::string& descr, const std::string& shape,
                            const std::string& data) {
    const Tensor x = load(directory, descr, shape, data);
    CHECK(x.dtype() == Dtype::int64);
    return x.to_vector<std::int64_t>();
  };
  CHECK(integers("|i1", "(3,)", "\x7f\x80\xff") == Integers{127, -128, -1});
  CHECK(integers("|u1", "(2,)", std::string("\0\xff", 2)) == Integers{0, 255});
  CHECK(integers("<i2", "(2,)", std::string("\2\1\0\x80", 4)) == Integers{258, -32768});
  CHECK(integers("<u2", "(2,)", std::string("\2\1\0\x80", 4)) == Integers{258, 32768});
  CHECK(integers("<i4", "(2,)", std::string("\4\3\2\1\xfe\xff\xff\xff", 8)) ==
        Integers{16909060, -2});
  CHECK(integers("<u4", "(1,)", "\xfe\xff\xff\xff") == Integers{4294967294});
  CHECK(integers("<i8", "(1,)", std::string("\0\0\0\0\0\0\0\x80", 8)) == Integers{INT64_MIN});
  CHECK(integers("<u8", "(1,)", "\xff\xff\xff\xff\xff\xff\xff\x7f") == Integers{INT64_MAX});
  CHECK(integers(">i2", "(2,)", std::string("\1\2\x80\0", 4)) == Integers{258, -32768});
  CHECK(integers(">u8", "(1,)", std::string("\0\0\0\0\0\0\1\2", 8)) == Integers{258});
  // np.array([1.5, -2], '>f4'), and of '>f8' and '<f8'
  const Tensor floats = load(directory, ">f4", "(2,)", std::string("\x3f\xc0\0\0\xc0\0\0\0", 8));
  CHECK(floats.dtype() == Dtype::float32);
  CHECK(floats.to_vector<double>() == Doubles{1.5, -2});
  CHECK(load(directory, ">f8", "()", "\x3f\xb9\x99\x99\x99\x99\x99\x9a").item() == 0.1);
  CHECK(load(directory, "<f8", "()", "\x9a\x99\x99\x99\x99\x99\xb9\x3f").item() == 0.1);
  const Tensor flags = load(directory, "|b1", "(3,)", std::string("\0\1\2", 3));
  CHECK(flags.dtype() == Dtype::boolean);
  CHECK(flags.to_vector<std::int64_t>() == Integers{0, 1, 1});
}

TEST_CASE("load_npy: float16 becomes float32, exactly") {
  const TemporaryDirectory directory;
  // np.array([1, -2, 1/3, 65504, 2**-24, 1023 * 2**-24, 2**-14, -0., inf, -inf], '<f2')
  const std::string bytes("\0\x3c\0\xc0\x55\x35\xff\x7b\1\0\xff\3\0\4\0\x80\0\x7c\0\xfc", 20);
  const Doubles expected{1,       -2,   0.333251953125, 65504,    0x1p-24, 1023 * 0x1p-24,
                         0x1p-14, -0.0, INFINITY,       -INFINITY};
  std::string big = bytes;
  for (std::size_t i = 0; i < big.size(); i += 2) std::swap(big[i], big[i + 1]);
  for (const Tensor& x :
       {load(directory, "<f2", "(10,)", bytes), load(directory, ">f2", "(10,)", big)}) {
    CHECK(x.dtype() == Dtype::float32);
    CHECK(x.to_vector<double>() == expected);
    CHECK(std::signbit(x.to_vector<double>()[7]));
  }
  CHECK(std::isnan(load(directory, "<f2", "()", std::string("\1\x7e", 2)).item()));
}

TEST_CASE("load_npy: shapes, and axes in Fortran's order") {
  const TemporaryDirectory directory;
  CHECK(load(directory, "|u1", "()", "\7").shape() == Shape{});
  CHECK(load(directory, "|u1", "(0, 3)", "").shape() == Shape{0, 3});
  CHECK(load(directory, "|u1", "(1, 1, 2, 1, 1, 1, 1, 1)", "ab").shape() ==
        Shape{1, 1, 2, 1, 1, 1, 1, 1});
  CHECK(load(directory, "|u1", "(9223372036854775807, 4, 0)", "").size() == 0);
  // np.arange(6).reshape(2, 3) and np.arange(8).reshape(2, 2, 2), in order 'F'
  const Tensor matrix = load(directory, "|u1", "(2, 3)", std::string("\0\3\1\4\2\5", 6), true);
  CHECK(matrix.shape() == Shape{2, 3});
  CHECK(matrix.is_contiguous());
  CHECK(matrix.to_vector<std::int64_t>() == Integers{0, 1, 2, 3, 4, 5});
  CHECK(load(directory, "|u1", "(2, 2, 2)", std::string("\0\4\2\6\1\5\3\7", 8), true)
            .to_vector<std::int64_t>() == Integers{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("load_npy: versions 2.0 and 3.0, and headers as others write them") {
  const TemporaryDirectory directory;
  for (const char version : {'\2', '\3'}) {
    std::string bytes = npy_matrix;
    bytes[6] = version;
    bytes[8] = 't';  // two bytes fewer, which the longer length takes
    bytes.erase(126, 2);
    bytes.insert(10, 2, '\0');
    bytes[127] = '\n';
    CHECK(load(directory, bytes).to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6.5});
  }
  for (const char* text :
       {"{'shape': (2,), 'fortran_order': False, 'descr': '|u1'}",
        "{\"descr\":\"|u1\",\"shape\":(2L,),\"fortran_order\":True}",
        "  { 'descr' : '|u1' , 'fortran_order' : True , 'shape' : ( 2 , ) , } "}) {
    CHECK(load(directory, npy_header(text) + "\1\2").to_vector<std::int64_t>() == Integers{1, 2});
  }
}

TEST_CASE("load_npy: a dtype that must be") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("matrix", bytes_of(npy_matrix));
  CHECK(load_npy(path, Dtype::float32).dtype() == Dtype::float32);
  CHECK(error_of<DtypeError>([&] { return load_npy(path, Dtype::float64); }) ==
        path + ": must hold an array of float64; got float32[2, 3]");
}

TEST_CASE("load_npy: a file that cannot be read, or is of another kind") {
  const TemporaryDirectory directory;
  CHECK(error_of<IoError>([&] { return load_npy(directory.file("none")); }) ==
        directory.file("none") + ": cannot be opened: No such file or directory");
  CHECK(complaint(directory, "") == "must be a .npy file, which begins with \\x93NUMPY");
  CHECK(complaint(directory, "sepal,petal") == "must be a .npy file, which begins with \\x93NUMPY");
  CHECK(complaint(directory, "PK\3\4...") ==
        "must be a .npy file, which begins with \\x93NUMPY; got a zip archive, which load_npz "
        "reads");
  CHECK(complaint(directory, "\x93NUMPY\4") == "ends in the middle of the header of a .npy file");
  CHECK(complaint(directory, std::string("\x93NUMPY\4\0v\0", 10)) ==
        "the version of the .npy form must be 1.0, 2.0 or 3.0; got 4.0");
  CHECK(complaint(directory, std::string("\x93NUMPY\2\0\0\0\1\0", 12)) ==
        "the header of an array of numbers is shorter than 65536 bytes; got 65536");
}

TEST_CASE("load_npy: dtypes that tensors do not have") {
  const TemporaryDirectory directory;
  for (const char* descr :
       {"<c8", "<c16", "|O", "|S3", "<U4", "<M8[ns]", "<f16", "|f4", "=f4", "f4", "", "<", "|V8"}) {
    CHECK(dictionary_complaint(directory, "{'descr': '" + std::string(descr) +
                                              "', 'fortran_order': False, 'shape': (2,), }") ==
          "the dtype must be bool, an integer, float16, float32 or float64; got \"" +
              std::string(descr) + "\"");
  }
  CHECK(dictionary_complaint(
            directory, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }") ==
        "arrays of records are not read, only of numbers");
  CHECK(error_of<IoError>([&] {
          return load(directory, "<u8", "(1,)", std::string("\0\0\0\0\0\0\0\x80", 8));
        }) == directory.file("file.npy") +
                  ": uint64 numbers must be below 2^63, to fit in int64; got 9223372036854775808");
}

TEST_CASE("load_npy: headers that are none") {
  const TemporaryDirectory directory;
  const std::string front =
      "the header must be a dictionary of descr, fortran_order and shape; got ";
  for (const char* text :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr: '<f4', 'fortran_order': False, 'shape': (2,)}"}) {
    CHECK(dictionary_complaint(directory, text) == front + '"' + text + '"');
  }
  CHECK(dictionary_complaint(directory, "{\x1b[31m\n\x7f\xc2\x9b") == front + "\"{ [31m   \"");
  const std::string e = "\xc3\xa9";  // one character, of which the cut keeps all or nothing
  for (const bool odd : {false, true}) {
    std::string text = odd ? "'" : "", shown = text;
    while (text.size() < 400) text += e;
    while (shown.size() < 199) shown += e;
    const std::string header = {static_cast<char>(text.size() & 0xff), 1};
    CHECK(complaint(directory, std::string("\x93NUMPY\1\0", 8) + header + text) ==
          front + '"' + shown + "...\"");
  }
  CHECK(dictionary_complaint(
            directory,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}") ==
        "the array must have at most 8 axes; got 9");
  CHECK(
      dictionary_complaint(
          directory, "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}") ==
      "an extent must fit in 63 bits");
}

TEST_CASE("load_npy: more or fewer data than the header says") {
  const TemporaryDirectory directory;
  const std::int64_t cached = memory::cached_bytes(), live = memory::live_bytes();
  CHECK(complaint(directory, npy_matrix + "x") ==
        "the header says float32[2, 3], 24 bytes; the file holds more");
  CHECK(complaint(directory, npy_matrix.substr(0, 150)) ==
        "the header says float32[2, 3], 24 bytes; the file holds 22");
  CHECK(dictionary_complaint(
            directory, "{'descr': '<f8', 'fortran_order': False, 'shape': (1048576, 1048576), }") ==
        "the header says float64[1048576, 1048576], 8796093022208 bytes; the file holds 0");
  CHECK(
      dictionary_complaint(
          directory, "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}") ==
      "the size of the array must fit in 63 bits; got float64[2305843009213693952]");
  CHECK(memory::cached_bytes() + memory::live_bytes() ==
        cached + live);  // nothing was taken for what was claimed
}

TEST_CASE("load_npy: cut off anywhere, or any byte wrong") {
  const TemporaryDirectory directory;
  for (std::size_t length = 0; length < npy_matrix.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(load(directory, npy_matrix.substr(0, length)), IoError);
  }
  for (std::size_t place = 0; place < npy_matrix.size(); ++place) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = npy_matrix;
      bytes[place] = static_cast<char>(bytes[place] ^ 1 << bit);
      try {
        const Tensor x = load(directory, bytes);
        CHECK(x.size() == 6);  // a number, an order or a dtype has changed
      } catch (const IoError& error) {
        CHECK(std::string(error.what()).starts_with(directory.file("file.npy")));
      }
    }
  }
}

TEST_CASE("save_npy writes NumPy's own bytes") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npy");
  save_npy(path, tensor({{1, 2, 3}, {4, 5, 6.5}}, Dtype::float32));
  CHECK(content(path) == npy_matrix);
  save_npy(path, tensor({1, 0}).to(Dtype::boolean));
  CHECK(content(path) == npy_header("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }") +
                             std::string("\1\0", 2));
  save_npy(path, tensor(0.1, Dtype::float64));
  CHECK(content(path) == npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (), }") +
                             "\x9a\x99\x99\x99\x99\x99\xb9\x3f");
  save_npy(path, zeros({0, 3}, Dtype::int64));
  CHECK(content(path) == npy_header("{'descr': '<i8', 'fortran_order': False, 'shape': (0, 3), }"));
}

TEST_CASE("what save_npy writes load_npy reads: every dtype and rank, strided ones too") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npy");
  const Tensor all = drawn({2, 3, 1, 2, 1, 2, 1, 4}, -100, 100);
  for (const Dtype dtype : {Dtype::boolean, Dtype::int64, Dtype::float32, Dtype::float64}) {
    for (const Tensor& x : {all, transpose(all), slice(all, {Slice::all, range({}, {}, -2)}),
                            slice(all, {0, 0, 0, 0, 0, 0, 0, 0}), slice(all, {range(0, 0)})}) {
      const Tensor typed = x.to(dtype);
      save_npy(path, typed);
      CHECK(mismatch(load_npy(path), typed) == "");
    }
  }
  const Tensor vast = zeros({INT64_MAX, 0, INT64_MAX, INT64_MAX, 1, INT64_MAX, 1, INT64_MAX});
  save_npy(path, vast);  // the longest header
  CHECK(content(path).size() == 192);
  CHECK(load_npy(path).shape() == vast.shape());
}

TEST_CASE("xtensor reads what save_npy writes, and the other way round") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npy");
  const Tensor x = drawn({3, 4}, -1, 1);
  save_npy(path, x);
  const auto read = xt::load_npy<double>(path);
  REQUIRE(read.dimension() == 2);
  CHECK(Doubles(read.begin(), read.end()) == x.to_vector<double>());
  const xt::xarray<float> rows{{1, 2, 3}, {4, 5, 6}};
  const xt::xarray<float, xt::layout_type::column_major> columns = rows;
  xt::dump_npy(path, rows);
  CHECK(load_npy(path, Dtype::float32).to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6});
  xt::dump_npy(path, columns);
  CHECK(load_npy(path, Dtype::float32).to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6});
}

TEST_CASE("save_npy refuses, and keeps an older file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npy");
  save_npy(path, tensor(1.0));
  CHECK_THROWS_AS(save_npy(path, Tensor()), ValueError);
  CHECK(load_npy(path).item() == 1);
  CHECK(error_of<IoError>([&] {
          save_npy("/dev/full", zeros({100000}));
          return 0;
        }) == "/dev/full: cannot be written: No space left on device");
}
