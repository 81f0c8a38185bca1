// LBFGS on functions whose lowest points are known.
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using optim::LBFGS;

namespace {

/// Rosenbrock's function of any number of variables: 0 at 1, 1, ..., 1.
Tensor rosenbrock(const Tensor& x) {
  const std::int64_t n = x.extent(0);
  const Tensor a = slice(x, {range(0, n - 1)}), b = slice(x, {range(1, n)});
  return sum(100 * square(b - square(a)) + square(1 - a));
}

}  // namespace

TEST_CASE("lbfgs: Rosenbrock's valley is gone down to its end") {
  for (const std::size_t n : {2U, 10U, 50U}) {
    CAPTURE(n);
    Doubles start(n);
    for (std::size_t i = 0; i < n; ++i) start[i] = i % 2 == 0 ? -1.2 : 1;
    const Tensor x = leaf(start);
    LBFGS optimizer({x}, {.iterations = 500, .change_tolerance = 0});
    const optim::LBFGSResult result = optimizer.step([&] { return rosenbrock(x); });
    CHECK(result.converged);
    CHECK(result.loss < 1e-12);
    CHECK(result.gradient <= 1e-7);
    CHECK(result.iterations < 400);
    CHECK(result.evaluations < 2 * result.iterations);
    for (const double value : values(x)) CHECK(value == doctest::Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("lbfgs: a quadratic function of n variables takes about n line searches") {
  // 1/2 xᵀ A x - bᵀ x with A = diag(1, 10, 100, 1000): at the lowest point x = b / diag.
  const Tensor x = leaf({0, 0, 0, 0});
  const Tensor a = tensor({1.0, 10.0, 100.0, 1000.0}, Dtype::float64);
  LBFGS optimizer({x}, {.iterations = 40, .gradient_tolerance = 1e-9, .change_tolerance = 0});
  const auto result = optimizer.step([&] { return sum(0.5 * a * square(x) - x); });
  CHECK(result.converged);
  CHECK(result.iterations <= 25);
  check_close(x, {1, 0.1, 0.01, 0.001}, 1e-8);
}

TEST_CASE("lbfgs: a step past the bottom of a parabola is followed by one onto it") {
  // From 0.5 to -0.475, which is lower but as steep, or to -1, which is higher: a cubic through the
  // values and slopes of both ends is the parabola itself, from whichever end it is looked at.
  for (const double far : {1.95, 3.0}) {
    CAPTURE(far);
    const Tensor x = leaf({0.5});
    LBFGS optimizer({x}, {.learning_rate = far});
    const auto result = optimizer.step([&] { return sum(0.5 * square(x)); });
    CHECK(result.converged);
    CHECK(result.iterations == 1);
    CHECK(result.evaluations == 3);
    check_close(x, {0}, 1e-12);
  }
}

TEST_CASE("lbfgs: a search between a steep way down and a wall ends where it is flatter") {
  // -x, and beyond 1 a wall: by Wolfe's conditions the slope is to be 0.9 of the first at most,
  // which is so in 1.0005 to 1.0095 alone.
  const Tensor x = leaf({0});
  LBFGS optimizer({x}, {.learning_rate = 3, .iterations = 1});
  const auto result = optimizer.step([&] { return sum(100 * square(maximum(x - 1, 0)) - x); });
  CHECK(result.gradient <= 0.9);
  CHECK(result.loss <= -1);
}

TEST_CASE(
    "lbfgs: of a search that is cut short the best place is taken, the start if none is better") {
  const auto after = [](std::int64_t evaluations, double from) {
    const Tensor x = tensor(from, Dtype::float64).set_requires_grad(true);
    optim::LBFGS optimizer({{"x", x}},
                           {.learning_rate = 10, .iterations = 1, .evaluations = evaluations});
    // Least at 0 and steep beyond it; infinite at 3 and further off.
    const auto loss = [&] { return square(x) - log(1 - square(x / 3)); };
    const auto result = optimizer.step(loss);
    CHECK(result.loss == loss().item());
    CHECK(result.evaluations <= evaluations + 1);
    return std::abs(x.item());
  };
  for (const double from : {1.0, -2.0}) {
    CHECK(after(1, from) == std::abs(from));  // the first try is infinite, or higher
    double last = std::abs(from);
    for (const std::int64_t evaluations : {2, 3, 4, 6}) {
      const double now = after(evaluations, from);
      CHECK(now <= last);
      last = now;
    }
    CHECK(last < std::abs(from));
  }
}

TEST_CASE("lbfgs: several parameters of a float32 model, some of which stay") {
  Rng rng(1);
  const Tensor x = rng.normal({40, 3}, 0, 1);
  const Tensor y = matmul(x, tensor({{1.0f}, {-2.0f}, {0.5f}})) + 3;
  const nn::Dense model(3, 1);
  const Tensor unused = leaf({5});
  NamedTensors parameters = model.named_parameters();
  parameters.emplace_back("unused", unused);
  LBFGS optimizer(parameters);
  for (int i = 0; i < 5; ++i)
    static_cast<void>(optimizer.step([&] { return nn::mean_squared_error(model(x), y); }));
  check_close(model.weight.detach(), {1, -2, 0.5}, 1e-4);
  check_close(model.bias.detach(), {3}, 1e-4);
  CHECK(values(unused) == Doubles{5});
  model.weight.set_requires_grad(false);
  const Doubles before = values(model.weight);
  static_cast<void>(
      LBFGS(parameters).step([&] { return nn::mean_squared_error(model(x) + 1, y); }));
  CHECK(values(model.weight) == before);
  check_close(model.bias.detach(), {2}, 1e-3);
}

TEST_CASE("lbfgs: a loss that is infinite or NaN further off is gone round") {
  const Tensor x = leaf({0.01});
  LBFGS optimizer({x}, {.learning_rate = 1000, .iterations = 50, .change_tolerance = 0});
  // x - log(x): lowest at 1, NaN below 0.
  const auto result = optimizer.step([&] { return sum(x - log(x)); });
  CHECK(result.converged);
  check_close(x, {1}, 1e-6);
}

TEST_CASE("lbfgs: goes on from its state to the same bits") {
  const Tensor x = leaf({-1.2, 1}), y = leaf({0, 0});
  LBFGS optimizer({x}, {.iterations = 5}), other({y}, {.iterations = 5});
  static_cast<void>(optimizer.step([&] { return rosenbrock(x); }));
  y.assign(x.detach());
  other.restore(optimizer.state());
  static_cast<void>(optimizer.step([&] { return rosenbrock(x); }));
  static_cast<void>(other.step([&] { return rosenbrock(y); }));
  CHECK(values(x) == values(y));
  const NamedTensors state = other.state();
  CHECK_THROWS_AS(other.restore({{"step.0", zeros({3}, Dtype::float64)},
                                 {"change.0", zeros({2}, Dtype::float64)}}),
                  ShapeError);
  CHECK_THROWS_AS(other.restore({{"step.0", zeros({2}, Dtype::float64)}}), ValueError);
  CHECK(other.state().size() == state.size());
}

TEST_CASE("lbfgs: freezing and thawing between steps, and a shorter history than that of a state") {
  const Tensor a = leaf({3, -2}), b = leaf({5});
  LBFGS optimizer({{"a", a}, {"b", b}}, {.iterations = 3});
  const auto loss = [&] { return sum(square(a - 1) * square(a)) + sum(square(b + 2)); };
  static_cast<void>(optimizer.step(loss));
  a.set_requires_grad(false);
  const Doubles before = values(a);
  static_cast<void>(optimizer.step(loss));
  CHECK(values(a) == before);
  a.set_requires_grad(true);
  for (int i = 0; i < 10; ++i) static_cast<void>(optimizer.step(loss));
  check_close(b, {-2}, 1e-6);
  const Tensor x = leaf({-1.2, 1});
  LBFGS longer({x}, {.iterations = 12}), shorter({x}, {.iterations = 1, .history = 3});
  static_cast<void>(longer.step([&] { return rosenbrock(x); }));
  CHECK(longer.state().size() > 2 * 3);
  shorter.restore(longer.state());
  CHECK(shorter.state().size() == 2 * 3);
  static_cast<void>(shorter.step([&] { return rosenbrock(x); }));
  CHECK(shorter.state().size() == 2 * 3);
}

TEST_CASE("lbfgs: what goes wrong changes nothing") {
  const Tensor x = leaf({-1.2, 1});
  LBFGS optimizer({x});
  int calls = 0;
  CHECK_THROWS_AS(static_cast<void>(optimizer.step([&]() -> Tensor {
                    if (++calls == 3) throw ValueError("mine");
                    return rosenbrock(x);
                  })),
                  ValueError);
  CHECK(values(x) == Doubles{-1.2, 1});
  CHECK(optimizer.state().empty());
  CHECK_THROWS_AS(static_cast<void>(optimizer.step([&] { return x * 1; })), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(optimizer.step([&] { return sum(x) * NAN; })), ValueError);
  CHECK_THROWS_AS(static_cast<void>(optimizer.step([&] { return tensor(1.0); })), GradError);
  CHECK_THROWS_AS(LBFGS(NamedTensors{}), ValueError);
  CHECK_THROWS_AS(LBFGS({x * 2}), GradError);
  CHECK(values(x) == Doubles{-1.2, 1});
}
