#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/split.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/errors.hpp"
#include "../support/folds.hpp"

using namespace xtape;
using data::Dataset;
using data::Fold;

namespace {

/// Rows of the test set by the definition: the nearest integer, halves upwards.
std::int64_t share_of(std::int64_t rows, double share) {
  return static_cast<std::int64_t>(std::floor(share * static_cast<double>(rows) + 0.5));
}

bool same(const Fold& a, const Fold& b) {
  return integers(a.train) == integers(b.train) && integers(a.test) == integers(b.test);
}

/// Row i of x holds 10 i and 10 i + 1; its label is i.
Dataset numbered(std::int64_t rows) {
  Integers values;
  for (std::int64_t i = 0; i < rows; ++i) values.insert(values.end(), {10 * i, 10 * i + 1});
  return {from_vector(values, {rows, 2}), arange(rows)};
}

}  // namespace

TEST_CASE("a random split takes its share of rows, each once") {
  Rng rng(0);
  for (std::int64_t rows = 2; rows < 60; ++rows) {
    for (const double share : {0.01, 0.1, 0.2, 1.0 / 3, 0.5, 0.75, 0.99}) {
      CAPTURE(rows);
      CAPTURE(share);
      const std::int64_t test = share_of(rows, share);
      if (test < 1 || test >= rows) {
        CHECK_THROWS_AS(data::random_split(rows, share, rng), ValueError);
        continue;
      }
      const Fold fold = data::random_split(rows, share, rng);
      CHECK(breach(fold, rows) == "");
      CHECK(fold.test.size() == test);
    }
  }
}

TEST_CASE("the size of a test set is rounded, halves upwards") {
  Rng rng(0);
  CHECK(data::random_split(10, 0.25, rng).test.size() == 3);  // 2.5
  CHECK(data::random_split(10, 0.24, rng).test.size() == 2);
  CHECK(data::random_split(2, 0.25, rng).test.size() == 1);  // 0.5
  CHECK(data::block_split(10, 0.25).test.size() == 3);
}

TEST_CASE("a random split tests every row as often as any other") {
  Rng rng(1);
  Integers count(20, 0);
  for (int i = 0; i < 2000; ++i) {
    for (const std::int64_t row : integers(data::random_split(20, 0.3, rng).test)) {
      ++count[static_cast<std::size_t>(row)];
    }
  }
  for (const std::int64_t times :
       count) {  // 600 expected, with deviation sqrt(2000 0.3 0.7) = 20.5
    CHECK(times > 500);
    CHECK(times < 700);
  }
}

TEST_CASE("splits and folds follow from the seed") {
  const Tensor labels = from_vector(Integers{0, 1, 0, 1, 2, 2, 0, 1, 2, 0, 1, 2});
  Rng a(7), b(7), c(8);
  CHECK(same(data::random_split(50, 0.3, a), data::random_split(50, 0.3, b)));
  CHECK(same(data::stratified_split(labels, 0.3, a), data::stratified_split(labels, 0.3, b)));
  CHECK(same(data::k_fold(50, 5, a)[3], data::k_fold(50, 5, b)[3]));
  CHECK(same(data::stratified_k_fold(labels, 3, a)[1], data::stratified_k_fold(labels, 3, b)[1]));
  CHECK(a == b);
  CHECK(!same(data::random_split(50, 0.3, a), data::random_split(50, 0.3, c)));
  CHECK(!same(data::random_split(50, 0.3, a), data::random_split(50, 0.3, a)));
}

TEST_CASE("a stratified split keeps each class's share to within one sample") {
  Rng rng(2);
  for (int i = 0; i < 300; ++i) {
    Integers sizes;
    for (std::int64_t label = rng.integer(1, 7); label > 0; --label) {
      sizes.push_back(rng.integer(1, 40));
    }
    const Integers labels = shuffled_labels(sizes, rng);
    const std::int64_t rows = std::ssize(labels);
    const double share = 0.05 + 0.9 * rng.uniform();
    const std::int64_t test = share_of(rows, share);
    if (test < 1 || test >= rows) continue;
    const Fold fold = data::stratified_split(from_vector(labels), share, rng);
    REQUIRE(breach(fold, rows) == "");
    CHECK(fold.test.size() == test);
    const auto count = counts(labels, integers(fold.test));
    for (std::size_t label = 0; label < sizes.size(); ++label) {
      const double exact = share * static_cast<double>(sizes[label]);
      const double got = static_cast<double>(count.at(static_cast<std::int64_t>(label)));
      CHECK(std::abs(got - exact) < 1);
    }
  }
}

TEST_CASE("a stratified split is exact where it can be, and gives the rest where most is missing") {
  const auto tested = [](const Integers& sizes, double share) {
    Rng rng(0);
    const Integers labels = shuffled_labels(sizes, rng);
    const Fold fold = data::stratified_split(from_vector(labels), share, rng);
    Integers result;
    for (const auto& [label, count] : counts(labels, integers(fold.test))) result.push_back(count);
    return result;
  };
  CHECK(tested({10, 20, 70}, 0.2) == Integers{2, 4, 14});
  CHECK(tested({3, 10}, 0.2) == Integers{1, 2});             // 0.6 and 2 of 2.6
  CHECK(tested({10, 10, 10}, 0.25) == Integers{3, 3, 2});    // 2.5 each of 7.5: 8, the first ones
  CHECK(tested({5, 9, 100}, 0.1) == Integers{0, 1, 10});     // 0.5, 0.9, 10 of 11.4
  CHECK(tested({1, 1, 1, 1}, 0.5) == Integers{1, 1, 0, 0});  // nothing better is possible
}

TEST_CASE("a stratified split draws within the classes") {
  Rng rng(3);
  const Tensor labels = from_vector(Integers{5, -2, 5, -2, 5, 5, -2, 5});  // any numbers will do
  Integers count(8, 0);
  for (int i = 0; i < 1000; ++i) {
    for (const std::int64_t row : integers(data::stratified_split(labels, 0.4, rng).test)) {
      ++count[static_cast<std::size_t>(row)];
    }
  }
  for (const std::size_t row : {0U, 2U, 4U, 5U, 7U})
    CHECK(std::abs(count[row] - 400) < 80);                                           // 2 of 5
  for (const std::size_t row : {1U, 3U, 6U}) CHECK(std::abs(count[row] - 333) < 75);  // 1 of 3
}

TEST_CASE("labels may be one-hot, of any dtype") {
  const Tensor labels = from_vector(Integers{0, 2, 1, 2, 2, 0, 1, 1, 0, 2, 0, 1});
  Rng first(4);
  const Fold expected = data::stratified_split(labels, 0.25, first);
  for (const Dtype dtype : {Dtype::boolean, Dtype::int64, Dtype::float32, Dtype::float64}) {
    Rng rng(4);
    CHECK(same(data::stratified_split(one_hot(labels, 3, dtype), 0.25, rng), expected));
    CHECK(rng == first);
  }
  const Tensor yes = labels == 2;
  Rng flags(7), numbers(7);
  CHECK(same(data::stratified_split(yes, 0.25, flags),
             data::stratified_split(yes.to(Dtype::int64), 0.25, numbers)));
  CHECK(data::stratified_k_fold(yes, 2, flags).size() == 2);
  Rng rng(4);
  const Tensor strided = flip(flip(one_hot(labels, 3), 0).contiguous(), 0);
  CHECK(same(data::stratified_split(strided, 0.25, rng), expected));
}

TEST_CASE("a block split tests on the last rows and leaves the gap out") {
  const Fold plain = data::block_split(10, 0.3);
  CHECK(integers(plain.train) == counting(0, 7));
  CHECK(integers(plain.test) == counting(7, 10));
  const Fold apart = data::block_split(10, 0.3, {.gap = 2});
  CHECK(integers(apart.train) == counting(0, 5));
  CHECK(integers(apart.test) == counting(7, 10));
  CHECK(same(data::block_split(10, 0.3, {.gap = 2, .past_only = true}), apart));
}

TEST_CASE("rows of a dataset are those named, in their order") {
  const Dataset chosen = data::rows(numbered(5), from_vector(Integers{3, 0, -1, 3}));
  CHECK(integers(chosen.y) == Integers{3, 0, 4, 3});
  CHECK(integers(chosen.x) == Integers{30, 31, 0, 1, 40, 41, 30, 31});
  CHECK(data::rows(numbered(5), arange(0)).x.shape() == Shape{0, 2});
  CHECK(integers(data::rows(numbered(5), from_vector(Integers{4, 3, 2})).y) == Integers{4, 3, 2});
  CHECK(integers(data::rows(numbered(5), from_vector(Integers{-2, -1})).y) == Integers{3, 4});
  CHECK(integers(data::rows(numbered(5), from_vector(Integers{1, 3, 3})).y) == Integers{1, 3, 3});
}

TEST_CASE("neighbours in order are a view of the dataset, others a copy") {
  const Dataset all = numbered(10);
  const auto shares = [&](const Tensor& part, std::int64_t row) {
    return part.data<std::int64_t>().data() == all.x.data<std::int64_t>().data() + 2 * row;
  };
  const data::Split blocks = data::block_split(all, 0.3, {.gap = 1});
  CHECK(integers(blocks.train.y) == counting(0, 6));
  CHECK(integers(blocks.test.x) == Integers{70, 71, 80, 81, 90, 91});
  CHECK(shares(blocks.train.x, 0));
  CHECK(shares(blocks.test.x, 7));
  CHECK(!shares(data::rows(all, from_vector(Integers{0, 2})).x, 0));
}

TEST_CASE("splits of a dataset are those of its rows and of its labels") {
  const Dataset all = numbered(20);
  Rng a(9), b(9);
  const Fold fold = data::random_split(20, 0.2, a);
  const data::Split split = data::random_split(all, 0.2, b);
  CHECK(integers(split.train.y) == integers(fold.train));
  CHECK(integers(split.test.y) == integers(fold.test));
  CHECK(integers(split.test.x)[3] == 10 * integers(fold.test)[1] + 1);

  const Tensor labels = from_vector(Integers{0, 1, 1, 0, 0, 1, 1, 1, 0, 1});
  const Fold even = data::stratified_split(labels, 0.5, a);
  const data::Split halves = data::stratified_split({arange(10), labels}, 0.5, b);
  CHECK(integers(halves.train.x) == integers(even.train));
  CHECK(integers(halves.test.x) == integers(even.test));
}

TEST_CASE("splits refuse") {
  Rng rng(0);
  const auto text_of_share = [&](double share) {
    return error_of<ValueError>([&] { return data::random_split(10, share, rng); });
  };
  CHECK(text_of_share(0) == "random_split: test_share must lie between 0 and 1; got 0");
  CHECK(text_of_share(1).find("got 1") != std::string::npos);
  CHECK(text_of_share(-0.5).find("got -0.5") != std::string::npos);
  CHECK(text_of_share(std::nan("")).find("got nan") != std::string::npos);
  CHECK(text_of_share(0.04) ==
        "random_split: both sets must get a row; got test_share 0.04 of 10 rows, 0 to test on");
  CHECK_THROWS_AS(data::random_split(10, 0.95, rng), ValueError);
  CHECK_THROWS_AS(data::random_split(1, 0.5, rng), ValueError);
  CHECK_THROWS_AS(data::random_split(0, 0.5, rng), ValueError);
  CHECK_THROWS_AS(data::random_split(-3, 0.5, rng), ValueError);
  CHECK_THROWS_AS(data::block_split(-3, 0.5), ValueError);
  CHECK(error_of<ValueError>([] { return data::block_split(10, 0.3, {.gap = -1}); }) ==
        "block_split: gap must be at least 0; got -1");
  CHECK(error_of<ValueError>([] { return data::block_split(10, 0.3, {.gap = 7}); }) ==
        "block_split: the gap must leave rows to train on; got gap 7 around rows 7 to 9 of 10");
  CHECK_THROWS_AS(data::block_split(10, 0.3, {.gap = INT64_MAX}), ValueError);

  const Tensor labels = from_vector(Integers{0, 1, 0, 1, 1});
  CHECK(error_of<DtypeError>([&] { return data::stratified_split(zeros({5}), 0.5, rng); }) ==
        "stratified_split: labels [n] must be int64 or boolean; got float32[5]");
  CHECK(error_of<ShapeError>([&] {
          return data::stratified_split(zeros({5, 2, 1}), 0.5, rng);
        }) == "stratified_split: labels must be [n] or one-hot [n, classes]; got float32[5, 2, 1]");
  CHECK_THROWS_AS(data::stratified_split(zeros({5, 0}), 0.5, rng), ShapeError);
  CHECK(error_of<ValueError>([&] {
          return data::stratified_split(tensor({{1.0, 0.0}, {0.0, 1.0}, {0.5, 0.5}}), 0.5, rng);
        }) == "stratified_split: a one-hot row has a single 1 and else zeros; row 2 does not");
  CHECK_THROWS_AS(data::stratified_split(Tensor(), 0.5, rng), ValueError);
  CHECK_THROWS_AS(data::stratified_split(labels, 0.05, rng), ValueError);
  CHECK_THROWS_AS(data::stratified_split(arange(0), 0.5, rng), ValueError);
  CHECK(rng == Rng(0));  // nothing was drawn
}

TEST_CASE("rows of a dataset that do not fit are refused") {
  Rng rng(0);
  const Tensor labels = from_vector(Integers{0, 1, 0, 1, 1});
  CHECK(error_of<ShapeError>([&] {
          return data::rows({zeros({4, 2}), labels}, arange(2));
        }) == "rows: x and y must have the same number of rows; got float32[4, 2] and int64[5]");
  CHECK_THROWS_AS(data::random_split({zeros({4, 2}), labels}, 0.5, rng), ShapeError);
  CHECK_THROWS_AS(data::stratified_split({zeros({4, 2}), labels}, 0.5, rng), ShapeError);
  CHECK_THROWS_AS(data::block_split({zeros({4, 2}), labels}, 0.5), ShapeError);
  CHECK(error_of<DtypeError>([&] {
          return data::rows({labels, labels}, zeros({2}));
        }) == "rows: indices must be int64; got float32[2]");
  CHECK(error_of<ShapeError>([&] {
          return data::rows({labels, labels}, tensor({{1, 2}}));
        }) == "rows: indices must be [n]; got int64[1, 2]");
  CHECK_THROWS_AS(data::rows({labels, labels}, from_vector(Integers{3, 4, 5})), IndexError);
  CHECK_THROWS_AS(data::rows({labels, labels}, from_vector(Integers{-6})), IndexError);
}
