// What is measured of a batch: under which names, and over how many samples.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"

using namespace xtape;

namespace {

/// Losses are those of a line in float64, each batch with metrics and a number of samples of its
/// own.
struct Measuring {
  Measuring() {
    model.to(Dtype::float64);
    model.weight.assign(full({1, 1}, 0.25, Dtype::float64));
  }
  static data::Dataset rows(std::int64_t count) {
    const Tensor numbers = arange(count).to(Dtype::float64);
    return {reshape(numbers, {count, 1}) / 8, reshape(numbers, {count, 1})};
  }
  Tensor loss(const data::Dataset& batch) const {
    return nn::mean_squared_error(model(batch.x), batch.y);
  }
  /// What ends a run with such metrics, or nothing.
  std::string error_with(const std::vector<Metric>& metrics, FitOptions options) {
    data::Loader loader(rows(6), {.batch_size = 2});
    options.epochs = 2;
    Fit fit(
        model, optimizer, loader,
        [&](const data::Dataset& batch) -> Measured {
          return {loss(batch), metrics};
        },
        options);
    return error_of<ValueError>([&] { return fit.run(); });
  }

  nn::Dense model{1, 1};
  optim::SGD optimizer{model, {.learning_rate = 0.1}};
};

FitCallback logging(const std::string& name) {
  return [name](FitEpoch& epoch) { epoch.log(name, 100); };
}

const std::string none = "(nothing was thrown)";

}  // namespace

TEST_CASE("fit: a number has a name of its own, whoever gives it") {
  const auto with_metrics = [](const std::vector<Metric>& metrics, const FitOptions& options = {}) {
    Measuring run;
    const std::string text = run.error_with(metrics, options);
    CHECK((text == none) == (run.optimizer.steps() > 0));  // told before the first step
    return text;
  };
  const std::string own = "fit: a metric needs a name of its own; got \"";
  const data::Dataset test = Measuring::rows(3);
  for (const bool validated : {false, true}) {
    FitOptions options;
    if (validated) options.validation = test;
    CHECK(with_metrics({{"a", 1}, {"b", 2}}, options) == none);
    CHECK(with_metrics({{"a", 1}, {"b", 2}, {"a", 3}}, options) == own + "a\" twice");
    for (const std::string name : {"epoch", "seconds", "learning_rate", "loss"})
      CHECK(with_metrics({{name, 1}}, options) == own + name + "\", which the run gives itself");
    CHECK(with_metrics({{"", 1}}, options) == "fit: a metric needs a name, of one line; got \"\"");
    CHECK(with_metrics({{"validation_a", 1}}, options) ==
          "fit: beside the loss no metric is called \"loss\" or \"validation_...\"; got "
          "\"validation_a\"");
  }
  const auto logged = [&](const std::string& name, FitOptions options, bool at_batch) {
    Measuring run;
    (at_batch ? options.on_batch : options.on_epoch) = {logging(name)};
    return run.error_with({{"a", 1}}, options);
  };
  for (const bool at_batch : {false, true}) {
    for (const std::string name : {"epoch", "seconds", "learning_rate", "loss"})
      CHECK(logged(name, {}, at_batch) == own + name + "\", which the run gives itself");
    CHECK(logged("a", {}, at_batch) == own + "a\", which the loss measures");
    CHECK(logged("", {}, at_batch) == "fit: a metric needs a name, of one line; got \"\"");
    for (const std::string name : {"validation_loss", "validation_a"}) {
      CHECK(logged(name, {.validation = test}, at_batch) ==
            own + name + "\", which the run gives itself");
      CHECK(logged(name, {.monitor = "loss"}, at_batch) == none);  // nobody else has it
    }
    CHECK(logged("validation_b", {.validation = test}, at_batch) == none);
  }
}

TEST_CASE("fit: names of what only validation measures, and of loops of one's own") {
  Measuring run;
  data::Loader loader(Measuring::rows(6), {.batch_size = 2});
  const std::string own = "fit: a metric needs a name of its own; got \"";
  const auto only_validated = [&](const std::string& measured, const std::string& logs) {
    Fit fit(run.model, run.optimizer, loader,
            [&](const data::Dataset& batch) -> Measured {
              if (recording()) return run.loss(batch);
              return {run.loss(batch), {{measured, 1}}};
            },
            {.epochs = 1, .validation = Measuring::rows(3), .on_batch = {logging(logs)}});
    return error_of<ValueError>([&] { return fit.run(); });
  };
  CHECK(only_validated("a", "b") == none);
  CHECK(only_validated("a", "a") == own + "a\", which is logged (in validation)");
  CHECK(only_validated("a", "validation_a") ==
        own + "validation_a\", which is logged (in validation)");
  CHECK(only_validated("loss", "b") == own + "loss\", which the run gives itself (in validation)");
  const auto looped = [&](bool steps) {
    Fit fit(run.model, run.optimizer, loader, {.epochs = 1});
    return error_of<ValueError>([&] {
      for (auto& epoch : fit) {
        for (auto& batch : epoch) {
          batch.log("loss", 1);
          if (steps) batch.step(run.loss(batch.data));
        }
      }
      return fit.history();
    });
  };
  CHECK(looped(false) == none);
  CHECK(looped(true) == own + "loss\", which is logged");
}

TEST_CASE("fit: batches without samples are left out, in accumulated steps and alone") {
  // Samples of the batches 0, 1, 2: of each arrangement the run is that without the empty batches,
  // in which a step is made of those that are left of its group.
  const auto trained = [](const std::vector<double>& samples, std::int64_t accumulate,
                          bool spoilt) {
    Measuring run;
    data::Loader loader(Measuring::rows(6), {.batch_size = 2});
    std::size_t number = 0;
    Fit fit(run.model, run.optimizer, loader,
            [&](const data::Dataset& batch) -> Measured {
              const double count = samples[number++];
              const Tensor loss = count == 0 && spoilt ? run.loss(batch) * NAN : run.loss(batch);
              return {loss, {{"first", batch.y.to_vector<double>()[0]}}, count};
            },
            {.epochs = 1, .accumulate = accumulate});
    const History history = fit.run();
    return std::vector<double>{run.model.weight.item(), history["loss"][0], history["first"][0],
                               static_cast<double>(run.optimizer.steps())};
  };
  // By hand: a step of 0.1 along the weighted mean of the gradients (of weight 1/4 and bias 0).
  const auto by_hand = [](const std::vector<double>& samples) {
    double gradient = 0, loss = 0, first = 0, total = 0;
    for (std::size_t batch = 0; batch < 3; ++batch) {
      for (const double y :
           {2.0 * static_cast<double>(batch), 2.0 * static_cast<double>(batch) + 1}) {
        const double x = y / 8, error = 0.25 * x - y;
        gradient += samples[batch] * error * x;  // of the mean of two squares
        loss += samples[batch] * error * error / 2;
      }
      first += samples[batch] * 2.0 * static_cast<double>(batch);
      total += samples[batch];
    }
    return std::vector<double>{0.25 - 0.1 * gradient / total, loss / total, first / total, 1};
  };
  for (const std::vector<double>& samples : std::vector<std::vector<double>>{
           {0, 2, 2}, {2, 0, 1}, {1, 3, 0}, {0, 0, 5}, {0, 0.5, 0}, {3, 1, 2}}) {
    CAPTURE(samples);
    for (const bool spoilt : {false, true}) {
      const std::vector<double> got = trained(samples, 3, spoilt), expected = by_hand(samples);
      for (std::size_t i = 0; i < 4; ++i)
        CHECK(got[i] == doctest::Approx(expected[i]).epsilon(1e-12));
    }
  }
  for (const bool spoilt : {false, true}) {
    CHECK(trained({0, 7, 0}, 1, spoilt)[3] ==
          1);  // one batch, one step, the same whatever its samples
    CHECK(trained({0, 7, 0}, 1, spoilt)[0] ==
          doctest::Approx(by_hand({0, 1, 0})[0]).epsilon(1e-12));
  }
}

TEST_CASE("fit: a number of samples is one, and an epoch has some") {
  const auto error = [](double samples, bool in_validation, std::int64_t accumulate = 1) {
    Measuring run;
    data::Loader loader(Measuring::rows(6), {.batch_size = 2});
    Fit fit(run.model, run.optimizer, loader,
            [&](const data::Dataset& batch) -> Measured {
              if (recording() == in_validation) return run.loss(batch);
              return {run.loss(batch), {}, samples};
            },
            {.epochs = 1, .validation = Measuring::rows(3), .accumulate = accumulate});
    return error_of<ValueError>([&] { return fit.run(); });
  };
  for (const bool in_validation : {false, true}) {
    const std::string rule = "fit: samples must be finite and not negative; got ",
                      place = in_validation ? " (in validation)" : "";
    CHECK(error(-1, in_validation) == rule + "-1" + place);
    CHECK(error(NAN, in_validation) == rule + "nan" + place);
    CHECK(error(INFINITY, in_validation) == rule + "inf" + place);
    for (const std::int64_t accumulate : {1, 2})
      CHECK(error(0, in_validation, accumulate) ==
            std::string("fit: an epoch needs a batch with samples; got none for \"") +
                (in_validation ? "validation_loss" : "loss") + "\" in epoch 1");
    CHECK(error(1e-3, in_validation) == none);
  }
}

TEST_CASE("fit: labels that are all ignored leave a batch out") {
  nn::Dense model(2, 3);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const data::Dataset padded{ones({4, 2}), tensor({-1, -1, 0, 2})};
  data::Loader loader(padded, {.batch_size = 2});
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) -> Measured {
            const double counted = sum(batch.y >= 0).item();
            return {nn::cross_entropy(model(batch.x), batch.y, {.ignore_index = -1}), {}, counted};
          },
          {.epochs = 1});
  CHECK(std::isfinite(fit.run()["loss"][0]));
  CHECK(optimizer.steps() == 1);
}

TEST_CASE("fit: a loss is a scalar") {
  for (const bool defined : {false, true}) {
    Measuring run;
    data::Loader loader(Measuring::rows(6), {.batch_size = 2});
    Fit fit(run.model, run.optimizer, loader,
            [&](const data::Dataset& batch) { return defined ? run.model(batch.x) : Tensor(); });
    CHECK(error_of<ShapeError>([&] { return fit.run(); }) ==
          std::string("fit: the loss must be a scalar, the mean over the batch; got ") +
              (defined ? "float64[2, 1]" : "an undefined tensor"));
  }
}

TEST_CASE("fit: a run within itself is refused, and the run can go on") {
  Measuring run;
  data::Loader loader(Measuring::rows(6), {.batch_size = 2});
  Fit<data::Dataset>* self = nullptr;
  int calls = 0;
  const FitCallback again = [&](FitEpoch&) {
    if (++calls == 1) self->run();
  };
  Fit fit(run.model, run.optimizer, loader,
          [&](const data::Dataset& batch) { return run.loss(batch); },
          {.epochs = 2, .on_batch = {again}});
  self = &fit;
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: a run must end before the next one begins");
  CHECK(fit.run().epochs() == 2);
  // So is a pass within a pass; one more behind it has no batches.
  Fit own(run.model, run.optimizer, loader, {.epochs = 2});
  std::vector<int> batches;
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : own)
            for ([[maybe_unused]] auto& batch : epoch)
              for ([[maybe_unused]] auto& other : epoch) batches.push_back(0);
          return 0;
        }) == "fit: a pass must end before the next one begins");
  CHECK(batches.empty());
  for (auto& epoch : own) {
    for (const int pass : {1, 2})
      for ([[maybe_unused]] auto& batch : epoch) batches.push_back(pass);
  }
  CHECK(batches == std::vector<int>{1, 1, 1, 1, 1, 1});
}
