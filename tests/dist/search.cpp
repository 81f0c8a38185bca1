// Searches that ranks share, against those of one process.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// Some candidates fail, with a text of its own on each fold; scores depend on the draws.
double objective(const Hyperparameters& h, const data::Split& fold, Rng& rng) {
  const double l2 = h.number("l2");
  if (l2 == 2 || l2 == 3)
    throw std::runtime_error("no weights of " + std::to_string(l2 + sum(fold.test.x).item()));
  if (l2 == 4) return std::nan("");
  return l2 + rng.uniform() + sum(fold.train.x).item();
}

std::string row(const SearchTrial& trial) {
  std::string text = std::to_string(trial.candidate) + " " + trial.error;
  for (const double score : trial.fold_scores) text += " " + std::to_string(score);
  return text;
}

}  // namespace

TEST_CASE("search on ranks: one table, the same as without, and told on rank 0") {
  const dist::World& world = the_world();
  Rng rng(1);
  const data::Dataset dataset{rng.normal({20, 2}), rng.integers(0, 2, {20})};
  const std::vector<data::Fold> folds = data::k_fold(20, 5, rng);
  SearchSpace space;
  space.choice("l2", {0.0, 1.0, 2.0, 3.0, 4.0});
  for (const int threads : {1, 2}) {
    int told = 0, evaluated = 0;
    const auto on_result = [&](const SearchTrial&) { ++told; };
    const auto count = [&](const auto& h, const data::Split& fold, Rng& own) {
      if (threads == 1) ++evaluated;
      return objective(h, fold, own);
    };
    const SearchOptions alone{.seed = 5, .goal = SearchGoal::maximize};
    SearchOptions together = alone;
    together.threads = threads;
    together.on_result = on_result;
    together.ranks = &world;
    const SearchResult expected = grid_search(space, dataset, folds, objective, alone),
                       result = grid_search(space, dataset, folds, count, together);
    REQUIRE(result.trials.size() == expected.trials.size());
    for (std::size_t i = 0; i < result.trials.size(); ++i)
      CHECK(row(result.trials[i]) == row(expected.trials[i]));
    CHECK(told == (world.rank() == 0 ? 5 : 0));
    if (threads > 1) continue;
    std::vector<double> all{double(evaluated)};
    CHECK(std::abs(all[0] - 25.0 / world.size()) < 1);
    world.sum(all);
    CHECK(all[0] == 25);  // none twice
  }
}

TEST_CASE("search on ranks: fewer candidates than ranks, and all of them fail") {
  const dist::World& world = the_world();
  Rng rng(2);
  const data::Dataset dataset{rng.normal({6, 2}), rng.integers(0, 2, {6})};
  const std::vector<data::Fold> folds{data::k_fold(6, 2, rng)[0]};
  SearchSpace space;
  space.choice("l2", {3.0});
  const std::string error = error_of<ValueError>([&] {
    return grid_search(space, dataset, folds, objective,
                       {.goal = SearchGoal::maximize, .ranks = &world})
        .trials.size();
  });
  CHECK(error.starts_with(
      "grid_search: a candidate must succeed; all failed, the first with: no weights of "));
}
