// What all optimizers have in common: steps, rates, memory, errors.

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/debug_guard.hpp>
#include <xtape/ops/elementwise.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;

TEST_CASE("decay divides the first rate by 1 + decay t") {
  // The printed rates of Neural Networks from Scratch, chapter 10: rate 1, decay 1e-3. A decay of
  // the already decayed rate would be far below after 100 steps.
  const Tensor w = leaf({0});
  optim::SGD optimizer({w}, {.learning_rate = 1, .decay = 1e-3});
  CHECK(optimizer.learning_rate() == 1);
  for (int t = 0; t < 1000; ++t) {
    step_along(optimizer, w, {0});
    if (t == 0) CHECK(optimizer.learning_rate() == 1);
    if (t == 100) CHECK(optimizer.learning_rate() == doctest::Approx(1 / 1.1).epsilon(1e-15));
    if (t + 1 == 100)
      CHECK(optimizer.learning_rate() == doctest::Approx(0.9099181073703367).epsilon(1e-15));
  }
  CHECK(optimizer.learning_rate() == doctest::Approx(0.5002501250625312).epsilon(1e-15));
}

TEST_CASE("a rate that is set is the one that decay and schedule multiply") {
  const Tensor w = leaf({0});
  optim::SGD optimizer(
      {w}, {.learning_rate = 1, .decay = 0.5, .schedule = optim::schedule::constant(0.25)});
  CHECK(optimizer.learning_rate() == 1);
  step_along(optimizer, w, {1});
  step_along(optimizer, w, {1});
  CHECK(optimizer.learning_rate() == doctest::Approx(0.25 / 1.5).epsilon(1e-15));
  optimizer.set_learning_rate(8);
  CHECK(optimizer.learning_rate() == 8);
  step_along(optimizer, w, {1});
  CHECK(optimizer.learning_rate() == 1);  // 8 / 4 / (1 + 0.5 * 2)
  optimizer.set_schedule(optim::Schedule());
  step_along(optimizer, w, {1});
  CHECK(optimizer.learning_rate() == doctest::Approx(8 / 2.5).epsilon(1e-15));
  check_close(w, {-0.25 - 0.25 / 1.5 - 1 - 8 / 2.5});
}

TEST_CASE("the base rate is what set_learning_rate sets, whatever decay and schedule make of it") {
  const Tensor w = leaf({0});
  optim::SGD optimizer(
      {w}, {.learning_rate = 1, .decay = 1, .schedule = optim::schedule::constant(0.5)});
  for (int t = 0; t < 4; ++t) {
    step_along(optimizer, w, {1});
    CHECK(optimizer.learning_rate() == doctest::Approx(0.5 / (1 + t)).epsilon(1e-15));
    CHECK(optimizer.base_learning_rate() == 1);
    optimizer.set_learning_rate(optimizer.base_learning_rate());
  }
  CHECK_THROWS_AS(optimizer.base_learning_rate(1), IndexError);
}

TEST_CASE("a rate that overflows is an error that says so") {
  const Tensor w = leaf({0});
  optim::SGD optimizer({w}, {.learning_rate = 1e300, .schedule = optim::schedule::constant(1e300)});
  CHECK(error_of<ValueError>([&] {
          step_along(optimizer, w, {1});
          return 0;
        }) ==
        "optimizer: the scheduled learning rate must fit in the parameters' dtype; got inf in step "
        "0");
  CHECK(w.item() == 0);
}

TEST_CASE("a rate is refused above the greatest number of float32, not at it") {
  const Tensor w = leaf({0}, Dtype::float32);
  constexpr double most = std::numeric_limits<float>::max();
  optim::SGD optimizer({w}, {.learning_rate = most});
  w.backward();
  optimizer.step();
  CHECK(w.item() == -most);
  optim::SGD beyond({w}, {.learning_rate = most, .schedule = optim::schedule::constant(1.0001)});
  CHECK_THROWS_AS(beyond.step(), ValueError);
}

TEST_CASE("an optimizer may be moved, and goes on") {
  const Tensor w = leaf({0});
  optim::SGD first({w}, {.learning_rate = 1, .momentum = 0.5});
  step_along(first, w, {1});
  optim::SGD second(std::move(first));
  step_along(second, w, {1});
  check_close(w, {-1 - 1.5});
  CHECK(second.steps() == 2);
}

TEST_CASE("a schedule is asked for the optimizer's step, of groups that came later too") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({a}, {.schedule = [](std::int64_t t) { return static_cast<double>(t); }});
  for (int t = 0; t < 3; ++t) step_along(optimizer, a, {1});
  check_close(a, {-(0 + 1 + 2)});
  optimizer.add_group({b});
  CHECK(optimizer.learning_rate(1) == 1);
  step_along(optimizer, b, {1});
  check_close(b, {-3});
}

TEST_CASE("a schedule's factor that cannot be is an error before anything changes") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-0.5, std::nan(""), inf, -inf}) {
    CAPTURE(bad);
    const Tensor a = leaf({1}), b = leaf({2});
    optim::Adam optimizer({a}, {.learning_rate = 0.1});
    optimizer.add_group({b}, {.schedule = [bad](std::int64_t t) { return t == 3 ? bad : 1.0; }});
    const auto step = [&] {
      optimizer.zero_grad();
      sum(a + b).backward();
      optimizer.step();
      return 0;
    };
    for (int t = 0; t < 3; ++t) step();
    optimizer.set_learning_rate(0.2);
    const NamedTensors before = optimizer.state();
    const Doubles a_before = values(a), b_before = values(b);
    CHECK(error_of<ValueError>(step) ==
          "optimizer: a schedule must give finite factors that are not negative; got " +
              detail::text(bad) + " in step 3");
    CHECK(values(a) == a_before);
    CHECK(values(b) == b_before);
    CHECK(optimizer.steps() == 3);
    const NamedTensors after = optimizer.state();
    for (std::size_t i = 0; i < before.size(); ++i)
      CHECK(values(after[i].second) == values(before[i].second));
  }
}

TEST_CASE("parameters without a gradient are left alone") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    CAPTURE(maker.name);
    const Tensor used = leaf({1}), unused = leaf({5});
    const auto optimizer = maker.make({used, unused});
    step_along(*optimizer, used, {1});
    CHECK(values(unused) == Doubles{5});
    CHECK(values(used) != Doubles{1});
  }
}

TEST_CASE("adam corrects the bias by the updates of each parameter") {
  // The first update is the rate against the sign, however late it comes.
  const Tensor early = leaf({0}), late = leaf({0});
  optim::Adam optimizer({early}, {.learning_rate = 0.1, .epsilon = 0});
  for (int t = 0; t < 200; ++t) step_along(optimizer, early, {1});
  optimizer.add_group({late}, {.learning_rate = 0.1, .epsilon = 0});
  step_along(optimizer, late, {5});
  check_close(late, {-0.1});
}

TEST_CASE("groups have rates of their own") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({a}, {.learning_rate = 1});
  optimizer.add_group({b}, {.learning_rate = 0.1, .momentum = 0.5});
  for (int t = 0; t < 2; ++t) {
    optimizer.zero_grad();
    sum(a + b).backward();
    optimizer.step();
  }
  check_close(a, {-2});
  check_close(b, {-0.1 - (0.05 + 0.1)});
  CHECK(optimizer.learning_rate(1) == 0.1);
  const std::string no_group = "optimizer: there are 2 groups; got index 2";
  CHECK(error_of<IndexError>([&] { return optimizer.learning_rate(2); }) == no_group);
  CHECK_THROWS_AS(optimizer.set_learning_rate(1, 2), IndexError);
  CHECK_THROWS_AS(optimizer.set_schedule({}, 2), IndexError);
}

TEST_CASE("a step writes parameters in place, and never values that somebody else holds") {
  const Tensor w = leaf({1, 2});
  const void* memory = w.data<double>().data();
  optim::SGD optimizer({w}, {.learning_rate = 1});
  step_along(optimizer, w, {1, 1});
  CHECK(w.data<double>().data() == memory);
  const Tensor before = w.detach();
  step_along(optimizer, w, {1, 1});
  CHECK(values(before) == Doubles{0, 1});
  CHECK(values(w) == Doubles{-1, 0});
}

TEST_CASE("a graph kept over a step still sees the old parameters") {
  const Tensor w = leaf({3});
  const Tensor loss = sum(w * w);
  optim::SGD optimizer({w}, {.learning_rate = 1});
  loss.backward({.retain_graph = true});
  optimizer.step();  // w = 3 - 6
  optimizer.zero_grad();
  loss.backward();
  CHECK(values(w) == Doubles{-3});
  CHECK(values(w.grad()) == Doubles{6});
}

TEST_CASE("NaN in a gradient is NaN in the parameter, and nowhere else") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    CAPTURE(maker.name);
    const Tensor w = leaf({1, 1, 1});
    const auto optimizer = maker.make({w});
    step_along(*optimizer, w, {1, std::nan(""), 1});
    const Doubles got = values(w);
    CHECK(std::isfinite(got[0]));
    CHECK(std::isnan(got[1]));
    CHECK(got[2] == got[0]);
  }
}

TEST_CASE("empty parameters step, optimizers of nothing are refused") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    const Tensor nothing = zeros({0, 3}).set_requires_grad(true);
    const auto optimizer = maker.make({nothing});
    sum(nothing).backward();
    optimizer->step();
    CHECK(nothing.size() == 0);
    CHECK_THROWS_AS(maker.make({}), ValueError);
  }
}

TEST_CASE("a model may change its dtype under an optimizer") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    CAPTURE(maker.name);
    const nn::Dense layer(3, 5);
    const auto optimizer = maker.make(layer.parameters());
    for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::float32}) {
      layer.to(dtype);
      optimizer->zero_grad();
      sum(square(layer(ones({2, 3}, dtype)))).backward();
      optimizer->step();
      CHECK(layer.weight.dtype() == dtype);
      CHECK(std::isfinite(sum(layer.weight).item()));
    }
  }
}

namespace {

struct SignDescentOptions {
  optim::Setting<double> learning_rate = optim::Preset{0.1};
  optim::Setting<double> decay = optim::Preset{0.0};
  optim::Setting<optim::Schedule> schedule = optim::Preset{optim::Schedule()};
  optim::Setting<double> memory = optim::Preset{0.5};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.schedule, own.memory);
  }
};

/// Against the sign of a running mean of the gradients.
class SignDescent : public optim::OptimizerOf<SignDescentOptions> {
 public:
  explicit SignDescent(const optim::Parameters& parameters, const SignDescentOptions& options = {})
      : OptimizerOf(options) {
    add_group(parameters);
  }

 private:
  std::vector<std::string> slots(const SignDescentOptions&) const override { return {"mean"}; }
  void update(const SignDescentOptions& options, const optim::Update& u) const override {
    const double memory = options.memory;
    const Tensor& mean = u.state[0];
    mean.assign(memory * mean + (1 - memory) * u.gradient);
    u.parameter.assign(u.parameter - u.rate * sign(mean));
  }
};

class Refusing : public optim::OptimizerOf<SignDescentOptions> {
 public:
  explicit Refusing(const optim::Parameters& parameters) : OptimizerOf({}) {
    add_group(parameters);
  }

 private:
  void update(const SignDescentOptions&, const optim::Update&) const override {
    throw ValueError("refused");
  }
};

}  // namespace

TEST_CASE("what the update of an optimizer of one's own throws names the parameter") {
  const Tensor w = leaf({1});
  Refusing optimizer({{"head.weight", w}});
  sum(w).backward();
  CHECK(error_of<ValueError>([&] {
          optimizer.step();
          return 0;
        }) == "refused (in head.weight)");
}

TEST_CASE("an optimizer of one's own takes options, slots and an update of public operations") {
  const Tensor w = leaf({0, 0});
  SignDescent optimizer({{"w", w}}, {.decay = 1, .memory = 0.75});
  step_along(optimizer, w, {4, -2});
  step_along(optimizer, w, {-8, -2});
  check_close(w, {-0.1 + 0.05, 0.1 + 0.05});
  CHECK(w.is_leaf());
  CHECK(optimizer.settings().back() == "group.0.option 4 0.75");  // it has no name
  const NamedTensors state = optimizer.state();
  CHECK(state.back().first == "w.mean");
  CHECK(values(state.back().second) == Doubles{0.75 - 2, -0.375 - 0.5});
}

TEST_CASE("optimizers refuse what does not fit") {
  using namespace optim;
  const Tensor w = leaf({1});
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  CHECK(error_of<ValueError>([&] { return SGD({w}, {.learning_rate = -1}).steps(); }) ==
        "optimizer: learning rate must be finite and not negative; got -1");
  CHECK_THROWS_AS(SGD({w}, {.learning_rate = nan}), ValueError);
  CHECK_THROWS_AS(SGD({w}, {.decay = -1}), ValueError);
  CHECK_THROWS_AS(Adam({w}, {.learning_rate = inf}), ValueError);
  CHECK(error_of<ValueError>([&] { return SGD({w}, {.momentum = 1}).steps(); }) ==
        "sgd: momentum must lie in [0, 1); got 1");
  CHECK(error_of<ValueError>([&] { return SGD({w}, {.nesterov = true}).steps(); }) ==
        "sgd: nesterov needs a momentum above 0");
  CHECK(error_of<ValueError>([&] { return Adam({w}, {.beta2 = 1}).steps(); }) ==
        "adam: beta2 must lie in [0, 1); got 1");
  CHECK(error_of<ValueError>([&] { return AdamW({w}, {.beta2 = nan}).steps(); }) ==
        "adamw: beta2 must lie in [0, 1); got nan");
  CHECK(error_of<ValueError>([&] { return RMSprop({w}, {.rho = 1}).steps(); }) ==
        "rmsprop: rho must lie in [0, 1); got 1");
  CHECK(error_of<ValueError>([&] { return AdamW({w}, {.weight_decay = -1}).steps(); }) ==
        "adamw: weight_decay must be at least 0 and fit in float64; got -1");
  CHECK(error_of<ValueError>([&] { return Adagrad({w}, {.epsilon = inf}).steps(); }) ==
        "adagrad: epsilon must be at least 0 and fit in float64; got inf");
  CHECK_THROWS_AS(Adam({w}, {.beta1 = -0.1}), ValueError);
  CHECK_THROWS_AS(Adam({w}, {.epsilon = -1}), ValueError);
  CHECK_THROWS_AS(AdamW({w}, {.beta1 = -0.1}), ValueError);
  CHECK_THROWS_AS(AdamW({w}, {.epsilon = -1}), ValueError);
  CHECK_THROWS_AS(RMSprop({w}, {.epsilon = -1}), ValueError);
  CHECK(error_of<ValueError>([&] {
          return SGD({w, w}).steps();
        }) == "optimizer: a parameter may be given once; got \"1\", float64[1] twice");
  CHECK(error_of<GradError>([&] { return SGD({ones({2})}).steps(); }) ==
        "optimizer: parameters must be leaves that require gradients; got \"0\", float32[2]");
  CHECK_THROWS_AS(SGD({w * 2}), GradError);
  CHECK_THROWS_AS(SGD({Tensor()}), ValueError);
  SGD optimizer({w});
  CHECK_THROWS_AS(optimizer.set_learning_rate(-1), ValueError);
  CHECK_THROWS_AS(optimizer.set_learning_rate(nan), ValueError);
}

TEST_CASE("a step that is asked to look names what is not finite, and changes nothing") {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4});
  optim::SGD optimizer({{"hidden.a", a}, {"hidden.b", b}}, {.learning_rate = 0.5});
  sum(a + b * tensor({1.0, HUGE_VAL}, Dtype::float64)).backward();
  CHECK(error_of<ValueError>([&] {
          optimizer.step({.check_finite = true});
          return 0;
        }) == "optimizer: the gradient must be finite; got inf at [1] of float64[2] (in hidden.b)");
  check_close(a, {1, 2});
  CHECK(optimizer.steps() == 0);
  b.zero_grad();
  optimizer.step({.check_finite = true});
  check_close(a, {0.5, 1.5});
  a.assign(tensor({1.0, NAN}, Dtype::float64));
  CHECK(error_of<ValueError>([&] {
          optimizer.step({.check_finite = true});
          return 0;
        }) ==
        "optimizer: the parameter must be finite; got nan at [1] of float64[2] (in hidden.a)");
  optimizer.step();  // nobody asked
  CHECK(optimizer.steps() == 2);
}

TEST_CASE("what watches a step and throws keeps no parameter from its update") {
  const Tensor a = leaf({HUGE_VAL}), b = leaf({3});
  optim::SGD optimizer({{"a", a}, {"b", b}}, {.learning_rate = 0.5});
  sum(b * 2).backward();
  sum(a * 0).backward();
  {
    const DebugGuard guard;
    CHECK(error_of<ValueError>([&] {
            optimizer.step();
            return 0;
          }).ends_with("(in a)"));
  }
  check_close(b, {2});
  CHECK(optimizer.steps() == 1);
}
