#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zlib.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/vmap.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/npy_bytes.hpp"

using namespace xtape;
using data::load_npz;
using data::save_npz;
using Doubles = std::vector<double>;

namespace {

Bytes unhex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<unsigned char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// np.savez_compressed(f, w=np.array([[1, 2, 3], [4, 5, 6.5]], np.float32), step=np.int64(7))
const Bytes numpys = unhex(
    "504b03042d0000000800000021002d8e1ce8ffffffffffffffff05001400772e6e7079010010009800000000"
    "00000058000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f5452"
    "9498179f5f94920a12774bcc294e058a17672416a402f91a463a0ac69a3a0ab50a64032e0686067b06060607"
    "2002e206205e00c4171c00504b03042d00000008000000210023b8f06cffffffffffffffff08001400737465"
    "702e6e707901001000880000000000000046000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46e"
    "a5a06e9369a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a9a3a0ab50a14"
    "012e7606080000504b01022d032d0000000800000021002d8e1ce85800000098000000050000000000000000"
    "000000800100000000772e6e7079504b01022d032d00000008000000210023b8f06c46000000880000000800"
    "0000000000000000000080018f000000737465702e6e7079504b05060000000002000200690000000f010000"
    "0000");

/// A member of a zip archive; `data` as they lie in it, from `plain`.
struct Member {
  std::string name;
  std::string plain, data;
  unsigned method = 0, flags = 0;
};

void put(std::string& bytes, std::uint64_t number, int count) {
  for (int i = 0; i < count; ++i, number >>= 8) bytes += static_cast<char>(number & 0xff);
}

std::uint32_t checksum(const std::string& plain) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(plain.data()), static_cast<uInt>(plain.size())));
}

/// A zip archive by the specification.
std::string zip(const std::vector<Member>& members) {
  std::string bytes, directory;
  for (const Member& member : members) {
    std::string both;  // what local and central header share
    put(both, 20, 2);
    put(both, member.flags, 2);
    put(both, member.method, 2);
    put(both, 0, 4);
    put(both, checksum(member.plain), 4);
    put(both, member.data.size(), 4);
    put(both, member.plain.size(), 4);
    put(both, member.name.size(), 2);
    put(both, 0, 2);
    directory += "PK\1\2";
    put(directory, 20, 2);
    directory += both;
    put(directory, 0, 10);
    put(directory, bytes.size(), 4);
    directory += member.name;
    bytes += "PK\3\4" + both + member.name + member.data;
  }
  const std::size_t offset = bytes.size();
  bytes += directory + "PK\5\6";
  put(bytes, 0, 4);
  put(bytes, members.size(), 2);
  put(bytes, members.size(), 2);
  put(bytes, directory.size(), 4);
  put(bytes, offset, 4);
  put(bytes, 0, 2);
  return bytes;
}

Member stored(const std::string& name, const std::string& data) { return {name, data, data}; }

/// What load_npz says to a file with these bytes, without the path in front.
std::string complaint(const TemporaryDirectory& directory, const std::string& bytes) {
  const std::string path = directory.write("file.npz", bytes_of(bytes));
  const std::string text = error_of<IoError>([&] { return load_npz(path); });
  const std::string front = path + ": ";
  return text.starts_with(front) ? text.substr(front.size()) : text;
}

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("load_npz: what NumPy writes") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("file.npz", numpys);
  const NamedTensors tensors = load_npz(path);
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].first == "w");
  CHECK(tensors[0].second.describe() == "float32[2, 3]");
  CHECK(tensors[0].second.to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6.5});
  CHECK(tensors[1].first == "step");
  CHECK(tensors[1].second.describe() == "int64[]");
  CHECK(tensors[1].second.item() == 7);
  CHECK(load_npz(path, "step").item() == 7);
  CHECK(error_of<IoError>([&] { return load_npz(path, "steps"); }) ==
        path + ": holds no array \"steps\"; it holds \"w\", \"step\"");
}

TEST_CASE("what save_npz writes load_npz reads, in order, stored and compressed") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npz");
  const Tensor large = drawn({300, 200}, -1, 1);
  const NamedTensors tensors{{"z", large},
                             {"a/b.weight", transpose(large).to(Dtype::float32)},
                             {"", tensor(3)},
                             {"\xc3\xa9t\xc3\xa9", zeros({0, 2}, Dtype::boolean)},
                             {std::string(65000, 'n'), tensor(0.5)}};
  for (const bool compress : {false, true}) {
    save_npz(path, tensors, {.compress = compress});
    const NamedTensors back = load_npz(path);
    REQUIRE(back.size() == tensors.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      CHECK(back[i].first == tensors[i].first);
      CHECK(mismatch(back[i].second, tensors[i].second) == "");
      CHECK(mismatch(load_npz(path, tensors[i].first), tensors[i].second) == "");
    }
  }
}

TEST_CASE("save_npz: the same tensors give the same bytes, compressed ones fewer") {
  const TemporaryDirectory directory;
  const NamedTensors tensors{{"zeros", zeros({1000})}, {"ones", ones({10})}};
  save_npz(directory.file("a"), tensors);
  save_npz(directory.file("b"), tensors);
  save_npz(directory.file("c"), tensors, {.compress = true});
  CHECK(content(directory.file("a")) == content(directory.file("b")));
  CHECK(content(directory.file("a")).size() > 4000);
  CHECK(content(directory.file("c")).size() < 1000);
}

TEST_CASE("save_npz: names are said to be UTF-8 where they are") {
  const TemporaryDirectory directory;
  const auto flag = [&](const std::string& name) {
    const std::string path = directory.file("file.npz");
    save_npz(path, {{name, tensor(1)}});
    CHECK(load_npz(path)[0].first == name);
    return (static_cast<unsigned char>(content(path).at(7)) & 8U) != 0;  // bit 11 of them all
  };
  CHECK(flag("caf\u00e9"));
  CHECK(flag("w"));
  CHECK(!flag("caf\xe9"));  // Python's zipfile would refuse the archive
}

TEST_CASE("an archive of nothing") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npz");
  save_npz(path, {});
  CHECK(content(path) == zip({}));
  CHECK(load_npz(path).empty());
  CHECK(error_of<IoError>([&] { return load_npz(path, "w"); }) ==
        path + ": holds no array \"w\"; it holds none");

  std::string noted = zip({});
  noted.replace(noted.size() - 2, 2, "\xff\xff");
  noted += std::string(65535, 'n');  // a comment
  CHECK(load_npz(directory.write("noted", bytes_of(noted))).empty());
  const std::string none = "must be a zip archive; it is none, or it is not whole";
  CHECK(complaint(directory, noted + "n") == none);
  CHECK(complaint(directory, noted.substr(0, noted.size() - 1)) == none);
  CHECK(complaint(directory, zip({}) + "n") == none);
  CHECK(complaint(directory, "PK\5\6" + std::string(1000, 'z')) == none);
  for (std::size_t place = 4; place < 20; ++place) {
    CAPTURE(place);
    std::string counted = zip({});
    counted[place] = 1;
    CHECK(complaint(directory, counted) != "(nothing was thrown)");
  }
}

TEST_CASE("load_npz: a file that cannot be read, or is no archive") {
  const TemporaryDirectory directory;
  CHECK(error_of<IoError>([&] { return load_npz(directory.file("none")); }) ==
        directory.file("none") + ": cannot be opened: No such file or directory");
  CHECK(error_of<IoError>([&] { return load_npz(directory.path()); }) ==
        directory.path() + ": cannot be read: Is a directory");
  CHECK(complaint(directory, "") == "must be a zip archive; it is none, or it is not whole");
  CHECK(complaint(directory, npy_matrix) ==
        "must be a zip archive; got a .npy file, which load_npy reads");
}

TEST_CASE("load_npz: members that are not as they should be") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("good", bytes_of(zip({stored("w.npy", npy_matrix)})));
  CHECK(load_npz(path, "w").to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6.5});

  CHECK(complaint(directory, zip({stored("w.npy", npy_matrix), stored("notes.txt", "hello")})) ==
        "member \"notes.txt\": must be a .npy file; got a text, which load_archive reads");
  CHECK(complaint(directory, zip({stored("w.npy", npy_matrix), stored("w.npy", npy_matrix)})) ==
        "member \"w.npy\": is there twice");
  CHECK(complaint(directory, zip({{"w.npy", npy_matrix, npy_matrix, 0, 1}})) ==
        "member \"w.npy\": is encrypted");
  CHECK(complaint(directory, zip({{"w.npy", npy_matrix, npy_matrix, 12, 0}})) ==
        "member \"w.npy\": must be stored or deflated; got compression method 12");
  CHECK(complaint(directory, zip({stored("w.npy", "text")})) ==
        "member \"w.npy\": must be a .npy file, which begins with \\x93NUMPY");
  CHECK(complaint(directory, zip({stored("w.npy", npy_matrix + "x")})) ==
        "member \"w.npy\": the header says float32[2, 3], 24 bytes; the file holds more");
  CHECK(complaint(directory, zip({stored("w.npy", npy_matrix.substr(0, 140))})) ==
        "member \"w.npy\": the header says float32[2, 3], 24 bytes; the file holds 12");
}

TEST_CASE("load_npz: a few bytes that are many members") {
  const TemporaryDirectory directory;
  const std::string plain =
      npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (500,), }") +
      std::string(2000, '\0');
  const std::string one = zip({stored("w.npy", plain)});
  const std::size_t directory_begin = one.find("PK\1\2"), end = one.find("PK\5\6");
  const std::string entry = one.substr(directory_begin, end - directory_begin);
  std::string bomb = one.substr(0, directory_begin);
  constexpr int members = 3;
  for (int i = 0; i < members; ++i) {
    std::string own = entry;
    own[46] = static_cast<char>('a' + i);  // the name's first letter
    bomb += own;
  }
  std::string ending = one.substr(end);
  ending[8] = ending[10] = members;
  const auto bytes = static_cast<std::uint32_t>(members * entry.size());
  for (std::size_t i = 0; i < 4; ++i) ending[12 + i] = static_cast<char>(bytes >> 8 * i & 0xff);
  bomb += ending;
  CHECK(complaint(directory, bomb) ==
        "members must lie side by side; they have " + std::to_string(members * plain.size()) +
            " bytes, and the whole archive " + std::to_string(bomb.size()));
}

TEST_CASE("load_npz: damaged data") {
  const TemporaryDirectory directory;
  std::string wrong = npy_matrix;
  wrong.back() = '\x41';
  CHECK(complaint(directory, zip({{"w.npy", npy_matrix, wrong}})) ==
        "member \"w.npy\": the data are damaged");  // the checksum
  CHECK(complaint(directory, zip({{"w.npy", npy_matrix + "more", npy_matrix}})) ==
        "member \"w.npy\": the data are damaged");  // fewer data than the directory says
  CHECK(complaint(directory, zip({{"w.npy", npy_matrix, "\7...", 8, 0}})) ==
        "member \"w.npy\": the data are damaged");  // no block of deflate begins with 7
}

TEST_CASE("load_npz: cut off anywhere") {
  const TemporaryDirectory directory;
  const std::string deflated(numpys.begin(), numpys.end());
  for (const std::string& bytes : {zip({stored("w.npy", npy_matrix)}), deflated, zip({})}) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK(complaint(directory, bytes.substr(0, length)) != "(nothing was thrown)");
    }
  }
}

TEST_CASE("load_npz: any byte wrong") {
  const TemporaryDirectory directory;
  const std::string deflated(numpys.begin(), numpys.end());
  for (const std::string& bytes : {zip({stored("w.npy", npy_matrix)}), deflated}) {
    for (std::size_t place = 0; place < bytes.size(); ++place) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = bytes;
        changed[place] = static_cast<char>(changed[place] ^ 1 << bit);
        const std::string path = directory.write("file.npz", bytes_of(changed));
        try {
          // What no checksum covers may have changed: a name, a date, a version.
          const NamedTensors tensors = load_npz(path);
          for (const auto& [name, tensor] : tensors) {
            CHECK((tensor.rank() == 0 ? Doubles{7} : Doubles{1, 2, 3, 4, 5, 6.5}) ==
                  tensor.to_vector<double>());
          }
        } catch (const IoError& error) {
          CHECK(std::string(error.what()).starts_with(path));
        }
      }
    }
  }
}

TEST_CASE("save_npz refuses, and keeps an older file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.npz");
  save_npz(path, {{"old", tensor(1.0)}});
  const auto refusal = [&](const NamedTensors& tensors) {
    return error_of<ValueError>([&] {
      save_npz(path, tensors);
      return 0;
    });
  };
  CHECK(refusal({{"w", tensor(1)}, {"w", tensor(2)}}) ==
        path + ": names must differ; got \"w\" twice");
  CHECK(refusal({{"w", tensor(1)}, {"b", Tensor()}}) ==
        path + ": tensors must be defined; got none for \"b\"");
  const std::string rule = path + ": a name must have at most 65000 characters, none of them NUL";
  CHECK(refusal({{std::string(65001, 'n'), tensor(1)}}) == rule);
  CHECK(refusal({{std::string("a\0b", 3), tensor(1)}}) == rule);
  CHECK_THROWS_AS(save_npz(path, {{"w", Tensor()}}), ValueError);
  const Tensor half = broadcast_to(tensor(1.0, Dtype::float64), {1 << 14, 1 << 14});  // 2 GiB
  CHECK(refusal({{"a", half}, {"b", half}}) ==
        path + ": an archive takes arrays of less than 4 GiB in all; save_npy takes larger ones");
  CHECK_THROWS_AS(save_npz(path, {{"w", broadcast_to(tensor(1.0), {INT64_MAX / 8, 8})}}),
                  ValueError);
  Tensor escaped;
  static_cast<void>(vmap([&](const Tensor& x) { return escaped = x; })(ones({3, 2})));
  CHECK(refusal({{"a", escaped}}).starts_with("save"));
  for (const bool compress : {false, true}) {
    for (const std::int64_t size : {1, 1'000'000}) {
      CHECK(error_of<IoError>([&] {
              save_npz("/dev/full", {{"w", zeros({size})}}, {.compress = compress});
              return 0;
            }) == "/dev/full: cannot be written: No space left on device");
    }
  }
  CHECK_THROWS_AS(save_npz(directory.file("none/file.npz"), {}), IoError);
  CHECK(load_npz(path, "old").item() == 1);
}
