#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/state.hpp>
#include <xtape/data/batch_parts.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/default_rng_scope.hpp>
#include <xtape/data/fingerprint.hpp>
#include <xtape/data/kernels/mixed.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/prefetch.hpp>
#include <xtape/data/row_order.hpp>
#include <xtape/data/stacked.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {

using detail::DefaultRngScope, detail::each, detail::first, detail::listed;

namespace {

std::uint32_t drawn_seed(Rng& rng) {
  return static_cast<std::uint32_t>(
      rng.integer(0, std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1));
}

}  // namespace

template <class Batch>
struct BatchLoader<Batch>::Source {
  std::int64_t taken() const { return options.sampler ? options.sampler.samples() : rows; }
  std::int64_t samples() const {
    return options.drop_last ? taken() - taken() % batch_rows() : taken();
  }
  std::int64_t batch_rows() const { return options.batch_size * options.part.count; }
  std::int64_t batches() const {
    return samples() / batch_rows() + (samples() % batch_rows() != 0 ? 1 : 0);
  }
  bool makes() const { return sample || read || options.transform; }
  bool seeded() const { return options.shuffle || options.sampler || makes(); }
  void check() const;
  void settle(Rng& rng);
  std::shared_ptr<const detail::RowOrder> order(std::uint64_t pass) const;
  Batch gathered(std::int64_t number, const detail::RowOrder* order) const;
  Batch made(std::int64_t first, std::int64_t last, const detail::RowOrder* order) const;
  Batch read_rows(const Tensor& numbers) const;
  std::int64_t fingerprint() const;
  std::optional<Batch> made_alike(std::int64_t row) const;
  void check_same(const NamedTensors& entries) const;

  Batch data;                    // or else
  SampleFunction<Batch> sample;  // makes them, or
  std::function<Batch(const Tensor&)> read;
  std::int64_t rows = 0;
  BatchOptions<Batch> options;
  std::uint32_t seed = 0;
  std::int64_t ordering = 0;
};

template <class Batch>
void BatchLoader<Batch>::Source::check() const {
  detail::check_count("loader", "batch_size", options.batch_size);
  detail::check_count("loader", "prefetch", options.prefetch, 0);
  const auto [index, count] = options.part;
  if (index < 0 || index >= count) {
    throw ValueError("loader: a part must be one of those there are, from 0; got " +
                     std::to_string(index) + " of " + std::to_string(count));
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (count > most / options.batch_size)
    throw ValueError("loader: part.count times batch_size must be an int64; got " +
                     std::to_string(count) + " and " + std::to_string(options.batch_size));
  if (count > 1 && taken() < count) {
    throw ValueError("loader: there must be a row for each part; got " + std::to_string(taken()) +
                     " for " + std::to_string(count) + " parts");
  }
  if (!options.sampler) return;
  if (options.shuffle) throw ValueError("loader: a sampler draws the order; it cannot shuffle too");
  if (options.sampler.rows() != rows) {
    throw ShapeError("loader: the sampler must be of as many rows as there are, " +
                     std::to_string(rows) + "; got " + std::to_string(options.sampler.rows()));
  }
}

/// What is the same in all passes.
template <class Batch>
void BatchLoader<Batch>::Source::settle(Rng& rng) {
  if (seeded()) seed = drawn_seed(rng);
  ordering = options.sampler ? options.sampler.ordering() : options.shuffle ? 1 : 0;
}

template <class Batch>
BatchLoader<Batch>::BatchLoader(const Batch& data, const BatchOptions<Batch>& options, Rng& rng) {
  detail::check_rows("loader", data);
  Source source{each(data, [](const Tensor& x) { return x.detach().contiguous(); }),
                {},
                {},
                first(data).extent(0),
                options};
  source.check();
  source.settle(rng);
  source_ = std::make_shared<const Source>(std::move(source));
}

template <class Batch>
BatchLoader<Batch>::BatchLoader(std::int64_t rows, SampleFunction<Batch> sample,
                                const BatchOptions<Batch>& options, Rng& rng) {
  detail::check_count("loader", "rows", rows, 0);
  if (!sample)
    throw ValueError("loader: a function that makes samples is needed; got an empty one");
  Source source{{}, std::move(sample), {}, rows, options};
  source.check();
  source.settle(rng);
  source_ = std::make_shared<const Source>(std::move(source));
}

template <class Batch>
void BatchLoader<Batch>::read_from(BatchSource<Batch> from, const BatchOptions<Batch>& options,
                                   Rng& rng) {
  detail::check_count("loader", "rows", from.rows, 0);
  if (!from.read)
    throw ValueError("loader: a function that reads rows is needed; got an empty one");
  Source source{{}, {}, std::move(from.read), from.rows, options};
  source.check();
  if (options.shuffle && from.rows > 0 && !from.blocks.empty()) {
    source.options.shuffle = false;
    source.options.sampler =
        Sampler::blocks(from.rows, {.first_rows = from.blocks, .window = from.window});
  }
  source.settle(rng);
  source_ = std::make_shared<const Source>(std::move(source));
}

template <class Batch>
std::int64_t BatchLoader<Batch>::size() const {
  return source_->batches();
}
template <class Batch>
std::int64_t BatchLoader<Batch>::samples() const {
  return source_->samples();
}
template <class Batch>
Part BatchLoader<Batch>::part() const {
  return source_->options.part;
}
template <class Batch>
std::int64_t BatchLoader<Batch>::ordering() const {
  return source_->ordering;
}
template <class Batch>
const Batch& BatchLoader<Batch>::data() const {
  return source_->data;
}

template <class Batch>
std::int64_t BatchLoader<Batch>::fingerprint() const {
  return source_->fingerprint();
}

template <class Batch>
typename BatchLoader<Batch>::Iterator BatchLoader<Batch>::begin() {
  Iterator i({source_, source_->order(pass_), pass_ * static_cast<std::uint64_t>(size())},
             skipped_);
  running_ = i.taken_;
  ++pass_;
  skipped_ = 0;
  return i;
}

template <class Batch>
NamedTensors BatchLoader<Batch>::state() const {
  const std::shared_ptr<std::int64_t> taken = running_.lock();
  const auto pass = static_cast<std::int64_t>(taken ? pass_ - 1 : pass_);
  return {{"seed", xtape::detail::number(std::int64_t{source_->seed})},
          {"rows", xtape::detail::number(source_->rows)},
          {"batch_size", xtape::detail::number(source_->batch_rows())},
          {"pass", xtape::detail::number(pass)},
          {"batch", xtape::detail::number(taken ? *taken : skipped_)},
          {"drop_last", xtape::detail::number(std::int64_t{source_->options.drop_last})},
          {"transform", xtape::detail::number(std::int64_t{bool(source_->options.transform)})},
          {"ordering", xtape::detail::number(source_->ordering)}};
}

/// Throws for the state of a loader with other options, behind "batch".
template <class Batch>
void BatchLoader<Batch>::Source::check_same(const NamedTensors& entries) const {
  const auto given = [&](std::size_t i) {
    return xtape::detail::number<std::int64_t>(entries[i].second);
  };
  const std::array on{options.drop_last, bool(options.transform)};
  for (std::size_t i = 0; i < on.size(); ++i) {
    if (const bool was = given(5 + i) != 0; was != on[i])
      throw ValueError("loader: restore: the options must be those of before; " +
                       entries[5 + i].first +
                       (was ? " was given, and is not now" : " was not given, and is now"));
  }
  if (entries.size() > 7 && given(7) != ordering) {
    throw ValueError(
        "loader: restore: rows must be ordered alike, by the same .shuffle, .sampler, and blocks "
        "and window of files (.block_bytes, .window_bytes); got the state of another order");
  }
}

template <class Batch>
void BatchLoader<Batch>::restore(const NamedTensors& state) {
  NamedTensors expected = this->state();
  const auto is_ordering = [](const NamedTensor& entry) { return entry.first == "ordering"; };
  if (std::ranges::none_of(state, is_ordering)) expected.pop_back();  // as it was before
  const NamedTensors entries = xtape::detail::match_state(expected, state).entries;
  const auto number = [&](std::size_t i, std::int64_t low, std::int64_t high) {
    const auto value = xtape::detail::number<std::int64_t>(entries[i].second);
    if (low <= value && value <= high) return value;
    const std::string range =
        low == high ? "be " + std::to_string(low)
                    : "lie in [" + std::to_string(low) + ", " + std::to_string(high) + "]";
    throw ValueError("loader: restore: \"" + entries[i].first + "\" must " + range + "; got " +
                     std::to_string(value));
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  Source source = *source_;
  number(1, source.rows, source.rows);
  number(2, source.batch_rows(), source.batch_rows());
  source.check_same(entries);
  source.seed = static_cast<std::uint32_t>(
      number(0, 0, source.seeded() ? std::numeric_limits<std::uint32_t>::max() : 0));
  const std::int64_t pass = number(3, 0, most), batch = number(4, 0, size());
  source_ = std::make_shared<const Source>(std::move(source));
  pass_ = static_cast<std::uint64_t>(pass);
  skipped_ = batch;
  running_.reset();
}

/// The rows of a pass, null if they are in order.
template <class Batch>
std::shared_ptr<const detail::RowOrder> BatchLoader<Batch>::Source::order(
    std::uint64_t pass) const {
  if (!options.shuffle && !options.sampler) return {};
  Rng rng(kernels::mixed(~seed ^ kernels::mixed(static_cast<std::uint32_t>(pass))));
  if (options.sampler) return options.sampler.order(rng);
  return std::make_shared<const detail::RowOrder>(rng.permutation(rows));
}

template <class Batch>
Batch BatchLoader<Batch>::Source::gathered(std::int64_t number,
                                           const detail::RowOrder* order) const {
  const std::int64_t begin = number * batch_rows();
  const std::int64_t rows_there = std::min(batch_rows(), samples() - begin);
  const auto [part, parts] = options.part;
  const std::int64_t each = rows_there / parts,
                     more = rows_there % parts;  // the first get one more
  const std::int64_t first = begin + part * each + std::min(part, more);
  const std::int64_t last = first + each + (part < more ? 1 : 0);
  if (first == last && (sample || read)) {  // none, of the form of the others
    const Batch one = made(begin, begin + 1, order);
    return detail::each(one, [](const Tensor& x) { return slice(x, {range(0, 0)}); });
  }
  return made(first, last, order);
}

template <class Batch>
Batch BatchLoader<Batch>::Source::made(std::int64_t first, std::int64_t last,
                                       const detail::RowOrder* order) const {
  if (!sample && !read && order == nullptr)
    return each(data, [&](const Tensor& x) { return slice(x, {range(first, last)}); });
  const Tensor rows_of = order != nullptr ? order->rows(first, last) : arange(first, last);
  if (sample) return detail::stacked(sample, rows_of);
  if (read) return read_rows(rows_of);
  return each(data, [&](const Tensor& x) { return take(x, rows_of); });
}

template <class Batch>
Batch BatchLoader<Batch>::Source::read_rows(const Tensor& numbers) const {
  const NoGradGuard off;
  const Batch batch = read(numbers);
  detail::check_rows("loader", batch);
  const std::int64_t got = detail::first(batch).extent(0);
  if (got != numbers.size()) {
    throw ShapeError("loader: " + std::to_string(numbers.size()) + " rows must be read; got " +
                     std::to_string(got));
  }
  return each(batch, [](const Tensor& x) { return x.detach(); });
}

/// The default generator stands at the same place for each.
template <class Batch>
std::optional<Batch> BatchLoader<Batch>::Source::made_alike(std::int64_t row) const {
  default_rng().seed(0);
  try {
    return made(row, row + 1, nullptr);
  } catch (...) {  // a sampler may leave out what there is not
    if (!options.sampler) throw;
    return {};
  }
}

template <class Batch>
std::int64_t BatchLoader<Batch>::Source::fingerprint() const {
  if (!sample && !read) return detail::fingerprint_of_some(listed(data));
  const DefaultRngScope put_back;
  constexpr std::int64_t looked_at = 8;
  std::vector<std::int64_t> forms{rows}, bits;
  bool alike = true;
  for (std::int64_t i = 0, next = 0; i < looked_at && rows > 0; ++i) {
    const std::int64_t last = rows - 1, gaps = looked_at - 1,
                       row = last / gaps * i + last % gaps * i / gaps;
    if (row < next) continue;
    next = row + 1;
    const std::optional<Batch> first = made_alike(row), second = made_alike(row);
    alike = alike && first.has_value() == second.has_value();
    if (!first || !second) continue;
    for (const auto& [name, x] : listed(*first)) {
      forms.push_back(static_cast<std::int64_t>(x.dtype()));
      forms.insert(forms.end(), x.shape().begin(), x.shape().end());
    }
    bits.push_back(detail::fingerprint_of_some(listed(*first)));
    alike = alike && bits.back() == detail::fingerprint_of_some(listed(*second));
  }
  NamedTensors print{{"forms", from_vector(std::move(forms))}};
  if (alike) print.emplace_back("bits", from_vector(std::move(bits)));
  return detail::fingerprint_of_all(print);
}

template <class Batch>
Batch BatchLoader<Batch>::Pass::batch(std::int64_t number) const {
  if (!source->makes()) return source->gathered(number, order.get());
  const auto [part, parts] = source->options.part;
  const auto place = static_cast<std::uint32_t>((before + static_cast<std::uint64_t>(number)) *
                                                    static_cast<std::uint64_t>(parts) +
                                                static_cast<std::uint64_t>(part));
  const std::uint32_t own_seed = kernels::mixed(source->seed ^ kernels::mixed(place));
  Rng rng(own_seed);
  const DefaultRngScope drawing(Rng(kernels::mixed(own_seed)));
  Batch batch = source->gathered(number, order.get());
  if (!source->options.transform || first(batch).extent(0) == 0) return batch;
  const NoGradGuard off;
  batch = source->options.transform(batch, rng);
  detail::check_rows("loader: transform", batch);
  return each(batch, [](const Tensor& x) { return x.detach(); });
}

template <class Batch>
BatchLoader<Batch>::Iterator::Iterator(Pass pass, std::int64_t first)
    : pass_(std::move(pass)),
      number_(first),
      count_(pass_.source->batches()),
      taken_(std::make_shared<std::int64_t>(first)) {
  const std::int64_t ahead = pass_.source->options.prefetch;
  if (ahead == 0 || first >= count_) return;
  const auto make = [own = pass_, first](std::int64_t number) { return own.batch(first + number); };
  ahead_.reset(new Prefetch<Batch>(count_ - first, ahead, make));
}

template <class Batch>
void BatchLoader<Batch>::Iterator::end(Prefetch<Batch>* prefetch) noexcept {
  Prefetch<Batch>::end(prefetch);
}

template <class Batch>
Batch BatchLoader<Batch>::Iterator::operator*() const {
  if (number_ >= count_) {
    throw IndexError("loader: there must be a batch left; got the end of a pass of " +
                     std::to_string(count_));
  }
  Batch batch = ahead_ ? ahead_->current() : pass_.batch(number_);
  *taken_ = number_ + 1;
  return batch;
}

template <class Batch>
typename BatchLoader<Batch>::Iterator& BatchLoader<Batch>::Iterator::operator++() {
  if (number_ >= count_) return *this;
  if (ahead_) ahead_->advance();
  if (++number_ == count_) taken_.reset();
  return *this;
}

template class BatchLoader<Dataset>;
template class BatchLoader<TensorList>;
template class BatchLoader<NamedDataset>;

}  // namespace xtape::data
