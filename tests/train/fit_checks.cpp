// What a run refuses before it trains, or at its first batch.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

std::string refused(const FitOptions& options) {
  SmallRun run(1);
  const std::string text = error_of<ValueError>([&] {
    Fit fit(
        run.model, run.optimizer, run.loader,
        [&](const data::Dataset& batch) -> Measured {
          const Tensor logits = run.model(batch.x);
          return {nn::cross_entropy(logits, batch.y), {{"accuracy", accuracy(logits, batch.y)}}};
        },
        options);
    return fit.run();
  });
  CHECK((run.optimizer.steps() == 0 || text == "(nothing was thrown)"));
  return text;
}

}  // namespace

TEST_CASE("fit: the monitor's name is checked before the first step") {
  const data::Dataset validation = SmallRun(1).samples;
  const auto maximized = SearchGoal::maximize;
  CHECK(refused({.epochs = 1,
                 .validation = validation,
                 .monitor = "validation_acuracy",
                 .goal = maximized}) ==
        "fit: the monitor must be one of learning_rate, seconds, loss, accuracy, validation_loss, "
        "validation_accuracy; got \"validation_acuracy\"; what a callback logs is named in .logs");
  CHECK(refused({.epochs = 1, .monitor = "validation_accuracy", .goal = maximized}) ==
        "fit: the monitor \"validation_accuracy\" needs .validation, or a callback that logs it, "
        "which .logs "
        "names");
  CHECK(
      refused({.epochs = 1, .validation = validation, .monitor = "validation_accuracy"}) ==
      "fit: a goal must be given for the monitor \"validation_accuracy\", SearchGoal::maximize or "
      "SearchGoal::minimize");
  for (const char* known :
       {"loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"})
    CHECK(refused({.epochs = 1, .validation = validation, .monitor = known, .goal = maximized}) ==
          "(nothing was thrown)");
  // What a callback was to log and did not is told after the first epoch.
  SmallRun run(1);
  Fit fit(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.monitor = "f1", .goal = maximized, .logs = {"f1"}});
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: the monitor must be what an epoch measures or logs, loss, learning_rate, seconds; "
        "got \"f1\"");
  CHECK(run.optimizer.steps() == 8);
}

TEST_CASE("fit: an epoch says what it knows") {
  SmallRun run(1);
  Fit fit(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.on_epoch = {[](FitEpoch& epoch) { epoch["validation_loss"]; }}});
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: there is no \"validation_loss\" in this epoch; there is loss");
}

TEST_CASE("fit: labels that only the validation data have are told with their row") {
  SmallRun run(1);
  const data::Dataset strange{ones({3, 2}), tensor({0, 3, 2})};
  CHECK(refused({.epochs = 1, .validation = strange}) ==
        "fit: labels of the validation data must be among those of the training data; got 3 in row "
        "1; split "
        "by stratified_split, or set .allow_unseen_labels");
  const data::Dataset none{ones({0, 2}), zeros({0}, Dtype::int64)};
  CHECK(refused({.epochs = 1, .validation = none}) ==
        "fit: the validation data must have a row; got none");
  nn::Dense counts(2, 1);
  optim::SGD optimizer(counts, {.learning_rate = 0.0});
  data::Loader loader({ones({2, 2}), tensor({1, 5})}, {});
  Fit fit(counts, optimizer, loader,
          [&](const data::Dataset& batch) {
            return mean(square(squeeze(counts(batch.x), 1) - batch.y.to(Dtype::float32)));
          },
          {.epochs = 1,
           .validation = data::Dataset{ones({1, 2}), tensor({3})},
           .allow_unseen_labels = true});
  CHECK(fit.run().epochs() == 1);
}

TEST_CASE("fit: one-hot labels that only the validation data have are told as well") {
  Rng rng(1);
  const nn::Dense model(2, 4, {}, rng);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const auto train = [&](const Tensor& training, const Tensor& validation) {
    data::Loader loader({ones({training.extent(0), 2}), training}, {});
    return error_of<ValueError>([&] {
      Fit fit(
          model, optimizer, loader,
          [&](const data::Dataset& batch) {
            return nn::cross_entropy(model(batch.x), batch.y.to(Dtype::float32));
          },
          {.epochs = 1, .validation = data::Dataset{ones({validation.extent(0), 2}), validation}});
      return fit.run();
    });
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::int64, Dtype::boolean}) {
    const auto hot = [&](const Tensor& labels) { return one_hot(labels, 4).to(dtype); };
    CHECK(train(hot(tensor({0, 1, 2})), hot(tensor({2, 3, 1}))) ==
          "fit: labels of the validation data must be among those of the training data; got 3 in "
          "row 1; split by stratified_split, or set .allow_unseen_labels");
    CHECK(train(hot(tensor({0, 1, 2})), hot(tensor({2, 0}))) == "(nothing was thrown)");
  }
  // Shares and several labels a row are no classes.
  const Tensor shares = tensor({{0.5, 0.5, 0.0, 0.0}});
  CHECK(train(shares, one_hot(tensor({3}), 4)) == "(nothing was thrown)");
  CHECK(train(one_hot(tensor({0}), 4), tensor({{1.0, 0.0, 0.0, 1.0}})) == "(nothing was thrown)");
}

TEST_CASE("fit: a loop that makes no step, and a loader without batches, are told as that") {
  SmallRun run(1);
  for (const bool validated : {false, true}) {
    Fit fit(
        run.model, run.optimizer, run.loader,
        [&](const data::Dataset& batch) { return run.loss(batch); },
        {.epochs = 2, .validation = validated ? ValidationData(run.samples) : ValidationData()});
    CHECK(error_of<ValueError>([&] {
            for (auto& epoch : fit) {
              for (auto& batch : epoch) {
                if (epoch.number() == 1) batch.step(run.loss(batch.data));
              }
            }
            return 0;
          }) ==
          "fit: epoch 2 has made no step; a loop of one's own calls batch.step for its batches");
    CHECK(error_of<ValueError>([&] {
            for (auto& epoch : fit) epoch.log("number", 1);
            return 0;
          }) == (validated ? "(nothing was thrown)"
                           : "fit: an epoch must measure a loss, by batch.step, or log one; got "
                             "none in epoch 2"));
  }
  std::vector<data::Dataset> none;
  const std::string empty =
      "fit: an epoch needs a batch; the loader has none: its data have no rows, or with .drop_last "
      "fewer than a batch";
  Fit whole(run.model, run.optimizer, none,
            [&](const data::Dataset& batch) { return run.loss(batch); }, {});
  CHECK(error_of<ValueError>([&] { return whole.run(); }) == empty);
  Fit bare(none);
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : bare)
            for (auto& batch : epoch) batch.log("loss", 1);
          return 0;
        }) == empty);
  // Steps of the loop's own are steps.
  Fit own(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.epochs = 1, .validation = run.samples});
  for (auto& epoch : own) {
    for (auto& batch : epoch) {
      run.optimizer.zero_grad();
      run.loss(batch.data).backward();
      run.optimizer.step();
    }
  }
  CHECK(own.history().epochs() == 1);
}

TEST_CASE("fit: a part of each batch without others that have the rest") {
  const nn::Dense model(1, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  data::Loader loader(numbered_rows(8), {.batch_size = 2, .part = {1, 2}});
  const auto loss = [&](const data::Dataset& batch) { return mean(square(model(batch.x))); };
  Fit fit(model, optimizer, loader, loss, {.epochs = 1});
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: a loader of .part 1 of 2 needs .ranks: each process would train a model of its own");
  Fit own(loader, {.epochs = 1});  // which steps by itself
  for (auto& epoch : own)
    for (auto& batch : epoch) static_cast<void>(batch);
  CHECK(own.history().epochs() == 1);
}

TEST_CASE("fit: labels of lists and of named tensors are looked at as well") {
  nn::Dense model(2, 4);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const auto loss = [&](const Tensor& x, const Tensor& y) {
    return nn::cross_entropy(model(x), y);
  };
  const std::string rule =
      "fit: labels of the validation data must be among those of the training data; got 3 in row 1 "
      "of \"";
  const std::string cure = "\"; split by stratified_split, or set .allow_unseen_labels";
  const data::NamedDataset named{{"x", ones({3, 2})}, {"label", tensor({0, 1, 2})}};
  data::NamedLoader by_name(named, {});
  for (const bool allowed : {false, true}) {
    CHECK(error_of<ValueError>([&] {
            Fit fit(
                model, optimizer, by_name,
                [&](const data::NamedDataset& batch) { return loss(batch["x"], batch["label"]); },
                {.epochs = 1,
                 .validation = data::NamedDataset{{"label", tensor({2, 3})}, {"x", ones({2, 2})}},
                 .allow_unseen_labels = allowed});
            return fit.run();
          }) == (allowed ? "(nothing was thrown)" : rule + "label" + cure));
  }
  data::TensorLoader by_place({ones({3, 2}), tensor({0, 1, 2})}, {});
  CHECK(error_of<ValueError>([&] {
          Fit fit(model, optimizer, by_place,
                  [&](const data::TensorList& batch) { return loss(batch[0], batch[1]); },
                  {.epochs = 1, .validation = data::TensorList{ones({2, 2}), tensor({2, 3})}});
          return fit.run();
        }) == rule + "1" + cure);
}

TEST_CASE("fit: options that need what the run has not") {
  SmallRun run(1);
  const auto bare = [&](const FitOptions& options) {
    return error_of<ValueError>([&] {
      Fit fit(run.loader, options);
      return 0;
    });
  };
  const std::string needs =
      "fit: clipping, accumulation, schedules, averaging and numbers of steps need a Fit that was "
      "made with "
      "model and optimizer";
  CHECK(bare({.clip_norm = 1}) == needs);
  CHECK(bare({.accumulate = 2}) == needs);
  CHECK(bare({.epoch_schedule = optim::Schedule()}) == needs);
  CHECK(bare({.max_steps = 2}) == needs);
  CHECK(bare({.validation = run.samples}) ==
        "fit: .validation needs a loss, which a Fit with a loop of one's own takes too; got none");
  CHECK(bare({.on_epoch = {FitCallback()}}) ==
        "fit: a callback must be a function; got an empty one");
  CHECK(bare({.folder = {.resume = true}}) == "fit: to resume a run needs a folder; got no path");
  CHECK(refused({.validation = data::TensorList{ones({2, 2})}}) ==
        "fit: .validation must be data, or a loader, of the kind that the training loader "
        "gives; got another");
  CHECK(refused({.averaging = optim::AveragingOptions{.decay = 1.5}})
            .starts_with("averaging: decay"));
}

TEST_CASE("fit: a column of a large table that has changed is seen when a run is resumed") {
  constexpr std::int64_t rows = 8192, columns = 256;  // 8 MiB
  const TemporaryDirectory directory;
  std::vector<float> x(rows * columns);
  const auto resumed = [&](std::int64_t epochs) {
    Rng rng(1);
    const nn::Dense model(columns, 2, {}, rng);
    optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
    data::Loader loader({from_vector(x, {rows, columns}), zeros({rows}, Dtype::int64)},
                        {.batch_size = rows});
    const auto loss = [&](const data::Dataset& batch) -> Measured {
      return nn::cross_entropy(model(batch.x), batch.y);
    };
    Fit fit(model, optimizer, loader, loss,
            {.epochs = epochs, .folder = {.path = directory.file("run"), .resume = true}});
    return error_of<Error>([&] { return fit.run(); });
  };
  CHECK(resumed(1) == "(nothing was thrown)");
  CHECK(resumed(2) == "(nothing was thrown)");
  for (const std::size_t column : {0U, 5U, 14U, 255U}) {
    std::vector<float> before = x;
    for (std::size_t row = 0; row < rows; ++row) x[row * columns + column] = 1;
    CHECK(resumed(3).ends_with("fit: must be of the same training data; got others"));
    x = before;
  }
  CHECK(resumed(3) == "(nothing was thrown)");
}
