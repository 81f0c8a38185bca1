// What optimizers tell of themselves.
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

TEST_CASE("optimizer: settings tell all but state and schedules") {
  using Lines = std::vector<std::string>;
  Rng rng(1);
  const nn::Dense first(1, 2, {}, rng), second(1, 2, {}, rng);
  optim::Adam adam(first, {.learning_rate = 0.1, .beta2 = 0.99, .amsgrad = true});
  adam.add_group({{"w", second.weight}}, {.weight_decay = 0.5});
  adam.set_learning_rate(0.2, 1);
  CHECK(adam.settings() == Lines{"xtape::optim::Adam", "group.0 of weight, bias",
                                 "group.0.learning_rate 0.1", "group.0.decay 0",
                                 "group.0.beta1 0.9", "group.0.beta2 0.99", "group.0.epsilon 1e-07",
                                 "group.0.weight_decay 0", "group.0.amsgrad true", "group.1 of w",
                                 "group.1.learning_rate 0.2", "group.1.decay 0",
                                 "group.1.beta1 0.9", "group.1.beta2 0.99", "group.1.epsilon 1e-07",
                                 "group.1.weight_decay 0.5", "group.1.amsgrad true"});
  const optim::SGD sgd(first, {.velocity = optim::Velocity::of_gradients});
  CHECK(sgd.settings()[6] == "group.0.nesterov false");
  CHECK(sgd.settings()[7] == "group.0.velocity 1");
}

TEST_CASE("optimizer: the rate of the next step") {
  Rng rng(1);
  const nn::Dense model(1, 2, {}, rng);
  optim::SGD sgd(model, {.learning_rate = 1, .decay = 1, .schedule = [](std::int64_t step) {
                           return step < 2 ? 1.0 : -1.0;
                         }});
  CHECK(sgd.next_learning_rate() == 1);
  sgd.step();
  CHECK(sgd.learning_rate() == 1);
  CHECK(sgd.next_learning_rate() == 0.5);
  sgd.step();
  CHECK_THROWS_AS(sgd.next_learning_rate(), ValueError);
  CHECK_THROWS_AS(sgd.next_learning_rate(1), IndexError);
}

namespace {

struct MaskedOptions {
  optim::Setting<double> learning_rate = optim::Preset{0.1}, decay = optim::Preset{0.0};
  optim::Setting<optim::Schedule> schedule = optim::Preset{optim::Schedule()};
  optim::Setting<Tensor> mask = optim::Preset{Tensor()};

  static constexpr std::array names{"learning_rate", "decay", "schedule", "mask"};
  static auto fields(auto& of) {
    return std::tie(of.learning_rate, of.decay, of.schedule, of.mask);
  }
};

struct Masked : optim::OptimizerOf<MaskedOptions> {
  Masked(const optim::Parameters& parameters, const MaskedOptions& options) : OptimizerOf(options) {
    add_group(parameters);
  }
  void update(const MaskedOptions&, const optim::Update&) const override {}
};

}  // namespace

TEST_CASE("optimizer: settings name an option whose value they cannot tell") {
  const Tensor w = ones({2}).set_requires_grad(true);
  CHECK(Masked({w}, {.mask = ones({2})}).settings().back() == "group.0.mask ?");
}

TEST_CASE("optimizer: options fit in the dtype of the parameters that they are for") {
  const auto of = [](Dtype dtype) { return ones({2}, dtype).set_requires_grad(true); };
  const Tensor narrow = of(Dtype::float32), wide = of(Dtype::float64);
  for (const double number : {1e-50, 1e39}) {
    CAPTURE(number);
    const std::string refusal =
        "adam: epsilon must be at least 0 and fit in float32; got " + detail::text(number);
    const auto error = [&](const optim::Parameters& parameters) {
      return error_of<ValueError>([&] { optim::Adam(parameters, {.epsilon = number}); });
    };
    CHECK(error({narrow}) == refusal);
    CHECK(error({{"wide", wide}, {"narrow", narrow}}) == refusal);
    CHECK(error({wide}) == "(nothing was thrown)");
    optim::Adam adam({wide}, {.epsilon = number});
    CHECK(error_of<ValueError>([&] { adam.add_group({{"narrow", narrow}}); }) == refusal);
    CHECK(adam.groups() == 1);
  }
}

TEST_CASE("optimizer: options that do not fit in what a model is turned into stop its next step") {
  Rng rng(1);
  nn::Dense model(1, 2, {.dtype = Dtype::float64}, rng);
  optim::SGD sgd(model, {.weight_decay = 1e-50});
  sum(model(ones({1, 1}, Dtype::float64))).backward();
  sgd.step();
  model.to(Dtype::float32);
  sum(model(ones({1, 1}, Dtype::float32))).backward();
  const Tensor before = model.weight.clone();
  CHECK(error_of<ValueError>([&] { sgd.step(); }) ==
        "sgd: weight_decay must be at least 0 and fit in float32; got 1e-50");
  CHECK(sgd.steps() == 1);
  CHECK(mismatch(model.weight, before) == "");
}
