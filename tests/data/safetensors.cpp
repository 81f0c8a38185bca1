// Files in safetensors form: what Python writes, what it reads, and what nobody should.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/data/kernels/safetensors_header.hpp>
#include <xtape/xtape.hpp>

#include "../support/checked.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::load_safetensors;
using data::save_safetensors;

namespace {

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string golden(const std::string& name) {
  return XTAPE_SAFETENSORS "/" + name + ".safetensors";
}

std::string with_length(const std::string& header, std::uint64_t length) {
  std::string file;
  for (int i = 0; i < 8; ++i, length >>= 8) file += static_cast<char>(length & 0xff);
  return file + header;
}

/// A file of that header, padded to a multiple of 8, and so many bytes 0 behind it.
std::string file_of(std::string header, std::size_t bytes) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return with_length(header, header.size()) + std::string(bytes, '\0');
}

/// The entry of one tensor.
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::span<const std::byte> bytes_of(const std::string& file) {
  return {reinterpret_cast<const std::byte*>(file.data()), file.size()};
}

/// What reading all of it throws; empty if nothing.
std::string fault_of(const std::string& file) {
  try {
    const data::kernels::SafetensorsHeader header(bytes_of(file), "f");
    for (const auto& entry : header.entries) static_cast<void>(header.read(entry));
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

Tensor find(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [key, tensor] : tensors)
    if (key == name) return tensor;
  throw IndexError(name);
}

}  // namespace

TEST_CASE("safetensors: every element type that Python writes") {
  const NamedTensors tensors = load_safetensors(golden("every_type"));
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> whole{
      {"int8", {-128, 127}},
      {"int16", {-32768, 32767}},
      {"int32", {-2147483648, 2147483647}},
      {"int64",
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}},
      {"uint8", {0, 255}},
      {"uint16", {0, 65535}},
      {"uint32", {0, 4294967295}},
      {"uint64", {0, std::numeric_limits<std::int64_t>::max()}},
      {"bool", {1, 0, 1}}};
  for (const auto& named : whole) {
    const std::string& name = named.first;
    const std::vector<std::int64_t>& numbers = named.second;
    CAPTURE(name);
    CHECK(find(tensors, name).dtype() == (name == "bool" ? Dtype::boolean : Dtype::int64));
    CHECK(find(tensors, name).to_vector<std::int64_t>() == numbers);
  }
  for (const std::string name : {"float16", "bfloat16", "float32", "float64"}) {
    CAPTURE(name);
    const Tensor tensor = find(tensors, name);
    CHECK(tensor.dtype() == (name == "float64" ? Dtype::float64 : Dtype::float32));
    const std::vector<double> got = tensor.to_vector<double>();
    const double largest = name == "bfloat16" ? 65536 : 65504;  // 8 bits of precision round it up
    const std::vector<double> wanted{0, -0.0, 1, -2.5, largest, std::ldexp(1, -24)};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(got[i] == wanted[i]);
      CHECK(std::signbit(got[i]) == std::signbit(wanted[i]));
    }
    CHECK(got[6] == std::numeric_limits<double>::infinity());
    CHECK(got[7] == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(got[8]));
  }
  CHECK(find(tensors, "bool").shape() == Shape{1, 3});
  CHECK(find(tensors, "scalar").shape() == Shape{});
  CHECK(find(tensors, "scalar").item() == 1.5);
  CHECK(find(tensors, "empty").shape() == Shape{2, 0, 3});
  CHECK(data::load_safetensors_metadata(golden("every_type")) ==
        std::vector<data::NamedText>{{"format", "pt"}});
}

TEST_CASE("safetensors: a file is to the byte the one that Python writes") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("a.safetensors");
  const NamedTensors tensors{
      {"b.weight", reshape(arange(6).to(Dtype::float32), {2, 3})},
      {"a.weight", tensor({0.5f})},
      {"count", tensor(7)},
      {"mask", tensor({true, false, true})},
      {"wide \"quoted\"\n\u00e9\u4e2d", tensor({1e300, -1e-300}, Dtype::float64)},
      {"none", zeros({0})}};
  save_safetensors(path, tensors, {{"note", "line\tone\n\u0001"}});
  CHECK(content(path) == content(golden("written")));
  const NamedTensors again = load_safetensors(path);
  REQUIRE(again.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    CHECK(find(again, name).dtype() == tensor.dtype());
    CHECK(find(again, name).shape() == tensor.shape());
    CHECK(all(find(again, name) == tensor).item() == 1);
  }
  CHECK(data::load_safetensors_metadata(path)[0].second == "line\tone\n\u0001");
}

TEST_CASE("safetensors: strided and recorded tensors are written by their values") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("a.safetensors");
  const Tensor x = reshape(arange(6).to(Dtype::float64), {2, 3});
  save_safetensors(path, {{"t", transpose(x)}, {"y", 2 * x.clone().set_requires_grad(true)}});
  CHECK(all(find(load_safetensors(path), "t") == transpose(x)).item() == 1);
  CHECK(all(find(load_safetensors(path), "y") == 2 * x).item() == 1);
  save_safetensors(path, NamedTensors{});
  CHECK(load_safetensors(path).empty());
  CHECK(content(path) == file_of("{}", 0));
}

TEST_CASE("safetensors: models and optimizers are saved and taken up") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("model.safetensors");
  const nn::Sequential model(nn::Dense(2, 3), nn::BatchNorm1d(3), nn::Dropout(0.1));
  save_safetensors(path, model);
  const nn::Sequential other(nn::Dense(2, 3), nn::BatchNorm1d(3), nn::Dropout(0.1));
  CHECK(load_safetensors(path, other).missing.empty());
  CHECK(all(other["0.weight"].detach() == model["0.weight"].detach()).item() == 1);
  CHECK(all(other["2.stream"].detach() == model["2.stream"].detach()).item() == 1);
  const nn::Dense wrong(2, 3);
  CHECK(error_of<ValueError>([&] { return load_safetensors(path, wrong); }).find(path) !=
        std::string::npos);
}

TEST_CASE("safetensors: what cannot be written is refused and the older file stays") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("a.safetensors");
  save_safetensors(path, {{"a", ones({1})}});
  const std::string before = content(path);
  const Tensor x = ones({1});
  CHECK_THROWS_AS(save_safetensors(path, {{"a", x}, {"a", x}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"__metadata__", x}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"a\xff", x}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"a", x}}, {{"k", "1"}, {"k", "2"}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"a", x}}, {{"k", "\xc3"}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"a", Tensor()}}), Error);
  CHECK(content(path) == before);
  CHECK_THROWS_AS(save_safetensors(folder.file("no/a"), {{"a", x}}), IoError);
  CHECK_THROWS_AS(static_cast<void>(load_safetensors(folder.file("none"))), IoError);
  CHECK_THROWS_AS(static_cast<void>(load_safetensors(folder.path())), IoError);
  CHECK_THROWS_AS(static_cast<void>(load_safetensors("/dev/null")), IoError);
}

TEST_CASE("safetensors: hostile files are refused with what was wanted and what came") {
  const std::string good = entry("F32", "[2]", "[0,8]");
  const std::string two = R"({"a":)" + good + R"(,"b":)";
  struct Hostile {
    const char* name;
    std::string file, fault;
  };
  const std::vector<Hostile> all{
      {"nothing", "", "must begin with the length of a header"},
      {"too short for a length", "\1\0\0", "must begin with the length of a header"},
      {"a header that is not there", with_length("", 2), "the header must have 2 bytes"},
      {"a header of 2^64 - 1 bytes", with_length("{}", ~std::uint64_t{0}), "at most 100 MB"},
      {"a header of 2^63 bytes", with_length("{}", std::uint64_t{1} << 63), "at most 100 MB"},
      {"a header of over 100 MB", with_length("{}", 100'000'001), "at most 100 MB"},
      {"a header that is longer than the file", with_length("{}", 3), "must have 3 bytes"},
      {"no header", with_length("", 0), "'{' at byte 0; got its end"},
      {"a space before it", file_of(" {}", 0), "'{' at byte 0"},
      {"an array", file_of("[]", 0), "'{'"},
      {"a number", file_of("1", 0), "'{'"},
      {"null", file_of("null", 0), "'{'"},
      {"no end", file_of("{", 0), "'\"'"},
      {"a comma at its end", file_of(R"({"a":)" + good + ",}", 8), "'\"'"},
      {"text behind it", file_of("{} x", 0), "nothing but spaces"},
      {"a second object", file_of("{}{}", 0), "nothing but spaces"},
      {"a zero behind it", file_of(std::string("{}\0", 3), 0), "nothing but spaces"},
      {"a line feed behind it", file_of("{}\n", 0), "nothing but spaces"},
      {"a comment", file_of("{/**/}", 0), "'\"'"},
      {"single quotes", file_of("{'a':" + good + "}", 8), "'\"'"},
      {"no UTF-8", file_of("{\"\xff\":" + good + "}", 8), "must be UTF-8"},
      {"a longer form than needed", file_of("{\"\xc0\xaf\":" + good + "}", 8), "must be UTF-8"},
      {"half a surrogate pair", file_of("{\"\\ud800\":" + good + "}", 8), "surrogates in pairs"},
      {"a wrong pair", file_of("{\"\\ud800\\u0041\":" + good + "}", 8), "second half"},
      {"a control character", file_of("{\"a\nb\":" + good + "}", 8), "no control characters"},
      {"an unknown escape", file_of("{\"\\x41\":" + good + "}", 8), "a known escape"},
      {"bad digits of an escape", file_of("{\"\\u00g1\":" + good + "}", 8), "hexadecimal"},
      {"a text without an end", file_of("{\"a", 0), "the end of a text"},
      {"a name twice", file_of(two + entry("F32", "[0]", "[8,8]") + R"(,"a":)" + good + "}", 8),
       "each name once"},
      {"a name twice by an escape", file_of(R"({"a":)" + good + R"(,"\u0061":)" + good + "}", 8),
       "each name once"},
      {"metadata twice", file_of(R"({"__metadata__":{},"__metadata__":{}})", 0), "each name once"},
      {"metadata that are no texts", file_of(R"({"__metadata__":{"a":1}})", 0), "'\"'"},
      {"nested metadata", file_of(R"({"__metadata__":{"a":{"b":"c"}}})", 0), "'\"'"},
      {"a key of metadata twice", file_of(R"({"__metadata__":{"a":"1","a":"2"}})", 0),
       "each key once"},
      {"a tensor that is a number", file_of(R"({"a":1})", 0), "'{'"},
      {"no dtype", file_of(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8),
       "dtype, shape and data_offsets of \"a\""},
      {"no shape", file_of(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), "dtype, shape and"},
      {"no offsets", file_of(R"({"a":{"dtype":"F32","shape":[2]}})", 8), "dtype, shape and"},
      {"an unknown key",
       file_of(R"({"a":{"x":1,"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       "dtype, shape or data_offsets"},
      {"a key twice",
       file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       "each key once"},
      {"an unknown dtype", file_of(R"({"a":)" + entry("F8_E4M3", "[2]", "[0,2]") + "}", 2),
       "got \"F8_E4M3\""},
      {"a dtype in small letters", file_of(R"({"a":)" + entry("f32", "[2]", "[0,8]") + "}", 8),
       "got \"f32\""},
      {"a negative extent", file_of(R"({"a":)" + entry("F32", "[-2]", "[0,8]") + "}", 8),
       "a whole number"},
      {"an extent with a point", file_of(R"({"a":)" + entry("F32", "[2.0]", "[0,8]") + "}", 8),
       "without a point"},
      {"an extent with an exponent", file_of(R"({"a":)" + entry("F32", "[2e0]", "[0,8]") + "}", 8),
       "without a point"},
      {"an extent with a leading zero",
       file_of(R"({"a":)" + entry("F32", "[02]", "[0,8]") + "}", 8), "a whole number"},
      {"an extent of 2^63",
       file_of(R"({"a":)" + entry("F32", "[9223372036854775808]", "[0,8]") + "}", 8),
       "a number below 2^63"},
      {"extents whose product overflows",
       file_of(R"({"a":)" + entry("F32", "[4294967296,4294967296,4294967296]", "[0,8]") + "}", 8),
       "more bytes than there can be"},
      {"a product that wraps to what is there",
       file_of(R"({"a":)" + entry("F32", "[4611686018427387904,4,2]", "[0,8]") + "}", 8),
       "more bytes than there can be"},
      {"nine axes", file_of(R"({"a":)" + entry("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", 4),
       "at most 8 axes"},
      {"a claim that nothing backs",
       file_of(R"({"a":)" + entry("F32", "[1000000000000]", "[0,4000000000000]") + "}", 8),
       "the file holds 8 bytes"},
      {"one offset", file_of(R"({"a":)" + entry("F32", "[2]", "[0]") + "}", 8), "two offsets"},
      {"three offsets", file_of(R"({"a":)" + entry("F32", "[2]", "[0,8,8]") + "}", 8),
       "two offsets"},
      {"offsets the other way round", file_of(R"({"a":)" + entry("F32", "[2]", "[8,0]") + "}", 8),
       "must begin at byte 0"},
      {"an end before the begin", file_of(two + entry("F32", "[0]", "[8,4]") + "}", 8),
       "must begin at byte 8"},
      {"too few bytes for the shape", file_of(R"({"a":)" + entry("F32", "[2]", "[0,4]") + "}", 4),
       "F32[2] needs 8 bytes"},
      {"too many bytes for the shape",
       file_of(R"({"a":)" + entry("F32", "[2]", "[0,12]") + "}", 12), "F32[2] needs 8 bytes"},
      {"a file that is cut", file_of(R"({"a":)" + good + "}", 7), "the file holds 7 bytes"},
      {"bytes behind the last", file_of(R"({"a":)" + good + "}", 9), "the tensors take 8 bytes"},
      {"bytes that belong to nobody", file_of(two + entry("F32", "[1]", "[12,16]") + "}", 16),
       "must begin at byte 8"},
      {"bytes before the first", file_of(R"({"a":)" + entry("F32", "[2]", "[4,12]") + "}", 12),
       "must begin at byte 0"},
      {"bytes in two tensors", file_of(two + entry("F32", "[2]", "[4,12]") + "}", 12),
       "must begin at byte 8"},
      {"the same bytes twice", file_of(two + good + "}", 8), "must begin at byte 8"},
      {"data without a tensor", file_of("{}", 1), "the tensors take 0 bytes"},
      {"elements that lie across",
       file_of(R"({"a":)" + entry("U8", "[1]", "[0,1]") + R"(,"b":)" +
                   entry("F32", "[1]", "[1,5]") + "}",
               5),
       "at a multiple of 4 bytes"},
      {"a header that moves the elements",
       with_length("{\"a\":" + good + "}", good.size() + 6) + std::string(8, '\0'),
       "at a multiple of 4 bytes"},
      {"a bool that is 2", file_of(R"({"a":)" + entry("BOOL", "[1]", "[0,1]") + "}", 0) + "\2",
       "bools must be 0 or 1; got 2"},
      {"a uint64 beyond int64",
       file_of(R"({"a":)" + entry("U64", "[1]", "[0,8]") + "}", 0) + std::string(8, '\xff'),
       "must be below 2^63"},
      {"an .npz archive", "PK\3\4 and so on and on and on", "at most 100 MB"},
  };
  CHECK(all.size() >= 40);
  for (const Hostile& hostile : all) {
    CAPTURE(hostile.name);
    const std::string got = fault_of(hostile.file);
    CAPTURE(got);
    CHECK(got.starts_with("f: "));
    CHECK(got.find(hostile.fault) != std::string::npos);
  }
  CHECK(fault_of(file_of(R"({"a":)" + good + "}", 8)) == "");
}

TEST_CASE("safetensors: what the form allows is read") {
  const std::string spaced =
      "{ \"a\"\t: {\"data_offsets\" : [ 0 , 8 ],\n \"shape\":[ 2 ],\"dtype\":\"F32\" } }";
  CHECK(fault_of(file_of(spaced, 8)) == "");
  CHECK(fault_of(file_of(R"({"\ud83d\ude00\u00e9\/":)" + entry("F32", "[]", "[0,4]") + "}", 4)) ==
        "");
  // In any order of the data, with empty tensors anywhere.
  CHECK(fault_of(file_of(R"({"a":)" + entry("F32", "[1]", "[4,8]") + R"(,"b":)" +
                             entry("F32", "[1]", "[0,4]") + R"(,"c":)" +
                             entry("F64", "[0]", "[4,4]") + "}",
                         8)) == "");
  CHECK(fault_of(file_of("{}", 0)) == "");
}

TEST_CASE("safetensors: damaged files, a million, are read or refused and nothing else") {
  const std::vector<std::string> seeds{content(golden("every_type")), content(golden("written")),
                                       file_of(R"({"a":)" + entry("F32", "[2]", "[0,8]") + "}", 8)};
  constexpr std::string_view pieces[] = {"{",  "}",          "[",           "]",   ",",
                                         ":",  "\"",         "\\u",         "0",   "9999999999",
                                         "-1", "\"dtype\":", "\"shape\":[", "F64", "__metadata__"};
  std::mt19937_64 random(7);
  const auto below = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
  std::int64_t read = 0;
  for (int i = 0; i < tried(1'000'000); ++i) {
    std::string file = seeds[below(seeds.size())];
    for (std::size_t change = below(3); change < 3; ++change) {
      const std::size_t at = below(file.size());
      switch (below(5)) {
        case 0: file[at] = static_cast<char>(random()); break;
        case 1: file.erase(at, 1 + below(8)); break;
        case 2: file.insert(at, pieces[below(std::size(pieces))]); break;
        case 3: file.resize(at + 1); break;
        default:
          file[std::min(file.size() - 1, 8 + below(400))] = static_cast<char>('0' + below(75));
      }
      if (file.empty()) file = "{";
    }
    read += fault_of(file).empty() ? 1 : 0;
  }
  CHECK(read > tried(1000));  // those whose data alone were changed
  CHECK(read < tried(900'000));
}
