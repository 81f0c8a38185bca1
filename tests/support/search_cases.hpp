#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/train/search.hpp>

/// Row i holds i; its label is i.
inline xtape::data::Dataset numbered(std::int64_t rows) {
  return {reshape(xtape::arange(rows).to(xtape::Dtype::float64), {rows, 1}), xtape::arange(rows)};
}

/// Fold f tests the rows f, f + k, f + 2 k, ...: of rows in the order of their classes, a share of
/// each.
inline std::vector<xtape::data::Fold> every_kth(std::int64_t rows, std::int64_t k) {
  std::vector<xtape::data::Fold> folds;
  for (std::int64_t fold = 0; fold < k; ++fold) {
    std::vector<std::int64_t> train, test;
    for (std::int64_t row = 0; row < rows; ++row) (row % k == fold ? test : train).push_back(row);
    folds.push_back({xtape::from_vector(train), xtape::from_vector(test)});
  }
  return folds;
}

inline xtape::SearchSpace small_grid() {
  return xtape::SearchSpace().choice("a", {-1.0, 0.0, 0.25, 1.0}).choice("b", {1, 2, 3});
}

/// Greatest at a = 0.25, b = 2.
inline double hill(const xtape::Hyperparameters& h) {
  const double a = h.number("a") - 0.25, b = h.number("b") - 2;
  return 5 - a * a - 2 * b * b;
}

inline xtape::data::Dataset rows_of_12() { return numbered(12); }
inline std::vector<xtape::data::Fold> thirds() { return every_kth(12, 3); }
