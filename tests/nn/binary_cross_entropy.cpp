#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

TEST_CASE(
    "binary cross entropy with logits is exact at large logits, and its gradient is sigmoid minus "
    "target") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({-1000.0, 1000.0, -1000.0, 1000.0, 0.0}, dtype).set_requires_grad(true);
    const Tensor y = tensor({1.0, 0.0, 0.0, 1.0, 0.5}, dtype);
    const Tensor losses =
        nn::binary_cross_entropy_with_logits(x, y, {.reduction = nn::Reduction::none});
    const Doubles expected{1000, 1000, 0, 0, std::log(2.0)};
    for (std::size_t i = 0; i < 5; ++i)
      CHECK(values(losses)[i] == doctest::Approx(expected[i]).epsilon(1e-7));
    sum(losses).backward();
    CHECK(values(x.grad()) == Doubles{-1, 1, 0, 0, 0});
  }
  Rng rng(2);
  const Tensor targets = rng.uniform({5, 2}, 0, 1, Dtype::float64);
  CHECK(
      gradcheck([&](const auto& v) { return nn::binary_cross_entropy_with_logits(v[0], targets); },
                {rng.randn({5, 2}, Dtype::float64)}, {.order = 2}));
}

TEST_CASE("binary cross entropy reduces over outputs, then over samples") {
  const Tensor x = tensor({{0.0, 1.0}, {2.0, -3.0}}, Dtype::float64), y = tensor({{1, 0}, {0, 1}});
  const Doubles each{std::log1p(1.0), std::log1p(std::exp(1.0)), std::log1p(std::exp(2.0)),
                     std::log1p(std::exp(3.0))};
  const Doubles rows =
      values(nn::binary_cross_entropy_with_logits(x, y, {.reduction = nn::Reduction::none}));
  CHECK(rows[0] == doctest::Approx((each[0] + each[1]) / 2).epsilon(1e-14));
  CHECK(rows[1] == doctest::Approx((each[2] + each[3]) / 2).epsilon(1e-14));
  CHECK(nn::binary_cross_entropy_with_logits(x, y).item() ==
        doctest::Approx((each[0] + each[1] + each[2] + each[3]) / 4).epsilon(1e-14));
}

TEST_CASE("binary cross entropy refuses what does not fit") {
  CHECK(error_of<ShapeError>([] {
          return nn::binary_cross_entropy_with_logits(zeros({3, 1}), zeros({3}));
        }) ==
        "binary_cross_entropy_with_logits: logits and targets must have one shape [n] or [n, "
        "outputs]; "
        "got float32[3, 1] and float32[3]");
  CHECK(error_of<ValueError>([] {
          return nn::binary_cross_entropy_with_logits(zeros({2}), tensor({0.5, 1.5}));
        }) ==
        "binary_cross_entropy_with_logits: targets must lie in [0, 1]; got 1.5 at position 1");
  CHECK_THROWS_AS(nn::binary_cross_entropy_with_logits(zeros({1}), tensor({std::nan("")})),
                  ValueError);
}

TEST_CASE("binary cross entropy needs floating logits") {
  CHECK(error_of<DtypeError>([] {
          return nn::binary_cross_entropy_with_logits(arange(2), tensor({0.5, 0.5}));
        }) == "binary_cross_entropy_with_logits: logits must be floating; got int64[2]");
}

TEST_CASE("binary cross entropy against the definition, weighted and not, from logits and not") {
  const Tensor x = Rng(3).randn({4, 3}, Dtype::float64);
  const Tensor y = tensor({{0.0, 1.0, 0.25}, {1.0, 0.0, 0.5}, {1.0, 1.0, 1.0}, {0.0, 0.0, 0.75}},
                          Dtype::float64);
  const Tensor column = tensor({2.0, 0.5, 3.0}, Dtype::float64),
               number = tensor(1.5, Dtype::float64);
  for (const Tensor& weight : {Tensor(), column, number}) {
    Doubles rows(4);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        const double p = 1 / (1 + std::exp(-values(x)[3 * i + j])), t = values(y)[3 * i + j];
        const double w = !weight.defined() ? 1 : weight.rank() == 0 ? 1.5 : values(column)[j];
        rows[i] -= (w * t * std::log(p) + (1 - t) * std::log(1 - p)) / 3;
      }
    }
    nn::BinaryCrossEntropyOptions options{.pos_weight = weight};
    const auto check = [&](const Doubles& expected) {
      const auto by_logits = [&](const Tensor& z) {
        return nn::binary_cross_entropy_with_logits(z, y, options);
      };
      const auto by_probabilities = [&](const Tensor& p) {
        return nn::binary_cross_entropy(p, y, options);
      };
      const Doubles a = values(by_logits(x)), b = values(by_probabilities(sigmoid(x)));
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(a[i] == doctest::Approx(expected[i]).epsilon(1e-13));
        CHECK(b[i] == doctest::Approx(expected[i]).epsilon(1e-13));
      }
      CHECK(gradcheck([&](const auto& v) { return by_logits(v[0]); }, {x}, {.order = 2}));
      CHECK(gradcheck([&](const auto& v) { return by_probabilities(v[0]); }, {sigmoid(x)},
                      {.order = 2}));
    };
    const double total = rows[0] + rows[1] + rows[2] + rows[3];
    check({total / 4});
    options.reduction = nn::Reduction::sum;
    check({total});
    options.reduction = nn::Reduction::none;
    check(rows);
  }
}

TEST_CASE(
    "binary cross entropy: from logits and from sigmoid's probabilities equal in first and second "
    "derivative") {
  const Tensor x = Rng(6).randn({5, 2}, Dtype::float64).set_requires_grad(true);
  const Tensor y = Rng(7).uniform({5, 2}, 0, 1, Dtype::float64);
  for (const Tensor& weight : {Tensor(), tensor({2.0, 0.5}, Dtype::float64)}) {
    const auto derivatives = [&](const Tensor& loss) {
      const auto [first] = grad(loss, {x}, {.create_graph = true});
      const auto [second] = grad(sum(sin(first)), {x});
      return std::vector{values(first), values(second)};
    };
    const auto a = derivatives(nn::binary_cross_entropy_with_logits(x, y, {.pos_weight = weight}));
    const auto b = derivatives(nn::binary_cross_entropy(sigmoid(x), y, {.pos_weight = weight}));
    for (std::size_t order = 0; order < 2; ++order) {
      for (std::size_t i = 0; i < a[order].size(); ++i) {
        CHECK(std::abs(a[order][i] - b[order][i]) < 1e-13);
      }
    }
  }
}

TEST_CASE("weighted binary cross entropy of extreme logits, and its gradient") {
  const Tensor x = tensor({-1000.0, 1000.0, -1000.0, 1000.0}).set_requires_grad(true);
  const Tensor losses = nn::binary_cross_entropy_with_logits(
      x, tensor({1, 0, 0, 1}), {.reduction = nn::Reduction::none, .pos_weight = tensor(3.0)});
  CHECK(values(losses) == Doubles{3000, 1000, 0, 0});
  sum(losses).backward();
  CHECK(values(x.grad()) == Doubles{-3, 1, 0, 0});
}

TEST_CASE("binary cross entropy clips in value and passes the gradient on") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor p = tensor({0.0, 1.0, 1.0, 0.0}, dtype).set_requires_grad(true);
    const Tensor losses =
        nn::binary_cross_entropy(p, tensor({1, 0, 1, 0}), {.reduction = nn::Reduction::none});
    sum(losses).backward();
    const Doubles expected{7 * std::log(10.0), 7 * std::log(10.0), 1e-7, 1e-7};
    const Doubles slopes{-1e7, 1e7, -1, 1};
    for (std::size_t i = 0; i < 4; ++i) {
      // 1 - 1e-7 is no float32: the nearest one is 1 - 1.19e-7
      CHECK(values(losses)[i] == doctest::Approx(expected[i]).epsilon(0.2));
      CHECK(values(p.grad())[i] == doctest::Approx(slopes[i]).epsilon(0.2));
      if (dtype == Dtype::float64) {
        CHECK(values(losses)[i] == doctest::Approx(expected[i]).epsilon(1e-6));
        CHECK(values(p.grad())[i] == doctest::Approx(slopes[i]).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("binary cross entropy of infinite logits is 0 or infinite, weighted or not") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const Tensor& weight : {Tensor(), tensor(3.0)}) {
      const double w = weight.defined() ? 3 : 1;
      const Tensor x = tensor({-inf, inf, inf, -inf}, dtype).set_requires_grad(true);
      const Tensor losses = nn::binary_cross_entropy_with_logits(
          x, tensor({0, 1, 0, 1}), {.reduction = nn::Reduction::none, .pos_weight = weight});
      CHECK(values(losses) == Doubles{0, 0, inf, inf});
      const auto [recorded] = grad(sum(losses), {x}, {.create_graph = true});
      CHECK(values(recorded) == Doubles{0, 0, 1, -w});
      sum(losses).backward();
      CHECK(values(x.grad()) == Doubles{0, 0, 1, -w});
    }
  }
}

TEST_CASE("binary cross entropy of sigmoid's probabilities pushes a saturated, wrong one back") {
  for (const double at : {17.0, 20.0, 80.0}) {
    const Tensor x = tensor({at}, Dtype::float32).set_requires_grad(true);
    const Tensor p = sigmoid(x);
    CHECK(p.item() == 1);
    nn::binary_cross_entropy(p, tensor({0})).backward();
    // 1 / (1 - p) at the limit of p, the last float below 1, times the slope exp(-x)
    const double margin = std::ldexp(1, -23);
    CHECK(x.grad().item() == doctest::Approx(std::exp(-at) / margin).epsilon(1e-4));
    CHECK(x.grad().item() > 0);
  }
}

TEST_CASE("binary cross entropy refuses weights that do not fit") {
  const Tensor x = full({2, 3}, 0.5), y = zeros({2, 3});
  const auto text = [&](const Tensor& weight) {
    return error_of<Error>([&] { return nn::binary_cross_entropy(x, y, {.pos_weight = weight}); });
  };
  CHECK(text(ones({2})) ==
        "binary_cross_entropy: pos_weight must be a scalar or [outputs]; got float32[2] for "
        "float32[2, 3]");
  CHECK(text(tensor({1.0, 0.0, 1.0})) ==
        "binary_cross_entropy: pos_weight must be finite and positive; got 0 at position 1");
  CHECK_THROWS_AS(nn::binary_cross_entropy(zeros({3}), zeros({3}), {.pos_weight = ones({3})}),
                  ShapeError);
  CHECK_THROWS_AS(nn::binary_cross_entropy(zeros({3, 1}), zeros({3})), ShapeError);
  CHECK_THROWS_AS(nn::binary_cross_entropy(arange(3), zeros({3})), DtypeError);
  CHECK_THROWS_AS(nn::binary_cross_entropy(zeros({1}), full({1}, 2)), ValueError);
}
