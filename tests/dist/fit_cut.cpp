// What one rank is stopped in, all are: Ctrl-C and a loss that is no number, in validation and in a
// search.
#include <signal.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/small_run.hpp"
#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

/// Two epochs of two steps, with three batches of validation for each rank.
struct Validated : SmallRun {
  data::Loader loader = data::Loader(some(4 * world.size()),
                                     {.batch_size = 2, .part = {world.rank(), world.size()}}, rng);
  int validated = 0;
  bool interrupts = false, fails = false;
  FitOptions options = {.epochs = 2,
                        .validation = some(6 * world.size()),
                        .validation_rows = 2,
                        .catch_interrupt = true,
                        .ranks = &overlapped};

  Measured measure(const data::Dataset& batch) {
    const bool here = !recording() && world.rank() == world.size() - 1 && ++validated == 5;
    if (here && interrupts) raise(SIGINT);
    const Tensor loss = nn::cross_entropy(model(batch.x), batch.y);
    return here && fails ? loss * NAN : loss;
  }
  auto loss() {
    return [this](const data::Dataset& batch) { return measure(batch); };
  }
};

}  // namespace

TEST_CASE("fit on ranks: Ctrl-C in the validation of one ends that of all, to go on with it") {
  Validated whole;
  const History all =
      Fit(whole.model, whole.optimizer, whole.loader, whole.loss(), whole.options).run();
  Validated run;
  run.interrupts = true;
  Fit fit(run.model, run.optimizer, run.loader, run.loss(), run.options);
  const History part = fit.run();
  CHECK(part.stop == FitStop::interrupt);
  CHECK(part.last_is_part);
  REQUIRE(part.epochs() == 2);
  CHECK(part["validation_loss"][0] == all["validation_loss"][0]);
  CHECK(std::isnan(part["validation_loss"][1]));
  const History resumed = fit.run();
  CHECK(resumed.stop == FitStop::epochs);
  CHECK(resumed["validation_loss"] == all["validation_loss"]);
  CHECK(run.model.weight.to_vector<double>() == whole.model.weight.to_vector<double>());
}

TEST_CASE("fit on ranks: a validation loss of one that is no number is told on all") {
  Validated run;
  run.fails = true;
  Fit fit(run.model, run.optimizer, run.loader, run.loss(), run.options);
  CHECK(error_of<ValueError>([&] {
          return fit.run();
        }).starts_with("fit: epoch 2, validation batch 2: the loss is nan"));
}

TEST_CASE("search on ranks: Ctrl-C in a run of one ends it on all") {
  const dist::World& world = the_world();
  const data::Dataset rows = some(20);
  Rng draws(3);
  const std::vector<data::Fold> folds = data::k_fold(20, 4, draws);
  SearchSpace space;
  space.choice("rate", {0.1, 0.2, 0.3});
  int runs = 0;
  const auto objective = [&](const Hyperparameters&, const data::Split& fold, Rng& rng) {
    const bool here = ++runs == 2 && world.rank() == world.size() - 1;
    data::Loader loader(fold.train, {.batch_size = 5}, rng);
    Fit fit(loader, {.epochs = 2, .catch_interrupt = true});
    for (auto& epoch : fit) {
      for (auto& batch : epoch) {
        batch.log("loss", 1);
        if (here) raise(SIGINT);
      }
    }
    return 1.0;
  };
  const std::string text = error_of<SearchInterrupted>([&] {
    return grid_search(space, rows, folds, objective,
                       {.goal = SearchGoal::minimize, .ranks = &world});
  });
  CHECK(text.starts_with("search: interrupted after "));
  CHECK(text.ends_with(" of 12 evaluations; nothing kept: no folder"));
  CHECK(world.broadcast(text) == text);
}
