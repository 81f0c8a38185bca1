#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/data/kernels/mixed.hpp>
#include <xtape/data/row_order.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data::detail {

RowOrder::RowOrder(const Blocks& blocks, Rng& rng) : blocks_(blocks) {
  order_.resize(blocks.first_rows.size());
  std::iota(order_.begin(), order_.end(), 0);
  rng.shuffle(order_);
  key_ = static_cast<std::uint32_t>(
      rng.integer(0, std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1));
  std::int64_t place = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i % static_cast<std::size_t>(blocks.window) == 0) begins_.push_back(place);
    const auto block = static_cast<std::size_t>(order_[i]);
    place += blocks.end(block) - blocks.first_rows[block];
  }
  begins_.push_back(place);
}

/// Each window has a generator of its own, so that a pass may begin anywhere.
const RowOrder::Numbers& RowOrder::window_rows(std::size_t window) const {
  if (window == window_ && !shuffled_.empty()) return shuffled_;
  // Where memory ends, nothing is kept rather than a part.
  Numbers rows = std::exchange(shuffled_, {});
  rows.clear();
  rows.reserve(static_cast<std::size_t>(begins_[window + 1] - begins_[window]));
  const auto each = static_cast<std::size_t>(blocks_.window);
  const std::size_t last = std::min((window + 1) * each, order_.size());
  for (std::size_t i = window * each; i < last; ++i) {
    const auto block = static_cast<std::size_t>(order_[i]);
    for (std::int64_t row = blocks_.first_rows[block]; row < blocks_.end(block); ++row)
      rows.push_back(row);
  }
  Rng rng(kernels::mixed(key_ ^ kernels::mixed(static_cast<std::uint32_t>(window))));
  rng.shuffle(rows);
  shuffled_ = std::move(rows);
  window_ = window;
  return shuffled_;
}

Tensor RowOrder::rows(std::int64_t first, std::int64_t last) const {
  if (drawn_.defined()) return slice(drawn_, {range(first, last)});
  Numbers rows;
  const std::scoped_lock lock(mutex_);
  while (first < last) {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), first);
    const std::int64_t begin = behind[-1], end = std::min(last, *behind);
    const Numbers& own = window_rows(static_cast<std::size_t>(behind - begins_.begin()) - 1);
    rows.insert(rows.end(), own.begin() + (first - begin), own.begin() + (end - begin));
    first = end;
  }
  return from_vector(std::move(rows));
}

}  // namespace xtape::data::detail
