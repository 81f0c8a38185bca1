#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/split.hpp>

#include "../support/errors.hpp"
#include "../support/folds.hpp"

using namespace xtape;
using data::Fold;

namespace {

/// Every row is in the test set of one fold; the first folds have the larger ones.
std::string breach_of_all(const std::vector<Fold>& folds, std::int64_t rows) {
  Integers all;
  std::int64_t before = INT64_MAX;
  for (const Fold& fold : folds) {
    if (const std::string found = breach(fold, rows); !found.empty()) return found;
    if (fold.test.size() > before) return "a later test set is larger";
    before = fold.test.size();
    const Integers test = integers(fold.test);
    all.insert(all.end(), test.begin(), test.end());
  }
  std::sort(all.begin(), all.end());
  if (all != counting(0, rows)) return "not each row in one test set";
  return folds.front().test.size() - folds.back().test.size() > 1 ? "sizes" : "";
}

}  // namespace

TEST_CASE("k folds test each row once") {
  Rng rng(5);
  for (std::int64_t rows = 2; rows < 40; ++rows) {
    for (std::int64_t k = 2; k <= rows; ++k) {
      CAPTURE(rows);
      CAPTURE(k);
      const std::vector<Fold> folds = data::k_fold(rows, k, rng);
      REQUIRE(std::ssize(folds) == k);
      CHECK(breach_of_all(folds, rows) == "");
    }
  }
}

TEST_CASE("k folds are drawn, not dealt in order") {
  Rng rng(6);
  Integers first(12, 0);  // how often each row is in the first fold
  for (int i = 0; i < 1200; ++i) {
    for (const std::int64_t row : integers(data::k_fold(12, 4, rng)[0].test)) {
      ++first[static_cast<std::size_t>(row)];
    }
  }
  for (const std::int64_t times : first) CHECK(std::abs(times - 300) < 75);  // deviation 15
}

TEST_CASE("stratified folds keep the classes' shares") {
  Rng rng(7);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t k = rng.integer(2, 8);
    Integers sizes;
    for (std::int64_t label = rng.integer(1, 6); label > 0; --label) {
      sizes.push_back(rng.integer(k, 30));
    }
    const Integers labels = shuffled_labels(sizes, rng);
    const std::vector<Fold> folds = data::stratified_k_fold(from_vector(labels), k, rng);
    REQUIRE(std::ssize(folds) == k);
    REQUIRE(breach_of_all(folds, std::ssize(labels)) == "");
    for (const Fold& fold : folds) {
      for (const auto& [label, count] : counts(labels, integers(fold.test))) {
        const std::int64_t size = sizes[static_cast<std::size_t>(label)];
        CHECK(count >= size / k);
        CHECK(count <= (size + k - 1) / k);
      }
    }
  }
}

TEST_CASE("blocked folds test neighbours, in order, and do not train on the gap around them") {
  for (std::int64_t rows = 2; rows < 30; ++rows) {
    for (std::int64_t k = 2; k <= rows; ++k) {
      CAPTURE(rows);
      CAPTURE(k);
      CHECK(breach_of_all(data::blocked_k_fold(rows, k), rows) == "");
      for (std::int64_t gap = 0; gap < 4; ++gap) {
        const std::int64_t largest = (rows + k - 1) / k;
        if (rows - largest < 2 * gap + 1) continue;  // a fold would have nothing to train on
        std::int64_t begin = 0;
        for (const Fold& fold : data::blocked_k_fold(rows, k, {.gap = gap})) {
          const std::int64_t end = begin + fold.test.size();
          CHECK(integers(fold.test) == counting(begin, end));
          Integers train = counting(0, std::max<std::int64_t>(begin - gap, 0));
          const Integers after = counting(std::min(end + gap, rows), rows);
          train.insert(train.end(), after.begin(), after.end());
          CHECK(integers(fold.train) == train);
          begin = end;
        }
        CHECK(begin == rows);
      }
    }
  }
}

TEST_CASE("folds of the past only train on what lies before their block") {
  const std::vector<Fold> folds = data::blocked_k_fold(11, 3, {.gap = 1, .past_only = true});
  REQUIRE(folds.size() == 3);  // blocks of 3, 3, 3 and 2 rows
  CHECK(integers(folds[0].train) == counting(0, 2));
  CHECK(integers(folds[0].test) == counting(3, 6));
  CHECK(integers(folds[1].train) == counting(0, 5));
  CHECK(integers(folds[1].test) == counting(6, 9));
  CHECK(integers(folds[2].train) == counting(0, 8));
  CHECK(integers(folds[2].test) == counting(9, 11));
  CHECK(data::blocked_k_fold(3, 2, {.past_only = true}).size() == 2);
}

TEST_CASE("folds refuse") {
  Rng rng(0);
  const Tensor labels = from_vector(Integers{0, 1, 0, 1, 1});
  CHECK(error_of<ValueError>([&] { return data::k_fold(5, 6, rng); }) ==
        "k_fold: k must lie between 2 and the number of rows, 5; got 6");
  CHECK(error_of<ValueError>([&] { return data::k_fold(5, 1, rng); }) ==
        "k_fold: k must lie between 2 and the number of rows, 5; got 1");
  CHECK_THROWS_AS(data::k_fold(0, 0, rng), ValueError);
  CHECK(error_of<ValueError>([&] { return data::stratified_k_fold(labels, 3, rng); }) ==
        "stratified_k_fold: k must lie between 2 and the number of rows in the smallest class, 2; "
        "got 3");
  CHECK_THROWS_AS(data::stratified_k_fold(arange(0), 2, rng), ValueError);
  CHECK(error_of<ValueError>([] { return data::blocked_k_fold(3, 3, {.past_only = true}); }) ==
        "blocked_k_fold: k must lie between 2 and the number of rows behind the first, 2; got 3");
  CHECK_THROWS_AS(data::blocked_k_fold(3, INT64_MAX, {.past_only = true}), ValueError);
  CHECK(error_of<ValueError>([] { return data::blocked_k_fold(6, 2, {.gap = 3}); }) ==
        "blocked_k_fold: the gap must leave rows to train on; got gap 3 around rows 0 to 2 of 6");
  CHECK_THROWS_AS(data::blocked_k_fold(6, 2, {.gap = -1}), ValueError);
  CHECK_THROWS_AS(data::blocked_k_fold(6, 3, {.gap = 2, .past_only = true}), ValueError);
  CHECK(rng == Rng(0));  // nothing was drawn
}
