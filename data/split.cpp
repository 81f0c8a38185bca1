#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/split.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::data {
namespace {

using Numbers = std::vector<std::int64_t>;

/// Row numbers in the order of their labels, and where each label's run of them begins; the last
/// entry is the end of the last run.
struct Classes {
  std::span<std::int64_t> rows_of(std::size_t i) {
    return std::span(rows).subspan(static_cast<std::size_t>(begins[i]),
                                   static_cast<std::size_t>(size_of(i)));
  }
  std::int64_t size_of(std::size_t i) const { return begins[i + 1] - begins[i]; }
  std::size_t count() const { return begins.size() - 1; }

  Numbers rows, begins;
};

Numbers ascending(std::int64_t from, std::int64_t to) {
  Numbers numbers(static_cast<std::size_t>(to - from));
  std::iota(numbers.begin(), numbers.end(), from);
  return numbers;
}

/// All rows, as if of one class.
Classes one_class(std::int64_t rows) { return {ascending(0, rows), {0, rows}}; }

Classes by_class(const char* op, const Tensor& labels) {
  const Numbers label = detail::sparse_labels(op, labels).to_vector<std::int64_t>();
  const auto label_of = [&](std::int64_t row) { return label[static_cast<std::size_t>(row)]; };
  Classes classes{ascending(0, std::ssize(label)), {}};
  std::ranges::stable_sort(classes.rows, {}, label_of);
  for (std::int64_t i = 0; i < std::ssize(label); ++i) {
    const auto at = classes.rows.begin() + i;
    if (i == 0 || label_of(at[0]) != label_of(at[-1])) classes.begins.push_back(i);
  }
  classes.begins.push_back(std::ssize(label));
  return classes;
}

/// The fold whose test rows are those.
Fold fold_of(std::int64_t rows, Numbers test) {
  std::ranges::sort(test);
  Numbers train;
  std::ranges::set_difference(ascending(0, rows), test, std::back_inserter(train));
  return {from_vector(std::move(train)), from_vector(std::move(test))};
}

std::int64_t test_rows(const char* op, std::int64_t rows, double test_share) {
  if (!(test_share > 0 && test_share < 1)) {
    throw ValueError(std::string(op) + ": test_share must lie between 0 and 1; got " +
                     xtape::detail::text(test_share));
  }
  const auto count = std::llround(test_share * static_cast<double>(rows));
  if (count < 1 || count >= rows) {
    throw ValueError(std::string(op) + ": both sets must get a row; got test_share " +
                     xtape::detail::text(test_share) + " of " + std::to_string(rows) + " rows, " +
                     std::to_string(count) + " to test on");
  }
  return count;
}

/// Test rows of each class, by largest remainder: the share rounded down, and one more where most
/// was cut off until they are `total`.
Numbers quotas(const Classes& classes, double test_share, std::int64_t total) {
  Numbers quota;
  std::vector<double> cut;
  for (std::size_t i = 0; i < classes.count(); ++i) {
    const double exact = test_share * static_cast<double>(classes.size_of(i));
    quota.push_back(static_cast<std::int64_t>(exact));
    cut.push_back(exact - std::floor(exact));
  }
  Numbers order = ascending(0, std::ssize(quota));
  std::ranges::stable_sort(order, std::greater(),
                           [&](std::int64_t i) { return cut[static_cast<std::size_t>(i)]; });
  const std::int64_t missing = total - std::reduce(quota.begin(), quota.end());
  for (std::int64_t i = 0; i < missing; ++i) {
    ++quota[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
  }
  return quota;
}

Fold drawn_split(const char* op, Classes classes, double test_share, Rng& rng) {
  const std::int64_t rows = std::ssize(classes.rows);
  const Numbers quota = quotas(classes, test_share, test_rows(op, rows, test_share));
  Numbers test;
  for (std::size_t i = 0; i < classes.count(); ++i) {
    const std::span<std::int64_t> own = classes.rows_of(i);
    rng.shuffle(own);
    test.insert(test.end(), own.begin(), own.begin() + quota[i]);
  }
  return fold_of(rows, std::move(test));
}

/// The rows, shuffled within their class, dealt out like cards: neighbours in the pack, and so the
/// rows of a class, go round.
std::vector<Fold> dealt_folds(Classes classes, std::int64_t k, Rng& rng) {
  for (std::size_t i = 0; i < classes.count(); ++i) rng.shuffle(classes.rows_of(i));
  const std::int64_t rows = std::ssize(classes.rows);
  std::vector<Fold> folds;
  for (std::int64_t fold = 0; fold < k; ++fold) {
    Numbers test;
    for (std::int64_t i = fold; i < rows; i += k) {
      test.push_back(classes.rows[static_cast<std::size_t>(i)]);
    }
    folds.push_back(fold_of(rows, std::move(test)));
  }
  return folds;
}

void check_folds(const char* op, std::int64_t k, const char* what, std::int64_t most) {
  if (k < 2 || k > most) {
    throw ValueError(std::string(op) + ": k must lie between 2 and the number of " + what + ", " +
                     std::to_string(most) + "; got " + std::to_string(k));
  }
}

/// The fold that is tested on [begin, end).
Fold block_fold(const char* op, std::int64_t rows, std::int64_t begin, std::int64_t end,
                const BlockOptions& options) {
  Numbers train = ascending(0, begin - std::min(begin, options.gap));
  if (!options.past_only) {
    const Numbers after = ascending(end + std::min(rows - end, options.gap), rows);
    train.insert(train.end(), after.begin(), after.end());
  }
  if (train.empty()) {
    throw ValueError(std::string(op) + ": the gap must leave rows to train on; got gap " +
                     std::to_string(options.gap) + " around rows " + std::to_string(begin) +
                     " to " + std::to_string(end - 1) + " of " + std::to_string(rows));
  }
  return {from_vector(std::move(train)), arange(begin, end)};
}

/// Whether the numbers are neighbours in order, all within [0, extent).
bool is_run(const Numbers& numbers, std::int64_t extent) {
  if (numbers.empty() || numbers.front() < 0 || numbers.back() >= extent) return false;
  return numbers.front() <= numbers.back() &&
         numbers == ascending(numbers.front(), numbers.back() + 1);
}

}  // namespace

Fold random_split(std::int64_t rows, double test_share, Rng& rng) {
  detail::check_row_count("random_split", rows);
  return drawn_split("random_split", one_class(rows), test_share, rng);
}

Fold stratified_split(const Tensor& labels, double test_share, Rng& rng) {
  return drawn_split("stratified_split", by_class("stratified_split", labels), test_share, rng);
}

Fold block_split(std::int64_t rows, double test_share, const BlockOptions& options) {
  detail::check_row_count("block_split", rows);
  detail::check_count("block_split", "gap", options.gap, 0);
  const std::int64_t count = test_rows("block_split", rows, test_share);
  return block_fold("block_split", rows, rows - count, rows, options);
}

std::vector<Fold> k_fold(std::int64_t rows, std::int64_t k, Rng& rng) {
  detail::check_row_count("k_fold", rows);
  check_folds("k_fold", k, "rows", rows);
  return dealt_folds(one_class(rows), k, rng);
}

std::vector<Fold> stratified_k_fold(const Tensor& labels, std::int64_t k, Rng& rng) {
  Classes classes = by_class("stratified_k_fold", labels);
  std::int64_t smallest = std::ssize(classes.rows);
  for (std::size_t i = 0; i < classes.count(); ++i) {
    smallest = std::min(smallest, classes.size_of(i));
  }
  check_folds("stratified_k_fold", k, "rows in the smallest class", smallest);
  return dealt_folds(std::move(classes), k, rng);
}

std::vector<Fold> blocked_k_fold(std::int64_t rows, std::int64_t k, const BlockOptions& options) {
  detail::check_row_count("blocked_k_fold", rows);
  detail::check_count("blocked_k_fold", "gap", options.gap, 0);
  const std::int64_t first = options.past_only ? 1 : 0;
  check_folds("blocked_k_fold", k, options.past_only ? "rows behind the first" : "rows",
              rows - first);
  const std::int64_t blocks = k + first, size = rows / blocks, larger = rows % blocks;
  const auto begin = [&](std::int64_t block) { return block * size + std::min(block, larger); };
  std::vector<Fold> folds;
  for (std::int64_t block = first; block < blocks; ++block) {
    folds.push_back(block_fold("blocked_k_fold", rows, begin(block), begin(block + 1), options));
  }
  return folds;
}

Dataset rows(const Dataset& dataset, const Tensor& indices) {
  detail::check_rows("rows", dataset);
  const auto& [x, y] = dataset;
  if (indices.rank() != 1) {
    throw ShapeError("rows: indices must be [n]; got " + indices.describe());
  }
  if (indices.dtype() != Dtype::int64) {
    throw DtypeError("rows: indices must be int64; got " + indices.describe());
  }
  const Numbers numbers = indices.to_vector<std::int64_t>();
  if (!is_run(numbers, x.extent(0))) return {take(x, indices), take(y, indices)};
  const Slice run = range(numbers.front(), numbers.back() + 1);
  return {slice(x, {run}), slice(y, {run})};
}

Split split(const Dataset& dataset, const Fold& fold) {
  return {rows(dataset, fold.train), rows(dataset, fold.test)};
}

Split random_split(const Dataset& dataset, double test_share, Rng& rng) {
  detail::check_rows("random_split", dataset);
  return split(dataset, random_split(dataset.x.extent(0), test_share, rng));
}

Split stratified_split(const Dataset& dataset, double test_share, Rng& rng) {
  detail::check_rows("stratified_split", dataset);
  return split(dataset, stratified_split(dataset.y, test_share, rng));
}

Split block_split(const Dataset& dataset, double test_share, const BlockOptions& options) {
  detail::check_rows("block_split", dataset);
  return split(dataset, block_split(dataset.x.extent(0), test_share, options));
}

namespace {

std::vector<Split> splits(const Dataset& dataset, const std::vector<Fold>& folds) {
  std::vector<Split> all;
  all.reserve(folds.size());
  for (const Fold& fold : folds) all.push_back(split(dataset, fold));
  return all;
}

}  // namespace

std::vector<Split> k_fold(const Dataset& dataset, std::int64_t k, Rng& rng) {
  detail::check_rows("k_fold", dataset);
  return splits(dataset, k_fold(dataset.size(), k, rng));
}

std::vector<Split> stratified_k_fold(const Dataset& dataset, std::int64_t k, Rng& rng) {
  detail::check_rows("stratified_k_fold", dataset);
  return splits(dataset, stratified_k_fold(dataset.y, k, rng));
}

std::vector<Split> blocked_k_fold(const Dataset& dataset, std::int64_t k,
                                  const BlockOptions& options) {
  detail::check_rows("blocked_k_fold", dataset);
  return splits(dataset, blocked_k_fold(dataset.size(), k, options));
}

}  // namespace xtape::data
