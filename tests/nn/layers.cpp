#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

double share_of_zeros(const Tensor& x) { return mean(x == 0).item(); }

}  // namespace

TEST_CASE("dense is x W + b") {
  const nn::Dense layer(2, 3);
  layer.weight.assign(tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}));
  layer.bias.assign(tensor({0.5, 0.0, -0.5}));
  CHECK(values(layer(tensor({{1.0, 1.0}, {0.0, -1.0}}))) == Doubles{5.5, 7, 8.5, -3.5, -5, -6.5});
  CHECK(values(layer(tensor({1.0, 1.0}))) ==
        Doubles{5.5, 7, 8.5});  // a sample without a batch axis
  CHECK(layer(zeros({4, 5, 2})).shape() == Shape{4, 5, 3});
  CHECK(layer(zeros({0, 2})).shape() == Shape{0, 3});
}

TEST_CASE("dense refuses what does not fit") {
  const nn::Dense layer(2, 3);
  CHECK(error_of<DtypeError>([&] {
          return layer(zeros({1, 2}, Dtype::float64));
        }) ==
        "linear: input, weight and bias must share one floating dtype; got float64[1, 2], "
        "float32[2, 3] and float32[3]; the input fits after .to(Dtype::float32)");
  const std::string cure = "; the input fits after .to(Dtype::float32)";
  const auto refused = [&](const auto& of, const Tensor& x) {
    const Tensor whole = zeros(x.shape(), Dtype::int64), longer = zeros(x.shape(), Dtype::float64);
    CHECK(error_of<DtypeError>([&] { return of(whole); }).ends_with(cure));
    CHECK(error_of<DtypeError>([&] { return of(longer); }).ends_with(cure));
  };
  refused(nn::Dense(2, 3, {.bias = false}), zeros({1, 2}));
  refused(nn::Conv1d(2, 3, 1), zeros({1, 2, 4}));
  refused(nn::BatchNorm1d(2), zeros({3, 2}));
  refused(nn::LearnedPositions(4, 2), zeros({3, 2}));
  refused(
      [of = nn::Bilinear(2, 2, 1)](const Tensor& x) {
        return of(x, zeros({3, 2}));
      },
      zeros({3, 2}));
  refused(
      [of = nn::Bilinear(2, 2, 1)](const Tensor& x) {
        return of(zeros({3, 2}), x);
      },
      zeros({3, 2}));
  CHECK(error_of<ValueError>([] { return nn::Dense(0, 3); }) ==
        "dense: inputs must be at least 1; got 0");
  CHECK_THROWS_AS(nn::Dense(3, -1), ValueError);
}

TEST_CASE("linear equals matmul plus bias in value and in first and second derivative") {
  Rng rng(3);
  for (const Shape& shape : {Shape{5, 4}, Shape{4}, Shape{2, 3, 4}}) {
    const Tensor x = rng.randn(shape, Dtype::float64).set_requires_grad(true);
    const Tensor w = rng.randn({4, 3}, Dtype::float64).set_requires_grad(true);
    const Tensor b = rng.randn({3}, Dtype::float64).set_requires_grad(true);
    const auto derivatives = [&](const Tensor& y) {
      std::vector<Doubles> all{values(y)};
      const auto first = grad(sum(sin(y)), std::vector<Tensor>{x, w, b}, {.create_graph = true});
      const auto second =
          grad(sum(first[0] * first[0]) + sum(exp(first[1])), std::vector<Tensor>{x, w, b});
      for (const auto& list : {first, second}) {
        for (const Tensor& g : list) all.push_back(values(g));
      }
      return all;
    };
    const auto fused = derivatives(linear(x, w, b));
    const auto composed = derivatives(matmul(x, w) + b);
    for (std::size_t i = 0; i < fused.size(); ++i) {
      for (std::size_t j = 0; j < fused[i].size(); ++j) {
        CHECK(fused[i][j] == doctest::Approx(composed[i][j]).epsilon(1e-12));
      }
    }
    CHECK(gradcheck([](const auto& v) { return tanh(linear(v[0], v[1], v[2])); }, {x, w, b},
                    {.order = 2}));
  }
}

TEST_CASE("dropout keeps the expectation and drops the given share") {
  const Tensor x = ones({1000, 1000});
  for (const double rate : {0.1, 0.5, 0.9}) {
    const Tensor y = nn::Dropout(rate)(x);
    // a million Bernoulli draws: five standard deviations
    CHECK(std::abs(share_of_zeros(y) - rate) < 5 * std::sqrt(rate * (1 - rate) / 1e6));
    CHECK(std::abs(mean(y).item() - 1) < 5 * std::sqrt(rate / (1 - rate) / 1e6));
    CHECK(amax(y).item() == doctest::Approx(1 / (1 - rate)).epsilon(1e-4));
  }
}

TEST_CASE("dropout at the ends of its range") {
  const Tensor x = tensor({1.0, -std::numeric_limits<double>::infinity(), 3.0});
  CHECK(values(nn::Dropout(0)(x)) == values(x));
  CHECK(values(nn::Dropout(1)(x)) == Doubles{0, 0, 0});
  CHECK(error_of<ValueError>([] { return nn::Dropout(1.5); }) ==
        "dropout: rate must lie in [0, 1]; got 1.5");
  CHECK_THROWS_AS(nn::Dropout(-0.1), ValueError);
  CHECK_THROWS_AS(nn::Dropout(std::nan("")), ValueError);
  CHECK(error_of<DtypeError>([] { return nn::Dropout(0.5)(arange(3)); }) ==
        "dropout: the input must be floating; got int64[3]");
}

TEST_CASE("dropout sends gradients through the mask of its forward pass") {
  const Tensor x = full({64, 33}, 2).set_requires_grad(true);
  const nn::Dropout layer(0.3);
  const Tensor y = layer(x);
  sum(y).backward();
  const Doubles dropped = values(y), gradient = values(x.grad());
  for (std::size_t i = 0; i < dropped.size(); ++i) CHECK(gradient[i] == dropped[i] / 2);
  CHECK(values(layer(x)) != dropped);  // the next call draws anew
  layer.eval();
  CHECK(values(layer(x)) == values(x));
}

TEST_CASE("dropout follows the generator") {
  const Tensor x = ones({500});
  Rng a(7), b(7), c(8);
  const nn::Dropout first(0.5, a), second(0.5, b), third(0.5, c);
  CHECK(values(first(x)) == values(second(x)));
  CHECK(values(first(x)) != values(third(x)));
  CHECK(values(first(x.to(Dtype::float64))).size() == 500);
}

TEST_CASE("masks of neighbouring elements and of neighbouring calls are uncorrelated") {
  const std::int64_t n = 1 << 16;
  const auto mask = [&](std::uint64_t call) {
    return dropout(ones({n}), 0.5, 42, call) - 1;
  };  // +1 or -1
  const Tensor a = mask(0), b = mask(1);
  const double bound = 5 / std::sqrt(static_cast<double>(n));  // five standard deviations
  CHECK(std::abs(mean(a * b).item()) < bound);
  for (const std::int64_t lag : {1, 2, 4, 256, 512}) {
    const Tensor later = slice(a, {range(lag, {})}), earlier = slice(a, {range(0, n - lag)});
    CHECK(std::abs(mean(later * earlier).item()) < bound);
  }
}

TEST_CASE("initializers have the moments of their papers") {
  Rng rng(0);
  const Shape shape{300, 500};
  const auto moments = [&](const nn::init::Initializer& init) {
    const Tensor w = init(shape, Dtype::float64, rng);
    return std::pair{mean(w).item(), mean(square(w)).item()};
  };
  const double n = 300 * 500;
  for (const auto& [init, variance] :
       {std::pair{nn::init::he_normal(), 2.0 / 300},
        std::pair{nn::init::glorot_normal(), 2.0 / 800},
        std::pair{nn::init::glorot_uniform(), 2.0 / 800}, std::pair{nn::init::normal(0.01), 1e-4},
        std::pair{nn::init::uniform(0.3), 0.03}}) {
    const auto [first, second] = moments(init);
    CHECK(std::abs(first) < 5 * std::sqrt(variance / n));
    CHECK(std::abs(second / variance - 1) < 5 * std::sqrt(2 / n));
  }
  CHECK(moments(nn::init::zeros()).second == 0);
  CHECK(moments(nn::init::constant(2)).first == 2);
  const Tensor bounded = nn::init::glorot_uniform()(shape, Dtype::float32, rng);
  CHECK(amax(abs(bounded)).item() <= std::sqrt(6.0 / 800));
  CHECK_THROWS_AS(nn::init::normal(-1), ValueError);
  CHECK_THROWS_AS(nn::init::he_normal()({3}, Dtype::float32, rng), ShapeError);
}

TEST_CASE("LearnedPositions: positions and width must be there, and not too many") {
  const nn::LearnedPositions layer(5, 4);
  for (const Shape& shape : {Shape{}, Shape{4}, Shape{3, 5}, Shape{6, 4}, Shape{2, 6, 4}}) {
    const Tensor x = ones(shape);
    CHECK(error_of<ShapeError>([&] { return layer(x); }) ==
          "learned_positions: [..., at most 5 positions, 4] is needed; got " + x.describe());
  }
  CHECK(layer(ones({5, 4})).shape() == Shape{5, 4});
  CHECK(layer(ones({2, 0, 4})).shape() == Shape{2, 0, 4});
}
