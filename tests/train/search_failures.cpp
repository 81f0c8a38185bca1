#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/train/metrics.hpp>

#include "../support/errors.hpp"
#include "../support/search_cases.hpp"

using namespace xtape;
using data::Dataset;
using data::Fold;
using data::Split;
using Doubles = std::vector<double>;

TEST_CASE("search: a candidate that fails ranks last, and the others go on") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::atomic<int> calls = 0;
  const auto objective = [&](const Hyperparameters& h, const Split& fold, Rng&) -> double {
    ++calls;
    const bool second = fold.test.y.to_vector<std::int64_t>()[0] == 1;
    const std::int64_t way = h.integer("way");
    if (way == 1) throw std::runtime_error("out of reach");
    if (way == 2) throw 42;
    if (way == 3) return std::nan("");
    if (way == 4 && second) return inf;
    if (way == 5 && second) throw ValueError("half way: it must go on; got stuck");
    if (way == 6) throw std::runtime_error("");
    if (way == 8) return h.number("Way");
    return static_cast<double>(way);
  };
  const SearchSpace space = SearchSpace().choice("way", {0, 1, 2, 3, 4, 5, 6, 7, 8});
  const auto result = grid_search(space, rows_of_12(), thirds(), objective,
                                  {.threads = 2, .goal = SearchGoal::maximize});
  CHECK(calls == 27);
  const std::vector<std::pair<std::int64_t, std::string>> expected{
      {7, ""},
      {0, ""},
      {1, "out of reach"},
      {2, "an exception that is no std::exception"},
      {3, "score is NaN"},
      {4, "score is infinite"},
      {5, "half way: it must go on; got stuck"},
      {6, "an exception without a text"},
      {8, "hyperparameters: the name must be one of way; got Way"}};
  REQUIRE(result.trials.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(result.trials[i].candidate == expected[i].first);
    CHECK(result.trials[i].error == expected[i].second);
    CHECK(result.trials[i].failed() == (i >= 2));
    CHECK(std::isnan(result.trials[i].score) == (i >= 2));
  }
  const Doubles half = result.trials[6].fold_scores;
  CHECK(half[0] == 5);
  CHECK(std::isnan(half[1]));
  CHECK(half[2] == 5);
}

TEST_CASE("search: a model that gives NaN has no accuracy, and ranks last") {
  const auto objective = [](const Hyperparameters& h, const Split& fold, Rng&) {
    const Tensor y = fold.test.y == 0;  // right for all rows but 0
    const Tensor scores = stack({!y, y}, 1).to(Dtype::float64) / h.number("scale");
    return accuracy(scores, zeros({y.extent(0)}, Dtype::int64));  // NaN would be class 0: all right
  };
  const SearchSpace space = SearchSpace().choice("scale", {0.0, 1.0});
  const SearchResult result =
      grid_search(space, rows_of_12(), thirds(), objective, {.goal = SearchGoal::maximize});
  CHECK(result.best().candidate == 1);
  CHECK(result.best().fold_scores == Doubles{0.75, 1, 1});
  CHECK(result.trials[1].failed());
  CHECK(result.trials[1].error == "score is NaN");
}

TEST_CASE("search: when every candidate fails, the error of the first is told") {
  const auto objective = [](const Hyperparameters& h, const auto&, Rng&) -> double {
    throw std::runtime_error("no way " + std::to_string(h.integer("b")));
  };
  CHECK(error_of<ValueError>([&] {
          return grid_search(small_grid(), rows_of_12(), thirds(), objective,
                             {.threads = 2, .goal = SearchGoal::maximize});
        }) == "grid_search: a candidate must succeed; all failed, the first with: no way 1");
  CHECK(error_of<ValueError>([&] {
          return random_search(small_grid().choice("c", {0}), 1, rows_of_12(), thirds(),
                               [](const auto&, const auto&, Rng&) { return std::nan(""); },
                               {.goal = SearchGoal::maximize});
        }) == "random_search: a candidate must succeed; all failed, the first with: score is NaN");
  CHECK_THROWS_AS(SearchResult().best(), ValueError);
}

TEST_CASE("search: an exception from on_result ends it") {
  std::atomic<int> calls = 0;
  std::atomic<bool> thrown = false;
  const auto objective = [&](const auto&, const auto&, Rng&) {
    for (const int call = ++calls; call > 2 && !thrown;) std::this_thread::yield();
    return 0.0;
  };
  const auto on_result = [&](const SearchTrial&) {
    thrown = true;
    throw std::runtime_error("enough");
  };
  SearchSpace space;
  space.choice("a", std::vector<int>(100000));
  CHECK(error_of<std::runtime_error>([&] {
          return grid_search(space, rows_of_12(), {thirds()[0]}, objective,
                             {.threads = 2, .goal = SearchGoal::maximize, .on_result = on_result});
        }) == "enough");
  CHECK(calls < 100000);
}

TEST_CASE("search refuses what it cannot run, before it runs anything") {
  int calls = 0;
  const auto objective = [&](const auto&, const auto&, Rng&) { return ++calls, 0.0; };
  const auto error = [&]<class E>(std::type_identity<E>, const Dataset& dataset,
                                  const std::vector<Fold>& folds, int threads = 1) {
    return error_of<E>([&] {
      return grid_search(small_grid(), dataset, folds, objective,
                         {.threads = threads, .goal = SearchGoal::maximize});
    });
  };
  const std::type_identity<ValueError> value;
  const std::type_identity<ShapeError> shape;
  const std::type_identity<IndexError> index;
  const Tensor row = tensor({1}), none = zeros({0}, Dtype::int64);
  CHECK(error(value, rows_of_12(), thirds(), 0) ==
        "grid_search: threads must be at least 1; got 0");
  CHECK(error(value, rows_of_12(), {}) == "grid_search: there must be a fold; got none");
  CHECK(error(value, rows_of_12(), {thirds()[0], {row, none}}) ==
        "grid_search: fold 1.test must have a row; got none");
  CHECK(error(value, rows_of_12(), {{none, row}}) ==
        "grid_search: fold 0.train must have a row; got none");
  CHECK(error(value, rows_of_12(), {{tensor({3, 1, 5}), tensor({2, 5})}}) ==
        "grid_search: fold 0 must not train on what it tests; got row 5 in both");
  CHECK(error(index, rows_of_12(), {{tensor({3, 12}), row}}) ==
        "grid_search: fold 0.train must be rows of the dataset, which has 12; got row 12");
  CHECK(error(index, rows_of_12(), {{row, tensor({-1})}}) ==
        "grid_search: fold 0.test must be rows of the dataset, which has 12; got row -1");
  CHECK(error(shape, rows_of_12(), {{row, Tensor()}}) ==
        "grid_search: fold 0.test must be row numbers [n]; got an undefined tensor");
  CHECK(error(shape, rows_of_12(), {{tensor({{1}}), row}}) ==
        "grid_search: fold 0.train must be row numbers [n]; got int64[1, 1]");
  CHECK(error(std::type_identity<DtypeError>(), rows_of_12(), {{tensor({1.0}), row}}) ==
        "grid_search: fold 0.train must be int64; got float32[1]");
  CHECK(error(shape, {rows_of_12().x, arange(11)}, thirds()) ==
        "grid_search: x and y must have the same number of rows; got float64[12, 1] and int64[11]");
  CHECK_THROWS_AS(
      grid_search(SearchSpace(), rows_of_12(), thirds(), objective, {.goal = SearchGoal::maximize}),
      ValueError);
  CHECK_THROWS_AS(grid_search(SearchSpace().uniform("a", 0, 1), rows_of_12(), thirds(), objective,
                              {.goal = SearchGoal::maximize}),
                  ValueError);
  CHECK_THROWS_AS(random_search(small_grid(), 0, rows_of_12(), thirds(), objective,
                                {.goal = SearchGoal::maximize}),
                  ValueError);
  CHECK(error_of<ValueError>([&] {
          return random_search(small_grid(), 1, rows_of_12(), thirds(), {},
                               {.goal = SearchGoal::maximize});
        }) == "random_search: the objective must be a function; got an empty one");
  // A loss that is maximized finds the worst: what is wanted has to be said.
  CHECK(error_of<ValueError>([&] {
          return grid_search(small_grid(), rows_of_12(), thirds(), objective, {.threads = 1});
        }) ==
        "grid_search: a goal must be given, SearchGoal::maximize of an accuracy, "
        "SearchGoal::minimize of a loss");
  CHECK(calls == 0);
}
