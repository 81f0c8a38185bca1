// The loops over plain numbers are the papers' algorithms in plain C++: against them the vector
// code, the options and the state are checked, but not the formulas. What checks those
// independently are the closed forms, on gradients that have one, and the runs that the book
// prints: book/traces.cpp.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support/optimizers.hpp"

using namespace xtape;

namespace {

/// One element's update, in double: w and its state s, in the t-th step, t = 1, 2, ...
using Rule = void (*)(double& w, double g, std::array<double, 3>& s, double rate, int t);

/// The rules, with the options of `optimizer_makers`.
const std::map<std::string, Rule>& rules() {
  using State = std::array<double, 3>;
  static const std::map<std::string, Rule> all{
      {"sgd", [](double& w, double g, State&, double rate, int) { w -= rate * g; }},
      {"sgd with momentum",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] - rate * g;
         w += s[0];
       }},
      {"sgd, nesterov",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] - rate * g;
         w += 0.8 * s[0] - rate * g;
       }},
      {"sgd, velocity of gradients",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] + g;
         w -= rate * s[0];
       }},
      {"sgd, nesterov, velocity of gradients",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] + g;
         w -= rate * (g + 0.8 * s[0]);
       }},
      {"adagrad",
       [](double& w, double g, State& s, double rate, int) {
         s[0] += g * g;
         w -= rate * g / (std::sqrt(s[0]) + 0.01);
       }},
      {"rmsprop",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] + 0.2 * g * g;
         w -= rate * g / (std::sqrt(s[0]) + 0.01);
       }},
      {"adam",
       [](double& w, double g, State& s, double rate, int t) {
         s = {0.8 * s[0] + 0.2 * g, 0.95 * s[1] + 0.05 * g * g, 0};
         const double m = s[0] / (1 - std::pow(0.8, t)), v = s[1] / (1 - std::pow(0.95, t));
         w -= rate * m / (std::sqrt(v) + 0.01);
       }},
      {"sgd, weight decay",
       [](double& w, double g, State& s, double rate, int) {
         s[0] = 0.8 * s[0] + (g + 0.3 * w);
         w -= rate * s[0];
       }},
      {"adagrad, weight decay",
       [](double& w, double g, State& s, double rate, int) {
         const double whole = g + 0.3 * w;
         s[0] += whole * whole;
         w -= rate * whole / (std::sqrt(s[0]) + 0.01);
       }},
      {"rmsprop, weight decay",
       [](double& w, double g, State& s, double rate, int) {
         const double whole = g + 0.3 * w;
         s[0] = 0.8 * s[0] + 0.2 * whole * whole;
         w -= rate * whole / (std::sqrt(s[0]) + 0.01);
       }},
      {"adam, weight decay",
       [](double& w, double g, State& s, double rate, int t) {
         g += 0.3 * w;
         s = {0.8 * s[0] + 0.2 * g, 0.95 * s[1] + 0.05 * g * g, 0};
         const double m = s[0] / (1 - std::pow(0.8, t)), v = s[1] / (1 - std::pow(0.95, t));
         w -= rate * m / (std::sqrt(v) + 0.01);
       }},
      {"adam, amsgrad",
       [](double& w, double g, State& s, double rate, int t) {
         g += 0.3 * w;
         const double v = 0.95 * s[1] + 0.05 * g * g;
         s = {0.8 * s[0] + 0.2 * g, v, std::max(s[2], v)};
         const double m = s[0] / (1 - std::pow(0.8, t)), greatest = s[2] / (1 - std::pow(0.95, t));
         w -= rate * m / (std::sqrt(greatest) + 0.01);
       }},
      {"adamw",
       [](double& w, double g, State& s, double rate, int t) {
         s = {0.8 * s[0] + 0.2 * g, 0.95 * s[1] + 0.05 * g * g, 0};
         const double m = s[0] / (1 - std::pow(0.8, t)), v = s[1] / (1 - std::pow(0.95, t));
         w -= rate * 0.3 * w + rate * m / (std::sqrt(v) + 0.01);
       }},
  };
  return all;
}

/// A parameter in double, and its gradient in step t.
struct Reference {
  Reference(std::size_t size, double seed) : start(seed), w(size), s(size) {
    for (std::size_t i = 0; i < size; ++i) w[i] = std::sin(start + static_cast<double>(i));
  }
  Doubles gradient(int t) const {
    Doubles g(w.size());
    for (std::size_t i = 0; i < g.size(); ++i)
      g[i] = (1 + start) * std::cos(start + static_cast<double>(i) * t);
    return g;
  }
  void step(Rule rule, double rate, int t) {
    const Doubles g = gradient(t);
    for (std::size_t i = 0; i < w.size(); ++i) rule(w[i], g[i], s[i], rate, t);
  }
  double start;
  Doubles w;
  std::vector<std::array<double, 3>> s;
};

}  // namespace

TEST_CASE("each optimizer follows its formulas in scalars, for two parameters at once") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
      CAPTURE(maker.name);
      CAPTURE(dtype == Dtype::float32);
      Reference weight(37, 0), bias(5, 3);  // sizes that are no multiple of any register
      const Tensor w = leaf(weight.w, dtype), b = leaf(bias.w, dtype);
      const auto optimizer = maker.make({w, b});
      const double base = optimizer->learning_rate();
      for (int t = 1; t <= 20; ++t) {
        give_gradient(w, weight.gradient(t));
        give_gradient(b, bias.gradient(t));
        optimizer->step();
        const double rate = base * (t % 2 == 1 ? 1.5 : 0.75) / (1 + 0.02 * (t - 1));
        CHECK(optimizer->learning_rate() == doctest::Approx(rate).epsilon(1e-15));
        weight.step(rules().at(maker.name), rate, t);
        bias.step(rules().at(maker.name), rate, t);
      }
      const double tolerance = dtype == Dtype::float64 ? 1e-12 : 2e-5;
      check_close(w, weight.w, tolerance);
      check_close(b, bias.w, tolerance);
    }
  }
}

TEST_CASE("options have the defaults of Neural Networks from Scratch") {
  const optim::SGDOptions sgd;
  CHECK(sgd.learning_rate == 1);
  CHECK(sgd.momentum == 0);
  CHECK(!sgd.nesterov);
  CHECK(sgd.velocity == optim::Velocity::of_steps);
  const optim::AdagradOptions adagrad;
  CHECK(adagrad.learning_rate == 1);
  CHECK(adagrad.epsilon == 1e-7);
  const optim::RMSpropOptions rmsprop;
  CHECK(rmsprop.learning_rate == 0.001);
  CHECK(rmsprop.rho == 0.9);
  CHECK(rmsprop.epsilon == 1e-7);
  const optim::AdamOptions adam;
  const optim::AdamWOptions adamw;
  for (const double rate : {adam.learning_rate, adamw.learning_rate}) CHECK(rate == 0.001);
  for (const double beta1 : {adam.beta1, adamw.beta1}) CHECK(beta1 == 0.9);
  for (const double beta2 : {adam.beta2, adamw.beta2}) CHECK(beta2 == 0.999);
  for (const double epsilon : {adam.epsilon, adamw.epsilon}) CHECK(epsilon == 1e-7);
  CHECK(adamw.weight_decay == 0.01);
  for (const double decay : {sgd.decay, adagrad.decay, rmsprop.decay, adam.decay, adamw.decay})
    CHECK(decay == 0);
}

TEST_CASE("adagrad on a constant gradient divides its steps by the roots of 1, 2, 3 ...") {
  // c_t = t g², so each step is rate sign(g) / sqrt(t); a cache assigned anew would make it rate.
  const Tensor w = leaf({0, 0, 0});
  optim::Adagrad optimizer({w}, {.learning_rate = 0.1, .epsilon = 0});
  double way = 0;
  for (int t = 1; t <= 100; ++t) {
    step_along(optimizer, w, {2, -1e-5, 1e9});
    way += 0.1 / std::sqrt(t);
  }
  check_close(w, {-way, way, -way}, 1e-12);
}

TEST_CASE("adagrad accumulates each parameter's own gradient") {
  // After gradients 3 and 4 the root of the cache is 5; the other parameter's do not matter.
  const Tensor w = leaf({0}), b = leaf({0});
  optim::Adagrad optimizer({w, b}, {.learning_rate = 1, .epsilon = 0});
  for (const double g : {3.0, 4.0}) {
    give_gradient(w, {g});
    give_gradient(b, {1000});
    optimizer.step();
  }
  check_close(w, {-1 - 4.0 / 5});
  check_close(b, {-1 - 1 / std::sqrt(2.0)});
}

TEST_CASE("rmsprop on a constant gradient follows its closed form") {
  // c_t = (1 - rho^t) g²
  const Tensor w = leaf({0, 0});
  optim::RMSprop optimizer({w}, {.learning_rate = 0.01, .rho = 0.9, .epsilon = 0});
  double way = 0;
  for (int t = 1; t <= 50; ++t) {
    step_along(optimizer, w, {-3, 1e-4});
    way += 0.01 / std::sqrt(1 - std::pow(0.9, t));
  }
  check_close(w, {way, -way}, 1e-12);
}

TEST_CASE("adam's steps on a constant gradient are the rate against the sign") {
  // Both corrected moments are those of the constant: m = g and v = g² in every step.
  const Tensor w = leaf({0, 0, 0});
  optim::Adam optimizer({w}, {.learning_rate = 0.1, .epsilon = 0});
  step_along(optimizer, w, {1e-3, -7, 1e6});
  check_close(w, {-0.1, 0.1, -0.1});
  for (int t = 1; t < 30; ++t) step_along(optimizer, w, {1e-3, -7, 1e6});
  check_close(w, {-3, 3, -3}, 1e-12);
}

TEST_CASE("epsilon stands outside the root") {
  // sqrt(c) + epsilon = 3 + 1 for a gradient of 3; inside it would be sqrt(10).
  const Tensor a = leaf({0}), b = leaf({0}), c = leaf({0}), d = leaf({0});
  optim::Adagrad adagrad({a}, {.learning_rate = 1, .epsilon = 1});
  optim::RMSprop rmsprop({b}, {.learning_rate = 1, .rho = 0, .epsilon = 1});
  optim::Adam adam({c}, {.learning_rate = 1, .epsilon = 1});
  optim::AdamW adamw({d}, {.learning_rate = 1, .epsilon = 1, .weight_decay = 0});
  step_along(adagrad, a, {3});
  step_along(rmsprop, b, {3});
  step_along(adam, c, {3});
  step_along(adamw, d, {3});
  for (const Tensor& w : {a, b, c, d}) check_close(w, {-0.75}, 1e-13);
}

TEST_CASE("adamw's weight decay shrinks by the rate of the step, whatever the gradient") {
  // Without gradient the product of 1 - rate_t weight_decay; with any, Adam's first step on top.
  const Tensor still = leaf({2});
  optim::AdamW optimizer({still}, {.learning_rate = 0.5, .decay = 1, .weight_decay = 0.2});
  double expected = 2;
  for (int t = 0; t < 10; ++t) {
    step_along(optimizer, still, {0});
    expected *= 1 - 0.5 / (1 + t) * 0.2;
  }
  check_close(still, {expected}, 1e-13);
  for (const double g : {1e-3, 1.0, 1e6}) {
    const Tensor w = leaf({2});
    optim::AdamW moving({w}, {.learning_rate = 0.1, .epsilon = 0, .weight_decay = 0.2});
    step_along(moving, w, {g});
    check_close(w, {2 * (1 - 0.1 * 0.2) - 0.1}, 1e-13);
  }
}

TEST_CASE("adamw without weight decay is adam, bit for bit") {
  const Tensor a = leaf({1, 2, 3}), b = leaf({1, 2, 3});
  optim::Adam adam({a}, {.learning_rate = 0.1});
  optim::AdamW adamw({b}, {.learning_rate = 0.1, .weight_decay = 0});
  for (int t = 0; t < 10; ++t) {
    step_along(adam, a, {std::sin(t), 1, -5});
    step_along(adamw, b, {std::sin(t), 1, -5});
  }
  CHECK(values(a) == values(b));
}

TEST_CASE("adam bears gradients whose squares float32 just holds") {
  // Constant gradients: each step is the rate against the sign. 0.001 (1e20)² fits; corrected for
  // the bias, the first of them would not.
  const Tensor w = leaf({0, 0}, Dtype::float32), decayed = leaf({0, 0}, Dtype::float32);
  optim::Adam adam({w}, {.learning_rate = 0.5});
  optim::AdamW adamw({decayed}, {.learning_rate = 0.5, .weight_decay = 0});
  for (int t = 0; t < 3; ++t) {
    step_along(adam, w, {1e20, -1e20});
    step_along(adamw, decayed, {1e20, -1e20});
  }
  check_close(w, {-1.5, 1.5}, 1e-6);
  check_close(decayed, {-1.5, 1.5}, 1e-6);
}

namespace {

/// w after 12 steps on sum(a (w - 1)²) (1 + sin(t) / 2), t = 0, 1, ...
template <class Optimizer, class Options>
Doubles after_steps(const Options& options) {
  const Tensor w = leaf({1, -2, 0.5}), a = tensor({1.0, -0.5, 2.0}, Dtype::float64);
  Optimizer optimizer({w}, options);
  for (int t = 0; t < 12; ++t) {
    optimizer.zero_grad();
    sum(a * square(w - 1) * (1 + 0.5 * std::sin(t))).backward();
    optimizer.step();
  }
  return values(w);
}

void check_figures(const Doubles& got, const Doubles& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(got[i] == doctest::Approx(expected[i]).epsilon(1e-7));  // PyTorch's sin(t) is float32
}

}  // namespace

TEST_CASE("weight decay and amsgrad give the figures of PyTorch 2.13") {
  using namespace optim;
  const auto rate = 0.05;
  const auto sgd = [&](bool nesterov) {
    return after_steps<SGD, SGDOptions>({.learning_rate = rate,
                                         .momentum = 0.9,
                                         .nesterov = nesterov,
                                         .velocity = Velocity::of_gradients,
                                         .weight_decay = 0.1});
  };
  check_figures(sgd(false), {0.94114024072174862, -16.260098769868328, 0.53341126156235574});
  check_figures(sgd(true), {0.94723928117575373, -21.142992436052701, 0.83243070352114401});
  const auto adam = [&](bool amsgrad) {
    return after_steps<Adam, AdamOptions>({.learning_rate = rate,
                                           .beta1 = 0.8,
                                           .beta2 = 0.9,
                                           .epsilon = 1e-8,
                                           .weight_decay = 0.1,
                                           .amsgrad = amsgrad});
  };
  check_figures(adam(false), {0.96508788722688865, -2.5716804024697675, 0.98798096646827294});
  check_figures(adam(true), {0.96395584767217701, -2.5651003566002841, 0.95568346151564088});
  check_figures(after_steps<RMSprop, RMSpropOptions>(
                    {.learning_rate = rate, .rho = 0.9, .epsilon = 1e-8, .weight_decay = 0.1}),
                {0.91682738523814034, -2.935983959367972, 0.96460073742121766});
  check_figures(after_steps<Adagrad, AdagradOptions>(
                    {.learning_rate = rate, .epsilon = 1e-8, .weight_decay = 0.1}),
                {0.93461068613293785, -2.260358421596981, 0.72688677257072776});
}
