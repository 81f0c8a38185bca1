#pragma once
#include <cstdint>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Rows that a loader asks for when it needs them, a batch at once, as from files that memory does
/// not hold: `Loader loader(BatchSource<Dataset>{.rows = n, .read = f}, {.batch_size = 32, .shuffle
/// = true});`
template <class Batch>
struct BatchSource {
  std::int64_t rows = 0;
  /// Makes a batch of these rows, int64 [n], in their order. With `.prefetch` it is called on
  /// another thread.
  std::function<Batch(const Tensor& rows)> read = {};
  /// First rows of pieces that are best read together, ascending from 0. If there are any, a loader
  /// that shuffles takes the pieces in a random order, and the rows of `window` of them at a time.
  std::vector<std::int64_t> blocks = {};
  std::int64_t window = 1;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
