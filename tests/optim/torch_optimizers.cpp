// The optimizers that PyTorch has, too, against its numbers: see tests/reference/optimizers.py.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;

namespace {

std::vector<OptimizerMaker> makers() {
  using namespace optim;
  const auto gradients = Velocity::of_gradients;
  const double lr = 0.02, b1 = 0.8, b2 = 0.95, e = 0.01, wd = 0.3;
  return {
      optimizer_maker<SGD, SGDOptions>(
          "sgd dampening",
          {.learning_rate = 0.1, .momentum = 0.8, .dampening = 0.3, .velocity = gradients}),
      optimizer_maker<SGD, SGDOptions>("sgd dampening decay", {.learning_rate = 0.1,
                                                               .momentum = 0.8,
                                                               .dampening = 0.3,
                                                               .velocity = gradients,
                                                               .weight_decay = wd}),
      optimizer_maker<Adagrad, AdagradOptions>(
          "adagrad initial", {.learning_rate = 0.3, .initial_accumulator = 0.5, .epsilon = e}),
      optimizer_maker<RMSprop, RMSpropOptions>(
          "rmsprop centred", {.learning_rate = lr, .rho = 0.8, .epsilon = e, .centered = true}),
      optimizer_maker<RMSprop, RMSpropOptions>(
          "rmsprop momentum", {.learning_rate = lr, .rho = 0.8, .epsilon = e, .momentum = 0.7}),
      optimizer_maker<RMSprop, RMSpropOptions>("rmsprop both", {.learning_rate = lr,
                                                                .rho = 0.8,
                                                                .epsilon = e,
                                                                .centered = true,
                                                                .momentum = 0.7,
                                                                .weight_decay = wd}),
      optimizer_maker<Adadelta, AdadeltaOptions>("adadelta",
                                                 {.learning_rate = 0.9, .rho = 0.8, .epsilon = e}),
      optimizer_maker<Adadelta, AdadeltaOptions>(
          "adadelta decay", {.learning_rate = 0.9, .rho = 0.8, .epsilon = e, .weight_decay = wd}),
      optimizer_maker<Adamax, AdamaxOptions>(
          "adamax", {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e}),
      optimizer_maker<Adamax, AdamaxOptions>(
          "adamax decay",
          {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e, .weight_decay = wd}),
      optimizer_maker<NAdam, NAdamOptions>(
          "nadam", {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e}),
      optimizer_maker<NAdam, NAdamOptions>("nadam decay", {.learning_rate = lr,
                                                           .beta1 = b1,
                                                           .beta2 = b2,
                                                           .epsilon = e,
                                                           .momentum_decay = 0.1,
                                                           .weight_decay = wd}),
      optimizer_maker<NAdam, NAdamOptions>("nadam decoupled", {.learning_rate = lr,
                                                               .beta1 = b1,
                                                               .beta2 = b2,
                                                               .epsilon = e,
                                                               .weight_decay = wd,
                                                               .decoupled_weight_decay = true}),
      optimizer_maker<RAdam, RAdamOptions>(
          "radam", {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e}),
      optimizer_maker<RAdam, RAdamOptions>(
          "radam decay",
          {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e, .weight_decay = wd}),
      optimizer_maker<RAdam, RAdamOptions>("radam decoupled", {.learning_rate = lr,
                                                               .beta1 = b1,
                                                               .beta2 = b2,
                                                               .epsilon = e,
                                                               .weight_decay = wd,
                                                               .decoupled_weight_decay = true}),
      optimizer_maker<LAMB, LAMBOptions>(
          "lamb",
          {.learning_rate = lr, .beta1 = b1, .beta2 = b2, .epsilon = e, .weight_decay = wd}),
      optimizer_maker<Muon, MuonOptions>(
          "muon", {.learning_rate = lr, .momentum = 0.8, .weight_decay = wd}),
      optimizer_maker<Muon, MuonOptions>(
          "muon plain",
          {.learning_rate = lr, .momentum = 0.8, .nesterov = false, .weight_decay = 0.0}),
  };
}

Tensor matrix(Dtype dtype) {
  Doubles start;
  for (int i = 0; i < 6; ++i) start.push_back(std::sin(i + 1));
  return from_vector(start, {2, 3}).to(dtype).set_requires_grad(true);
}

/// The step t of the script's run.
void step(optim::Optimizer& optimizer, const Tensor& w, int t) {
  Doubles gradient = values(w);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const auto place = static_cast<double>(i);
    gradient[i] = std::cos(place * t) + (place - 2) * gradient[i] / 4;
  }
  step_along(optimizer, w, gradient);
}

}  // namespace

TEST_CASE("each optimizer goes PyTorch's way") {
  std::ifstream file(XTAPE_TORCH_OPTIMIZERS);
  std::string line;
  std::getline(file, line);
  for (const OptimizerMaker& maker : makers()) {
    CAPTURE(maker.name);
    REQUIRE(std::getline(file, line));
    REQUIRE(line == maker.name);
    const Tensor w = matrix(Dtype::float64), narrow = matrix(Dtype::float32);
    const auto optimizer = maker.make({w}), of_narrow = maker.make({narrow});
    for (int t = 1; t <= 12; ++t) {
      step(*optimizer, w, t);
      step(*of_narrow, narrow, t);
      if (t != 1 && t != 2 && t != 5 && t != 12) continue;
      REQUIRE(std::getline(file, line));
      std::istringstream numbers(line);
      Doubles expected(6);
      for (double& number : expected) numbers >> number;
      CAPTURE(t);
      check_close(w, expected, 1e-12);
      check_close(narrow, expected, 2e-5);
    }
  }
  CHECK_FALSE(std::getline(file, line));
}

TEST_CASE("each of these optimizers goes on from its state to the same bits") {
  for (const OptimizerMaker& maker : makers()) {
    CAPTURE(maker.name);
    const Tensor w = matrix(Dtype::float64);
    const auto optimizer = maker.make({w});
    for (int t = 1; t <= 4; ++t) step(*optimizer, w, t);
    const Tensor v = w.detach().clone().set_requires_grad(true);
    const auto other = maker.make({v});
    other->restore(optimizer->state());
    for (int t = 5; t <= 9; ++t) {
      step(*optimizer, w, t);
      step(*other, v, t);
    }
    CHECK(values(w) == values(v));
  }
}

TEST_CASE("groups of these optimizers inherit all options and override them") {
  for (const OptimizerMaker& maker : makers()) {
    if (maker.name.starts_with("muon")) continue;  // the spare parameter is no matrix
    CAPTURE(maker.name);
    const auto trained = [](const auto& make) {
      const Tensor w = matrix(Dtype::float64);
      const auto optimizer = make({w});
      for (int t = 1; t <= 7; ++t) step(*optimizer, w, t);
      return values(w);
    };
    CHECK(trained(maker.make_inheriting) == trained(maker.make));
    CHECK(trained(maker.make_overriding) == trained(maker.make));
  }
}

TEST_CASE("lion's steps have one length, and follow the momentum's sign") {
  // m after gradients g, g: (1 - beta2^t) g. Against a gradient of the other sign, once: beta1 m
  // outweighs (1 - beta1) g as long as beta1 (1 - beta2^t) > 1 - beta1.
  const Tensor w = leaf({1, 1, 1});
  optim::Lion optimizer({w}, {.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.5, .weight_decay = 0});
  step_along(optimizer, w, {3, -1e-9, 0});
  check_close(w, {0.9, 1.1, 1});
  step_along(optimizer, w, {-3, 1e-9, 0});  // 0.9 * 0.5 > 0.1
  check_close(w, {0.8, 1.2, 1});
  optim::Lion shrinking({w}, {.learning_rate = 0.1, .weight_decay = 0.5});
  step_along(shrinking, w, {1, 1, 0});
  check_close(w, {0.8 * 0.95 - 0.1, 1.2 * 0.95 - 0.1, 0.95});
}

TEST_CASE("muon makes the singular values of a step alike, for wide and tall matrices") {
  const Tensor wide = zeros({3, 5}, Dtype::float64).set_requires_grad(true);
  const Tensor tall = zeros({5, 3}, Dtype::float64).set_requires_grad(true);
  const Doubles g{5, 1, 0, 2, -1, 0, 3, 1, 0, 0.5, 1, 0, 1, 0.1, 0};
  optim::Muon optimizer({wide, tall}, {.learning_rate = 1, .weight_decay = 0});
  give_gradient(wide, g);
  tall.zero_grad();
  sum(transpose(tall) * from_vector(g, {3, 5})).backward();
  optimizer.step();
  const Tensor a = -wide.detach() / std::sqrt(5.0 / 3), b = -tall.detach();
  for (const double s : linalg::svd(a).s.to_vector<double>()) {
    CHECK(s > 0.6);
    CHECK(s < 1.3);
  }
  CHECK(mismatch(transpose(b), a, 1e-12) == "");
  CHECK_THROWS_WITH_AS(optim::Muon({{"bias", zeros({3}).set_requires_grad(true)}}),
                       "muon: parameters must be matrices; got \"bias\", float32[3]", ShapeError);
}

TEST_CASE("lamb's first step is as long as the parameter, times the rate") {
  const Tensor w = leaf({3, -4}), still = leaf({0, 0});
  optim::LAMB optimizer({w, still}, {.learning_rate = 0.1, .epsilon = 0, .weight_decay = 0});
  give_gradient(w, {1e-3, 7});
  give_gradient(still, {2, 2});
  optimizer.step();
  // Adam's first step is the sign, of length sqrt(2); from 0 it is taken as it is.
  const double length = 0.1 * 5 / std::sqrt(2);
  check_close(w, {3 - length, -4 - length}, 1e-12);
  check_close(still, {-0.1, -0.1}, 1e-12);
}

TEST_CASE("dampening does without momentum and with Nesterov's nothing that it could mean") {
  const Tensor w = leaf({1});
  CHECK_THROWS_AS(optim::SGD({w}, {.dampening = 0.1}), ValueError);
  CHECK_THROWS_AS(optim::SGD({w}, {.momentum = 0.5, .dampening = 0.1, .nesterov = true}),
                  ValueError);
}
