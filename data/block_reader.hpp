#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/kernels/element.hpp>
#include <xtape/data/mapped_file.hpp>
#include <xtape/data/row_order.hpp>

namespace xtape::data::detail {

/// A tensor of each batch, and the numbers of files that it is made of.
struct FileColumn {
  std::string name;
  Shape row;  // its shape
  const kernels::Element* element = nullptr;
  Dtype dtype = Dtype::float32;
  kernels::Affine affine = {};
};

/// Rows that lie in memory, or in files that are mapped into it.
struct FileBlock {
  struct Column {
    const std::byte* bytes;
    std::endian order = std::endian::native;
    std::string place = {};  // for messages, and the row there that is the first
    std::int64_t first_row = 0;
  };

  std::vector<Column> columns;
  std::vector<std::shared_ptr<const void>> owners = {};  // of the bytes, who let them go
  std::vector<const MappedFile*> mapped = {};            // which must not change meanwhile
};

/// Blocks of rows, of which a window is kept.
class BlockReader {
 public:
  using Load = std::function<FileBlock(std::size_t block)>;

  BlockReader(std::vector<FileColumn> columns, Blocks blocks, Load load)
      : columns_(std::move(columns)), blocks_(std::move(blocks)), load_(std::move(load)) {}

  const std::vector<FileColumn>& columns() const { return columns_; }
  const Blocks& blocks() const { return blocks_; }
  std::size_t block_of(std::int64_t row) const;
  /// A tensor of each column, for rows that there are. Loads no block twice. Throws IoError for a
  /// number that its dtype does not hold, a file that has changed, and what loading throws.
  TensorList read(std::span<const std::int64_t> rows) const;

 private:
  struct Kept {
    FileBlock block;
    std::list<std::size_t>::iterator place;
  };
  /// Rows of a block that are asked for one behind another.
  struct Run {
    std::size_t block, first, count;  // the place of the first among those asked for
  };
  std::vector<Run> runs_of(std::span<const std::int64_t> rows) const;
  const FileBlock& kept(std::size_t block) const;
  void copy(const FileBlock& block, std::int64_t first, std::size_t count,
            std::int64_t row_in_block, const TensorList& to) const;

  std::vector<FileColumn> columns_;
  Blocks blocks_;
  Load load_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::size_t, Kept> kept_;
  mutable std::list<std::size_t> used_;  // blocks, the last one first
};

}  // namespace xtape::data::detail
