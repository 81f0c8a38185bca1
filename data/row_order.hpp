#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::data::detail {

/// Pieces of rows that lie one behind another, and how many of them are put into disorder together.
struct Blocks {
  /// The end of a block.
  std::int64_t end(std::size_t block) const {
    return block + 1 < first_rows.size() ? first_rows[block + 1] : rows;
  }

  std::vector<std::int64_t> first_rows;  // ascending from 0
  std::int64_t rows = 0;
  std::int64_t window = 1;  // blocks
};

/// The rows of a pass: those that were drawn, or by windows: blocks in a random order, and the rows
/// of so many at a time, which are put in order when they are asked for. The second takes memory
/// for blocks and a window's rows, not for all.
class RowOrder {
 public:
  explicit RowOrder(Tensor drawn) : drawn_(std::move(drawn)) {}
  RowOrder(const Blocks& blocks, Rng& rng);

  /// Those at places [first, last) of the pass, int64.
  Tensor rows(std::int64_t first, std::int64_t last) const;

 private:
  using Numbers = std::vector<std::int64_t>;
  const Numbers& window_rows(std::size_t window) const;

  Tensor drawn_;
  Blocks blocks_;
  Numbers order_;   // of the blocks
  Numbers begins_;  // of the windows in the pass, and its end
  std::uint32_t key_ = 0;
  mutable std::mutex mutex_;  // of what was put in order last
  mutable std::size_t window_ = 0;
  mutable Numbers shuffled_;
};

}  // namespace xtape::data::detail
