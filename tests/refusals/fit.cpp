#include <xtape/nn/dense.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/train/class_weights.hpp>
#include <xtape/train/fit.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

/// A run of these options, which it refuses as soon as it is made.
void run(const FitOptions& options) {
  static Rng rng(1);
  static const nn::Dense model(1, 1, {}, rng);
  static optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
  static data::Loader loader({ones({2, 1}), ones({2, 1})}, {.batch_size = 1});
  Fit fit(
      model, optimizer, loader, [](const data::Dataset& batch) { return sum(model(batch.x)); },
      options);
  fit.run();
}

}  // namespace

TEST_CASE("refusals: options of a run of training") {
  const std::vector<double> negative{-1, not_a_number, inf}, not_positive{0, -1, not_a_number, inf};
  run({.epochs = 0});  // what is made once
  check(Counts{
      {"FitOptions.epochs",
       Kind::value,
       {-1, least},
       [](auto n) { run({.epochs = n}); },
       "fit: epochs must be at least 0; got "},
      {"FitOptions.validation_rows",
       Kind::value,
       {0, -1, least},
       [](auto n) { run({.validation_rows = n}); },
       "fit: validation_rows must be at least 1; got "},
      {"FitOptions.accumulate",
       Kind::value,
       {0, -1, least},
       [](auto n) { run({.accumulate = n}); },
       "fit: accumulate must be at least 1; got "},
      {"FitOptions.max_steps",
       Kind::value,
       {-1, least},
       [](auto n) { run({.max_steps = n}); },
       "fit: max_steps must be at least 0; got "},
      {"EarlyStopping.patience",
       Kind::value,
       {-1, least},
       [](auto n) { run({.early_stopping = {.patience = n}}); },
       "fit: early_stopping.patience must be at least 0; got "},
      {"FitFolder.last",
       Kind::value,
       {0, -1, least},
       [](auto n) { run({.folder = {.last = n}}); },
       "fit: folder.last must be at least 1; got "},
      {"FitFolder.every_epochs",
       Kind::value,
       {0, -1, least},
       [](auto n) { run({.folder = {.every_epochs = n}}); },
       "fit: folder.every_epochs must be at least 1; got "},
      {"FitFolder.every_steps",
       Kind::value,
       {-1, least},
       [](auto n) { run({.folder = {.every_steps = n}}); },
       "fit: folder.every_steps must be at least 0; got "},
      {"StepOptions.look_at",
       Kind::value,
       {-1, least},
       [](auto n) { optim::SGD({ones({1}).set_requires_grad(true)}, {}).step({.look_at = n}); },
       "optimizer: look_at must be at least 0; got "},
      {"class_weights: classes",
       Kind::value,
       {0, -1, least},
       [](auto n) { return class_weights(tensor({0}), n); },
       "class_weights: classes must be at least 1; got "},
  });
  check(Numbers{
      {"FitOptions.clip_norm", Kind::value, not_positive, [](auto v) { run({.clip_norm = v}); },
       "fit: clip_norm must be finite and above 0; got "},
      {"FitOptions.clip_value", Kind::value, not_positive, [](auto v) { run({.clip_value = v}); },
       "fit: clip_value must be finite and above 0; got "},
      {"FitOptions.max_seconds", Kind::value, negative, [](auto v) { run({.max_seconds = v}); },
       "fit: max_seconds must be finite and not negative; got "},
      {"EarlyStopping.min_delta", Kind::value, negative,
       [](auto v) { run({.early_stopping = {.min_delta = v}}); },
       "fit: early_stopping.min_delta must be finite and not negative; got "},
      {"log: samples",
       Kind::value,
       {0, -1, not_a_number, inf},
       [](auto v) {
         std::vector<data::Dataset> batches{{ones({1, 1}), ones({1})}};
         Fit fit(batches);
         for (auto& epoch : fit) epoch.log("number", 1, v);
       },
       "fit: log: samples must be finite and above 0; got "},
  });
}
