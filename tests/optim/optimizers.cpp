#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using Doubles = std::vector<double>;

namespace {

Doubles values(const Tensor& x) { return x.to_vector<double>(); }

Tensor leaf(const Doubles& start, Dtype dtype = Dtype::float64) {
  return from_vector(start, {static_cast<std::int64_t>(start.size())})
      .to(dtype)
      .set_requires_grad(true);
}

/// Steps with given gradients: the loss is their inner product with w.
template <class Optimizer>
void step(Optimizer& optimizer, const Tensor& w, const Doubles& gradient) {
  optimizer.zero_grad();
  sum(w * from_vector(gradient, w.shape()).to(w.dtype())).backward();
  optimizer.step();
}

void check_close(const Tensor& w, const Doubles& expected, double epsilon = 1e-14) {
  const Doubles got = values(w);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(got[i] == doctest::Approx(expected[i]).epsilon(epsilon));
}

}  // namespace

TEST_CASE("sgd steps against the gradient") {
  const Tensor w = leaf({1, 2, 3});
  optim::SGD optimizer({w}, {.learning_rate = 0.1});
  step(optimizer, w, {1, 0, -2});
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

TEST_CASE("momentum with a constant gradient follows its closed form") {
  // v_t = -rate g (1 - m^t) / (1 - m), summed: w_t = w_0 - rate g / (1 - m) (t - m (1 - m^t) / (1 -
  // m))
  const double m = 0.9, rate = 0.01, g = 2;
  const Tensor w = leaf({1}), nesterov = leaf({1});
  optim::SGD optimizer({w}, {.learning_rate = rate, .momentum = m});
  optim::SGD ahead({nesterov}, {.learning_rate = rate, .momentum = m, .nesterov = true});
  const int steps = 50;
  for (int t = 0; t < steps; ++t) {
    step(optimizer, w, {g});
    step(ahead, nesterov, {g});
  }
  const auto closed = [&](double t) {
    return 1 - rate * g / (1 - m) * (t - m * (1 - std::pow(m, t)) / (1 - m));
  };
  check_close(w, {closed(steps)}, 1e-13);
  // Nesterov's point is one momentum step ahead: w_t + m v_t of plain momentum one step on, for a
  // constant gradient
  double sum_of_steps = 1, v = 0;
  for (int t = 0; t < steps; ++t) {
    v = m * v - rate * g;
    sum_of_steps += m * v - rate * g;
  }
  check_close(nesterov, {sum_of_steps}, 1e-13);
}

TEST_CASE("decay divides the first rate by 1 + decay t") {
  // The printed rates of Neural Networks from Scratch, chapter 10: rate 1, decay 1e-3.
  const Tensor w = leaf({0});
  optim::SGD optimizer({w}, {.learning_rate = 1, .decay = 1e-3});
  CHECK(optimizer.learning_rate() == 1);
  for (int t = 0; t < 1000; ++t) {
    step(optimizer, w, {0});
    if (t + 1 == 100)
      CHECK(optimizer.learning_rate() == doctest::Approx(0.9099181073703367).epsilon(1e-15));
  }
  CHECK(optimizer.learning_rate() == doctest::Approx(0.5002501250625312).epsilon(1e-15));
  optimizer.set_learning_rate(0.5);
  CHECK(optimizer.learning_rate() == 0.5);
  step(optimizer, w, {0});
  CHECK(optimizer.learning_rate() == doctest::Approx(0.5 / 2).epsilon(1e-15));
}

TEST_CASE("adam's first step is the rate against the sign, whatever the gradient's size") {
  const Tensor w = leaf({0, 0, 0});
  optim::Adam optimizer({w}, {.learning_rate = 0.1, .epsilon = 0});
  step(optimizer, w, {1e-3, -7, 1e6});
  check_close(w, {-0.1, 0.1, -0.1});
}

TEST_CASE("adam against its algorithm in scalars") {
  for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
    const std::size_t n = 37;  // not a multiple of any register
    Doubles start, w, m(n, 0), v(n, 0);
    for (std::size_t i = 0; i < n; ++i) start.push_back(std::sin(static_cast<double>(i)));
    w = start;
    const Tensor parameter = leaf(start, dtype);
    optim::Adam optimizer({parameter},
                          {.learning_rate = 0.02, .decay = 0.1, .beta1 = 0.8, .beta2 = 0.95});
    for (int t = 1; t <= 20; ++t) {
      Doubles g;
      for (std::size_t i = 0; i < n; ++i) g.push_back(std::cos(static_cast<double>(i) * t));
      step(optimizer, parameter, g);
      const double rate = 0.02 / (1 + 0.1 * (t - 1));
      for (std::size_t i = 0; i < n; ++i) {
        m[i] = 0.8 * m[i] + 0.2 * g[i];
        v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
        w[i] -= rate * (m[i] / (1 - std::pow(0.8, t))) /
                (std::sqrt(v[i] / (1 - std::pow(0.95, t))) + 1e-7);
      }
    }
    check_close(parameter, w, dtype == Dtype::float64 ? 1e-12 : 2e-5);
  }
}

TEST_CASE("parameters without a gradient are left alone") {
  const Tensor used = leaf({1}), unused = leaf({5});
  optim::Adam optimizer({used, unused});
  step(optimizer, used, {1});
  CHECK(values(unused) == Doubles{5});
  CHECK(values(used) != Doubles{1});
}

TEST_CASE("groups have options of their own") {
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
  CHECK(error_of<IndexError>([&] { return optimizer.learning_rate(2); }) ==
        "optimizer: there are 2 groups; got index 2");
}

TEST_CASE("a step writes parameters in place, and never values that somebody else holds") {
  const Tensor w = leaf({1, 2});
  const void* memory = w.data<double>().data();
  optim::SGD optimizer({w}, {.learning_rate = 1});
  step(optimizer, w, {1, 1});
  CHECK(w.data<double>().data() == memory);
  const Tensor before = w.detach();
  step(optimizer, w, {1, 1});
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

TEST_CASE("optimizers refuse what does not fit") {
  const Tensor w = leaf({1});
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  CHECK(error_of<ValueError>([&] { return optim::SGD({w}, {.learning_rate = -1}).steps(); }) ==
        "optimizer: learning rate must be finite and not negative; got -1.000000");
  CHECK_THROWS_AS(optim::SGD({w}, {.learning_rate = nan}), ValueError);
  CHECK_THROWS_AS(optim::SGD({w}, {.decay = -1}), ValueError);
  CHECK_THROWS_AS(optim::Adam({w}, {.learning_rate = inf}), ValueError);
  CHECK(error_of<ValueError>([&] { return optim::SGD({w}, {.momentum = 1}).steps(); }) ==
        "sgd: momentum must lie in [0, 1); got 1.000000");
  CHECK(error_of<ValueError>([&] { return optim::SGD({w}, {.nesterov = true}).steps(); }) ==
        "sgd: nesterov needs a momentum above 0");
  CHECK(error_of<ValueError>([&] { return optim::Adam({w}, {.beta2 = 1}).steps(); }) ==
        "adam: beta2 must lie in [0, 1); got 1.000000");
  CHECK_THROWS_AS(optim::Adam({w}, {.beta1 = -0.1}), ValueError);
  CHECK_THROWS_AS(optim::Adam({w}, {.epsilon = -1}), ValueError);
  CHECK(error_of<ValueError>([&] {
          return optim::SGD({w, w}).steps();
        }) == "optimizer: a parameter may be given once; got float64[1] twice");
  CHECK(error_of<GradError>([&] { return optim::SGD({ones({2})}).steps(); }) ==
        "optimizer: parameters must be leaves that require gradients; got float32[2]");
  CHECK_THROWS_AS(optim::SGD({w * 2}), GradError);
  optim::SGD optimizer({w});
  CHECK_THROWS_AS(optimizer.set_learning_rate(-1), ValueError);
}

TEST_CASE("a model may change its dtype under an optimizer") {
  const nn::Dense layer(3, 5);
  const nn::Dense other(3, 5);
  optim::Adam adam(layer.parameters());
  optim::SGD sgd(other.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
  const auto step = [](auto& optimizer, const nn::Dense& model) {
    optimizer.zero_grad();
    sum(square(model(ones({2, 3}, model.weight.dtype())))).backward();
    optimizer.step();
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::float32}) {
    layer.to(dtype);
    other.to(dtype);
    step(adam, layer);
    step(sgd, other);
    CHECK(layer.weight.dtype() == dtype);
    CHECK(std::isfinite(sum(layer.weight).item()));
    CHECK(std::isfinite(sum(other.weight).item()));
  }
}

TEST_CASE("adam corrects the bias by the updates of each parameter") {
  // The first update is the rate against the sign, however late it comes.
  const Tensor early = leaf({0}), late = leaf({0});
  optim::Adam optimizer({early}, {.learning_rate = 0.1, .epsilon = 0});
  for (int t = 0; t < 200; ++t) step(optimizer, early, {1});
  optimizer.add_group({late}, {.learning_rate = 0.1, .epsilon = 0});
  step(optimizer, late, {5});
  check_close(late, {-0.1});
}
