#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/prefetch.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

std::uint32_t drawn_seed(Rng& rng) {
  return static_cast<std::uint32_t>(
      rng.integer(0, std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1));
}

/// A bijection that leaves no pattern: the finaliser of MurmurHash3 (Appleby 2011).
std::uint32_t mixed(std::uint32_t bits) {
  bits = (bits ^ bits >> 16) * 0x85ebca6bU;
  bits = (bits ^ bits >> 13) * 0xc2b2ae35U;
  return bits ^ bits >> 16;
}

}  // namespace

/// What all passes share.
struct Loader::Source {
  std::int64_t rows() const { return dataset.x.extent(0); }
  std::int64_t samples() const {
    return options.drop_last ? rows() - rows() % options.batch_size : rows();
  }
  std::int64_t batches() const {
    return samples() / options.batch_size + (samples() % options.batch_size != 0 ? 1 : 0);
  }
  Dataset gathered(std::int64_t number, const Tensor& order) const;

  Dataset dataset;
  LoaderOptions options;
  std::uint32_t seed = 0;
};

Loader::Loader(const Dataset& dataset, const LoaderOptions& options, Rng& rng) {
  detail::check_rows("loader", dataset);
  detail::check_count("loader", "batch_size", options.batch_size);
  detail::check_count("loader", "prefetch", options.prefetch, 0);
  Source source{{dataset.x.detach().contiguous(), dataset.y.detach().contiguous()}, options};
  if (options.shuffle || options.transform) source.seed = drawn_seed(rng);
  rng_.seed(source.seed);
  source_ = std::make_shared<const Source>(std::move(source));
}

std::int64_t Loader::size() const { return source_->batches(); }
std::int64_t Loader::samples() const { return source_->samples(); }

Loader::Iterator Loader::begin() {
  Pass pass{source_, {}, passes_++ * static_cast<std::uint64_t>(size())};
  if (source_->options.shuffle) pass.order = rng_.permutation(source_->rows());
  return Iterator(std::move(pass));
}

Dataset Loader::Source::gathered(std::int64_t number, const Tensor& order) const {
  const auto& [x, y] = dataset;
  const std::int64_t first = number * options.batch_size;
  const Slice rows(first, first + std::min(options.batch_size, samples() - first));
  if (!order.defined()) return {slice(x, {rows}), slice(y, {rows})};
  const Tensor chosen = slice(order, {rows});
  return {take(x, chosen), take(y, chosen)};
}

Dataset Loader::Pass::batch(std::int64_t number) const {
  Dataset batch = source->gathered(number, order);
  if (!source->options.transform) return batch;
  const NoGradGuard off;
  const auto place = static_cast<std::uint32_t>(before + static_cast<std::uint64_t>(number));
  Rng rng(mixed(source->seed ^ mixed(place)));
  batch = source->options.transform(batch, rng);
  detail::check_rows("loader: transform", batch);
  return {batch.x.detach(), batch.y.detach()};
}

Loader::Iterator::Iterator(Pass pass) : pass_(std::move(pass)), count_(pass_.source->batches()) {
  const std::int64_t ahead = pass_.source->options.prefetch;
  if (ahead == 0 || count_ == 0) return;
  const auto make = [own = pass_](std::int64_t number) { return own.batch(number); };
  ahead_.reset(new Prefetch(count_, ahead, make));
}

void Loader::Iterator::End::operator()(Prefetch* prefetch) const { delete prefetch; }

Dataset Loader::Iterator::operator*() const {
  if (number_ >= count_) {
    throw IndexError("loader: there must be a batch left; got the end of a pass of " +
                     std::to_string(count_));
  }
  return ahead_ ? ahead_->current() : pass_.batch(number_);
}

Loader::Iterator& Loader::Iterator::operator++() {
  if (number_ >= count_) return *this;
  if (ahead_) ahead_->advance();
  ++number_;
  return *this;
}

}  // namespace xtape::data
