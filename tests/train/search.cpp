#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/spiral.hpp>
#include <xtape/nn/activation.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/nn/sequential.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/train/metrics.hpp>
#include <xtape/train/search.hpp>

#include "../support/search_cases.hpp"

using namespace xtape;
using data::Dataset;
using data::Fold;
using data::Split;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

/// What a search found but for the time it took.
struct Findings {
  explicit Findings(const SearchResult& result) {
    for (const SearchTrial& trial : result.trials) {
      candidates.push_back(trial.candidate);
      hyperparameters.push_back(trial.hyperparameters);
      errors.push_back(trial.error);
      for (const double score : trial.fold_scores) add(score);
      add(trial.score);
      add(trial.spread);
    }
  }
  void add(double score) { bits.push_back(std::bit_cast<std::uint64_t>(score)); }
  friend bool operator==(const Findings&, const Findings&) = default;

  Integers candidates;
  std::vector<Hyperparameters> hyperparameters;
  std::vector<std::string> errors;
  std::vector<std::uint64_t> bits;
};

}  // namespace

TEST_CASE("grid_search finds the top of a hill, and ranks the rest") {
  const auto objective = [](const Hyperparameters& h, const Split& fold, Rng&) {
    return hill(h) + fold.test.x.to_vector<double>()[0];  // 0, 1 and 2
  };
  const SearchResult result =
      grid_search(small_grid(), rows_of_12(), thirds(), objective, {.goal = SearchGoal::maximize});
  REQUIRE(result.trials.size() == 12);
  const SearchTrial& best = result.best();
  CHECK(best.hyperparameters == Hyperparameters{{"a", 0.25}, {"b", 2}});
  CHECK(best.candidate == 7);
  CHECK(best.fold_scores == Doubles{5, 6, 7});
  CHECK(best.score == 6);
  CHECK(best.spread == 1);
  CHECK(best.seconds >= 0);
  CHECK(!best.failed());
  CHECK(result.trials.back().hyperparameters == Hyperparameters{{"a", -1.0}, {"b", 3}});
  for (std::size_t i = 1; i < 12; ++i) CHECK(result.trials[i - 1].score >= result.trials[i].score);

  const auto loss = [&](const auto& h, const auto& fold, Rng& rng) {
    return -objective(h, fold, rng);
  };
  const auto least =
      grid_search(small_grid(), rows_of_12(), thirds(), loss, {.goal = SearchGoal::minimize});
  CHECK(least.best().candidate == 7);
  CHECK(least.best().score == -6);
}

TEST_CASE("random_search comes close to the top of a hill") {
  const SearchSpace space = SearchSpace().uniform("a", -1, 1).integers("b", 1, 3);
  const auto objective = [](const auto& h, const auto&, Rng&) { return hill(h); };
  const SearchResult result = random_search(space, 300, rows_of_12(), {thirds()[0]}, objective,
                                            {.goal = SearchGoal::maximize});
  CHECK(result.trials.size() == 300);
  CHECK(result.best().hyperparameters.integer("b") == 2);
  CHECK(std::abs(result.best().hyperparameters.number("a") - 0.25) < 0.05);
  CHECK(std::isnan(result.best().spread));  // of one fold
}

TEST_CASE("random_search: candidates follow from the seed alone") {
  const SearchSpace space = SearchSpace().uniform("a", -1, 1).integers("b", 1, 1000);
  const auto candidates = [&](std::int64_t count, std::uint64_t seed, int threads) {
    const auto result =
        random_search(space, count, rows_of_12(), thirds(),
                      [](const auto& h, const auto&, Rng&) { return hill(h); },
                      {.seed = seed, .threads = threads, .goal = SearchGoal::maximize});
    std::vector<Hyperparameters> list(static_cast<std::size_t>(count));
    for (const SearchTrial& t : result.trials)
      list[static_cast<std::size_t>(t.candidate)] = t.hyperparameters;
    return list;
  };
  const std::vector<Hyperparameters> twenty = candidates(20, 3, 1);
  CHECK(candidates(20, 3, 2) == twenty);
  CHECK(candidates(5, 3, 1) == std::vector(twenty.begin(), twenty.begin() + 5));
  CHECK(candidates(20, 4, 1) != twenty);
}

TEST_CASE("search: the same findings, to the last bit, for any number of threads") {
  const auto objective = [](const Hyperparameters& h, const Split& fold, Rng& rng) {
    const double wait = rng.uniform();  // so that threads finish in another order
    std::this_thread::sleep_for(std::chrono::duration<double>(wait * 1e-3));
    if (h.number("a") == 1 && h.integer("b") == 2) throw std::runtime_error("at the edge");
    return hill(h) + rng.normal() + Rng(default_rng()).normal() +
           mean(fold.train.x).item() * rng.uniform();
  };
  const auto findings = [&](std::uint64_t seed, int threads) {
    return Findings(grid_search(small_grid(), rows_of_12(), thirds(), objective,
                                {.seed = seed, .threads = threads, .goal = SearchGoal::maximize}));
  };
  const Findings alone = findings(0, 1);
  for (const int threads : {1, 2, 4, 100}) CHECK(findings(0, threads) == alone);
  CHECK(findings(1, 1).bits != alone.bits);
}

TEST_CASE("search: each evaluation has a seed of its own") {
  // mix(0) is the first number of SplitMix64 with seed 0, 0xe220a8397b1dcdaf in the authors' code;
  // these are computed by another program from the formula in the documentation.
  CHECK(evaluation_seed(0, 0, 0) == 595752380);
  CHECK(evaluation_seed(0, 1, 0) == 2492623918);
  CHECK(evaluation_seed(0, 0, 1) == 1109241648);
  CHECK(evaluation_seed(7, 12, 3) == 3143920495);
  CHECK(evaluation_seed(UINT64_MAX, 1000000, 9) == 796055496);

  xtape::seed(17);
  const Rng before = default_rng();
  const auto objective = [](const auto&, const auto&, Rng& rng) {
    if (&rng != &default_rng()) throw std::logic_error("not the default generator");
    return rng.uniform();
  };
  const auto result = grid_search(small_grid(), rows_of_12(), thirds(), objective,
                                  {.seed = 7, .goal = SearchGoal::maximize});
  CHECK(result.seed == 7);
  for (const SearchTrial& trial : result.trials) {
    for (std::int64_t fold = 0; fold < 3; ++fold) {
      Rng rng(evaluation_seed(7, trial.candidate, fold));
      CHECK(trial.fold_scores[static_cast<std::size_t>(fold)] == rng.uniform());
    }
  }
  CHECK(default_rng() == before);
}

TEST_CASE("search: an objective sees the rows of its fold, and no other") {
  const Integers shuffled = Rng(1).permutation(40).to_vector<std::int64_t>();
  std::vector<Fold> folds;
  for (std::ptrdiff_t i = 0; i < 5; ++i) {  // some rows in no fold, some twice
    const auto first = shuffled.begin() + 7 * i;
    folds.push_back({from_vector(Integers{first[0], first[2], first[2], first[4], first[1]}),
                     from_vector(Integers{first[5], first[3]})});
  }
  const Dataset dataset = numbered(40);
  std::mutex mutex;
  std::vector<std::pair<Integers, Integers>> seen;
  const auto objective = [&](const auto&, const Split& fold, Rng&) {
    const auto row_numbers = [](const Dataset& part) {
      const Integers labels = part.y.to_vector<std::int64_t>();
      if (part.x.to_vector<double>() != Doubles(labels.begin(), labels.end())) {
        throw std::logic_error("x and y do not belong together");
      }
      return labels;
    };
    const std::lock_guard lock(mutex);
    seen.emplace_back(row_numbers(fold.train), row_numbers(fold.test));
    return 0.0;
  };
  const SearchSpace space = SearchSpace().choice("a", {1, 2, 3});
  CHECK(!grid_search(space, dataset, folds, objective, {.threads = 3, .goal = SearchGoal::maximize})
             .best()
             .failed());
  std::vector<std::pair<Integers, Integers>> expected;
  for (const Fold& fold : folds) {
    const std::pair rows(fold.train.to_vector<std::int64_t>(), fold.test.to_vector<std::int64_t>());
    expected.insert(expected.end(), 3, rows);
  }
  std::ranges::sort(seen);
  std::ranges::sort(expected);
  CHECK(seen == expected);
}

TEST_CASE("search: what an objective does to its tensors reaches no other") {
  const Dataset dataset = numbered(12);
  dataset.x.set_requires_grad(true);
  const auto objective = [](const auto&, const Split& fold, Rng&) {
    const Tensor x = fold.train.x;
    if (x.requires_grad()) throw std::logic_error("somebody was here");
    const double before = sum(x).item();
    x.set_requires_grad(true);
    sum(x * x).backward();
    x.assign(zeros_like(x));
    return before;
  };
  const NoGradGuard off;  // of this thread: a search's have none
  const auto result = grid_search(small_grid(), dataset, {thirds()[0]}, objective,
                                  {.threads = 2, .goal = SearchGoal::maximize});
  for (const SearchTrial& trial : result.trials)
    CHECK(trial.score == 66 - 18);  // without 0, 3, 6, 9
  CHECK(sum(dataset.x).item() == 66);
  CHECK(!dataset.x.grad().defined());
}

TEST_CASE("search: among equals the earlier candidate is first") {
  const auto objective = [](const Hyperparameters& h, const auto&, Rng&) {
    return h.integer("b") == 2 ? 1.0 : 0.0;
  };
  for (const auto goal : {SearchGoal::maximize, SearchGoal::minimize}) {
    const auto result =
        grid_search(small_grid(), rows_of_12(), thirds(), objective, {.threads = 4, .goal = goal});
    Integers order;
    for (const SearchTrial& trial : result.trials) order.push_back(trial.candidate);
    CHECK(order == (goal == SearchGoal::maximize ? Integers{1, 4, 7, 10, 0, 2, 3, 5, 6, 8, 9, 11}
                                                 : Integers{0, 2, 3, 5, 6, 8, 9, 11, 1, 4, 7, 10}));
  }
}

TEST_CASE("search: as many evaluations at a time as there are threads") {
  std::latch all_here(3);
  std::atomic<int> begun = 0, running = 0, most = 0;
  const auto objective = [&](const auto&, const auto&, Rng&) {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    if (++begun <= 3) all_here.arrive_and_wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // time for one too many to show
    --running;
    return 0.0;
  };
  static_cast<void>(grid_search(small_grid(), rows_of_12(), {thirds()[0]}, objective,
                                {.threads = 3, .goal = SearchGoal::maximize}));
  CHECK(most == 3);
}

TEST_CASE("search: on_result is called on this thread, with each trial when it is complete") {
  Integers reported;
  const auto here = std::this_thread::get_id();
  const auto on_result = [&](const SearchTrial& trial) {
    CHECK(std::this_thread::get_id() == here);
    CHECK(trial.fold_scores == Doubles(3, hill(trial.hyperparameters)));
    CHECK(trial.score == doctest::Approx(hill(trial.hyperparameters)).epsilon(1e-15));
    reported.push_back(trial.candidate);
  };
  const auto objective = [](const auto& h, const auto&, Rng&) { return hill(h); };
  const auto result =
      grid_search(small_grid(), rows_of_12(), thirds(), objective,
                  {.threads = 3, .goal = SearchGoal::maximize, .on_result = on_result});
  std::ranges::sort(reported);
  CHECK(reported == Integers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("search over networks that learn a spiral: two threads find what one finds") {
  Rng rng(0);
  const Dataset spiral = data::spiral(60, 3, rng);
  const auto objective = [](const Hyperparameters& h, const Split& fold, Rng& generator) {
    const std::int64_t hidden = h.integer("hidden");
    nn::Sequential model{nn::Dense(2, hidden, {}, generator), nn::ReLU(), nn::Dropout(0.05),
                         nn::Dense(hidden, 3)};  // these two draw from the default generator
    optim::Adam optimizer(model.parameters(), {.learning_rate = h.number("learning_rate")});
    for (int epoch = 0; epoch < 200; ++epoch) {
      const Tensor loss = nn::cross_entropy(model(fold.train.x), fold.train.y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    model.eval();
    return accuracy(model(fold.test.x), fold.test.y);
  };
  const SearchSpace space =
      SearchSpace().choice("learning_rate", {1e-5, 0.05}).choice("hidden", {8, 32});
  const auto result = [&](int threads) {
    return grid_search(space, spiral, every_kth(180, 3), objective,
                       {.seed = 1, .threads = threads, .goal = SearchGoal::maximize});
  };
  const SearchResult one = result(1);
  CHECK(Findings(one) == Findings(result(2)));
  CHECK(one.best().hyperparameters == Hyperparameters{{"learning_rate", 0.05}, {"hidden", 32}});
  CHECK(one.best().score > 0.5);  // the slow ones guess: 1/3
}
