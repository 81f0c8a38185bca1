#include <algorithm>
#include <limits>
#include <string>

#include <xtape/core/error.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

std::uint64_t drawn_seed(Rng& rng) {
  return static_cast<std::uint64_t>(
      rng.integer(0, std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1));
}

}  // namespace

Loader::Loader(const Dataset& dataset, const LoaderOptions& options, Rng& rng) : options_(options) {
  const auto& [x, y] = dataset;
  if (x.rank() < 1 || y.rank() < 1 || x.extent(0) != y.extent(0)) {
    throw ShapeError("loader: x and y must have the same number of rows; got " + x.describe() +
                     " and " + y.describe());
  }
  if (options.batch_size < 1) {
    throw ValueError("loader: batch_size must be at least 1; got " +
                     std::to_string(options.batch_size));
  }
  dataset_ = {x.detach().contiguous(), y.detach().contiguous()};
  if (options.shuffle) rng_.seed(drawn_seed(rng));
}

std::int64_t Loader::size() const {
  const std::int64_t full = dataset_.x.extent(0) / options_.batch_size;
  const bool rest = dataset_.x.extent(0) % options_.batch_size != 0;
  return rest && !options_.drop_last ? full + 1 : full;
}

std::int64_t Loader::samples() const {
  const std::int64_t rows = dataset_.x.extent(0);
  return options_.drop_last ? rows - rows % options_.batch_size : rows;
}

Loader::Iterator Loader::begin() {
  return {this, options_.shuffle ? rng_.permutation(dataset_.x.extent(0)) : Tensor()};
}

Dataset Loader::batch(const Tensor& order, std::int64_t first) const {
  const std::int64_t last = std::min(first + options_.batch_size, samples());
  const Slice rows(first, last);
  if (!order.defined()) return {slice(dataset_.x, {rows}), slice(dataset_.y, {rows})};
  const Tensor chosen = slice(order, {rows});
  return {take(dataset_.x, chosen), take(dataset_.y, chosen)};
}

}  // namespace xtape::data
