// Ctrl-C in a run of training that an objective makes.

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

/// Searches whose objective trains a small network, with Ctrl-C behind some batch of all.
struct Case {
  data::Dataset dataset = SmallRun(1).samples;
  Rng draws = Rng(2);
  std::vector<data::Fold> folds = data::k_fold(75, 3, draws);
  SearchOptions options = {.goal = SearchGoal::minimize};
  std::atomic<int> batches = 0, evaluated = 0, cut = 0, stop_behind = 0;
  std::int64_t epochs = 2;
  bool throws = false;

  double objective(const Hyperparameters& h, const data::Split& fold, Rng& own) {
    ++evaluated;
    while (evaluated < options.threads) std::this_thread::yield();  // all are under way
    const nn::Sequential model{nn::Dense(2, 3, {}, own)};
    optim::SGD optimizer(model, {.learning_rate = h.number("rate")});
    data::Loader loader(fold.train, {.batch_size = 10, .shuffle = true}, own);  // 5 batches
    Fit fit(model, optimizer, loader,
            [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
            {.epochs = epochs,
             .validation = fold.test,
             .on_batch = {[&](FitEpoch&) {
               if (++batches == stop_behind) raise(SIGINT);
             }},
             .catch_interrupt = true});
    const History history = fit.run();
    if (history.stop == FitStop::interrupt) ++cut;
    if (history.stop == FitStop::interrupt && throws) throw std::runtime_error("cut");
    return history["loss"].back();
  }

  SearchResult search() {
    SearchSpace space;
    space.choice("rate", {0.1, 0.2, 0.3});
    batches = evaluated = cut = 0;
    return grid_search(
        space, dataset, folds,
        [this](const auto& h, const data::Split& fold, Rng& rng) {
          return objective(h, fold, rng);
        },
        options);
  }
};

}  // namespace

TEST_CASE("search: Ctrl-C in a run of an objective ends it, and the cut score counts nowhere") {
  const TemporaryDirectory directory;
  for (const bool throws : {false, true}) {
    CAPTURE(throws);
    Case whole, of;
    const SearchResult all = whole.search();
    of.throws = throws;
    of.options.folder = directory.file(throws ? "throws" : "returns");
    int told = 0;
    of.options.on_result = [&](const SearchTrial&) { ++told; };
    of.stop_behind = 4 * 10 + 3;  // in the fifth evaluation
    CHECK(error_of<SearchInterrupted>([&] { return of.search(); }) ==
          "search: interrupted after 4 of 9 evaluations; kept in " + of.options.folder);
    CHECK(of.evaluated == 5);
    CHECK(of.cut == 1);
    CHECK(told == 1);
    of.stop_behind = 0;
    const SearchResult resumed = of.search();
    CHECK(of.evaluated == 5);
    REQUIRE(resumed.trials.size() == all.trials.size());
    for (std::size_t i = 0; i < all.trials.size(); ++i)
      CHECK(resumed.trials[i].fold_scores == all.trials[i].fold_scores);
  }
}

TEST_CASE("search: a run that Ctrl-C reaches behind its last batch counts, and the search ends") {
  const TemporaryDirectory directory;
  Case of;
  of.options.folder = directory.path();
  of.epochs = 1;
  std::atomic<int> runs = 0;
  SearchSpace space;
  space.choice("rate", {0.1, 0.2, 0.3});
  const auto late = [&](const Hyperparameters&, const data::Split& fold, Rng& rng) {
    ++runs;
    data::Loader loader(fold.train, {.batch_size = 50}, rng);
    Fit fit(
        loader,
        {.epochs = 1, .on_epoch = {[&](FitEpoch&) { raise(SIGINT); }}, .catch_interrupt = true});
    for (auto& epoch : fit)
      for (auto& batch : epoch) batch.log("loss", 1);
    CHECK(fit.history().stop == FitStop::interrupt);
    return 1.0;
  };
  CHECK(error_of<SearchInterrupted>([&] {
          return grid_search(space, of.dataset, of.folds, late, of.options);
        }).starts_with("search: interrupted after 1 of 9 evaluations"));
  CHECK(runs == 1);
}

TEST_CASE("search: runs on other threads, and those of the same objective, end with it") {
  Case of;
  of.options.threads = 3;
  of.epochs = 100000;  // more than anybody waits for
  of.stop_behind = 60;
  CHECK(error_of<SearchInterrupted>([&] { return of.search(); }) ==
        "search: interrupted after 0 of 9 evaluations; nothing kept: no folder");
  CHECK(of.evaluated == 3);
  CHECK(of.cut == 3);

  // The second run of an objective does not begin, nor is what it tells a failure.
  of.options.threads = 1;
  of.stop_behind = 7;
  std::int64_t second = 0;
  SearchSpace space;
  space.choice("rate", {0.1});
  const auto twice = [&](const Hyperparameters& h, const data::Split& fold, Rng& rng) {
    of.objective(h, fold, rng);
    const int before = of.batches;
    of.objective(h, fold, rng);
    second = of.batches - before;
    return 0.0;
  };
  of.batches = 0;
  CHECK_THROWS_AS(static_cast<void>(grid_search(space, of.dataset, of.folds, twice, of.options)),
                  SearchInterrupted);
  CHECK(second == 1);  // it looks behind a batch

  // A search within an objective ends that around it.
  of.epochs = 2;
  of.batches = of.evaluated = 0;
  of.stop_behind = 15;
  const auto nested = [&](const Hyperparameters&, const data::Split&, Rng&) {
    return of.search().best().score;
  };
  CHECK_THROWS_AS(static_cast<void>(grid_search(space, of.dataset, of.folds, nested, of.options)),
                  SearchInterrupted);
  CHECK(of.evaluated == 2);
}

TEST_CASE("search: halving ends by Ctrl-C too") {
  Case of;
  of.stop_behind = 33;
  SearchSpace space;
  space.uniform("rate", 0.1, 0.3);
  CHECK_THROWS_AS(static_cast<void>(halving_search(
                      space, 4, of.dataset, of.folds,
                      [&](const auto& h, const data::Split& fold, Rng& rng, std::int64_t budget) {
                        of.epochs = budget;
                        return of.objective(h, fold, rng);
                      },
                      {.least_budget = 1, .most_budget = 2, .factor = 2}, of.options)),
                  SearchInterrupted);
  CHECK(of.cut == 1);
}
