#include <algorithm>
#include <filesystem>
#include <system_error>

#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/idx_dataset.hpp>

namespace xtape::data {
namespace {

/// The file of that name, packed or not.
std::string find(const std::filesystem::path& directory, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    const std::filesystem::path path = directory / candidate;
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path.string();
    if (error) throw IoError(path.string() + ": cannot be opened: " + error.message());
  }
  std::error_code error;
  const bool exists = std::filesystem::is_directory(directory, error);
  throw IoError(directory.string() + ": must be a directory with the file " + name + " or " + name +
                ".gz; " + (exists ? "neither is there" : "it is none"));
}

/// Images [n, rows, columns] and labels [n] from the two files.
Dataset read(const std::string& images, const std::string& labels,
             const IdxDatasetOptions& options) {
  Dataset set{read_idx(images, {options.dtype, options.center, options.scale}), read_idx(labels)};
  if (set.x.rank() != 3) {
    throw IoError(images + ": must hold images [n, rows, columns]; got " + set.x.describe());
  }
  if (set.y.rank() != 1 || set.y.dtype() != Dtype::int64) {
    throw IoError(labels + ": must hold integer labels [n]; got " + set.y.describe());
  }
  if (set.x.extent(0) != set.y.extent(0)) {
    throw IoError(labels + ": must hold a label for each image in " + images + ", " +
                  std::to_string(set.x.extent(0)) + "; got " + std::to_string(set.y.extent(0)));
  }
  const auto label = set.y.data<std::int64_t>();
  const auto outside = std::find_if(label.begin(), label.end(),
                                    [&](std::int64_t c) { return c < 0 || c >= options.classes; });
  if (outside != label.end()) {
    throw IoError(labels + ": labels must lie in [0, " + std::to_string(options.classes) +
                  "); got " + std::to_string(*outside) + " in row " +
                  std::to_string(outside - label.begin()));
  }
  return set;
}

}  // namespace

Split load_idx_dataset(const std::string& directory, const IdxDatasetOptions& options) {
  detail::check_count("load_idx_dataset", "classes", options.classes);
  detail::check_affine("load_idx_dataset", options.center, options.scale);
  const auto file = [&](const char* name) { return find(directory, name); };
  const std::string train_images = file("train-images-idx3-ubyte"),
                    test_images = file("t10k-images-idx3-ubyte");
  const std::string train_labels = file("train-labels-idx1-ubyte"),
                    test_labels = file("t10k-labels-idx1-ubyte");
  Split split{read(train_images, train_labels, options), read(test_images, test_labels, options)};
  if (split.train.x.extent(1) != split.test.x.extent(1) ||
      split.train.x.extent(2) != split.test.x.extent(2)) {
    throw IoError(test_images + ": must hold images as large as in " + train_images + ", " +
                  split.train.x.describe() + "; got " + split.test.x.describe());
  }
  return split;
}

}  // namespace xtape::data
