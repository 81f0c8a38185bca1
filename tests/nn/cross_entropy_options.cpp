// Smoothing, ignored labels and class weights of cross_entropy and categorical_cross_entropy.
#include <cmath>
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

/// The options as scalars, and the definition of torch.nn.CrossEntropyLoss in loops.
struct Definition {
  double smoothing;
  std::optional<std::int64_t> ignored;
  Doubles weights;  // all 1 if none were given

  /// From classes; p [rows][classes].
  double row_loss(const Doubles& p, std::int64_t label) const {
    if (label == ignored) return 0;
    const auto classes = static_cast<double>(p.size());
    double loss = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      loss -= smoothing / classes * weights[c] * std::log(p[c]);
    }
    const auto y = static_cast<std::size_t>(label);
    return loss - (1 - smoothing) * weights[y] * std::log(p[y]);
  }
  /// From the probabilities of classes.
  double row_loss(const Doubles& p, const Doubles& q) const {
    double loss = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      const double target = (1 - smoothing) * q[c] + smoothing / static_cast<double>(p.size());
      loss -= weights[c] * target * std::log(p[c]);
    }
    return loss;
  }
};

std::vector<Doubles> rows_of(const Tensor& x) {
  std::vector<Doubles> rows;
  for (std::int64_t i = 0; i < x.extent(0); ++i) rows.push_back(values(slice(x, {i})));
  return rows;
}

}  // namespace

TEST_CASE("cross entropy: smoothing, ignored labels, class weights and reductions together") {
  const Tensor logits = 2 * Rng(4).randn({6, 3}, Dtype::float64);
  const std::vector<Doubles> p = rows_of(softmax(logits));
  const Tensor weights = tensor({0.5, 2.0, 1.25}, Dtype::float64);
  const Tensor soft = softmax(Rng(5).randn({6, 3}, Dtype::float64));
  const std::vector<Doubles> q = rows_of(soft);
  const auto check = [&](const Tensor& labels, const nn::CrossEntropyOptions& options,
                         double expected) {
    const auto close = [&](const Tensor& loss) {
      CHECK(loss.item() == doctest::Approx(expected).epsilon(1e-12));
    };
    close(nn::cross_entropy(logits, labels, options));
    close(nn::categorical_cross_entropy(softmax(logits), labels, options));
    CHECK(gradcheck([&](const auto& v) { return nn::cross_entropy(v[0], labels, options); },
                    {logits}, {.order = 2}));
    CHECK(gradcheck(
        [&](const auto& v) { return nn::categorical_cross_entropy(v[0], labels, options); },
        {softmax(logits)}, {.order = 2}));
  };
  for (const double smoothing : {0.0, 0.1, 1.0}) {
    for (const Tensor& given : {Tensor(), weights}) {
      const Doubles w = given.defined() ? values(weights) : Doubles(3, 1);
      for (const std::optional<std::int64_t> ignored :
           {std::optional<std::int64_t>(), std::optional<std::int64_t>(1),
            std::optional<std::int64_t>(-100)}) {
        const Definition definition{smoothing, ignored, w};
        std::vector<std::int64_t> labels{2, 0, 1, 1, 2, 0};
        if (ignored == -100) labels[1] = labels[4] = -100;
        double total = 0, weight = 0;
        Doubles losses;
        for (std::size_t row = 0; row < 6; ++row) {
          losses.push_back(definition.row_loss(p[row], labels[row]));
          total += losses.back();
          if (labels[row] != ignored) weight += w[static_cast<std::size_t>(labels[row])];
        }
        const Tensor sparse = from_vector(labels);
        nn::CrossEntropyOptions options{
            .label_smoothing = smoothing, .ignore_index = ignored, .class_weights = given};
        check(sparse, options, total / weight);
        if (ignored != -100) {
          CHECK(nn::cross_entropy(logits, one_hot(sparse, 3, Dtype::int64), options).item() ==
                nn::cross_entropy(logits, sparse, options).item());
        }
        options.reduction = nn::Reduction::sum;
        check(sparse, options, total);
        options.reduction = nn::Reduction::none;
        const Doubles each = values(nn::cross_entropy(logits, sparse, options));
        for (std::size_t row = 0; row < 6; ++row) {
          CHECK(each[row] == doctest::Approx(losses[row]).epsilon(1e-12));
        }
      }
      const Definition definition{smoothing, {}, w};
      double total = 0;
      for (std::size_t row = 0; row < 6; ++row) total += definition.row_loss(p[row], q[row]);
      check(soft, {.label_smoothing = smoothing, .class_weights = given}, total / 6);
      check(soft,
            {.reduction = nn::Reduction::sum, .label_smoothing = smoothing, .class_weights = given},
            total);
    }
  }
}

TEST_CASE("cross entropy by hand: a smoothed, weighted coin") {
  // p = 1/2 each: (0.8 3 + 0.1 (3 + 1)) log 2, and the mean divides by the weight 3 of the label
  const nn::CrossEntropyOptions options{.label_smoothing = 0.2, .class_weights = tensor({3, 1})};
  CHECK(nn::cross_entropy(zeros({1, 2}, Dtype::float64), tensor({0}), options).item() ==
        doctest::Approx(2.8 / 3 * std::log(2.0)).epsilon(1e-15));
}

TEST_CASE("cross entropy: nothing of an ignored row comes through, whatever it holds") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const double smoothing : {0.0, 0.1}) {
      for (const auto& loss : {nn::cross_entropy, nn::categorical_cross_entropy}) {
        const Tensor x =
            tensor({{0.25, 0.75}, {nan, 1.0}, {0.5, 0.5}, {inf, -inf}, {inf, inf}}, dtype)
                .set_requires_grad(true);
        const Tensor kept = tensor({{0.25, 0.75}, {0.5, 0.5}}, dtype).set_requires_grad(true);
        const Tensor labels = tensor({0, -1, 1, -1, -1});
        const nn::CrossEntropyOptions options{.label_smoothing = smoothing, .ignore_index = -1};
        const Tensor y = loss(x, labels, options);
        const Tensor expected = loss(kept, tensor({0, 1}), {.label_smoothing = smoothing});
        CHECK(y.item() == doctest::Approx(expected.item()).epsilon(1e-6));
        CHECK(values(loss(x, labels,
                          {.reduction = nn::Reduction::none,
                           .label_smoothing = smoothing,
                           .ignore_index = -1}))[1] == 0);
        const auto derivatives = [](const Tensor& of, const Tensor& by) {
          const auto [fused] = grad(of, {by}, {.retain_graph = true});
          const auto [first] = grad(of, {by}, {.create_graph = true});
          const auto [second] = grad(sum(sin(first)), {by});
          return std::vector{values(fused), values(first), values(second)};
        };
        const auto got = derivatives(y, x), wanted = derivatives(expected, kept);
        for (std::size_t order = 0; order < got.size(); ++order) {
          const Doubles& g = got[order];
          const Doubles others{g[2], g[3], g[6], g[7], g[8], g[9]};
          CHECK(others == Doubles(6, 0));
          for (const std::size_t j : {0U, 1U}) {
            CHECK(g[j] == doctest::Approx(wanted[order][j]).epsilon(1e-5));
            CHECK(g[4 + j] == doctest::Approx(wanted[order][2 + j]).epsilon(1e-5));
          }
        }
      }
    }
  }
}

TEST_CASE(
    "cross entropy: nothing of a class of weight 0 comes through, though its loss is infinite") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor weights = tensor({0, 1}), labels = tensor({0, 1});
  for (const Tensor& given : {labels, one_hot(labels, 2), one_hot(labels, 2, Dtype::int64)}) {
    const Tensor x = tensor({{-inf, 0.0}, {1.0, 2.0}}, Dtype::float64).set_requires_grad(true);
    const Tensor total =
        nn::cross_entropy(x, given, {.reduction = nn::Reduction::sum, .class_weights = weights});
    CHECK(total.item() == doctest::Approx(std::log1p(std::exp(-1.0))).epsilon(1e-14));  // 0.3133
    total.backward();
    const double p = 1 / (1 + std::exp(1.0));
    const Doubles slopes = values(x.grad());
    CHECK(slopes[0] == 0);
    CHECK(slopes[1] == 0);
    CHECK(slopes[2] == doctest::Approx(p).epsilon(1e-14));
    CHECK(slopes[3] == doctest::Approx(-p).epsilon(1e-14));
  }
  const Tensor x = tensor({{-inf, 0.0}, {1.0, 2.0}}, Dtype::float64);
  CHECK(nn::cross_entropy(x, labels, {.class_weights = weights}).item() ==
        doctest::Approx(std::log1p(std::exp(-1.0))).epsilon(1e-14));
}

TEST_CASE("cross entropy takes probabilities as weights that need not sum to 1") {
  // as PyTorch takes them: each -log p is log 2
  const Tensor coin = zeros({1, 2}, Dtype::float64);
  CHECK(nn::cross_entropy(coin, tensor({{0.25, 0.25}})).item() ==
        doctest::Approx(0.5 * std::log(2.0)).epsilon(1e-14));
  CHECK(nn::cross_entropy(coin, tensor({{1.0, 1.0}})).item() ==
        doctest::Approx(2 * std::log(2.0)).epsilon(1e-14));
}

TEST_CASE("cross entropy of rows that are all ignored: mean NaN, sum 0, gradient 0") {
  for (const double smoothing : {0.0, 0.1}) {
    const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}).set_requires_grad(true);
    nn::CrossEntropyOptions options{.label_smoothing = smoothing, .ignore_index = 7};
    CHECK(std::isnan(nn::cross_entropy(x, tensor({7, 7}), options).item()));
    options.reduction = nn::Reduction::sum;
    const Tensor total = nn::cross_entropy(x, tensor({7, 7}), options);
    CHECK(total.item() == 0);
    total.backward();
    CHECK(values(x.grad()) == Doubles(4, 0));
  }
}

TEST_CASE("cross entropy refuses options that do not fit") {
  const Tensor logits = zeros({2, 3}), labels = tensor({0, 2});
  const auto text = [&](const Tensor& targets, const nn::CrossEntropyOptions& options) {
    return error_of<Error>([&] { return nn::cross_entropy(logits, targets, options); });
  };
  CHECK(text(labels, {.label_smoothing = 1.5}) ==
        "cross_entropy: label_smoothing must lie in [0, 1]; got 1.5");
  CHECK_THROWS_AS(nn::cross_entropy(logits, labels, {.label_smoothing = -0.1}), ValueError);
  CHECK_THROWS_AS(nn::cross_entropy(logits, labels, {.label_smoothing = std::nan("")}), ValueError);
  CHECK(text(labels, {.class_weights = ones({2})}) ==
        "cross_entropy: class_weights must be [classes], here [3]; got float32[2]");
  CHECK_THROWS_AS(nn::cross_entropy(logits, labels, {.class_weights = ones({})}), ShapeError);
  CHECK(text(labels, {.class_weights = tensor({1.0, -2.0, 1.0})}) ==
        "cross_entropy: class_weights must be finite and not negative; got -2 at position 1");
  CHECK_THROWS_AS(
      nn::cross_entropy(logits, labels, {.class_weights = tensor({1.0, std::nan(""), 1.0})}),
      ValueError);
  CHECK(text(tensor({-100, 4}), {.ignore_index = -100}) ==
        "cross_entropy: labels must lie in [0, 3) or be -100; got 4 in row 1");
  CHECK_THROWS_AS(nn::cross_entropy(logits, tensor({-100, 4}), {.ignore_index = -100}), IndexError);
  CHECK(text(full({2, 3}, 0.5), {.ignore_index = 1}) ==
        "cross_entropy: ignore_index goes with labels that are classes; got float32[2, 3]");
  CHECK(error_of<IndexError>([&] {
          return nn::categorical_cross_entropy(logits, tensor({0, 3}));
        }) == "categorical_cross_entropy: labels must lie in [0, 3); got 3 in row 1");
}

TEST_CASE("cross entropy: class weights of any dtype are constants") {
  const Tensor x = tensor({{1.0, 0.0}}).set_requires_grad(true);
  const Tensor weights = tensor({2.0, 1.0}, Dtype::float64).set_requires_grad(true);
  const Tensor loss = nn::cross_entropy(x, tensor({0}), {.class_weights = weights});
  CHECK(loss.dtype() == Dtype::float32);
  loss.backward();
  CHECK(!weights.grad().defined());
}
