// Settings, groups that inherit them, and the ways of giving parameters.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/nn/dense.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using optim::Preset;
using optim::Setting;

TEST_CASE("a setting is a value that knows whether it was given") {
  Setting<double> rate = Preset{0.5};
  CHECK(rate == 0.5);
  CHECK(!rate.given());
  rate.inherit(Setting<double>(2));
  CHECK(rate == 2);
  CHECK(!rate.given());
  rate = 0.5;  // the same as preset, but given
  CHECK(rate.given());
  rate.inherit(Setting<double>(3));
  CHECK(rate == 0.5);
  static_assert(std::is_convertible_v<int, Setting<double>>);
  static_assert(std::is_convertible_v<float, Setting<double>>);
  static_assert(!std::is_convertible_v<const char*, Setting<double>>);
  static_assert(std::is_convertible_v<int, Setting<std::int64_t>>);
  static_assert(!std::is_convertible_v<double, Setting<std::int64_t>>);
  static_assert(std::is_convertible_v<bool, Setting<bool>>);
  static_assert(!std::is_convertible_v<double, Setting<bool>>);
  static_assert(!std::is_convertible_v<const char*, Setting<bool>>);
}

TEST_CASE("options are given as plain numbers, truth values and functions") {
  const std::int64_t whole = 2;
  const optim::SGDOptions options{
      .learning_rate = whole, .momentum = 0.5F, .nesterov = true, .schedule = [](int t) {
        return 1.0 / (t + 1);
      }};
  const double learning_rate = options.learning_rate;
  CHECK(learning_rate == 2);
  CHECK(options.momentum == 0.5);
  CHECK(options.nesterov);
  CHECK(static_cast<const optim::Schedule&>(options.schedule)(3) == 0.25);
  CHECK(!options.decay.given());
}

TEST_CASE("a group inherits every option of the constructor, and overrides every one it gives") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    CAPTURE(maker.name);
    const auto trained = [](const auto& make) {
      const Tensor w = leaf({1, -2, 3});
      const auto optimizer = make({w});
      for (int t = 0; t < 7; ++t) step_along(*optimizer, w, {std::sin(t), 1, -3});
      return values(w);
    };
    const Doubles expected = trained(maker.make);
    CHECK(trained(maker.make_inheriting) == expected);
    CHECK(trained(maker.make_overriding) == expected);
  }
}

TEST_CASE("a rate or a schedule is set for all groups, or for one") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({a}, {.learning_rate = 1});
  optimizer.add_group({b}, {.learning_rate = 2});
  const auto step = [&] {
    optimizer.zero_grad();
    sum(a + b).backward();
    optimizer.step();
  };
  optimizer.set_learning_rate(3, 1);
  step();
  check_close(a, {-1});
  check_close(b, {-3});
  optimizer.set_learning_rate(0.5);
  optimizer.set_schedule(optim::schedule::constant(4), 0);
  step();
  check_close(a, {-1 - 2});
  check_close(b, {-3.5});
  optimizer.set_schedule(optim::schedule::constant(2));
  step();
  check_close(a, {-3 - 1});
  check_close(b, {-3.5 - 1});
}

TEST_CASE("a group takes what it does not give from the optimizer's options, not the presets") {
  const Tensor a = leaf({0}), b = leaf({0}), c = leaf({0});
  optim::SGD optimizer({a}, {.learning_rate = 0.1, .momentum = 0.5});
  optimizer.set_learning_rate(7);  // of the groups that are there
  optimizer.add_group({b}, {.learning_rate = 1});
  optimizer.add_group({c}, {.momentum = 0});
  CHECK(optimizer.groups() == 3);
  CHECK(optimizer.learning_rate(0) == 7);
  CHECK(optimizer.learning_rate(1) == 1);
  CHECK(optimizer.learning_rate(2) == 0.1);
  for (int t = 0; t < 2; ++t) {
    optimizer.zero_grad();
    sum(a + b + c).backward();
    optimizer.step();
  }
  check_close(a, {-7 * (1 + 1.5)});
  check_close(b, {-(1 + 1.5)});
  check_close(c, {-0.1 * 2});
}

TEST_CASE("options that only go together are checked after they are inherited") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({a}, {.momentum = 0.5, .nesterov = true});
  CHECK(error_of<ValueError>([&] {
          optimizer.add_group({b}, {.momentum = 0});
          return 0;
        }) == "sgd: nesterov needs a momentum above 0");
  CHECK(optimizer.groups() == 1);
  optimizer.add_group({b}, {.momentum = 0, .nesterov = false});
  CHECK(optimizer.groups() == 2);
}

TEST_CASE("a group that fails to be added leaves the optimizer as it was") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::Adam optimizer({a});
  CHECK_THROWS_AS(optimizer.add_group({b, a}), ValueError);
  CHECK_THROWS_AS(optimizer.add_group({b, ones({1})}), GradError);
  CHECK_THROWS_AS(optimizer.add_group({b}, {.learning_rate = -1}), ValueError);
  CHECK_THROWS_AS(optimizer.add_group({b}, {.beta1 = 1}), ValueError);
  CHECK(optimizer.groups() == 1);
  optimizer.add_group({b});
  give_gradient(b, {1});
  optimizer.step();
  check_close(b, {-1e-3}, 1e-6);
}

TEST_CASE("parameters come as a list, a vector, or with names") {
  const nn::Dense layer(2, 3);
  const Tensor w = leaf({1}), b = leaf({2});
  const auto names = [](const optim::Optimizer& optimizer) {
    std::vector<std::string> all;
    for (const NamedTensor& entry : optimizer.state()) {
      const std::size_t dot = entry.first.find(".updates");
      if (dot != std::string::npos) all.push_back(entry.first.substr(0, dot));
    }
    return all;
  };
  using Names = std::vector<std::string>;
  CHECK(names(optim::SGD({w, b}, {.learning_rate = 1})) == Names{"0", "1"});
  CHECK(names(optim::SGD({w})) == Names{"0"});
  CHECK(error_of<ValueError>([] { return optim::SGD({}).steps(); }) ==
        "optimizer: parameters are needed; got none");
  CHECK(names(optim::SGD(layer.parameters())) == Names{"0", "1"});
  CHECK(names(optim::SGD(layer.named_parameters())) == Names{"weight", "bias"});
  CHECK(names(optim::SGD({{"w", w}, {"b", b}})) == Names{"w", "b"});
  optim::SGD mixed({{"w", w}});
  mixed.add_group({b});
  mixed.add_group(layer.parameters());
  CHECK(names(mixed) == Names{"w", "1", "2", "3"});
}

TEST_CASE("names of parameters are unlike and not empty") {
  const Tensor a = leaf({0}), b = leaf({0});
  CHECK(error_of<ValueError>([&] {
          return optim::SGD({{"w", a}, {"w", b}}).steps();
        }) == "optimizer: the name of a parameter may be given once; got \"w\" twice");
  CHECK(error_of<ValueError>([&] {
          return optim::SGD({{"", a}}).steps();
        }) == "optimizer: the name of a parameter must not be empty; got none for float64[1]");
  optim::SGD optimizer({{"1", a}});
  CHECK(error_of<ValueError>([&] {
          optimizer.add_group({b});
          return 0;
        }) == "optimizer: the name of a parameter may be given once; got \"1\" twice");
}
