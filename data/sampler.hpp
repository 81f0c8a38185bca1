#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

namespace detail {
class RowOrder;
}

struct SamplerOptions {
  std::optional<std::int64_t> samples = {};  ///< of a pass; as many as there are rows unless given
  bool replacement = true;                   ///< a row may come again in a pass
};

struct BlockSamplerOptions {
  std::int64_t block_rows = 1024;             ///< of blocks of one size
  std::vector<std::int64_t> first_rows = {};  ///< or those of blocks of any, ascending from 0
  std::int64_t window = 16;                   ///< blocks whose rows are mixed with each other
};

/// Which rows a loader takes in a pass, and in which order: drawn anew for each.
class Sampler {
 public:
  /// None: all rows, as the loader has them.
  Sampler() = default;

  /// Rows that are equally probable: without replacement, a part of them in each pass.
  /// Throws ValueError for no rows, and without replacement for more samples than rows.
  static Sampler uniform(std::int64_t rows, const SamplerOptions& options = {});
  /// Each row as probable as its weight.   weights [rows]
  /// Throws ShapeError for another rank, ValueError for weights that are negative or not finite, or
  /// all 0, and without replacement for more samples than rows that have a weight above 0.
  static Sampler weighted(const Tensor& weights, const SamplerOptions& options = {});
  /// Each class as probable as any other, and so are the rows of one. Without replacement a pass
  /// has as many rows of each class, or, if that leaves some over, one more of classes that are
  /// drawn; unless told otherwise all rows of the smallest class.
  ///   labels as for `stratified_split`, whose errors it throws
  /// Throws ValueError without replacement for more samples than the smallest class has rows for.
  static Sampler balanced(const Tensor& labels, const SamplerOptions& options = {});
  /// Each row once: blocks of neighbours in a random order, and in a random order the rows of so
  /// many blocks at a time. What is read in large pieces is so. A pass of a loader has the numbers
  /// of the blocks in memory, and those of a window's rows, 8 bytes each, not those of all rows.
  /// Throws ValueError for no rows, a block or window below 1, and first rows that are not as they
  /// should be.
  static Sampler blocks(std::int64_t rows, const BlockSamplerOptions& options = {});

  explicit operator bool() const { return plan_ != nullptr; }
  std::int64_t rows() const;
  std::int64_t samples() const;  ///< of a pass
  /// Row numbers of a pass, int64 [samples].
  Tensor draw(Rng& rng) const;

 private:
  template <class Batch>
  friend class BatchLoader;
  struct Plan;
  /// The rows of a pass, put in order where they are asked for if they can be.
  std::shared_ptr<const detail::RowOrder> order(Rng& rng) const;
  /// A hash of all that decides which rows a generator draws.
  std::int64_t ordering() const;

  std::shared_ptr<const Plan> plan_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
