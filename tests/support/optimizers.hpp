#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/adagrad.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/optim/adamw.hpp>
#include <xtape/optim/rmsprop.hpp>
#include <xtape/optim/sgd.hpp>

#include "compare.hpp"

/// A parameter of rank 1.
inline xtape::Tensor leaf(const Doubles& start, xtape::Dtype dtype = xtape::Dtype::float64) {
  return xtape::from_vector(start).to(dtype).set_requires_grad(true);
}

/// Gives a parameter this gradient: that of its inner product with it.
inline void give_gradient(const xtape::Tensor& w, const Doubles& gradient) {
  w.zero_grad();
  sum(w * xtape::from_vector(gradient, w.shape()).to(w.dtype())).backward();
}

/// A step of one parameter along a given gradient.
inline void step_along(xtape::optim::Optimizer& optimizer, const xtape::Tensor& w,
                       const Doubles& gradient) {
  optimizer.zero_grad();
  give_gradient(w, gradient);
  optimizer.step();
}

inline void check_close(const xtape::Tensor& w, const Doubles& expected, double epsilon = 1e-14) {
  const Doubles got = values(w);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(got[i] == doctest::Approx(expected[i]).epsilon(epsilon));
}

/// An optimizer to be made for parameters: alone, or in a group with the same options of an
/// optimizer that has other ones.
struct OptimizerMaker {
  using Made = std::unique_ptr<xtape::optim::Optimizer>;
  std::string name;
  std::function<Made(const xtape::optim::Parameters&)> make, make_inheriting, make_overriding;
};

/// A parameter that never has a gradient, for an optimizer whose first group does not matter.
inline xtape::optim::Parameters spare() {
  return {{"spare", xtape::zeros({1}).set_requires_grad(true)}};
}

template <class Optimizer, class Options>
OptimizerMaker optimizer_maker(std::string name, const Options& options) {
  using xtape::optim::Parameters;
  return {std::move(name),
          [options](const Parameters& parameters) {
            return std::make_unique<Optimizer>(parameters, options);
          },
          [options](const Parameters& parameters) {
            auto made = std::make_unique<Optimizer>(spare(), options);
            made->add_group(parameters);
            return made;
          },
          [options](const Parameters& parameters) {
            auto made = std::make_unique<Optimizer>(spare());
            made->add_group(parameters, options);
            return made;
          }};
}

/// Each optimizer with no option as it is preset.
inline std::vector<OptimizerMaker> optimizer_makers() {
  using namespace xtape::optim;
  const Schedule wave = [](std::int64_t t) { return t % 2 == 0 ? 1.5 : 0.75; };
  return {
      optimizer_maker<SGD, SGDOptions>("sgd",
                                       {.learning_rate = 0.1, .decay = 0.02, .schedule = wave}),
      optimizer_maker<SGD, SGDOptions>(
          "sgd with momentum",
          {.learning_rate = 0.1, .decay = 0.02, .momentum = 0.8, .schedule = wave}),
      optimizer_maker<SGD, SGDOptions>("sgd, nesterov", {.learning_rate = 0.1,
                                                         .decay = 0.02,
                                                         .momentum = 0.8,
                                                         .nesterov = true,
                                                         .schedule = wave}),
      optimizer_maker<SGD, SGDOptions>("sgd, velocity of gradients",
                                       {.learning_rate = 0.1,
                                        .decay = 0.02,
                                        .momentum = 0.8,
                                        .velocity = Velocity::of_gradients,
                                        .schedule = wave}),
      optimizer_maker<SGD, SGDOptions>("sgd, nesterov, velocity of gradients",
                                       {.learning_rate = 0.1,
                                        .decay = 0.02,
                                        .momentum = 0.8,
                                        .nesterov = true,
                                        .velocity = Velocity::of_gradients,
                                        .schedule = wave}),
      optimizer_maker<Adagrad, AdagradOptions>(
          "adagrad", {.learning_rate = 0.3, .decay = 0.02, .epsilon = 0.01, .schedule = wave}),
      optimizer_maker<RMSprop, RMSpropOptions>(
          "rmsprop",
          {.learning_rate = 0.02, .decay = 0.02, .rho = 0.8, .epsilon = 0.01, .schedule = wave}),
      optimizer_maker<Adam, AdamOptions>("adam", {.learning_rate = 0.02,
                                                  .decay = 0.02,
                                                  .beta1 = 0.8,
                                                  .beta2 = 0.95,
                                                  .epsilon = 0.01,
                                                  .schedule = wave}),
      optimizer_maker<SGD, SGDOptions>("sgd, weight decay", {.learning_rate = 0.1,
                                                             .decay = 0.02,
                                                             .momentum = 0.8,
                                                             .velocity = Velocity::of_gradients,
                                                             .weight_decay = 0.3,
                                                             .schedule = wave}),
      optimizer_maker<Adagrad, AdagradOptions>("adagrad, weight decay", {.learning_rate = 0.3,
                                                                         .decay = 0.02,
                                                                         .epsilon = 0.01,
                                                                         .weight_decay = 0.3,
                                                                         .schedule = wave}),
      optimizer_maker<RMSprop, RMSpropOptions>("rmsprop, weight decay", {.learning_rate = 0.02,
                                                                         .decay = 0.02,
                                                                         .rho = 0.8,
                                                                         .epsilon = 0.01,
                                                                         .weight_decay = 0.3,
                                                                         .schedule = wave}),
      optimizer_maker<Adam, AdamOptions>("adam, weight decay", {.learning_rate = 0.02,
                                                                .decay = 0.02,
                                                                .beta1 = 0.8,
                                                                .beta2 = 0.95,
                                                                .epsilon = 0.01,
                                                                .weight_decay = 0.3,
                                                                .schedule = wave}),
      optimizer_maker<Adam, AdamOptions>("adam, amsgrad", {.learning_rate = 0.02,
                                                           .decay = 0.02,
                                                           .beta1 = 0.8,
                                                           .beta2 = 0.95,
                                                           .epsilon = 0.01,
                                                           .weight_decay = 0.3,
                                                           .amsgrad = true,
                                                           .schedule = wave}),
      optimizer_maker<AdamW, AdamWOptions>("adamw", {.learning_rate = 0.02,
                                                     .decay = 0.02,
                                                     .beta1 = 0.8,
                                                     .beta2 = 0.95,
                                                     .epsilon = 0.01,
                                                     .weight_decay = 0.3,
                                                     .schedule = wave}),
  };
}
