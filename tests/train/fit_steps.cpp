// What a run does to a step, and what it says of one that goes wrong.

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

/// A line through points, all in float64, trained by a Fit with some options.
struct Line {
  explicit Line(double rate = 0.05) : optimizer(model, {.learning_rate = rate}) {
    model.to(Dtype::float64);
    model.weight.assign(full({1, 1}, 0.25, Dtype::float64));
  }
  static data::Dataset points() {
    Rng rng(7);
    return {rng.normal({10, 1}, 0, 1, Dtype::float64), rng.normal({10, 1}, 3, 1, Dtype::float64)};
  }
  Tensor loss(const data::Dataset& batch) const {
    return nn::mean_squared_error(model(batch.x), batch.y);
  }
  History train(std::int64_t batch_size, const FitOptions& options) {
    data::Loader loader(points(), {.batch_size = batch_size});
    Fit fit(
        model, optimizer, loader, [this](const data::Dataset& batch) { return loss(batch); },
        options);
    return fit.run();
  }

  nn::Dense model{1, 1};
  optim::SGD optimizer;
};

double weight(const Line& line) { return line.model.weight.item(); }

}  // namespace

TEST_CASE("fit: accumulated batches are one large batch, the smaller last ones too") {
  for (const std::int64_t batch_size : {2, 3, 4, 5}) {  // of 10 rows, three batches a step
    CAPTURE(batch_size);
    Line accumulated, large;
    accumulated.train(batch_size, {.epochs = 4, .accumulate = 3});
    large.train(3 * batch_size, {.epochs = 4});
    CHECK(accumulated.optimizer.steps() == large.optimizer.steps());
    CHECK(weight(accumulated) == doctest::Approx(weight(large)).epsilon(1e-13));
  }
}

TEST_CASE("fit: gradients are clipped before the step") {
  const double before = 0.25;
  for (const bool by_norm : {false, true}) {
    Line line(1);
    line.model.bias.set_requires_grad(false);
    FitOptions options{.epochs = 1};
    (by_norm ? options.clip_norm : options.clip_value) = 0.125;
    line.train(10, options);
    CHECK(std::abs(weight(line) - before) == doctest::Approx(0.125));
  }
}

TEST_CASE("fit: schedules of steps and of epochs, and both") {
  const auto rates = [](const FitOptions& given) {
    Line line(1e-3);
    FitOptions options = given;
    options.epochs = 3;
    std::vector<double> seen;
    options.on_batch = {[&](FitEpoch&) { seen.push_back(line.optimizer.learning_rate() * 1e3); }};
    line.train(5, options);
    return seen;
  };
  const auto check = [](const std::vector<double>& got, const std::vector<double>& expected) {
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(expected[i]));
  };
  const optim::Schedule halves = optim::schedule::exponential(0.5);
  check(rates({}), {1, 1, 1, 1, 1, 1});
  check(rates({.step_schedule = halves}), {1, 0.5, 0.25, 0.125, 0.0625, 0.03125});
  check(rates({.epoch_schedule = halves}), {1, 1, 0.5, 0.5, 0.25, 0.25});
  check(rates({.step_schedule = halves, .epoch_schedule = halves}),
        {1, 0.5, 0.125, 0.0625, 0.015625, 0.0078125});
}

TEST_CASE("fit: schedules are those of a run: its own steps, until it ends") {
  Line line(1);
  line.optimizer.set_schedule(optim::schedule::constant(0.125));
  std::vector<double> seen;
  FitOptions options{.epochs = 2};
  options.on_batch = {[&](FitEpoch&) { seen.push_back(line.optimizer.learning_rate()); }};
  FitOptions halved = options;
  halved.step_schedule = optim::schedule::exponential(0.5);
  line.train(5, options);
  line.train(5, halved);
  line.train(5, halved);
  line.train(5, options);
  CHECK(seen == std::vector<double>{0.125, 0.125, 0.125, 0.125, 1, 0.5, 0.25, 0.125, 1, 0.5, 0.25,
                                    0.125, 0.125, 0.125, 0.125, 0.125});
  // A run that goes on counts on, whatever has stepped meanwhile; one that throws ends as well.
  seen.clear();
  data::Loader loader(Line::points(), {.batch_size = 5});
  bool fails = false;
  halved.on_batch.emplace_back([&](FitEpoch&) {
    if (fails) throw ValueError("enough");
  });
  halved.epochs = 5;
  halved.on_batch.emplace_back([&](FitEpoch& epoch) {
    if (epoch.steps() == 3) epoch.stop();
  });
  Fit fit(
      line.model, line.optimizer, loader,
      [&](const data::Dataset& batch) { return line.loss(batch); }, halved);
  fit.run();
  line.train(5, options);
  fails = true;
  CHECK_THROWS_AS(fit.run(), ValueError);
  CHECK(line.optimizer.next_learning_rate() == 0.125);
  CHECK(seen == std::vector<double>{1, 0.5, 0.25, 0.125, 0.125, 0.125, 0.125, 0.125});
}

TEST_CASE("fit: averages are validated, kept as best, and the model's in the end") {
  Line line;
  std::vector<double> trained, validated;
  double average = 0.25;
  FitOptions options{.epochs = 4, .averaging = optim::AveragingOptions{.decay = 0.9}};
  options.on_batch = {[&](FitEpoch& epoch) {
    average = epoch.steps() == 1 ? weight(line) : average + 0.1 * (weight(line) - average);
    trained.push_back(weight(line));
  }};
  data::Loader loader(Line::points(), {.batch_size = 5});
  options.validation = Line::points();
  Fit fit(
      line.model, line.optimizer, loader,
      [&](const data::Dataset& batch) {
        if (!recording()) validated.push_back(weight(line));
        return line.loss(batch);
      },
      options);
  fit.run();
  CHECK(validated.size() == 4);
  CHECK(validated.back() == doctest::Approx(average));
  CHECK(weight(line) == doctest::Approx(average));
  CHECK(trained.back() != doctest::Approx(average));
}

TEST_CASE("class weights are n / (classes n_c), and count in a loss") {
  // scikit-learn: compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 2, 2])
  const std::vector<double> expected{2.0 / 3, 2, 1};
  const Tensor labels = tensor({0, 0, 0, 1, 2, 2});
  const Tensor one_hot = (expand_dims(labels, 1) == arange(3)).to(Dtype::int64);
  for (const Tensor& y : {labels, one_hot}) {
    const std::vector<double> weights = class_weights(y, 3).to_vector<double>();
    for (std::size_t i = 0; i < 3; ++i) CHECK(weights[i] == doctest::Approx(expected[i]));
  }
  CHECK(class_weights(labels, 3).dtype() == default_dtype());
  const Tensor yes = tensor({true, false, true, true});
  CHECK(class_weights(yes, 2).to_vector<double>() ==
        class_weights(yes.to(Dtype::int64), 2).to_vector<double>());
  CHECK(class_weights(yes, 2).to_vector<double>()[0] == 2);
  CHECK(error_of<DtypeError>([] { return class_weights(ones({2}), 2); }) ==
        "class_weights: labels [n] must be int64 or boolean; got float32[2]");
  CHECK(error_of<IndexError>([] {
          return class_weights(tensor({0, 1, 2}), 2);
        }) == "class_weights: labels must lie in [0, 2); got 2 in row 2");
  CHECK_THROWS_AS(class_weights(one_hot, 4), ShapeError);
  CHECK(error_of<ValueError>([] {
          return class_weights(tensor({0, 2}), 3);
        }) == "class_weights: each class must have a row; got none of class 1");

  // With them a constant model is no better for the more frequent class.
  const Tensor logits = zeros({6, 3}).set_requires_grad(true);
  nn::cross_entropy(logits, labels, {.class_weights = class_weights(labels, 3)}).backward();
  for (const double g : sum(logits.grad(), 0).to_vector<double>())
    CHECK(g == doctest::Approx(0).epsilon(1e-6));
}

namespace {

/// The text of the error that ends a run of a network whose loss goes through `spoil`.
template <class Spoil>
std::string error_of_run(SmallRun& run, const Spoil& spoil, FitOptions options = {}) {
  options.epochs = 3;
  Fit fit(
      run.model, run.optimizer, run.loader,
      [&](const data::Dataset& batch) { return spoil(run.loss(batch)); }, options);
  return error_of<ValueError>([&] { return fit.run(); });
}

}  // namespace

TEST_CASE("fit: a loss that is no number stops the run before the step, and names the operation") {
  SmallRun run(1), twin(1);
  int losses = 0;
  const std::string text = error_of_run(
      run, [&](const Tensor& loss) { return ++losses > 11 ? log(loss - loss.item()) : loss; });
  CHECK(text.starts_with("fit: epoch 2, batch 4: the loss is -inf; first: DebugGuard: log"));
  CHECK(text.find("gave -inf at [] of float32[]") != text.npos);
  // All is as eleven steps have left it, what the layers have drawn too.
  error_of_run(twin, [](const Tensor& loss) { return loss; }, {.on_batch = {[](FitEpoch& epoch) {
                                                                 if (epoch.steps() == 11)
                                                                   epoch.stop();
                                                               }}});
  check_same_state(run.model, twin.model);
  check_same_state(run.optimizer, twin.optimizer);
}

TEST_CASE("fit: a gradient that is no number stops the run too, and names the rule") {
  SmallRun run(1), twin(1);
  int losses = 0;
  const std::string text = error_of_run(run, [&](const Tensor& loss) {
    const Tensor w = run.model.at("0")["weight"];
    return ++losses > 11 ? loss + sum(sqrt(w - w.detach())) : loss;
  });
  CAPTURE(text);
  CHECK(
      text.starts_with("fit: epoch 2, batch 4: optimizer: the gradient must be finite; got inf at "
                       "[0, 0] of float32[2, 16] "
                       "(in 0.weight); first: DebugGuard: "));
  CHECK(text.find("sqrt") != text.npos);
  error_of_run(twin, [](const Tensor& loss) { return loss; }, {.on_batch = {[](FitEpoch& epoch) {
                                                                 if (epoch.steps() == 11)
                                                                   epoch.stop();
                                                               }}});
  check_same_state(run.model, twin.model);

  SmallRun ruined(1);
  losses = 0;
  const std::string late = error_of_run(
      ruined, [&](const Tensor& loss) { return ++losses == 4 ? loss * INFINITY : loss; },
      {.check_finite = false});
  CHECK(late == "(nothing was thrown)");
}

TEST_CASE("fit: dropout and its like draw the same whether a run looks for NaN or not") {
  SmallRun looking(1), trusting(1);
  error_of_run(looking, [](const Tensor& loss) { return loss; });
  error_of_run(trusting, [](const Tensor& loss) { return loss; }, {.check_finite = false});
  check_same_state(looking.model, trusting.model);
}

TEST_CASE("fit: what a loop of one's own gives as a loss is stopped at by epoch and batch") {
  SmallRun run(1);
  Fit fit(run.model, run.optimizer, run.loader, {.epochs = 1});
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : fit)
            for (auto& batch : epoch) batch.step(run.loss(batch.data) * NAN);
          return 0;
        }) ==
        "fit: epoch 1, batch 1: the loss is nan; the operation shows if step() is given a "
        "function, or in a "
        "DebugGuard");
  Fit without(run.loader);
  CHECK(error_of<ValueError>([&] {
          for (auto& epoch : without)
            for (auto& batch : epoch) batch.step(run.loss(batch.data));
          return 0;
        }) == "fit: step() needs a Fit that was made with model and optimizer");
}

TEST_CASE("fit: a leaf that the loss reaches and nobody steps is told at the first step") {
  SmallRun run(1);
  optim::SGD last(nn::Dense(run.model.at("3")["weight"].extent(0), 1), {.learning_rate = 0.1});
  optim::SGD part(optim::Parameters({{"3.weight", run.model.at("3")["weight"]}}),
                  {.learning_rate = 0.1});
  const NamedTensors before = run.model.state();
  const auto loss = [&](const data::Dataset& batch) { return run.loss(batch); };
  Fit fit(run.model, part, run.loader, loss);
  CHECK(error_of<ValueError>([&] { return fit.run(); }) ==
        "fit: the loss reaches leaves that no optimizer steps: 0.weight, 0.bias, 3.bias; give them "
        "to the "
        "optimizer, freeze them, or set .allow_unstepped");
  CHECK(mismatch(run.model.at("3")["weight"].detach(), before[2].second) == "");
  CHECK(part.steps() == 0);
  Fit allowed(run.model, part, run.loader, loss, {.epochs = 1, .allow_unstepped = true});
  allowed.run();
  CHECK(part.steps() == 8);
}
