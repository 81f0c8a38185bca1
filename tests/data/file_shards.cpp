// Rows of shards, .npz and .safetensors, that are read when they are needed.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/npy_bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using data::FileDataset;
using data::map_shards;

namespace {

// Written by tests/reference/shards.py, and what that says of them.
const std::string folder = XTAPE_SHARDS "/";

struct Expected {
  Tensor image, label, share;
};

Expected expected(const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> image, label;
  std::vector<float> share;
  for (const std::int64_t i : rows) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 2; ++k) image.push_back((37 * i + 11 * j + 5 * k) % 256);
    }
    label.push_back(i % 4 - 1);
    share.push_back(static_cast<float>(i) / 8);
  }
  return {from_vector(image, {std::ssize(rows), 3, 2}), from_vector(label), from_vector(share)};
}

std::string bytes_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Copies in a folder of their own, which may be spoilt.
struct Copies {
  std::string path(const std::string& name) const { return directory.file(name); }
  std::string copy(const std::string& name) const {
    std::filesystem::copy_file(folder + name, path(name),
                               std::filesystem::copy_options::overwrite_existing);
    return path(name);
  }
  /// What map_shards says, without the names of folders.
  std::string error(const std::vector<std::string>& files,
                    const std::vector<data::FileArray>& arrays = {}) const {
    std::string text = error_of<IoError>([&] { return map_shards(files, arrays); });
    for (const std::string& place : {directory.path() + "/", folder}) {
      for (std::size_t at; (at = text.find(place)) != text.npos;) text.erase(at, place.size());
    }
    return text;
  }

  TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("shards: as NumPy and safetensors write them, stored and deflated") {
  const std::vector<std::int64_t> mixed{9, 0, 4, 3, 5, 8, 2, 2};
  for (const std::string pattern : {"a-*.npz", "b-*.safetensors"}) {
    for (const std::int64_t block : {1, 30, 1 << 20}) {
      for (const std::int64_t window : {1, 1 << 20}) {
        CAPTURE(pattern);
        const FileDataset shards = map_shards(data::glob(folder + pattern), {},
                                              {.block_bytes = block, .window_bytes = window});
        CHECK(shards.size() == 10);
        for (const auto& rows : {std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, mixed}) {
          const data::NamedDataset got = shards(from_vector(rows));
          const auto [image, label, share] = expected(rows);
          CHECK(mismatch(got["image"], image) == "");
          CHECK(mismatch(got["label"], label) == "");
          CHECK(mismatch(got["share"], share) == "");
        }
      }
    }
  }
}

TEST_CASE("shards: what is deflated is a block, the rest are as large as they are to be") {
  const std::vector<std::string> files = data::glob(folder + "a-*.npz");
  // 6 bytes of an image, 4 of a label, 2 of a share.
  CHECK(map_shards(files, {}, {.block_bytes = 24}).blocks() ==
        std::vector<std::int64_t>{0, 2, 4, 5});
  CHECK(map_shards(files, {{"label"}}, {.block_bytes = 12}).blocks() ==
        std::vector<std::int64_t>{0, 3, 4, 5});
  CHECK(map_shards(files, {}, {.window_bytes = 130}).window() == 2);
}

TEST_CASE("shards: chosen arrays in a loader, both forms together") {
  std::vector<std::string> files = data::glob(folder + "a-*.npz");
  files.push_back(folder + "b-0.safetensors");
  const FileDataset shards = map_shards(
      files, {{.name = "image", .dtype = Dtype::float32, .center = 128, .scale = 64}, {"label"}},
      {.block_bytes = 24, .window_bytes = 60});
  Rng rng(3);
  data::Loader loader(shards, {.batch_size = 5, .shuffle = true, .prefetch = 1}, rng);
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<std::int64_t> seen;
    for (const auto& [x, y] : loader) {
      for (std::int64_t i = 0; i < x.extent(0); ++i) {
        // Of 17 rows the first image number tells which: 37 is odd.
        std::int64_t row = 0;
        while (37 * row % 256 != static_cast<std::int64_t>(x(i, 0, 0).item() * 64 + 128)) ++row;
        CHECK(mismatch(x[i], (expected({row}).image[0].to(Dtype::float32) - 128) / 64) == "");
        CHECK(y(i).item() == static_cast<double>(row % 4 - 1));
        seen.push_back(row);
      }
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::int64_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9});
  }
}

TEST_CASE("shards: which arrays a loader's x and y are must be said") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("s.safetensors");
  data::save_safetensors(path, {{"x", zeros({2, 3})}, {"y", arange(2)}});
  data::Loader loader(map_shards({path}));
  CHECK((*loader.begin()).x.shape() == Shape{2, 3});  // which come behind the others in the file
  data::save_safetensors(path, {{"pixels", zeros({2, 3})}, {"label", arange(2)}});
  CHECK(map_shards({path}).names() == std::vector<std::string>{"label", "pixels"});
  CHECK(
      error_of<ValueError>([&] { return data::Loader(map_shards({path})); }) ==
      "file dataset: which arrays are inputs and targets of a Loader must be said; got \"label\", "
      "\"pixels\" from shards");
  data::Loader told(map_shards({path}, {{"pixels"}, {"label"}}));
  CHECK((*told.begin()).x.shape() == Shape{2, 3});
}

TEST_CASE("shards: files that are wrong, each named") {
  const Copies copies;
  const std::string good = folder + "a-0.npz";
  const auto cut = [&](const std::string& name, std::size_t bytes) {
    const std::string path = copies.copy(name);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - bytes);
    return path;
  };
  const auto saved = [&](const std::string& name, const NamedTensors& tensors) {
    data::save_safetensors(copies.path(name), tensors);
    return copies.path(name);
  };
  CHECK(copies.error({good, cut("a-1.npz", 1)}) ==
        "a-1.npz: must be a zip archive; it is none, or it is not whole");
  CHECK(copies.error({cut("b-0.safetensors", 1)}) ==
        "b-0.safetensors: tensor \"image\": the file holds 83 bytes of data; got bytes 42 to 84");
  CHECK(copies.error({cut("b-1.safetensors", 40)}).starts_with("b-1.safetensors: "));
  const Tensor x = zeros({2, 3}), y = zeros({2}, Dtype::int64);
  const std::string first = saved("0.safetensors", {{"x", x}, {"y", y}});
  CHECK(copies.error({first, saved("1.safetensors", {{"x", zeros({2, 4})}, {"y", y}})}) ==
        "1.safetensors: tensor \"x\": rows must be as in 0.safetensors: tensor \"x\", float32[3]; "
        "got float32[4]");
  CHECK(copies.error({first, saved("2.safetensors", {{"x", x.to(Dtype::float64)}, {"y", y}})}) ==
        "2.safetensors: tensor \"x\": rows must be as in 0.safetensors: tensor \"x\", float32[3]; "
        "got float64[3]");
  CHECK(copies.error({first, saved("3.safetensors", {{"x", x}, {"z", y}})}) ==
        "3.safetensors: an array \"y\" is needed; there are \"x\", \"z\"");
  CHECK(copies.error({saved("4.safetensors", {{"x", x}, {"y", zeros({3})}})}) ==
        "4.safetensors: arrays must have the same number of rows; got float32[2, 3] for \"x\" and "
        "float32[3] for \"y\"");
  CHECK(copies.error({saved("5.safetensors", {{"x", zeros({0, 3})}})}) ==
        "5.safetensors: tensor \"x\": an array must have rows; got float32[0, 3]");
  CHECK(copies.error({saved("6.safetensors", {{"x", zeros({})}})}) ==
        "6.safetensors: tensor \"x\": an array must have rows; got float32[]");
  CHECK(copies.error({saved("7.safetensors", {})}) ==
        "7.safetensors: a shard must have arrays; has none");
  CHECK(copies.error({first}, {{"w"}}) ==
        "0.safetensors: an array \"w\" is needed; there are \"x\", \"y\"");
  data::save_npy(copies.path("8.npy"), x);
  CHECK(copies.error({copies.path("8.npy")}) ==
        "8.npy: a shard must be a .safetensors or .npz file; map_npy takes .npy files");
  CHECK(copies.error({copies.directory.write("9.npz", bytes_of("\x1f\x8b\x08"))}) ==
        "9.npz: a packed file cannot be mapped; gunzip it first");
  CHECK(copies.error({copies.directory.write("10.npz", {})}) ==
        "10.npz: must begin with the length of a header, 8 bytes; got 0");
  CHECK(copies.error({copies.directory.path()}).ends_with("cannot be read: Is a directory"));
  CHECK(error_of<ValueError>([] { return map_shards({}); }) ==
        "map_shards: files are needed; got none");
  CHECK(error_of<ValueError>([&] {
          return map_shards({good}, {{"label", {good}}});
        }) == "map_shards: all arrays are in the shards; got files for \"label\"");
}

TEST_CASE("shards: what is deflated is checked when it is read") {
  const Copies copies;
  const std::string path = copies.copy("a-2.npz");
  std::string bytes = bytes_in(path);
  const FileDataset shards = map_shards({path});
  // A byte of the first member's data, behind its header: the checksum tells.
  for (std::size_t at = 60; at < 120; ++at) {
    std::string spoilt = bytes;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x55);
    {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file << spoilt;
    }
    const std::string error = error_of<IoError>([&] { return map_shards({path})(tensor({0, 3})); });
    CHECK(error.starts_with(path + ": member \"image.npy\": "));
  }
  std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << bytes;
  CHECK(shards(tensor({1}))["label"].item() == 1);
  std::filesystem::resize_file(path, 300);
  CHECK(shards(tensor({2}))["label"].item() == 2);  // it is there already
  const FileDataset two =
      map_shards({copies.copy("a-1.npz"), copies.copy("a-2.npz")}, {}, {.window_bytes = 1});
  std::filesystem::resize_file(path, 300);
  CHECK(error_of<IoError>([&] {
          return two(tensor({0, 1}));
        }) == path + ": must not change while it is read; had 627 bytes, has 300");
}
