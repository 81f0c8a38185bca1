// Runs on several ranks, against runs of one process with batches of all of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <mpi.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

struct Net : nn::Module {
  explicit Net(Rng& rng)
      : hidden(child("hidden", nn::Dense(5, 24, {}, rng))),
        drop(child("drop", nn::Dropout(0.4, rng))),
        out(child("out", nn::Dense(24, 3, {}, rng))) {
    to(Dtype::float64);
  }
  nn::Dense hidden;
  nn::Dropout drop;
  nn::Dense out;
  Tensor operator()(const Tensor& x) const { return out(drop(tanh(hidden(x)))); }
};

data::Dataset some(std::int64_t rows, std::uint64_t seed) {
  Rng rng(seed);
  return {rng.normal({rows, 5}).to(Dtype::float64), rng.integers(0, 3, {rows})};
}

struct Outcome {
  NamedTensors state;
  History history;
};

/// Trains on the ranks of a world, or without one on this process alone with batches of all of
/// them.
struct Training {
  std::int64_t rows = 50, batch = 12;
  FitOptions options = {};

  Outcome operator()(const dist::World* world) const {
    Rng rng(7);
    const Net net(rng);
    if (world != nullptr && world->rank() > 0)  // they begin with what rank 0 has
      for (const Tensor& parameter : net.parameters())
        parameter.assign(zeros(parameter.shape(), Dtype::float64));
    const std::int64_t size = world != nullptr ? world->size() : 1;
    if (world != nullptr && world->rank() > 0) static_cast<void>(rng.uniform());
    data::Loader loader(some(rows, 1),
                        {.batch_size = batch / size,
                         .shuffle = true,
                         .part = {world != nullptr ? world->rank() : 0, size}},
                        rng);
    optim::Adam optimizer(net.parameters(), {.learning_rate = 0.01, .weight_decay = 0});
    const auto measure = [&](const data::Dataset& set) -> Measured {
      const Tensor y = net(set.x);
      return {nn::cross_entropy(y, set.y), {{"accuracy", accuracy(y, set.y)}}};
    };
    FitOptions own = options;
    own.validation = some(23, 2);
    own.validation_rows = 5;
    if (world == nullptr) {
      const History history = Fit(net, optimizer, loader, measure, own).run();
      return {net.state(), history};
    }
    dist::Overlapped overlapped(net, *world, {.first_bucket = 300, .bucket = 500});
    own.ranks = &overlapped;
    const History history = Fit(net, optimizer, loader, measure, own).run();
    return {net.state(), history};
  }
};

void check_near(const Outcome& a, const Outcome& b, double tolerance) {
  REQUIRE(a.state.size() == b.state.size());
  for (std::size_t i = 0; i < a.state.size(); ++i) {
    CAPTURE(a.state[i].first);
    const Values left = a.state[i].second.to_vector<double>(),
                 right = b.state[i].second.to_vector<double>();
    double worst = 0;
    for (std::size_t k = 0; k < left.size(); ++k)
      worst = std::max(worst, std::abs(left[k] - right[k]));
    CHECK(worst <= tolerance);
  }
  CHECK(a.history.names() == b.history.names());
  for (const std::string& name : a.history.names()) {
    if (name == "seconds") continue;
    CAPTURE(name);
    const Values left = a.history[name], right = b.history[name];
    REQUIRE(left.size() == right.size());
    for (std::size_t k = 0; k < left.size(); ++k) CHECK(std::abs(left[k] - right[k]) <= tolerance);
  }
  CHECK(a.history.stop == b.history.stop);
}

}  // namespace

TEST_CASE("fit on ranks: 50 steps equal those of one rank with batches of all") {
  const dist::World& world = the_world();
  // 10 epochs of 5 steps, the last one of 2 rows: of 3 and 4 ranks, some have none.
  const Training training{.options = {.epochs = 10}};
  check_near(training(&world), training(nullptr), 1e-12);
}

TEST_CASE("fit on ranks: accumulated, clipped, averaged and stopped as on one") {
  const dist::World& world = the_world();
  for (const std::int64_t accumulate : {1, 2, 3}) {
    CAPTURE(accumulate);
    const Training training{.options = {.epochs = 6,
                                        .early_stopping = {.patience = 2},
                                        .clip_norm = 0.3,
                                        .accumulate = accumulate,
                                        .averaging = optim::AveragingOptions{.decay = 0.9}}};
    check_near(training(&world), training(nullptr), 1e-12);
  }
}

TEST_CASE("fit on ranks: what one wants to stop, all do") {
  const dist::World& world = the_world();
  Training training{.options = {.epochs = 10}};
  const int last = world.size() - 1;
  for (const bool in_epoch : {true, false}) {
    Training own = training;
    const FitCallback stop = [&](FitEpoch& epoch) {
      if (world.rank() == last && epoch.steps() == 10) epoch.stop();
    };
    (in_epoch ? own.options.on_batch : own.options.on_epoch) = {stop};
    const Outcome outcome = own(&world);
    CHECK(outcome.history.stop == FitStop::asked);
    CHECK(outcome.history.epochs() == 2);
  }
  training.options.max_seconds = world.rank() == last ? 1e-9 : 1e9;
  CHECK(training(&world).history.stop == FitStop::seconds);
}

TEST_CASE("fit on ranks: one rank's run is that of no ranks, to the bit") {
  const dist::World& world = the_world();
  if (world.size() > 1) return;
  const Training training{.options = {.epochs = 3, .accumulate = 2}};
  check_near(training(&world), training(nullptr), 0);
}

TEST_CASE("fit on ranks: the first tells and writes, and others go on from it, however many") {
  const dist::World& world = the_world();
  int begun = 0;
  MPI_Initialized(&begun);
  if (begun == 0) return;
  const TemporaryDirectory own;
  const std::string folder = world.broadcast(own.file("run"));
  for (const std::int64_t steps : {5, 7}) {  // after an epoch, and within one
    CAPTURE(steps);
    std::ostringstream told;
    Training training{.options = {.epochs = 4, .max_steps = steps, .progress = &told}};
    const std::string path = folder + std::to_string(steps);
    training.options.folder = {.path = path};
    MPI_Comm some = MPI_COMM_NULL;  // all but the last, if there are several
    const int last = world.size() - 1;
    MPI_Comm_split(MPI_COMM_WORLD, world.rank() == last && last > 0 ? 1 : 0, world.rank(), &some);
    if (world.rank() < last || last == 0) {
      const dist::World fewer = dist::World::adopt(some);
      CHECK(training(&fewer).history.stop == FitStop::steps);
    }
    MPI_Comm_free(&some);
    world.barrier();
    CHECK(told.str().empty() == (world.rank() > 0));
    CHECK(std::filesystem::exists(path + "/best.npz"));

    training.options.folder.resume = true;
    training.options.max_steps = {};
    const Outcome resumed = training(&world);
    training.options.folder = {};
    training.options.progress = nullptr;
    check_near(resumed, training(nullptr), 1e-12);
    CHECK((told.str().find("going on from") != std::string::npos) == (world.rank() == 0));
  }
}

TEST_CASE("fit on ranks: a checkpoint of batches of another size is refused on all") {
  const dist::World& world = the_world();
  const TemporaryDirectory own;
  Training training{.options = {.epochs = 1}};
  training.options.folder = {.path = world.broadcast(own.file("run"))};
  training(&world);
  training.options.folder.resume = true;
  training.options.epochs = 2;
  training.batch = 24;
  const std::string error = error_of<ValueError>([&] { return training(&world).history.epochs(); });
  CHECK(error.find("\"batch_size\" must be 24; got 12") != std::string::npos);
}
