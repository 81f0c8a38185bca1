// A run of training beside the same by hand: bits, means, validation, what ends it.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"

using namespace xtape;

TEST_CASE("fit: the loop of the library, one of one's own and one by hand give the same bits") {
  SmallRun by_hand(1), by_library(1), own(1);
  std::vector<double> losses;
  for (int epoch = 0; epoch < 3; ++epoch) {
    double sum = 0;
    for (const data::Dataset& batch : by_hand.loader) {
      const Tensor loss = by_hand.loss(batch);
      by_hand.optimizer.zero_grad();
      loss.backward();
      by_hand.optimizer.step();
      sum += loss.item() * static_cast<double>(batch.y.size());
    }
    losses.push_back(sum / 75);
  }

  Fit fit(by_library.model, by_library.optimizer, by_library.loader,
          [&](const data::Dataset& batch) { return by_library.loss(batch); }, {.epochs = 3});
  const History history = fit.run();
  check_same_state(by_library.model, by_hand.model);
  check_same_state(by_library.optimizer, by_hand.optimizer);
  CHECK(history.epochs() == 3);
  CHECK(history.stop == FitStop::epochs);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(history["loss"][i] == doctest::Approx(losses[i]).epsilon(1e-14));

  Fit loop(own.model, own.optimizer, own.loader, {.epochs = 3});
  std::int64_t epochs = 0, batches = 0;
  for (auto& epoch : loop) {
    CHECK(epoch.number() == ++epochs);
    for (auto& batch : epoch) {
      batch.step(own.loss(batch.data));
      ++batches;
    }
    CHECK(epoch["loss"] == history["loss"][static_cast<std::size_t>(epochs - 1)]);
  }
  CHECK(epochs == 3);
  CHECK(batches == 24);
  check_same_state(own.model, by_hand.model);
  CHECK(loop.history()["loss"] == history["loss"]);
}

TEST_CASE("fit: metrics are means over samples, not over batches") {
  const data::Dataset rows = numbered_rows(10);
  nn::Dense model(1, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.0});
  data::Loader loader(rows, {.batch_size = 4});
  const auto measure = [&](const data::Dataset& batch) -> Measured {
    return {sum(model(batch.x)) * 0 + mean(batch.y), {{"first", batch.y.to_vector<float>()[0]}}};
  };
  Fit fit(model, optimizer, loader, measure,
          {.epochs = 1, .validation = rows, .validation_rows = 3, .on_epoch = {[](FitEpoch& epoch) {
                                                                    epoch.log("logged", 1, 1);
                                                                    epoch.log("logged", 2, 3);
                                                                  }}});
  const History history = fit.run();
  CHECK(history["loss"][0] == 4.5);  // of batches: (1.5 + 5.5 + 8.5) / 3
  CHECK(history["first"][0] == doctest::Approx((0 * 4 + 4 * 4 + 8 * 2) / 10.0));
  CHECK(history["validation_loss"][0] == 4.5);
  CHECK(history["validation_first"][0] == doctest::Approx((0 * 3 + 3 * 3 + 6 * 3 + 9) / 10.0));
  CHECK(history["logged"][0] == 1.75);

  // Means of a loss that counts only some rows are over these.
  Fit counted(model, optimizer, loader,
              [&](const data::Dataset& batch) -> Measured {
                const double one = batch.y.to_vector<float>()[0];
                return {sum(model(batch.x)) * 0 + one, {}, one};
              },
              {.epochs = 1});
  CHECK(counted.run()["loss"][0] == doctest::Approx((4.0 * 4 + 8 * 8) / 12));
}

TEST_CASE("fit: validation is in evaluation, with nothing recorded, and puts all back") {
  SmallRun run(1);
  run.model.at("2").eval();  // the dropout stays off, as its user said
  std::vector<bool> recorded, trained;
  Fit fit(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) {
            recorded.push_back(recording());
            trained.push_back(run.model.training());
            return run.loss(batch);
          },
          {.epochs = 2, .validation = run.samples, .validation_rows = 100});
  const History history = fit.run();
  CHECK(recorded == std::vector<bool>{1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0});
  CHECK(trained == recorded);
  CHECK(run.model.training());
  CHECK_FALSE(run.model.at("2").training());
  run.model.eval();
  const NoGradGuard off;
  CHECK(history["validation_loss"][1] == run.loss(run.samples).item());
}

namespace {

/// Trains one epoch after the other on what is told of each, until the run ends.
History scored(const std::vector<double>& scores, const EarlyStopping& early, SearchGoal goal,
               nn::Dense& model, std::vector<Tensor>* weights = nullptr) {
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  data::Loader loader(numbered_rows(4), {.batch_size = 2});
  const auto tell = [&](FitEpoch& epoch) {
    epoch.log("score", scores[static_cast<std::size_t>(epoch.number() - 1)]);
    if (weights != nullptr) weights->push_back(model.weight.detach().clone());
  };
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return mean(square(model(batch.x) - 1)); },
          {.epochs = std::ssize(scores),
           .monitor = "score",
           .goal = goal,
           .early_stopping = early,
           .logs = {"score"},
           .on_epoch = {tell}});
  return fit.run();
}

}  // namespace

TEST_CASE("fit: early stopping counts epochs without improvement and gives the best weights back") {
  nn::Dense model(1, 1);
  std::vector<Tensor> weights;
  const History history = scored({3, 2, 2, 1.5, 2, NAN, 1.5, 0}, {.patience = 3},
                                 SearchGoal::minimize, model, &weights);
  CHECK(history.epochs() == 7);
  CHECK(history.stop == FitStop::patience);
  CHECK(history.best_epoch == 4);
  CHECK(history.monitor == "score");
  CHECK(history.best("score", SearchGoal::minimize) == 1.5);
  CHECK(mismatch(model.weight.detach(), weights[3]) == "");

  weights.clear();
  CHECK(scored({1, 2, 1, 1}, {.patience = 2, .restore_best = false}, SearchGoal::maximize, model,
               &weights)
            .best_epoch == 2);
  CHECK(mismatch(model.weight.detach(), weights[3]) == "");
  // More than min_delta is an improvement.
  CHECK(scored({4, 3.5, 3.6, 2}, {.patience = 2, .min_delta = 0.5}, SearchGoal::minimize, model)
            .epochs() == 3);
  CHECK(scored({NAN, NAN, 1}, {.patience = 2}, SearchGoal::minimize, model).best_epoch == 0);
  CHECK(scored({1, 2, 3}, {}, SearchGoal::minimize, model).stop == FitStop::epochs);
}

TEST_CASE("fit: limits of steps and of time end a run, which another goes on with") {
  SmallRun whole(1), parts(1);
  const auto loss_of = [](SmallRun& run) {
    return [&run](const data::Dataset& batch) { return run.loss(batch); };
  };
  Fit undisturbed(whole.model, whole.optimizer, whole.loader, loss_of(whole), {.epochs = 3});
  const History all = undisturbed.run();

  Fit fit(parts.model, parts.optimizer, parts.loader, loss_of(parts),
          {.epochs = 3, .max_seconds = 0});
  for (int step = 1; step <= 24; ++step) {
    const History history = fit.run();
    CHECK(history.stop == (step == 24 ? FitStop::epochs : FitStop::seconds));
    CHECK(history.epochs() == (step + 7) / 8);
    CHECK(history.last_is_part == (step % 8 != 0));
    CHECK(parts.optimizer.steps() == step);
  }
  check_same_state(parts.model, whole.model);
  CHECK(fit.history()["loss"] == all["loss"]);

  SmallRun few(1);
  Fit limited(few.model, few.optimizer, few.loader, loss_of(few), {.epochs = 3, .max_steps = 11});
  const History history = limited.run();
  CHECK(few.optimizer.steps() == 11);
  CHECK(history.stop == FitStop::steps);
  CHECK(history.epochs() == 2);
  CHECK(history.last_is_part);
  CHECK(limited.run().stop == FitStop::steps);
  CHECK(few.optimizer.steps() == 11);
}

TEST_CASE("fit: callbacks are called in order, and may stop a run after a batch or an epoch") {
  SmallRun run(1);
  std::string order;
  struct Counting {  // any callable
    std::string* order;
    void operator()(const FitEpoch&) const { *order += 'a'; }
  };
  const auto letter = [&](char c) { return [&order, c](auto&) { order += c; }; };
  Fit fit(run.model, run.optimizer, run.loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.epochs = 2,
           .on_batch = {letter('1'), letter('2')},
           .on_epoch = {Counting{&order}, letter('b')}});
  fit.run();
  CHECK(order == "1212121212121212ab1212121212121212ab");

  const auto stopped = [&](const FitCallback& on_batch, const FitCallback& on_epoch) {
    SmallRun one(1);
    Fit stops(one.model, one.optimizer, one.loader,
              [&](const data::Dataset& batch) { return one.loss(batch); },
              {.epochs = 5, .on_batch = {on_batch}, .on_epoch = {on_epoch}});
    CHECK(stops.run().stop == FitStop::asked);
    return one.optimizer.steps();
  };
  const FitCallback nothing = [](FitEpoch&) {};
  CHECK(stopped(
            [](FitEpoch& epoch) {
              if (epoch.steps() == 10) epoch.stop();
            },
            nothing) == 10);
  CHECK(stopped(
            [](FitEpoch& epoch) {
              if (epoch.batches() == 8) epoch.stop();
            },
            nothing) == 8);
  CHECK(stopped(nothing, [](FitEpoch& epoch) {
          if (epoch["loss"] > 0 && epoch.number() == 2) epoch.stop();
        }) == 16);
}

TEST_CASE("fit: an exception ends a run cleanly, and another begins the epoch anew") {
  for (const bool in_validation : {false, true}) {
    SmallRun run(1, 3);
    bool fail = true;
    int calls = 0;
    Fit fit(run.model, run.optimizer, run.loader,
            [&](const data::Dataset& batch) {
              if (fail && ++calls == (in_validation ? 18 : 12)) throw std::runtime_error("enough");
              return run.loss(batch);
            },
            {.epochs = 3,
             .validation = run.samples,
             .averaging = optim::AveragingOptions{.decay = 0.5}});
    CHECK_THROWS_WITH(fit.run(), "enough");
    CHECK(fit.history().epochs() == 1);
    CHECK(run.model.training());
    CHECK(recording());
    fail = false;
    CHECK(fit.run().epochs() == 3);
    CHECK(run.optimizer.steps() == (in_validation ? 32 : 8 + 2 + 16));
  }
}

TEST_CASE("fit: networks against each other, by a loop of one's own") {
  Rng rng(3);
  nn::Dense maker(1, 1, {}, rng), judge(1, 1, {}, rng);
  optim::SGD maker_optimizer(maker, {.learning_rate = 0.1}),
      judge_optimizer(judge, {.learning_rate = 0.1});
  const std::vector<data::Dataset> batches{numbered_rows(2), numbered_rows(3)};
  Fit fit(batches, {.epochs = 2, .on_epoch = {[](FitEpoch& epoch) {
                                   const double value = epoch["judge"];
                                   CHECK(epoch.metrics() == std::vector<Metric>{{"judge", value}});
                                   epoch.log("again", value);
                                 }}});
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      const Tensor judged =
          mean(square(judge(maker(batch.data.x)))) + mean(square(judge(batch.data.x) - 1));
      judge.zero_grad();
      judged.backward();
      judge_optimizer.step();
      batch.log("judge", judged.item());
      maker.zero_grad();
      mean(square(judge(maker(batch.data.x)) - 1)).backward();
      maker_optimizer.step();
    }
  }
  CHECK(fit.history().names() == std::vector<std::string>{"judge", "again", "seconds"});
  CHECK(fit.history()["judge"] == fit.history()["again"]);
  CHECK(judge_optimizer.steps() == 4);
  std::vector<std::int64_t> steps;  // batches, without an optimizer that the run knows
  Fit counted(batches, {.epochs = 2,
                        .on_batch = {[&](FitEpoch& epoch) { steps.push_back(epoch.steps()); }}});
  for (auto& epoch : counted)
    for (auto& batch : epoch) batch.log("rows", 1);
  CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: run() needs a loss; loops of one's own go over the epochs");
}

TEST_CASE("fit: steps that a loop makes itself are counted") {
  SmallRun run(1);
  std::vector<std::int64_t> steps;
  run.optimizer.step();  // before
  Fit fit(run.model, run.optimizer, run.loader,
          {.epochs = 2, .max_steps = 22, .on_epoch = {[&](FitEpoch& epoch) {
                                           steps.push_back(epoch.steps());
                                         }}});
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      run.optimizer.zero_grad();
      run.loss(batch.data).backward();
      run.optimizer.step();
      if (epoch.number() == 2) batch.step(run.loss(batch.data));  // two of a batch
    }
  }
  CHECK(fit.history().stop == FitStop::steps);
  CHECK(steps == std::vector<std::int64_t>{8});
  CHECK(run.optimizer.steps() == 23);
}

TEST_CASE("fit: batches of several tensors") {
  nn::Dense model(2, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const data::TensorList rows{ones({6, 1}), ones({6, 1}), zeros({6, 1})};
  data::TensorLoader loader(rows, {.batch_size = 4});
  Fit fit(model, optimizer, loader,
          [&](const data::TensorList& batch) {
            return mean(square(model(concatenate({batch[0], batch[1]}, 1)) - batch[2]));
          },
          {.epochs = 5, .validation = rows});
  const History history = fit.run();
  CHECK(history["validation_loss"].back() < history["validation_loss"].front());
}
