// What callbacks of epochs see, and in what mode a run trains.

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"

using namespace xtape;

namespace {

/// With statistics, dropout, and data beside those that it learns.
struct Normed {
  Tensor loss(const data::Dataset& batch) const {
    return nn::cross_entropy(model(batch.x), batch.y);
  }
  History train(const FitOptions& options) {
    Fit fit(
        model, optimizer, loader, [this](const data::Dataset& batch) { return loss(batch); },
        options);
    return fit.run();
  }

  Rng rng{3};
  data::Dataset samples = [] {
    Rng own(5);
    return data::spiral(25, 3, own);
  }();
  nn::Sequential model{nn::Dense(2, 16, {}, rng), nn::BatchNorm1d(16), nn::ReLU(),
                       nn::Dropout(0.2, rng), nn::Dense(16, 3, {}, rng)};
  optim::Adam optimizer{model, {.learning_rate = 0.02}};
  data::Loader loader{samples, {.batch_size = 25, .shuffle = true}, rng};
};

}  // namespace

TEST_CASE(
    "fit: what a callback of an epoch computes changes nothing, and is what validation gave") {
  for (const bool averaged : {false, true}) {
    CAPTURE(averaged);
    Normed plain, judged;
    FitOptions options{.epochs = 3, .validation = plain.samples, .validation_rows = 100};
    if (averaged) options.averaging = optim::AveragingOptions{.decay = 0.5};
    plain.train(options);
    std::vector<double> validated, own;
    options.on_epoch = {[&](FitEpoch& epoch) {
      CHECK(recording());  // it may look at gradients
      CHECK_FALSE(judged.model.training());
      validated.push_back(epoch["validation_loss"]);
      own.push_back(judged.loss(judged.samples).item());
    }};
    judged.train(options);
    CHECK(own == validated);
    CHECK(judged.model.training());
    check_same_state(judged.model, plain.model);
    check_same_state(judged.optimizer, plain.optimizer);
  }
}

TEST_CASE("fit: a loop of one's own measures in an evaluation of the epoch") {
  Normed run;
  Fit fit(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.epochs = 2,
           .validation = run.samples,
           .validation_rows = 100,
           .averaging = optim::AveragingOptions{.decay = 0.5}});
  for (auto& epoch : fit) {
    for (auto& batch : epoch) batch.step([&] { return run.loss(batch.data); });
    const Tensor before = run.model.parameters()[0].detach().clone();
    {
      const auto evaluation = epoch.evaluation();
      CHECK(run.loss(run.samples).item() == epoch["validation_loss"]);
    }
    CHECK(run.model.training());
    CHECK(recording());
    CHECK(mismatch(run.model.parameters()[0], before) == "");
  }
}

TEST_CASE("fit: what a callback of an epoch tells a module stands") {
  Normed run;
  std::vector<bool> norm, whole;
  FitOptions options{.epochs = 3};
  options.on_batch = {[&](FitEpoch&) {
    norm.push_back(run.model.at("1").training());
    whole.push_back(run.model.training());
  }};
  options.on_epoch = {[&](FitEpoch& epoch) {
    if (epoch.number() == 1) run.model.at("1").eval();  // its statistics are frozen from now on
  }};
  run.train(options);
  CHECK(norm == std::vector<bool>{1, 1, 1, 0, 0, 0, 0, 0, 0});
  CHECK(whole == std::vector<bool>(9, true));
  // Weights are changed there, but not averages, which give way to the weights again.
  options.on_batch = {};
  options.on_epoch = {[&](FitEpoch&) { run.model.parameters()[0].assign(zeros({2, 16})); }};
  run.train(options);
  CHECK(mismatch(run.model.parameters()[0], zeros({2, 16})) == "");
  options.averaging = optim::AveragingOptions{};
  options.on_epoch = {[&](FitEpoch&) { run.model.parameters()[0].assign(ones({2, 16})); }};
  CHECK(error_of<ValueError>([&] { return run.train(options); }) ==
        "fit: epoch 1: a callback of an epoch gets the averages of the weights, and must not "
        "change them; one of a batch may change the weights");
}

TEST_CASE("fit: a model left in evaluation is not trained unnoticed") {
  const std::string text =
      ": the model must be in training mode, in which dropout draws and statistics are kept; got "
      "one left in evaluation: call train() before, or set .allow_evaluation";
  Normed run;
  run.model.eval();
  CHECK(error_of<ValueError>([&] { return run.train({.epochs = 1}); }) == "fit: epoch 1" + text);
  CHECK(run.optimizer.steps() == 0);
  const Tensor statistics = run.model["1.running_mean"].detach().clone();
  CHECK(run.train({.epochs = 1, .allow_evaluation = true}).epochs() == 1);
  CHECK(mismatch(run.model["1.running_mean"], statistics) == "");
  run.model.train();
  CHECK(error_of<ValueError>([&] {
          return run.train({.epochs = 3, .on_epoch = {[&](FitEpoch& epoch) {
                                           if (epoch.number() == 2) run.model.eval();
                                         }}});
        }) == "fit: epoch 3" + text);
}

TEST_CASE("fit: a run within a NoGradGuard is told as that") {
  Normed run;
  const NoGradGuard off;
  CHECK(error_of<ValueError>([&] { return run.train({.epochs = 1}); }) ==
        "fit: epoch 1: what a run computes must be recorded; got a NoGradGuard that lives around "
        "it");
}

TEST_CASE("fit: a model that has no part in the loss is told at the first step") {
  Normed run, other;
  Fit fit(other.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); }, {.epochs = 1});
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: the loss must depend on the model that the run was given; got one that reaches none "
        "of its parameters");
  CHECK(run.optimizer.steps() == 0);
  // A frozen model beside something that learns is what it is.
  other.model.freeze();
  Fit prompt(other.model, run.optimizer, run.loader,
             [&](const data::Dataset& batch) { return run.loss(batch); }, {.epochs = 1});
  CHECK(prompt.run().epochs() == 1);
}

TEST_CASE("fit: a goal to maximize needs the name of what is maximized") {
  Normed run;
  CHECK(error_of<ValueError>(
            [&] { return run.train({.validation = run.samples, .goal = SearchGoal::maximize}); }) ==
        "fit: the goal maximize needs the name of what is maximized, .monitor; without one it is a "
        "loss, which is minimized");
}
