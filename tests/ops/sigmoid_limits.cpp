// sigmoid, and what is made of it: far out, at infinity, and the digits of its small slopes.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/slope.hpp"

using namespace xtape;

TEST_CASE("sigmoid and softplus at +-1000 and infinity, with their gradients") {
  const Values far{1000, -1000, inf, -inf};
  CHECK(mismatch(sigmoid(of(far)), of({1, 0, 1, 0})) == "");
  CHECK(mismatch(softplus(of(far)), of({1000, 0, inf, 0})) == "");
  CHECK(mismatch(slope([](auto& x) { return sigmoid(x); }, far), of({0, 0, 0, 0})) == "");
  CHECK(mismatch(slope([](auto& x) { return softplus(x); }, far), of({1, 0, 1, 0})) == "");
  CHECK(mismatch(slope([](auto& x) { return tanh(x); }, far), of({0, 0, 0, 0})) == "");
  CHECK(softplus(of({-30})).item() == doctest::Approx(std::exp(-30)).epsilon(1e-12));
}

TEST_CASE("the slope of sigmoid keeps its digits where sigmoid itself is 1") {
  // exp(-|x|) / (1 + exp(-|x|))², in double
  const Values at{-80, -50, -20, -17, -1, 0, 1, 17, 20, 50, 80};
  Values slopes, third;
  for (const double x : at) {
    const double e = std::exp(-std::abs(x)), side = x < 0 ? 1 : -1;
    slopes.push_back(e / ((1 + e) * (1 + e)));
    third.push_back(side * slopes.back() * (1 - e) / (1 + e));
  }
  using Function = std::function<Tensor(const Tensor&)>;
  const auto worst = [](const Tensor& got, const Values& expected) {
    const Tensor difference = abs(got.to(Dtype::float64) - of(expected));
    return amax(where(difference == 0, 0, difference / abs(of(expected)))).item();
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double rounding = dtype == Dtype::float32 ? 2e-6 : 1e-14;
    const Tensor x = of(at).to(dtype).set_requires_grad(true);
    CHECK(worst(grad(sum(sigmoid(x)), {x})[0], slopes) < rounding);
    const Function first[]{
        [](const Tensor& z) { return grad(sum(softplus(z)), {z}, {.create_graph = true})[0]; },
        [](const Tensor& z) {
          return grad(sum(sigmoid_cross_entropy(z, 0.25)), {z}, {.create_graph = true})[0];
        }};
    for (const Function& f : first) {
      const auto [second] = grad(sum(f(x)), {x}, {.create_graph = true});
      CHECK(worst(second, slopes) < rounding);
      CHECK(worst(grad(sum(second), {x})[0], third) < rounding);
    }
  }
  // the figure of an arbitrary-precision calculator
  const Tensor far = tensor({-50.0}, Dtype::float32).set_requires_grad(true);
  const auto [once] = grad(softplus(far), {far}, {.create_graph = true});
  CHECK(grad(once, {far})[0].item() ==
        doctest::Approx(1.9287498479639178e-22).scale(0).epsilon(1e-5));
}

TEST_CASE("cross-entropy of a logit is exact at +-1000, and its gradient is sigmoid(x) - y") {
  const Values logits{1000, 1000, -1000, -1000, 0};
  const Tensor targets = of({1, 0, 0, 1, 0.25});
  const auto loss = [&](const Tensor& x) {
    return sigmoid_cross_entropy(x, targets.to(x.dtype()));
  };
  CHECK(mismatch(loss(of(logits)), of({0, 1000, 0, 1000, std::log(2.0)}),
                 tolerance_of(Dtype::float64)) == "");
  CHECK(mismatch(slope(loss, logits), of({0, 1, 0, -1, 0.25}), tolerance_of(Dtype::float64)) == "");
}

TEST_CASE("cross-entropy of an infinite logit is 0 or infinite, and its gradient is a number") {
  const Values logits{-inf, inf, inf, -inf, inf, quiet_nan, quiet_nan};
  const Values targets{0, 1, 0, 1, 0.25, 0, 1}, losses{0, 0, inf, inf, inf, quiet_nan, quiet_nan};
  const auto loss = [&](const Tensor& x) {
    return sigmoid_cross_entropy(x, of(targets).to(x.dtype()));
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    CHECK(mismatch(loss(of(logits).to(dtype)), of(losses).to(dtype)) == "");
  }
  CHECK(mismatch(slope(loss, logits), of({0, 0, 1, -1, 0.75, quiet_nan, quiet_nan})) == "");
}
