// Derivatives to order 3 at the points where formulas make cases: 0, -0, 1, -1, 2, equal arguments
// and all pairs of them; see gradients.cpp for random points.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/nn/loss.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

#include "support/cases.hpp"
#include "support/check_rows.hpp"
#include "support/rows.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;
using Point = std::vector<double>;

namespace {

constexpr std::array special{0.0, -0.0, 1.0, -1.0, 2.0};

std::vector<Point> special_points(std::size_t inputs) {
  std::vector<Point> points{{}};
  for (std::size_t i = 0; i < inputs; ++i) {
    std::vector<Point> longer;
    for (const Point& point : points) {
      for (const double x : special) {
        longer.push_back(point);
        longer.back().push_back(x);
      }
    }
    points = std::move(longer);
  }
  return points;
}

/// The special numbers one after another.
Tensor special_values(const Shape& shape, std::size_t start = 0) {
  Point values;
  for (std::int64_t i = 0; i < shape.size(); ++i) values.push_back(special[(start++) % 5]);
  return from_vector(std::move(values), shape);
}

/// How many derivatives a row has, one-sided ones at kinks included, where not all of them: 0 at
/// poles, jumps and the ends of domains. What the rules are there: ops/elementwise_limits.cpp.
int smoothness(const std::string& row, const Point& at) {
  constexpr int all = 3;
  const double a = at[0], b = at.size() > 1 ? at[1] : 0;
  if (row == "abs") return a == 0 ? 1 : all;
  if (row == "softsign") return a == 0 ? 1 : all;
  if (row == "sign") return a == 0 ? 0 : all;
  if (row == "sqrt" || row == "log") return a == 0 ? 1 : all;
  if (row == "log1p") return a == -1 ? 1 : all;
  if (row == "divide" || row == "over") return b == 0 ? 0 : all;
  if (row == "maximum" || row == "minimum") return a == b ? 1 : all;
  if (row == "pow") return a == 0 ? (b == 2 ? 2 : b == 1 ? 1 : 0) : all;
  if (row == "floor" || row == "ceil" || row == "trunc")
    return a != std::nearbyint(a) || (row == "trunc" && a == 0) ? all : 0;
  if (row == "asin" || row == "acos" || row == "atanh") return std::abs(a) == 1 ? 1 : all;
  if (row == "acosh") return a == 1 ? 1 : all;
  if (row == "log2" || row == "log10" || row == "cbrt") return a == 0 ? 1 : all;
  if (row == "rsqrt") return a == 0 ? 0 : all;
  if (row == "atan2") return a == 0 && b <= 0 ? 0 : all;
  if (row == "hypot") return a == 0 && b == 0 ? 0 : all;
  if (row == "xlogy") return b <= 0 ? 0 : all;
  if (row == "xlog1py") return b <= -1 ? 0 : all;
  if (row == "copysign" || row == "heaviside") return a == 0 || b == 0 ? 0 : all;
  if (row == "remainder" || row == "fmod" || row == "floor_divide") return 0;  // jumps at them all
  if (row == "lgamma" || row == "digamma") return a == 0 || a == -1 ? 0 : all;
  if (row == "erfinv") return std::abs(a) == 1 ? 0 : all;
  if (row == "ndtri" || row == "logit") return a == 0 || a == 1 ? 0 : all;
  if (row == "beta" || row == "log_beta") return std::min(a, b) <= 0 ? 0 : all;
  if (row == "polygamma") return a < 0 || b == 0 || b == -1 ? 0 : all;
  if (row == "repeated_erfcx" || row == "spherical_jn") return a < 0 ? 0 : all;
  if (row == "i0e" || row == "i1e") return a == 0 ? 1 : all;
  if (row == "ive") return b == 0 ? 1 : all;
  if (row == "clip") return b < at[2] || a != b ? all : 0;  // empty and inverted ranges
  return all;
}

Tensor scalar(double x) { return full({}, x, Dtype::float64); }

GradcheckResult check(const Row& row, const Point& at, int order) {
  Tensors inputs;
  for (const double x : at) inputs.push_back(scalar(x));
  return check_row(row, inputs, {.order = order});
}

struct Loss {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&)> apply;
  std::function<int(double, double)> smooth;  // derivatives by prediction and target, as above
};

std::vector<Loss> losses() {
  const auto always = [](double, double) { return 3; };
  return {
      {"mean_squared_error", [](auto& p, auto& t) { return nn::mean_squared_error(p, t); }, always},
      {"mean_absolute_error", [](auto& p, auto& t) { return nn::mean_absolute_error(p, t); },
       [](double p, double t) { return p == t ? 1 : 3; }},
      {"huber_loss", [](auto& p, auto& t) { return nn::huber_loss(p, t); },
       [](double p, double t) { return std::abs(p - t) == 1 ? 2 : 3; }},
  };
}

}  // namespace

TEST_CASE("special points: every row, to order 3 wherever it is smooth") {
  for (const Row& row : elementwise_rows()) {
    if (!has_derivative(row)) continue;
    CAPTURE(row.name);
    for (const Point& at : special_points(row.inputs.size())) {
      CAPTURE(at);
      const int order = smoothness(row.name, at);
      if (order > 0) CHECK(check(row, at, order));
    }
  }
}

TEST_CASE("special points: every row of two inputs, both the same tensor") {
  for (const Row& row : elementwise_rows()) {
    if (row.inputs.size() != 2 || !row.inputs[0].differentiable || !row.inputs[1].differentiable)
      continue;
    CAPTURE(row.name);
    for (const double x : special) {
      CAPTURE(x);
      const bool tied = row.name == "maximum" || row.name == "minimum";  // then f(x, x) is x
      if (!tied && smoothness(row.name, {x, x}) < 3) continue;
      CHECK(gradcheck([&](auto& v) { return row.apply({v[0], v[0]}); }, {scalar(x)}, {.order = 3}));
    }
  }
}

TEST_CASE("special points: powers of sums and products, where formulas meet") {
  for (const Point& at : special_points(2)) {
    CAPTURE(at);
    const Tensors inputs{scalar(at[0]), scalar(at[1])};
    const auto f = [](auto& v) { return pow(2 + v[0] * v[0], v[1]) + pow(3 + sin(v[1]), v[0]); };
    CHECK(gradcheck(f, inputs, {.order = 3}));
  }
}

TEST_CASE("special points: every structural operation") {
  for (const Case& use : structural_cases()) {
    CAPTURE(use.name);
    // Moved alone, the middle one of equal elements changes nothing: no difference sees its slope.
    if (use.name.starts_with("median") || use.name.starts_with("quantile")) continue;
    const auto names = {"amax",     "amin",        "norm",     "stddev",
                        "sort",     "topk",        "cummax",   "cummin",
                        "ptp",      "complex_abs", "max_pool", "adaptive_max_pool",
                        "max_with", "min_with"};
    const bool kinked = std::any_of(names.begin(), names.end(),
                                    [&](const char* name) { return use.name.starts_with(name); });
    Tensors inputs;
    for (const Tensor& x : use.inputs) {
      inputs.push_back(is_floating(x.dtype()) ? special_values(x.shape(), inputs.size()) : x);
    }
    CHECK(gradcheck(use.apply, inputs, {.order = kinked ? 1 : 3}));
  }
}

TEST_CASE("special points: losses of predictions and targets") {
  for (const Loss& loss : losses()) {
    CAPTURE(loss.name);
    for (const Point& at : special_points(2)) {
      CAPTURE(at);
      const Tensors inputs{tensor({at[0], 0.3}, Dtype::float64),
                           tensor({at[1], -0.4}, Dtype::float64)};
      CHECK(gradcheck([&](auto& v) { return loss.apply(v[0], v[1]); }, inputs,
                      {.order = loss.smooth(at[0], at[1])}));
    }
  }
}

TEST_CASE("special points: binary cross-entropy of logits") {
  for (const double target : {0.0, 0.25, 1.0}) {
    CAPTURE(target);
    const Tensor logits = special_values({5}), targets = full({5}, target, Dtype::float64);
    const nn::BinaryCrossEntropyOptions weighted{.pos_weight = tensor(2.5)};
    const auto f = [&](auto& v) {
      return std::vector{nn::binary_cross_entropy_with_logits(v[0], targets),
                         nn::binary_cross_entropy_with_logits(v[0], targets, weighted)};
    };
    CHECK(gradcheck(f, {logits}, {.order = 3}));
  }
  const Tensor p = tensor({0.25, 0.5, 0.75}, Dtype::float64), y = tensor({0.0, 0.5, 1.0});
  CHECK(gradcheck([&](auto& v) { return nn::binary_cross_entropy(v[0], y); }, {p}, {.order = 3}));
}

TEST_CASE("special points: cross-entropy, rows of ties") {
  const Tensor logits =
      tensor({{0.0, -0.0, 0.0}, {1.0, 1.0, -1.0}, {2.0, 2.0, 2.0}}, Dtype::float64);
  const Tensor sure = tensor({{1.0, 0.0, 0.0}, {0.0, 0.5, 0.5}, {0.2, 0.3, 0.5}}, Dtype::float64);
  const Tensor weights = tensor({0.5, 1.0, 0.0}, Dtype::float64);
  for (const Tensor& labels : {tensor({0, 2, 1}), sure}) {
    for (const double smoothing : {0.0, 0.1, 1.0}) {
      for (const Tensor& each : {Tensor(), weights}) {
        const nn::CrossEntropyOptions options{.label_smoothing = smoothing, .class_weights = each};
        CHECK(gradcheck([&](auto& v) { return nn::cross_entropy(v[0], labels, options); }, {logits},
                        {.order = 3}));
      }
    }
    CHECK(gradcheck([&](auto& v) { return nn::categorical_cross_entropy(softmax(v[0]), labels); },
                    {logits}, {.order = 3}));
  }
}

TEST_CASE("special points: penalties") {
  CHECK(
      gradcheck([](auto& v) { return nn::l2_penalty(v[0]); }, {special_values({5})}, {.order = 3}));
  CHECK(gradcheck([](auto& v) { return nn::l1_penalty(v[0]); }, {special_values({5})}));
  CHECK(gradcheck([](auto& v) { return nn::l1_penalty(v[0]); }, {special_values({3}, 2)},
                  {.order = 3}));
}
