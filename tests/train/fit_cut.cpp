// What there is of an epoch that a run has stopped in.

#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

auto loss_of(SmallRun& run) {
  return [&run](const data::Dataset& batch) { return run.loss(batch); };
}

/// What a loop sees behind the batches of its epochs.
struct Seen {
  std::vector<bool> complete;
  std::vector<double> validation;
  History history;
};

/// The loop of the documentation. `stop` is called behind each of 8 batches of an epoch.
template <class Stop>
Seen looped(FitOptions options, const Stop& stop) {
  SmallRun run(1);
  options.validation = run.samples;
  Fit fit(run.model, run.optimizer, run.loader, loss_of(run), options);
  Seen seen;
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      batch.step([&] { return run.loss(batch.data); });
      stop(epoch);
    }
    seen.complete.push_back(epoch.complete());
    seen.validation.push_back(epoch["validation_loss"]);
  }
  seen.history = fit.history();
  return seen;
}

std::vector<bool> are_nan(const std::vector<double>& values) {
  std::vector<bool> marks;
  for (const double value : values) marks.push_back(std::isnan(value));
  return marks;
}

void check_same(const History& got, const History& expected) {
  CHECK(got.names() == expected.names());
  for (const std::string& name : expected.names())
    if (name != "seconds") CHECK(got[name] == expected[name]);
  CHECK(got.stop == expected.stop);
}

}  // namespace

TEST_CASE("fit: an epoch that the run stops in has no validation, and not the one before") {
  const TemporaryDirectory directory;
  SmallRun run(1);
  std::vector<std::vector<Metric>> told;
  Fit fit(run.model, run.optimizer, run.loader, loss_of(run),
          {.epochs = 5,
           .validation = run.samples,
           .max_steps = 20,
           .on_batch = {[&](FitEpoch& epoch) {
             CHECK_FALSE(epoch.complete());
             told.push_back(epoch.metrics());
           }},
           .on_epoch = {[](FitEpoch& epoch) { CHECK(epoch.complete()); }}});
  const History history = fit.run();
  CHECK(history.last_is_part);
  CHECK(are_nan(history["validation_loss"]) == std::vector<bool>{false, false, true});
  CHECK(are_nan(history["loss"]) == std::vector<bool>{false, false, false});
  history.save_csv(directory.file("history.csv"));
  std::ifstream file(directory.file("history.csv"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "epoch,loss,validation_loss,learning_rate,seconds");
  CHECK(lines[3].find(",,0.02,") != std::string::npos);
  REQUIRE(told.size() == 20);
  for (const std::vector<Metric>& metrics : told) {
    REQUIRE(metrics.size() == 1);
    CHECK(metrics[0].first == "loss");
  }
}

TEST_CASE("fit: a loop of one's own goes on behind a cut epoch, which says that it is") {
  const auto nothing = [](FitEpoch&) {};
  const Seen steps = looped({.epochs = 5, .max_steps = 11}, nothing);
  CHECK(steps.complete == std::vector<bool>{true, false});
  CHECK(are_nan(steps.validation) == std::vector<bool>{false, true});
  CHECK(steps.history.stop == FitStop::steps);

  const Seen seconds = looped({.epochs = 5, .max_seconds = 0}, nothing);
  CHECK(seconds.complete == std::vector<bool>{false});
  CHECK(are_nan(seconds.validation) == std::vector<bool>{true});
  CHECK(seconds.history.stop == FitStop::seconds);

  const TemporaryDirectory directory;
  std::ostringstream text;
  const Seen interrupted = looped({.epochs = 5,
                                   .folder = {.path = directory.path()},
                                   .progress = &text,
                                   .catch_interrupt = true},
                                  [](FitEpoch& epoch) {
                                    if (epoch.batches() == 2) raise(SIGINT);
                                  });
  CHECK(interrupted.complete == std::vector<bool>{false});
  CHECK(interrupted.history.stop == FitStop::interrupt);
  CHECK(text.str() == "interrupted in epoch 1 after batch 3; saved " +
                          directory.file("epoch-00000-batch-000003.npz") + "\n");

  const Seen asked = looped({.epochs = 5}, [](FitEpoch& epoch) {
    if (epoch.number() == 2) epoch.stop();
  });
  CHECK(asked.complete == std::vector<bool>{true, false});

  const Seen whole = looped({.epochs = 2, .max_steps = 16}, nothing);  // after an epoch
  CHECK(whole.complete == std::vector<bool>{true, true});
  CHECK_FALSE(whole.history.last_is_part);
}

TEST_CASE("fit: the seconds of an epoch are those of all its parts") {
  const TemporaryDirectory directory;
  double first = 0, all = 0;
  for (const bool again : {false, true}) {
    SmallRun run(1);
    const auto wait = [again](FitEpoch&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(again ? 0 : 10));
    };
    Fit fit(run.model, run.optimizer, run.loader, loss_of(run),
            {.epochs = 1,
             .max_steps = again ? 100 : 3,
             .folder = {.path = directory.path(), .resume = true},
             .on_batch = {wait}});
    (again ? all : first) = fit.run()["seconds"].back();
  }
  CHECK(first >= 0.03);
  CHECK(all >= 0.03);
}

TEST_CASE("fit: what a loop logs behind a cut epoch counts in the part alone") {
  SmallRun run(1);
  Fit fit(run.model, run.optimizer, run.loader, loss_of(run), {.epochs = 1, .max_seconds = 0});
  const auto go_on = [&](double value) {
    for (auto& epoch : fit) {
      for (auto& batch : epoch) batch.step(run.loss(batch.data));
      epoch.log("score", value);
    }
    return fit.history()["score"];
  };
  for (int part = 1; part < 8; ++part) CHECK(go_on(part) == std::vector<double>{double(part)});
  CHECK(go_on(100) == std::vector<double>{100});
  CHECK(fit.history().stop == FitStop::epochs);
}

namespace {

/// Runs that are the same to the bit, however often Ctrl-C stops them in validation.
struct Validated : SmallRun {
  explicit Validated(const std::string& path) : SmallRun(1, 2) {
    options = {.epochs = 3,
               .validation = samples,
               .validation_rows = 10,
               .accumulate = 3,
               .averaging = optim::AveragingOptions{.decay = 0.8},
               .folder = {.path = path, .resume = true},
               .progress = &text,
               .catch_interrupt = true};
  }
  template <class Loader>
  History train(Loader& of) {
    Fit fit(
        model, optimizer, of,
        [this](const data::Dataset& batch) {
          if (!recording() && ++validated == stop_at) raise(SIGINT);
          return loss({batch.x + default_rng().normal(batch.x.shape(), 0, 0.01), batch.y});
        },
        options);
    return fit.run();
  }

  FitOptions options;
  std::ostringstream text;
  int validated = 0, stop_at = 0;
};

}  // namespace

TEST_CASE(
    "fit: Ctrl-C in validation ends it with the next batch, and the run goes on with all of it") {
  const TemporaryDirectory directory;
  const std::vector<data::Dataset> stored = [] {
    std::vector<data::Dataset> batches;
    SmallRun run(1);
    for (const data::Dataset& batch : run.loader) batches.push_back(batch);
    return batches;
  }();
  for (const bool of_loader : {true, false}) {
    CAPTURE(of_loader);
    const auto train = [&](Validated& run) {
      return of_loader ? run.train(run.loader) : run.train(stored);
    };
    const std::string name = of_loader ? "loader" : "stored";
    seed(3);
    Validated whole("");
    whole.options.folder = {};
    const History all = train(whole);
    CHECK(whole.validated == 3 * 8);  // 75 rows by 10

    const std::string folder = directory.file(name);
    seed(3);
    Validated run(folder);
    run.stop_at = 8 + 2;
    const History part = train(run);
    CHECK(run.validated == 8 + 2);
    CHECK(part.stop == FitStop::interrupt);
    CHECK(part.last_is_part);
    CHECK(part.epochs() == 2);
    CHECK(are_nan(part["validation_loss"]) == std::vector<bool>{false, true});
    CHECK(part["loss"][1] == all["loss"][1]);
    CHECK(run.text.str().ends_with("interrupted in the validation of epoch 2; saved " + folder +
                                   "/epoch-00001-batch-000008.npz\n"));
    CHECK(run.model.training());

    seed(99);
    Validated resumed(folder);
    check_same(train(resumed), all);
    CHECK(resumed.validated == 2 * 8);
    check_same_state(resumed.model, whole.model);
    check_same_state(resumed.optimizer, whole.optimizer);

    // By the same run too, cut in each validation; a limit of steps leaves it its validation.
    seed(3);
    Validated again("");
    again.options.folder = {};
    again.options.max_steps = 6;
    Fit fit(
        again.model, again.optimizer, again.loader,
        [&](const data::Dataset& batch) {
          if (!recording() && ++again.validated == again.stop_at) raise(SIGINT);
          return again.loss({batch.x + default_rng().normal(batch.x.shape(), 0, 0.01), batch.y});
        },
        again.options);
    if (!of_loader) continue;
    for (int epoch = 0; epoch < 2; ++epoch) {
      again.stop_at = again.validated + 3;
      CHECK(fit.run().stop == FitStop::interrupt);
    }
    CHECK(fit.run().stop == FitStop::steps);
    for (const char* metric : {"loss", "validation_loss"}) {
      const std::vector<double> expected(all[metric].begin(), all[metric].begin() + 2);
      CHECK(fit.history()[metric] == expected);
    }
    CHECK_FALSE(fit.history().last_is_part);
  }
}

TEST_CASE("fit: Ctrl-C in the last batch of validation leaves it whole") {
  Validated run("");
  run.options.folder = {};
  run.stop_at = 8;
  const History history = run.train(run.loader);
  CHECK(history.stop == FitStop::interrupt);
  CHECK_FALSE(history.last_is_part);
  CHECK(are_nan(history["validation_loss"]) == std::vector<bool>{false});
}

TEST_CASE("fit: Ctrl-C behind the last batch of a run is told, and the run is whole") {
  SmallRun run(1);
  std::ostringstream text;
  bool pressed = false;
  Fit fit(run.model, run.optimizer, run.loader, loss_of(run),
          {.epochs = 2,
           .on_epoch = {[&](FitEpoch& epoch) {
             if (epoch.number() == 2 && !std::exchange(pressed, true)) raise(SIGINT);
           }},
           .progress = &text,
           .catch_interrupt = true});
  CHECK(fit.run().stop == FitStop::interrupt);
  CHECK(fit.history().epochs() == 2);
  CHECK_FALSE(fit.history().last_is_part);
  CHECK(text.str().ends_with("interrupted after epoch 2; nothing saved: no folder\n"));
  CHECK(fit.run().stop == FitStop::epochs);
  CHECK(fit.history().epochs() == 2);
}

TEST_CASE("fit: a validation loss that is no number stops the run by epoch and batch") {
  SmallRun run(1);
  data::Dataset strange = run.samples;
  std::vector<float> x = strange.x.to_vector<float>();
  x[2 * 57] = NAN;
  strange.x = from_vector(x, strange.x.shape());
  const auto train = [&](FitOptions options) {
    options.epochs = 2;
    options.validation = strange;
    options.validation_rows = 20;
    Fit fit(run.model, run.optimizer, run.loader, loss_of(run), options);
    return fit.run();
  };
  const std::string text = error_of<ValueError>([&] { return train({}); });
  CHECK(text.starts_with("fit: epoch 1, validation batch 3: the loss is nan; first: DebugGuard: "));
  CHECK(run.model.training());
  CHECK(run.optimizer.steps() == 8);
  const History history = train({.check_finite = false});
  CHECK(are_nan(history["validation_loss"]) == std::vector<bool>{true, true});
}

TEST_CASE("fit: a logged loss that is no number stops the run, another number does not") {
  const std::vector<data::Dataset> batches(3, numbered_rows(2));
  const auto logged = [&](const std::string& name, bool check, int wrong) {
    Fit fit(batches, {.epochs = 2, .check_finite = check});
    return error_of<ValueError>([&] {
      int batch_number = 0;
      for (auto& epoch : fit)
        for (auto& batch : epoch) batch.log(name, ++batch_number == wrong ? INFINITY : 1);
      return 0;
    });
  };
  CHECK(logged("loss", true, 5) ==
        "fit: epoch 2, batch 2: the loss that was logged is inf; .check_finite = false goes on");
  CHECK(logged("loss", false, 5) == "(nothing was thrown)");
  CHECK(logged("score", true, 5) == "(nothing was thrown)");
  // By a callback, and behind the batches.
  Fit fit(batches, {.on_batch = {[](FitEpoch& epoch) { epoch.log("loss", NAN); }}});
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : fit)
            for (auto& batch : epoch) batch.log("score", 1);
          return 0;
        }).starts_with("fit: epoch 1, batch 1: the loss that"));
  Fit behind(batches);
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : behind) epoch.log("validation_loss", NAN);
          return 0;
        }).starts_with("fit: epoch 1: the validation_loss that was logged is nan"));
}
