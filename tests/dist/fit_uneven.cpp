// Runs in which ranks do not all do the same in each batch.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/small_run.hpp"
#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

struct Trained : SmallRun {
  explicit Trained(std::int64_t rows, std::int64_t batch = 2)
      : loader(some(rows), {.batch_size = batch, .part = {world.rank(), world.size()}}, rng) {}

  data::Loader loader;
  FitOptions options = {.epochs = 1, .ranks = &overlapped};

  auto loss() const {
    return [this](const data::Dataset& batch) -> Measured {
      return nn::cross_entropy(model(batch.x), batch.y);
    };
  }
  Values weights() const { return model.weight.to_vector<double>(); }
  bool same_on_all() const {
    const Tensor own = model.weight.detach();
    return world.all_reduce(own, dist::Reduction::minimum).to_vector<double>() == weights() &&
           world.all_reduce(own, dist::Reduction::maximum).to_vector<double>() == weights();
  }
};

}  // namespace

TEST_CASE("fit on ranks: a batch that a rank does not step is one of no samples there") {
  const dist::World& world = the_world();
  const int last = world.size() - 1;
  Trained run(12 * world.size());
  Fit fit(run.model, run.optimizer, run.loader, run.loss(), run.options);
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      if (epoch.batches() == 1 && world.rank() == last) continue;
      if (epoch.batches() == 3) continue;  // all do
      batch.step([&] { return run.loss()(batch.data); });
    }
    CHECK(epoch.steps() == (last > 0 ? 5 : 4));
  }
  CHECK(run.same_on_all());

  // The same by hand, of one process: the second batch without the rows of the last rank.
  Trained expected(12 * world.size());
  const data::Dataset all = some(12 * world.size());
  const std::int64_t size = 2 * world.size();
  for (std::int64_t i = 0; i < 6; ++i) {
    if (i == 3 || (i == 1 && last == 0)) continue;
    const auto rows = [&](const Tensor& t) {
      return slice(t, {range(i * size, (i + 1) * size - (i == 1 ? 2 : 0))});
    };
    expected.optimizer.zero_grad();
    nn::cross_entropy(expected.model(rows(all.x)), rows(all.y)).backward();
    expected.optimizer.step();
  }
  const Values own = run.weights(), by_hand = expected.weights();
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(std::abs(own[i] - by_hand[i]) <= 1e-13);
}

TEST_CASE("fit on ranks: logs and validation by a loader of which a rank has no rows") {
  const dist::World& world = the_world();
  const std::int64_t rows = 2 * world.size() + 1;  // the last batch is of rank 0 alone
  Trained run(rows);
  run.options.validation =
      data::Loader(some(rows), {.batch_size = 2, .part = {world.rank(), world.size()}}, run.rng);
  Fit fit(run.model, run.optimizer, run.loader, run.loss(), run.options);
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      batch.step([&] { return run.loss()(batch.data); });
      batch.log("norm", 1);
    }
    CHECK(epoch["norm"] == 1);
  }
  const data::Dataset all = some(rows);
  const double whole = nn::cross_entropy(run.model(all.x), all.y).item();
  CHECK(std::abs(fit.history()["validation_loss"].back() - whole) <= 1e-14);
}

TEST_CASE("fit on ranks: a shuffled validation loader goes through the order of rank 0") {
  const dist::World& world = the_world();
  Trained run(4 * world.size());
  Rng own(static_cast<std::uint64_t>(world.rank()));
  const std::int64_t rows = 6 * world.size();
  run.options.validation = data::Loader(
      some(rows), {.batch_size = 2, .shuffle = true, .part = {world.rank(), world.size()}}, own);
  const History history = Fit(run.model, run.optimizer, run.loader, run.loss(), run.options).run();
  const data::Dataset all = some(rows);
  const double whole = nn::cross_entropy(run.model(all.x), all.y).item();
  CHECK(std::abs(history["validation_loss"].back() - whole) <= 1e-14);
}

TEST_CASE("fit on ranks: what rank 0 logs tells which epoch is best") {
  const dist::World& world = the_world();
  Trained run(8 * world.size());
  run.options.epochs = 6;
  run.options.monitor = "score";
  run.options.goal = SearchGoal::maximize;
  run.options.logs = {"score"};
  run.options.early_stopping = {.patience = 4};
  run.options.on_epoch = {[&](FitEpoch& epoch) {
    const auto number = static_cast<double>(epoch.number());
    epoch.log("score", world.rank() == 0 ? -number : number);
  }};
  const History history = Fit(run.model, run.optimizer, run.loader, run.loss(), run.options).run();
  CHECK(history.best_epoch == 1);
  CHECK(history.stop == FitStop::patience);
  CHECK(run.same_on_all());
}

TEST_CASE("fit on ranks: gradients of a group that an exception has cut are forgotten") {
  const dist::World& world = the_world();
  std::vector<Values> weights;
  for (const bool cut : {true, false}) {
    Trained run(8 * world.size());
    bool thrown = !cut;
    run.options.accumulate = 2;
    run.options.on_batch = {[&](FitEpoch& epoch) {
      if (thrown || epoch.batches() != 1) return;
      thrown = true;
      throw std::runtime_error("once");
    }};
    Fit fit(run.model, run.optimizer, run.loader, run.loss(), run.options);
    try {
      fit.run();
    } catch (const std::runtime_error&) {
      fit.run();
    }
    weights.push_back(run.weights());
  }
  CHECK(weights[0] == weights[1]);
}

TEST_CASE("fit on ranks: a mean over no samples counts for nothing") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  Trained run(8 * world.size());
  const auto loss = [&](const data::Dataset& batch) -> Measured {
    const Tensor own = nn::cross_entropy(run.model(batch.x), batch.y);
    if (world.rank() > 0) return {own / 0.0, {}, 0};  // not a number
    return own;
  };
  const History history = Fit(run.model, run.optimizer, run.loader, loss, run.options).run();
  CHECK(std::isfinite(history["loss"].back()));
  CHECK(run.same_on_all());
}

TEST_CASE("fit on ranks: the first steps of a loop of one's own, without those of some ranks") {
  const dist::World& world = the_world();
  const int last = world.size() - 1;
  for (const int accumulate : {1, 2}) {
    Trained run(12 * world.size());
    run.options.accumulate = accumulate;
    Fit fit(run.model, run.optimizer, run.loader, run.options);
    for (auto& epoch : fit) {
      for (auto& batch : epoch) {
        if (epoch.batches() == 0) continue;                       // nobody
        if (epoch.batches() == 1 && world.rank() == 0) continue;  // but all others
        if (epoch.batches() == 4 && world.rank() == last) continue;
        batch.step(run.loss()(batch.data));
      }
      // Batches of the first step on: 5, or with one rank those that it steps.
      const int batches = last > 0 ? 5 : 3;
      CHECK(epoch.steps() == (batches + accumulate - 1) / accumulate);
      CHECK(std::isfinite(epoch["loss"]));
    }
    CHECK(run.same_on_all());
  }
}

TEST_CASE("fit on ranks: a loop of one's own that leaves steps to the optimizer") {
  const dist::World& world = the_world();
  Trained run(8 * world.size());
  Fit fit(run.model, run.optimizer, run.loader, run.options);
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      if (epoch.batches() == 1) continue;  // nobody makes it
      run.optimizer.zero_grad();
      run.overlapped.backward(run.loss()(batch.data).loss,
                              static_cast<double>(batch.data.x.extent(0)));
      run.optimizer.step();
    }
    CHECK(epoch.steps() == 3);
  }
  CHECK(run.same_on_all());
}

TEST_CASE("fit on ranks: metrics of each batch are there behind it, also between steps") {
  const dist::World& world = the_world();
  Trained run(12 * world.size());
  run.options.accumulate = 4;
  const data::Dataset all = some(12 * world.size());
  const std::int64_t size = 2 * world.size();
  double sum = 0;
  std::int64_t number = 0;
  run.options.on_batch = {[&](FitEpoch& epoch) {
    // Steps are behind batches 4 and 6: the weights of this one are those before it.
    if (number >= 4) return;
    const auto rows = [&](const Tensor& t) {
      return slice(t, {range(number * size, (number + 1) * size)});
    };
    const Trained first(12 * world.size());
    sum += nn::cross_entropy(first.model(rows(all.x)), rows(all.y)).item();
    CHECK(std::abs(epoch["loss"] - sum / static_cast<double>(++number)) <= 1e-13);
  }};
  Fit(run.model, run.optimizer, run.loader, run.loss(), run.options).run();
  CHECK(number == 4);
}

TEST_CASE("fit on ranks: names count in the batches that are measured under them, in any order") {
  const dist::World& world = the_world();
  Trained run(8 * world.size());  // 4 batches
  int batch = 0;
  const auto loss = [&](const data::Dataset& set) -> Measured {
    const Tensor own = nn::cross_entropy(run.model(set.x), set.y);
    std::vector<Metric> metrics{{"z", 2}, {batch == 0 ? "a" : "b", batch}};
    const bool last = world.rank() == world.size() - 1 && world.size() > 1;
    if (last) std::swap(metrics[0], metrics[1]);
    if (batch++ == 0 && last) return {own, metrics, 0};  // others alone measure the first
    return {own, metrics};
  };
  const History history = Fit(run.model, run.optimizer, run.loader, loss, run.options).run();
  CHECK(history["z"].back() == 2);
  CHECK(history["a"].back() == 0);
  CHECK(std::abs(history["b"].back() - 2) <= 1e-15);
  CHECK(run.same_on_all());
}

TEST_CASE("fit on ranks: other names, or too many, are refused on all, also without samples") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const std::string last = std::to_string(world.size() - 1);
  for (const std::int64_t accumulate : {1, 2}) {
    for (const bool many : {true, false}) {
      for (const int without : {-1, 1}) {
        if (without == 1 && !many && world.size() == 2) continue;  // the other one is alone
        CAPTURE(accumulate);
        CAPTURE(many);
        CAPTURE(without);
        Trained run(8 * world.size());
        run.options.accumulate = accumulate;
        const Values before = run.weights();
        const auto loss = [&](const data::Dataset& set) -> Measured {
          const Tensor own = nn::cross_entropy(run.model(set.x), set.y);
          if (world.rank() == without) return {own, {}, 0};
          std::vector<Metric> metrics{{world.rank() == world.size() - 1 ? "b" : "a", 1.0}};
          if (many) metrics.clear();
          for (int i = 0; many && i < 29; ++i) metrics.emplace_back("m" + std::to_string(i), 1.0);
          return {own, metrics};
        };
        CHECK(error_of<ValueError>([&] {
                return Fit(run.model, run.optimizer, run.loader, loss, run.options).run();
              }) == (many ? "fit: on several ranks a step measures at most 29 numbers; got 30"
                          : "fit: all ranks must measure the same, under the same names; got a, "
                            "loss on rank 0 and b, loss on rank " +
                                last));
        CHECK(run.weights() == before);
      }
    }
  }
}
