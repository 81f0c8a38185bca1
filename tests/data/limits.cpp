// What docs/security.md says of the limits of readers.
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zlib.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/idx_bytes.hpp"
#include "support/npy_bytes.hpp"
#include "support/small_stack.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;

namespace {

/// The most memory that the process has had, in megabytes.
double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string eight_bytes(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 255U);
  return bytes;
}

Bytes safetensors(const std::string& header, std::size_t data = 0) {
  return bytes_of(eight_bytes(header.size()) + header + std::string(data, '\0'));
}

/// Bytes, then so many megabytes of zeros, as one gzip member of a thousandth of that.
Bytes bomb(const Bytes& front, int megabytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes packed, room(1 << 16), zeros(1 << 20);
  const auto put = [&](const Bytes& bytes, int flush) {
    stream.next_in = const_cast<unsigned char*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream.next_out = room.data();
      stream.avail_out = static_cast<uInt>(room.size());
      deflate(&stream, flush);
      packed.insert(packed.end(), room.begin(),
                    room.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
    } while (stream.avail_out == 0);
  };
  put(front, Z_NO_FLUSH);
  for (int i = 0; i < megabytes; ++i) put(zeros, i + 1 == megabytes ? Z_FINISH : Z_NO_FLUSH);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TEST_CASE("limits: at most eight axes") {
  const TemporaryDirectory directory;
  const std::string ones = "1, 1, 1, 1, 1, 1, 1, 1, 1";
  const std::string npy = directory.write(
      "x.npy",
      bytes_of(npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (" + ones + "), }") +
               "x"));
  CHECK(error_of<IoError>([&] { return data::load_npy(npy); }).find("8 axes") != std::string::npos);
  const std::string idx =
      directory.write("x.idx", idx_header(8, std::vector<std::uint32_t>(9, 1)) + Bytes{0});
  CHECK(error_of<IoError>([&] { return data::read_idx(idx); }).find("8 axes") != std::string::npos);
  const std::string tensors = directory.write(
      "x.safetensors",
      safetensors(R"({"a":{"dtype":"U8","shape":[)" + ones + R"(],"data_offsets":[0,1]}})", 1));
  CHECK(error_of<IoError>([&] { return data::load_safetensors(tensors); }).find("8 axes") !=
        std::string::npos);
}

TEST_CASE("limits: headers are short, and nest as deep as they must and no deeper") {
  const TemporaryDirectory directory;
  const std::string long_header = directory.write(
      "x.npy", bytes_of(std::string("\x93NUMPY\2\0\0\0\1\0", 12) + std::string(65536, ' ')));
  CHECK(error_of<IoError>([&] { return data::load_npy(long_header); }).find("shorter than 65536") !=
        std::string::npos);
  const std::string huge = directory.write("x.safetensors", bytes_of(eight_bytes(100'000'001)));
  std::filesystem::resize_file(huge, 100'000'100);  // which takes no room on the disk
  CHECK(error_of<IoError>([&] { return data::load_safetensors(huge); }).find("at most 100 MB") !=
        std::string::npos);
  on_small_stack([&] {
    for (const char* deep : {"[", "{\"a\":", R"({"a":{"shape":)", R"({"a":{"shape":[)"}) {
      std::string header = deep;
      for (int i = 0; i < 200'000; ++i) header += '[';
      const std::string path = directory.write("deep.safetensors", safetensors(header));
      CHECK(error_of<IoError>([&] { return data::load_safetensors(path); }) != "");
    }
    std::string dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': ";
    dictionary += std::string(60'000, '(');
    const std::string length{static_cast<char>(dictionary.size() & 255),
                             static_cast<char>(dictionary.size() >> 8)};
    const std::string path = directory.write(
        "deep.npy", bytes_of(std::string("\x93NUMPY\1\0", 8) + length + dictionary));
    CHECK(error_of<IoError>([&] { return data::load_npy(path); }) != "");
  });
}

TEST_CASE("limits: what is claimed takes no memory before it is there") {
  const TemporaryDirectory directory;
  const double before = peak_megabytes();
  const std::string npy = directory.write(
      "x.npy",
      bytes_of(npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }")));
  CHECK(error_of<IoError>([&] { return data::load_npy(npy); }) != "");
  const std::string idx = directory.write("x.idx", idx_header(14, {0xffffffff, 0xffff}));
  CHECK(error_of<IoError>([&] { return data::read_idx(idx); }) != "");
  const std::string tensors = directory.write(
      "x.safetensors",
      safetensors(
          R"({"a":{"dtype":"F64","shape":[100000000000],"data_offsets":[0,800000000000]}})"));
  CHECK(error_of<IoError>([&] { return data::load_safetensors(tensors); }) != "");
  CHECK(peak_megabytes() - before < 8);
}

TEST_CASE("limits: what is packed is unpacked as far as it was announced") {
  const TemporaryDirectory directory;
  const Bytes header =
      bytes_of(npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (10,), }"));
  const std::string npy = directory.write("x.npy", bomb(header, 400)),
                    idx = directory.write("x.idx", bomb(idx_header(8, {10}), 400));
  const double before = peak_megabytes();
  CHECK(error_of<IoError>([&] { return data::load_npy(npy); }) != "");
  CHECK(error_of<IoError>([&] { return data::read_idx(idx); }) != "");
  CHECK(peak_megabytes() - before < 8);
  // Deflate packs 1032 bytes into one at best: what is announced, and there, is unpacked.
  const Bytes whole =
      bytes_of(npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (1048576,), }"));
  const Bytes packed = bomb(whole, 1);
  CHECK(packed.size() < 3000);
  CHECK(sum(data::load_npy(directory.write("zeros.npy", packed))).item() == 0);
}

TEST_CASE("limits: no file runs a program, or names another file") {
  const TemporaryDirectory directory;
  // What np.save writes of objects is a pickle, which Python runs.
  for (const char* type : {"|O", "<U5", "|S5", "|V8", "<M8[ns]", "<c16"}) {
    const std::string path = directory.write(
        "x.npy", bytes_of(npy_header("{'descr': '" + std::string(type) +
                                     "', 'fortran_order': False, 'shape': (1,), }") +
                          std::string(64, '\x80')));
    CHECK(error_of<IoError>([&] { return data::load_npy(path); }) != "");
  }
  const std::string archive = directory.file("x.npz"), outside = "../outside";
  data::save_npz(archive, {{outside, ones({1})}, {"/absolute", ones({1})}});
  const NamedTensors loaded = data::load_npz(archive);
  CHECK(loaded[0].first == outside);  // a name like any other
  CHECK_FALSE(std::ifstream(directory.file("../outside.npy")).good());
  CHECK_FALSE(std::ifstream("/absolute.npy").good());
  const std::string formula = directory.file("x.csv");
  std::ofstream(formula) << "a,b\n=1+1,@x\n";
  const data::CsvTable table = data::read_csv(formula);
  CHECK(table.text(0, 0) == "=1+1");
}
