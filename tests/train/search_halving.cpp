// Searches that stop bad candidates early, and integers by their factors.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/search_cases.hpp"

using namespace xtape;

namespace {

SearchSpace line() { return SearchSpace().uniform("x", 0, 1); }

/// Those nearer to 0.3 are better, and so are all with more budget.
double nearness(const Hyperparameters& h, std::int64_t budget) {
  return -std::abs(h.number("x") - 0.3) - 1 / static_cast<double>(budget);
}

}  // namespace

TEST_CASE("halving: each round drops all but the best, for more budget") {
  const std::vector<Hyperparameters> drawn = [] {
    std::vector<Hyperparameters> all(27);
    for (const SearchTrial& trial :
         random_search(line(), 27, rows_of_12(), thirds(),
                       [](const Hyperparameters&, const data::Split&, Rng&) { return 1.0; },
                       {.goal = SearchGoal::maximize})
             .trials)
      all[static_cast<std::size_t>(trial.candidate)] = trial.hyperparameters;
    return all;
  }();
  std::vector<std::size_t> order(27);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return nearness(drawn[a], 1) > nearness(drawn[b], 1);
  });

  for (const int threads : {1, 3}) {
    std::mutex mutex;
    std::map<std::int64_t, int> evaluations, told;
    const auto objective = [&](const Hyperparameters& h, const data::Split&, Rng&,
                               std::int64_t budget) {
      const std::lock_guard lock(mutex);
      ++evaluations[budget];
      return nearness(h, budget);
    };
    const SearchResult result = halving_search(
        line(), 27, rows_of_12(), thirds(), objective, {.least_budget = 2, .most_budget = 54},
        {.threads = threads,
         .goal = SearchGoal::maximize,
         .on_result = [&](const SearchTrial& trial) { ++told[trial.budget]; }});
    CHECK(evaluations ==
          std::map<std::int64_t, int>{{2, 81}, {6, 27}, {18, 9}, {54, 3}});  // of 3 folds
    CHECK(told == std::map<std::int64_t, int>{{2, 27}, {6, 9}, {18, 3}, {54, 1}});
    REQUIRE(result.trials.size() == 27);
    for (std::size_t i = 0; i < 27; ++i) {
      CHECK(result.trials[i].candidate == static_cast<std::int64_t>(order[i]));
      CHECK(result.trials[i].budget == (i < 1 ? 54 : i < 3 ? 18 : i < 9 ? 6 : 2));
      CHECK(result.trials[i].hyperparameters == drawn[order[i]]);
    }
  }
}

TEST_CASE("halving: budgets end at the greatest, and what is left alone goes there at once") {
  const auto budgets = [](std::int64_t candidates, const HalvingOptions& halving) {
    std::vector<std::int64_t> seen;
    halving_search(line(), candidates, rows_of_12(), {thirds().front()},
                   [](const Hyperparameters& h, const data::Split&, Rng&, std::int64_t budget) {
                     return nearness(h, budget);
                   },
                   halving,
                   {.goal = SearchGoal::maximize,
                    .on_result = [&](const SearchTrial& trial) { seen.push_back(trial.budget); }});
    return seen;
  };
  using Budgets = std::vector<std::int64_t>;
  CHECK(budgets(1, {.least_budget = 1, .most_budget = 10}) == Budgets{1, 10});
  CHECK(budgets(1, {.least_budget = 5, .most_budget = 5}) == Budgets{5});
  CHECK(budgets(4, {.least_budget = 1, .most_budget = 5, .factor = 2}) ==
        Budgets{1, 1, 1, 1, 2, 2, 5});
  CHECK(budgets(3, {.least_budget = 4, .most_budget = INT64_MAX, .factor = 2}) ==
        Budgets{4, 4, 4, 8, 8, INT64_MAX});
}

TEST_CASE("halving: what fails is dropped, and told if nothing else is left") {
  const auto fails = [](double above) {
    return halving_search(
        line(), 9, rows_of_12(), thirds(),
        [=](const Hyperparameters& h, const data::Split&, Rng&, std::int64_t budget) {
          if (h.number("x") > above) throw ValueError("too large");
          return nearness(h, budget);
        },
        {}, {.goal = SearchGoal::maximize});
  };
  const SearchResult result = fails(0.3);
  CHECK(result.best().budget == 27);
  CHECK(result.best().hyperparameters.number("x") <= 0.3);
  CHECK(result.trials.back().failed());
  CHECK(result.trials.back().budget == 1);
  CHECK(error_of<ValueError>([&] { return fails(-1); }) ==
        "halving_search: a candidate must succeed; all failed, the first with: too large");
  CHECK(error_of<ValueError>([] {
          return halving_search(line(), 9, rows_of_12(), thirds(), {}, {},
                                {.goal = SearchGoal::maximize});
        }) == "halving_search: the objective must be a function; got an empty one");
}

TEST_CASE("halving: its table and its CSV have the budgets") {
  const SearchResult result = halving_search(
      SearchSpace().choice("x", {0.5}), 2, rows_of_12(), {thirds().front()},
      [](const Hyperparameters&, const data::Split&, Rng&, std::int64_t) { return 0.25; },
      {.least_budget = 3, .most_budget = 9}, {.goal = SearchGoal::maximize});
  std::ostringstream text;
  text << result;
  CHECK(text.str().starts_with("rank    x   score  budget  seconds\n   1  0.5  0.2500       9  "));
}

TEST_CASE("halving: by runs of training, with the same bits from any number of threads") {
  Rng rng(2);
  const data::Dataset points = data::vertical(40, 3, rng);
  const std::vector<data::Fold> folds = data::stratified_k_fold(points.y, 2, rng);
  SearchSpace space;
  space.log_uniform("learning_rate", 1e-4, 1).log_integers("hidden", 4, 64);
  const auto objective = [](const Hyperparameters& h, const data::Split& fold, Rng& own,
                            std::int64_t epochs) {
    const nn::Sequential model{nn::Dense(2, h.integer("hidden"), {}, own), nn::ReLU(),
                               nn::Dense(h.integer("hidden"), 3, {}, own)};
    optim::Adam optimizer(model, {.learning_rate = h.number("learning_rate")});
    data::Loader loader(fold.train, {.batch_size = 16, .shuffle = true}, own);
    Fit fit(model, optimizer, loader,
            [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
            {.epochs = epochs, .validation = fold.test, .early_stopping = {.patience = 5}});
    return fit.run().best("validation_loss", SearchGoal::minimize);
  };
  std::vector<std::vector<double>> scores;
  for (const int threads : {1, 2}) {
    const SearchResult result =
        halving_search(space, 9, points, folds, objective, {.most_budget = 9},
                       {.threads = threads, .goal = SearchGoal::minimize});
    CHECK(result.best().budget == 9);
    CHECK(result.best().score < 0.3);  // of chance: log(3) = 1.1
    scores.emplace_back();
    for (const SearchTrial& trial : result.trials) scores.back().push_back(trial.score);
  }
  CHECK(scores[0] == scores[1]);
}

TEST_CASE("integers of a logarithmic range: each has the share of what rounds to it") {
  SearchSpace space;
  space.log_integers("n", 1, 1000)
      .log_integers("one", 7, 7)
      .log_integers("large", 1, std::int64_t{1} << 53);
  Rng rng(4);
  constexpr std::int64_t draws = 20000;
  std::map<std::int64_t, std::int64_t> counts;
  std::int64_t greatest = 0;
  for (const Hyperparameters& h : space.sample(draws, rng)) {
    ++counts[h.integer("n")];
    CHECK(h.integer("one") == 7);
    greatest = std::max(greatest, h.integer("large"));
  }
  CHECK(counts.begin()->first == 1);
  CHECK(counts.rbegin()->first <= 1000);
  CHECK(greatest > std::int64_t{1} << 52);
  const auto expect = [&](std::int64_t low, std::int64_t high) {
    std::int64_t count = 0;
    for (const auto& [n, times] : counts) count += low <= n && n <= high ? times : 0;
    const double share =
        std::log((static_cast<double>(high) + 0.5) / (static_cast<double>(low) - 0.5)) /
        std::log(1000.5 / 0.5);
    const double deviation = std::sqrt(static_cast<double>(draws) * share * (1 - share));
    CAPTURE(low);
    CHECK(std::abs(static_cast<double>(count) - static_cast<double>(draws) * share) <
          4 * deviation);
  };
  expect(1, 1);
  expect(2, 2);
  for (std::int64_t low = 1; low < 512; low *= 2) expect(low, 2 * low - 1);
  expect(900, 1000);
}
