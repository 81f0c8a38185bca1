#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

/// The definition, in long double.
double reference(const Doubles& logits, std::size_t classes,
                 const std::vector<std::int64_t>& labels, std::size_t row) {
  long double total = 0, greatest = -INFINITY;
  for (std::size_t j = 0; j < classes; ++j)
    greatest = std::max<long double>(greatest, logits[row * classes + j]);
  for (std::size_t j = 0; j < classes; ++j) total += std::exp(logits[row * classes + j] - greatest);
  return static_cast<double>(std::log(total) + greatest -
                             logits[row * classes + static_cast<std::size_t>(labels[row])]);
}

}  // namespace

TEST_CASE("cross entropy: labels that are assigned later are not seen by backward") {
  const Tensor logits = zeros({2, 3}, Dtype::float64).set_requires_grad(true);
  const Tensor labels = tensor({0, 1}, Dtype::int64);
  for (const bool create_graph : {false, true}) {
    labels.assign(tensor({0, 1}, Dtype::int64));
    const Tensor loss = nn::cross_entropy(logits, labels);
    labels.assign(tensor({2, 2}, Dtype::int64));
    const auto [g] = grad(loss, {logits}, {.create_graph = create_graph});
    const Tensor expected = tensor({{-2.0, 1.0, 1.0}, {1.0, -2.0, 1.0}}, Dtype::float64) / 6;
    CHECK(mismatch(g.detach(), expected, 1e-15) == "");
  }
}

TEST_CASE("cross entropy against the definition") {
  Rng rng(5);
  for (const auto& [rows, classes] :
       {std::pair<std::int64_t, std::int64_t>{1, 1}, {7, 3}, {300, 3}, {40, 10}, {5, 3000}}) {
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      const Tensor logits = (5 * rng.randn({rows, classes}, Dtype::float64)).to(dtype);
      const Tensor labels = rng.integers(0, classes, {rows});
      const Doubles losses =
          values(nn::cross_entropy(logits, labels, {.reduction = nn::Reduction::none}));
      const Doubles x = values(logits);
      const double tolerance = dtype == Dtype::float32 ? 1e-5 : 1e-13;
      double total = 0;
      for (std::size_t row = 0; row < losses.size(); ++row) {
        const double expected =
            reference(x, static_cast<std::size_t>(classes), labels.to_vector<std::int64_t>(), row);
        CHECK(std::abs(losses[row] - expected) < tolerance * (1 + std::abs(expected)));
        total += expected;
      }
      CHECK(nn::cross_entropy(logits, labels).item() ==
            doctest::Approx(total / static_cast<double>(rows)).epsilon(tolerance));
      CHECK(nn::cross_entropy(logits, labels, {.reduction = nn::Reduction::sum}).item() ==
            doctest::Approx(total).epsilon(tolerance));
    }
  }
}

TEST_CASE("cross entropy: gradient is softmax minus one-hot, over n") {
  const Tensor logits =
      tensor({{0.0, 0.0}, {std::log(3.0), 0.0}}, Dtype::float64).set_requires_grad(true);
  nn::cross_entropy(logits, tensor({0, 1})).backward();
  const Doubles expected{-0.25, 0.25, 0.375, -0.375};
  const Doubles gradient = values(logits.grad());
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(gradient[i] == doctest::Approx(expected[i]).epsilon(1e-15));
}

TEST_CASE(
    "cross entropy: fused, of softmax's probabilities and composed by hand are equal in value and "
    "in "
    "first and second derivative") {
  struct Setting {
    std::optional<std::int64_t> ignored;
    Tensor weights;
  };
  Rng rng(1);
  const Tensor labels = tensor({3, 0, 2, 1, 0, 2});
  const Tensor x = rng.randn({6, 4}, Dtype::float64).set_requires_grad(true);
  const Tensor cotangent = rng.randn({6}, Dtype::float64);
  const Tensor weights = tensor({0.5, 2.0, 0.0, 1.5}, Dtype::float64);
  const std::vector<Setting> settings{{}, {0, {}}, {{}, weights}, {1, weights}};
  for (const Setting& setting : settings) {
    const nn::CrossEntropyOptions options{.reduction = nn::Reduction::none,
                                          .ignore_index = setting.ignored,
                                          .class_weights = setting.weights};
    std::vector<std::vector<double>> factors(6, Doubles(4));  // of each -log p, by hand
    for (std::size_t row = 0; row < 6; ++row) {
      const std::int64_t label = labels.to_vector<std::int64_t>()[row];
      const auto c = static_cast<std::size_t>(label);
      if (label != setting.ignored)
        factors[row][c] = setting.weights.defined() ? values(weights)[c] : 1;
    }
    std::vector<Tensor> rows;
    for (const Doubles& row : factors) rows.push_back(from_vector(row));
    const Tensor by_hand = stack(rows);

    using Loss = std::function<Tensor(const Tensor&)>;
    const std::vector<Loss> losses{
        [&](const Tensor& z) { return nn::cross_entropy(z, labels, options); },
        [&](const Tensor& z) { return nn::categorical_cross_entropy(softmax(z), labels, options); },
        [&](const Tensor& z) {
          return sum(by_hand * (log(sum(exp(z), 1, {.keep_dims = true})) - z), 1);
        }};
    const auto derivatives = [&](const Loss& loss) {
      const Tensor y = loss(x);
      const auto [first] = grad(sum(cotangent * y), {x}, {.create_graph = true});
      const auto [second] = grad(sum(sin(first)), {x});
      const Tensor swept = x.detach().clone().set_requires_grad(true);
      sum(cotangent * loss(swept)).backward();  // first order, by the kernel
      return std::vector{values(y), values(first), values(second), values(swept.grad())};
    };
    const auto expected = derivatives(losses[2]);
    for (const std::size_t k : {0U, 1U}) {
      const auto got = derivatives(losses[k]);
      for (std::size_t i = 0; i < got.size(); ++i) {
        for (std::size_t j = 0; j < got[i].size(); ++j) {
          CHECK(std::abs(got[i][j] - expected[i][j]) <= 1e-12 * (1 + std::abs(expected[i][j])));
        }
      }
      CHECK(gradcheck([&](const auto& v) { return losses[k](v[0]); }, {x}, {.order = 2}));
    }
  }
}

TEST_CASE("cross entropy of labels in three forms") {
  const Tensor logits = tensor({{1.0, 2.0, 3.0}, {0.5, 0.0, -1.0}}, Dtype::float64);
  const double sparse = nn::cross_entropy(logits, tensor({2, 0})).item();
  CHECK(nn::cross_entropy(logits, tensor({{0, 0, 1}, {1, 0, 0}})).item() == sparse);
  CHECK(nn::cross_entropy(logits, tensor({{0.0, 0.0, 1.0}, {1.0, 0.0, 0.0}}, Dtype::float64))
            .item() == doctest::Approx(sparse).epsilon(1e-15));
  CHECK(nn::cross_entropy(logits, tensor({{false, false, true}, {true, false, false}})).item() ==
        sparse);
  CHECK(
      nn::cross_entropy(transpose(transpose(logits)), slice(tensor({2, 9, 0}), {range({}, {}, 2)}))
          .item() == sparse);
}

TEST_CASE("cross entropy of extreme logits is exact") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const auto loss = [&](double a, double b) {
      const Tensor x = tensor({{a, b}}, dtype).set_requires_grad(true);
      const Tensor y = nn::cross_entropy(x, tensor({0}));
      y.backward();
      return std::pair{y.item(), values(x.grad())};
    };
    CHECK(loss(1000, -1000) == std::pair{0.0, Doubles{0, 0}});
    CHECK(loss(-1000, 1000) == std::pair{2000.0, Doubles{-1, 1}});
    CHECK(loss(3, -inf) == std::pair{0.0, Doubles{0, 0}});
    CHECK(std::isnan(loss(std::nan(""), 0).first));
  }
}

TEST_CASE("cross entropy of no samples: mean NaN, sum 0") {
  const Tensor logits = zeros({0, 3}), labels = zeros({0}, Dtype::int64);
  CHECK(std::isnan(nn::cross_entropy(logits, labels).item()));
  CHECK(nn::cross_entropy(logits, labels, {.reduction = nn::Reduction::sum}).item() == 0);
}

TEST_CASE("cross entropy refuses what does not fit") {
  const Tensor logits = zeros({2, 3});
  const auto text = [&](const Tensor& x, const Tensor& labels) {
    return error_of<Error>([&] { return nn::cross_entropy(x, labels); });
  };
  CHECK(text(logits, tensor({0, 3})) == "cross_entropy: labels must lie in [0, 3); got 3 in row 1");
  CHECK(text(logits, tensor({-1, 0})) ==
        "cross_entropy: labels must lie in [0, 3); got -1 in row 0");
  CHECK_THROWS_AS(nn::cross_entropy(logits, tensor({0, 3})), IndexError);
  CHECK(text(logits, tensor({0, 1, 2})) ==
        "cross_entropy: logits [n, classes] need labels [n] or one-hot [n, classes]; got "
        "float32[2, 3] and int64[3]");
  CHECK_THROWS_AS(nn::cross_entropy(logits, tensor({{0}, {1}})), ShapeError);
  CHECK_THROWS_AS(nn::cross_entropy(zeros({3}), tensor({0, 1, 2})), ShapeError);
  CHECK(text(logits, zeros({2})) == "cross_entropy: labels [n] must be int64; got float32[2]");
  CHECK(text(arange(6), tensor({1})).find("cross_entropy: logits") == 0);
  CHECK(text(zeros({2, 3}, Dtype::int64), tensor({0, 1})) ==
        "cross_entropy: logits must be floating; got int64[2, 3]");
  const std::string rule =
      "cross_entropy: a one-hot row has a single 1 and else zeros; row 1 does not";
  CHECK(text(logits, tensor({{1, 0, 0}, {0, 1, 1}})) == rule);
  CHECK(text(logits, tensor({{1, 0, 0}, {0, 2, 0}})) == rule);
  CHECK(text(logits, tensor({{1, 0, 0}, {0, 0, 0}})) == rule);
  CHECK(text(logits, tensor({{1, 0, 0}, {-1, 1, 1}})) == rule);
  CHECK(text(logits, tensor({{true, false, false}, {true, true, false}})) == rule);
  CHECK(error_of<ValueError>([&] {
          return nn::categorical_cross_entropy(logits, tensor({{1, 0, 0}, {0, 1, 1}}));
        }) ==
        "categorical_cross_entropy: a one-hot row has a single 1 and else zeros; row 1 does not");
}

TEST_CASE("cross entropy keeps its digits far from 0") {
  // log(1 + exp(-d)), wherever the two logits lie
  for (const double offset : {0.0, 100.0, 1000.0}) {
    const Tensor logits = tensor({{offset, offset - 4}, {offset - 4, offset}});
    const Doubles losses =
        values(nn::cross_entropy(logits, tensor({0, 0}), {.reduction = nn::Reduction::none}));
    CHECK(losses[0] == doctest::Approx(std::log1p(std::exp(-4.0))).epsilon(1e-5));
    CHECK(losses[1] == doctest::Approx(4 + std::log1p(std::exp(-4.0))).epsilon(1e-6));
  }
}

TEST_CASE("cross entropy of probabilities: masked logits, dtypes, and what is none") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor logits = tensor({{0.0, 1.0, -inf}}).set_requires_grad(true);
  const Tensor loss = nn::cross_entropy(logits, tensor({{1.0, 0.0, 0.0}}, Dtype::float64));
  CHECK(loss.dtype() == Dtype::float32);
  CHECK(loss.item() == doctest::Approx(std::log1p(std::exp(1.0))).epsilon(1e-6));
  loss.backward();
  const double p = 1 / (1 + std::exp(1.0));
  CHECK(values(logits.grad())[0] == doctest::Approx(p - 1).epsilon(1e-6));
  CHECK(values(logits.grad())[1] == doctest::Approx(1 - p).epsilon(1e-6));
  CHECK(values(logits.grad())[2] == 0);
  CHECK(error_of<ValueError>([] {
          return nn::cross_entropy(zeros({1, 2}), tensor({{3.0, -2.0}}));
        }) == "cross_entropy: targets must lie in [0, 1]; got 3 at position 0");
}

TEST_CASE("categorical cross entropy has the figures of the book") {
  // Neural Networks from Scratch, chapter 5
  const Tensor p = tensor({{0.7, 0.1, 0.2}, {0.1, 0.5, 0.4}, {0.02, 0.9, 0.08}}, Dtype::float64);
  CHECK(nn::categorical_cross_entropy(p, tensor({0, 1, 1})).item() ==
        doctest::Approx(0.38506088005216804).epsilon(1e-15));
  CHECK(nn::categorical_cross_entropy(p, tensor({{1, 0, 0}, {0, 1, 0}, {0, 1, 0}})).item() ==
        doctest::Approx(0.38506088005216804).epsilon(1e-15));
}

TEST_CASE("categorical cross entropy clips in value and passes the gradient on") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor p = tensor({{0.0, 1.0}, {1.0, 0.0}}, dtype).set_requires_grad(true);
    const Tensor losses =
        nn::categorical_cross_entropy(p, tensor({0, 0}), {.reduction = nn::Reduction::none});
    CHECK(values(losses)[0] == doctest::Approx(7 * std::log(10.0)).epsilon(1e-6));
    CHECK(values(losses)[1] ==
          doctest::Approx(1e-7).scale(0).epsilon(0.2));  // the last float below 1
    const auto [first] = grad(sum(losses), {p}, {.create_graph = true});
    const Doubles slopes = values(first);
    CHECK(slopes[0] == doctest::Approx(-1e7).epsilon(1e-6));
    CHECK(slopes[1] == 0);
    CHECK(slopes[2] == doctest::Approx(-1).epsilon(1e-6));
    CHECK(slopes[3] == 0);
    const auto [second] = grad(sum(first), {p});
    CHECK(values(second)[0] == doctest::Approx(1e14).epsilon(1e-6));
    CHECK(values(second)[2] == doctest::Approx(1).epsilon(1e-6));
  }
  const Tensor bad = tensor({{std::nan(""), 0.5}});
  CHECK(std::isnan(nn::categorical_cross_entropy(bad, tensor({0})).item()));
}
