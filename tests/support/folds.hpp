#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <xtape/core/rng.hpp>
#include <xtape/data/split.hpp>

using Integers = std::vector<std::int64_t>;

inline Integers integers(const xtape::Tensor& x) { return x.to_vector<std::int64_t>(); }

inline Integers counting(std::int64_t from, std::int64_t to) {
  Integers numbers;
  for (std::int64_t i = from; i < to; ++i) numbers.push_back(i);
  return numbers;
}

inline bool ascends(const Integers& numbers) {
  return std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) ==
         numbers.end();
}

/// What is wrong with a fold whose two sets should ascend and hold each row once between them;
/// empty if nothing is.
inline std::string breach(const xtape::data::Fold& fold, std::int64_t rows) {
  if (fold.train.dtype() != xtape::Dtype::int64 || fold.test.dtype() != xtape::Dtype::int64)
    return "dtype";
  if (fold.train.rank() != 1 || fold.test.rank() != 1) return "rank";
  const Integers train = integers(fold.train), test = integers(fold.test);
  if (!ascends(train) || !ascends(test)) return "order";
  Integers all = train;
  all.insert(all.end(), test.begin(), test.end());
  std::sort(all.begin(), all.end());
  if (all != counting(0, rows)) return "rows lost or twice";
  return train.empty() || test.empty() ? "empty" : "";
}

inline std::map<std::int64_t, std::int64_t> counts(const Integers& labels, const Integers& rows) {
  std::map<std::int64_t, std::int64_t> count;
  for (const std::int64_t label : labels) count[label] += 0;
  for (const std::int64_t row : rows) ++count[labels[static_cast<std::size_t>(row)]];
  return count;
}

/// Labels of a few classes in random order, the classes as large as `sizes` says.
inline Integers shuffled_labels(const Integers& sizes, xtape::Rng& rng) {
  Integers labels;
  for (std::size_t label = 0; label < sizes.size(); ++label) {
    labels.insert(labels.end(), static_cast<std::size_t>(sizes[label]),
                  static_cast<std::int64_t>(label));
  }
  rng.shuffle(labels);
  return labels;
}
