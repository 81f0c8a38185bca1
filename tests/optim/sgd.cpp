// Gradient descent and its momenta, by closed forms.

#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "../support/optimizers.hpp"

using namespace xtape;
using optim::Velocity;

namespace {

constexpr double momentum = 0.9, rate = 0.01, falling = 0.8, g = 2;
constexpr int steps = 30;

/// Where w = 1 comes to in `steps` steps with the constant gradient g and the rates rate factor^t.
double trained(Velocity velocity, bool nesterov, double factor) {
  const Tensor w = leaf({1});
  optim::SGD optimizer({w}, {.learning_rate = rate,
                             .momentum = momentum,
                             .nesterov = nesterov,
                             .velocity = velocity,
                             .schedule = optim::schedule::exponential(factor)});
  for (int t = 0; t < steps; ++t) step_along(optimizer, w, {g});
  return w.item();
}

/// 1 + x + ... + x^(steps - 1)
double geometric(double x) { return x == 1 ? steps : (1 - std::pow(x, steps)) / (1 - x); }

/// Each gradient goes on as steps of its own rate: sum_j rate_j (1 + m + ... + m^(steps - 1 - j)).
double way_of_steps(double factor) {
  const double m = momentum;
  const double kept = factor == m
                          ? steps * std::pow(m, steps)
                          : m * (std::pow(m, steps) - std::pow(factor, steps)) / (m - factor);
  return rate * g * (geometric(factor) - kept) / (1 - m);
}

/// The gradients so far take the rate of the step: sum_k rate_k (1 + m + ... + m^k).
double way_of_gradients(double factor) {
  const double m = momentum;
  return rate * g * (geometric(factor) - m * geometric(m * factor)) / (1 - m);
}

}  // namespace

TEST_CASE("sgd steps against the gradient") {
  const Tensor w = leaf({1, 2, 3});
  optim::SGD optimizer({w}, {.learning_rate = 0.1});
  step_along(optimizer, w, {1, 0, -2});
  check_close(w, {0.9, 2, 3.2});
  CHECK(optimizer.steps() == 1);
}

TEST_CASE("sgd on a quadratic follows its closed form") {
  // w <- w - rate c w, so w_t = (1 - rate c)^t w_0
  const Tensor w = leaf({3});
  optim::SGD optimizer({w}, {.learning_rate = 0.05});
  for (int t = 0; t < 100; ++t) {
    optimizer.zero_grad();
    (0.5 * 2.0 * sum(square(w))).backward();
    optimizer.step();
  }
  check_close(w, {3 * std::pow(1 - 0.05 * 2, 100)}, 1e-12);
}

TEST_CASE("momentum on a quadratic follows the powers of its matrix") {
  // (w, v) <- (w + v', v') with v' = m v - r c w: the eigenvalues solve x² - (1 + m - r c) x + m =
  // 0; for m = 0.81 and r c = 0.01 they are 0.9 twice: w_t = w_0 (1 + t / 10) 0.9^t, by t = 1:
  // 0.99.
  const Tensor w = leaf({5});
  optim::SGD optimizer({w}, {.learning_rate = 0.01, .momentum = 0.81});
  for (int t = 1; t <= 50; ++t) {
    optimizer.zero_grad();
    (0.5 * sum(square(w))).backward();
    optimizer.step();
    check_close(w, {5 * (1 + 0.1 * t) * std::pow(0.9, t)}, 1e-11);
  }
}

TEST_CASE("two steps of momentum by hand, with rates 1 and 0.1") {
  const auto w_after_two = [](Velocity velocity, bool nesterov) {
    const Tensor w = leaf({0});
    optim::SGD optimizer({w}, {.momentum = 0.5, .nesterov = nesterov, .velocity = velocity});
    step_along(optimizer, w, {1});
    optimizer.set_learning_rate(0.1);
    step_along(optimizer, w, {1});
    return w.item();
  };
  const auto near = [](double x) { return doctest::Approx(x).epsilon(1e-15); };
  CHECK(w_after_two(Velocity::of_steps, false) == near(-1 - 0.6));         // v = -1, -0.6
  CHECK(w_after_two(Velocity::of_gradients, false) == near(-1 - 0.15));    // v = 1, 1.5
  CHECK(w_after_two(Velocity::of_steps, true) == near(-1.5 - 0.4));        // -0.3 - 0.1
  CHECK(w_after_two(Velocity::of_gradients, true) == near(-1.5 - 0.175));  // 0.1 (1 + 0.75)
}

TEST_CASE("both velocities follow their closed forms under a changing rate") {
  for (const double factor : {1.0, falling, 1.1}) {
    CAPTURE(factor);
    const auto near = [](double way) { return doctest::Approx(1 - way).epsilon(1e-13); };
    CHECK(trained(Velocity::of_steps, false, factor) == near(way_of_steps(factor)));
    CHECK(trained(Velocity::of_gradients, false, factor) == near(way_of_gradients(factor)));
    // Nesterov's step is m times the plain one, and the gradient's own.
    const double own = rate * g * geometric(factor);
    CHECK(trained(Velocity::of_steps, true, factor) == near(momentum * way_of_steps(factor) + own));
    CHECK(trained(Velocity::of_gradients, true, factor) ==
          near(momentum * way_of_gradients(factor) + own));
  }
}

TEST_CASE("velocities differ by the closed form under a changing rate, and not at all otherwise") {
  for (const bool nesterov : {false, true}) {
    CAPTURE(nesterov);
    const auto difference = [&](double factor) {
      return trained(Velocity::of_gradients, nesterov, factor) -
             trained(Velocity::of_steps, nesterov, factor);
    };
    const double expected =
        (nesterov ? momentum : 1) * (way_of_steps(falling) - way_of_gradients(falling));
    CHECK(std::abs(expected) > 0.1);
    CHECK(difference(falling) == doctest::Approx(expected).epsilon(1e-12));
    CHECK(std::abs(difference(1)) < 1e-14);
  }
}

TEST_CASE("velocities agree at a constant rate whatever the gradients") {
  for (const bool nesterov : {false, true}) {
    const Tensor a = leaf({1, -2}), b = leaf({1, -2});
    optim::SGD steps_of({a}, {.learning_rate = 0.3, .momentum = 0.7, .nesterov = nesterov});
    optim::SGD gradients_of({b}, {.learning_rate = 0.3,
                                  .momentum = 0.7,
                                  .nesterov = nesterov,
                                  .velocity = Velocity::of_gradients});
    for (int t = 0; t < 40; ++t) {
      const Doubles gradient{std::sin(3.0 * t), std::cos(static_cast<double>(t))};
      step_along(steps_of, a, gradient);
      step_along(gradients_of, b, gradient);
    }
    check_close(a, values(b), 1e-13);
  }
}
