#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/batch_source.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

namespace detail {
class BlockReader;
}

/// An array whose rows lie in files, and the tensors that become of them.
struct FileArray {
  std::string name;  ///< of the tensors, and of the array in each shard
  std::vector<std::string> files =
      {};  ///< .npy files, rows of which stand one behind another; none for shards
  /// Of the tensors; unless given, that in which `load_npy` has the array, or if it is scaled the
  /// default one.
  std::optional<Dtype> dtype = {};
  double center = 0;  ///< numbers become (number - center) / scale
  double scale = 1;
};

struct FileOptions {
  std::int64_t block_bytes = std::int64_t{1} << 20;  ///< of the rows that are read at once
  std::int64_t window_bytes = std::int64_t{1}
                              << 26;  ///< of the blocks that are kept, and mixed by a loader
};

/// Rows that lie in files, however large, of which a window is in memory: tensors by name, read
/// when they are needed. It makes a loader: `Loader loader(files, {.batch_size = 32, .shuffle =
/// true, .prefetch = 2});`, which takes the blocks of a pass in a random order and mixes rows
/// within the window. A `Loader` needs two arrays, x and y in this order, a `TensorLoader` or
/// `NamedLoader` any. Copies share files and window. Threads may share it. What is read throws
/// IoError, naming file and row, for a number that the dtype does not hold (integers exactly unless
/// scaled), for a boolean that is not 0 or 1, and for a file that is another one or of another size
/// than when it was opened.
class FileDataset {
 public:
  std::int64_t size() const;  ///< rows
  std::vector<std::string> names() const;
  /// First rows of the blocks, and how many of them a loader mixes: for `Sampler::blocks`.
  const std::vector<std::int64_t>& blocks() const& { return first_rows_; }
  std::vector<std::int64_t> blocks() &&;
  std::int64_t window() const;

  /// These rows.   indices int64 [n] -> each tensor [n, ...]
  /// Throws ShapeError, DtypeError for other indices, IndexError, and as above.
  NamedDataset operator()(const Tensor& indices) const;

  /// Throws ValueError unless there are two arrays, of shards two that were named, or x and y.
  operator BatchSource<Dataset>() const;
  operator BatchSource<TensorList>() const;
  operator BatchSource<NamedDataset>() const;

 private:
  friend FileDataset rows(const FileDataset& dataset, const Tensor& indices);
  friend FileDataset open_blocks(std::shared_ptr<const detail::BlockReader> reader, bool in_order);

  TensorList read(const Tensor& indices) const;
  template <class Batch, class F>
  BatchSource<Batch> source(F of) const;

  std::shared_ptr<const detail::BlockReader> reader_;
  std::shared_ptr<const std::vector<std::int64_t>> chosen_;  // rows of it; null for all
  std::vector<std::int64_t> first_rows_;
  bool in_order_ = true;  // the arrays, as the program has named them
};

/// Arrays in .npy files, each in one or several. They are mapped into memory, and keep the form
/// that they have there:
///   `map_npy({{"x", {"x-0.npy", "x-1.npy"}, Dtype::float32, 127.5, 127.5}, {"y", {"y.npy"}}})`
/// Throws IoError, naming the file, as `load_npy`, and for a packed file, arrays without rows, in
/// Fortran order, of another dtype or shape of rows than in the first file, and of another number
/// of rows than the first array has; ValueError for no arrays, names that are empty or alike, no
/// files, and options below 1, center or scale as `PackedIntegers::row`; DtypeError for tensors of
/// a dtype that holds less: booleans of numbers, integers of floating ones or scaled.
FileDataset map_npy(const std::vector<FileArray>& arrays, const FileOptions& options = {});

/// Arrays in shards: .safetensors or .npz files that have some of the rows each, of the same
/// arrays; those that are named, or all, in the order of their names. Safetensors and stored
/// members of .npz are mapped, without their checksums. What is deflated is unpacked a shard at a
/// time: then a window is one at least.
/// Throws as `map_npy`, `load_safetensors` and `load_npz`; IoError for a shard without an array
/// that is needed, or with arrays of different numbers of rows; ValueError for no files, and for
/// arrays with files of their own.
FileDataset map_shards(const std::vector<std::string>& files,
                       const std::vector<FileArray>& arrays = {}, const FileOptions& options = {});

/// These rows, in this order, which must ascend: of a fold, to train or to test on.
/// Throws ShapeError, DtypeError, IndexError as `rows` of a dataset; ValueError for none, and for
/// others.
FileDataset rows(const FileDataset& dataset, const Tensor& indices);

/// The files whose paths fit a pattern of `*`, `?` and `[a-z]`, in the order of their names' bytes
/// whatever the locale, "10" before "9", "B" before "a": `glob("shards/train-*.npz")`. Throws
/// IoError if there is none, or a folder cannot be read.
std::vector<std::string> glob(const std::string& pattern);

}  // namespace xtape::data

XTAPE_EXPORT_END
