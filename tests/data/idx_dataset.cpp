#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/idx_dataset.hpp>

#include "../support/errors.hpp"
#include "../support/idx_bytes.hpp"

using namespace xtape;
using data::load_idx_dataset;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

const Bytes two_images = idx_header(8, {2, 1, 2}) + Bytes{0, 255, 51, 204};
const Bytes one_image = idx_header(8, {1, 1, 2}) + Bytes{255, 0};
const Bytes two_labels = idx_header(8, {2}) + Bytes{9, 0};
const Bytes one_label = idx_header(8, {1}) + Bytes{3};

/// A directory with a whole dataset, partly packed.
struct Files : TemporaryDirectory {
  Files() {
    write("train-images-idx3-ubyte.gz", gzip(two_images));
    write("train-labels-idx1-ubyte", two_labels);
    write("t10k-images-idx3-ubyte", one_image);
    write("t10k-labels-idx1-ubyte.gz", gzip(one_label));
  }
  std::string complaint(const data::IdxDatasetOptions& options = {}) const {
    return error_of<IoError>([&] { return load_idx_dataset(path(), options); });
  }
};

}  // namespace

TEST_CASE("load_idx_dataset") {
  const Files files;
  const auto [train, test] = load_idx_dataset(files.path());
  CHECK(train.x.describe() == "float32[2, 1, 2]");
  CHECK(train.y.describe() == "int64[2]");
  CHECK(train.x.to_vector<float>() == std::vector<float>{-1, 1, -0.6F, 0.6F});
  CHECK(train.y.to_vector<std::int64_t>() == Integers{9, 0});
  CHECK(test.x.to_vector<double>() == Doubles{1, -1});
  CHECK(test.y.to_vector<std::int64_t>() == Integers{3});
  const auto raw =
      load_idx_dataset(files.path() + "/", {.dtype = Dtype::int64, .center = 0, .scale = 1});
  CHECK(raw.train.x.to_vector<std::int64_t>() == Integers{0, 255, 51, 204});
}

TEST_CASE("load_idx_dataset: a file or the directory is missing") {
  const Files files;
  CHECK(error_of<IoError>([&] { return load_idx_dataset(files.file("none")); }) ==
        files.file("none") +
            ": must be a directory with the file train-images-idx3-ubyte or "
            "train-images-idx3-ubyte.gz; it is none");
  const std::string file = files.file("t10k-images-idx3-ubyte");
  CHECK_THROWS_AS(load_idx_dataset(file), IoError);
  std::filesystem::remove(file);
  CHECK(files.complaint() == files.path() +
                                 ": must be a directory with the file t10k-images-idx3-ubyte or "
                                 "t10k-images-idx3-ubyte.gz; neither is there");
  std::filesystem::create_directory(file);
  CHECK(files.complaint() == file + ": cannot be read: Is a directory");
}

TEST_CASE("load_idx_dataset: a label outside the classes") {
  const Files files;
  CHECK(files.complaint({.classes = 9}) ==
        files.file("train-labels-idx1-ubyte") + ": labels must lie in [0, 9); got 9 in row 0");
  const std::string labels =
      files.write("train-labels-idx1-ubyte", idx_header(9, {2}) + Bytes{0, 255});
  CHECK(files.complaint() == labels + ": labels must lie in [0, 10); got -1 in row 1");
}

TEST_CASE("load_idx_dataset: files that do not belong together") {
  const Files files;
  const std::string images = files.file("train-images-idx3-ubyte.gz"),
                    labels = files.file("train-labels-idx1-ubyte");
  files.write("train-labels-idx1-ubyte", one_label);
  CHECK(files.complaint() ==
        labels + ": must hold a label for each image in " + images + ", 2; got 1");
  files.write("train-labels-idx1-ubyte", two_images);
  CHECK(files.complaint() == labels + ": must hold integer labels [n]; got int64[2, 1, 2]");
  files.write("train-labels-idx1-ubyte", idx_header(0x0d, {2}) + Bytes(8));
  CHECK(files.complaint() == labels + ": must hold integer labels [n]; got float32[2]");
  files.write("train-labels-idx1-ubyte", two_labels);
  files.write("train-images-idx3-ubyte.gz", two_labels);
  CHECK(files.complaint() == images + ": must hold images [n, rows, columns]; got float32[2]");
  files.write("train-images-idx3-ubyte.gz", idx_header(8, {2, 2, 1}) + Bytes(4));
  CHECK(files.complaint() == files.file("t10k-images-idx3-ubyte") +
                                 ": must hold images as large as in " + images +
                                 ", float32[2, 2, 1]; got float32[1, 1, 2]");
}

TEST_CASE("load_idx_dataset: a damaged file") {
  const Files files;
  Bytes packed = gzip(one_label);
  packed.pop_back();
  const std::string labels = files.write("t10k-labels-idx1-ubyte.gz", packed);
  CHECK(files.complaint() == labels + ": ends in the middle of the gzip data");
}

TEST_CASE("load_idx_dataset refuses options") {
  const Files files;
  CHECK(error_of<ValueError>([&] { return load_idx_dataset(files.path(), {.classes = 0}); }) ==
        "load_idx_dataset: classes must be at least 1; got 0");
  CHECK_THROWS_AS(load_idx_dataset(files.path(), {.scale = 0}), ValueError);
  CHECK_THROWS_AS(load_idx_dataset(files.path(), {.dtype = Dtype::int64}), DtypeError);
}
