// What distributions draw: against NumPy without tolerance, slopes against mpmath, moments.
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/distributions.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/special.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/distribution_values.hpp"
#include "support/errors.hpp"

using namespace xtape;
using namespace xtape::distributions;
using namespace distribution_values;

namespace {

Tensor numbers(const std::vector<double>& values) { return from_vector(values); }

/// Four draws of each of three are these numbers, bit for bit, and the uniform one behind them the
/// last; in float32 they are the same rounded.
template <class F>
void check_draws(const double (&expected)[1][13], F distribution) {
  Rng rng(5), again(5);
  const Tensor draws = distribution(Dtype::float64).sample(rng, {4});
  CHECK(draws.shape() == Shape{4, 3});
  const std::vector<double> numbers(expected[0], expected[0] + 12);
  CHECK(draws.template to_vector<double>() == numbers);
  CHECK(rng.uniform() == expected[0][12]);
  const Tensor single = distribution(Dtype::float32).sample(again, {4});
  if (is_floating(draws.dtype())) CHECK(single.dtype() == Dtype::float32);
}

double relative(double got, double expected) {
  return std::abs(got - expected) / std::abs(expected);
}

/// The mean of draws, and of their squares, lies within five deviations of what it should be.
template <class Distribution>
void check_moments(const Distribution& of, bool reparametrised = true) {
  Rng rng(11);
  constexpr std::int64_t count = 40000;
  const auto check = [&](const Tensor& draws) {
    const Tensor x = draws.to(Dtype::float64), mean_of = of.mean(), variance_of = of.variance();
    const Tensor squares = square(x - mean_of);
    const auto error = [&](const Tensor& y) { return 5 * stddev(y, 0) / std::sqrt(count); };
    CHECK(all(abs(mean(x, 0) - mean_of) <= error(x)).item() == 1);
    CHECK(all(abs(mean(squares, 0) - variance_of) <= error(squares)).item() == 1);
  };
  check(of.sample(rng, {count}));
  if constexpr (requires { of.rsample(rng, {count}); }) {
    if (reparametrised) check(of.rsample(rng, {count}));
  }
}

}  // namespace

TEST_CASE("distributions: draws are NumPy's, each with parameters of its own") {
  const auto in = [](Dtype dtype, double a, double b, double c) {
    return numbers({a, b, c}).to(dtype);
  };
  check_draws(normal_draws, [&](Dtype d) { return Normal(in(d, -1, 0, 2.5), in(d, 0.3, 1, 7)); });
  check_draws(student_t_draws, [&](Dtype d) {
    return StudentT(in(d, 0.7, 2, 50), in(d, -1, 0, 2.5), in(d, 0.3, 1, 7));
  });
  check_draws(exponential_draws, [&](Dtype d) { return Exponential(in(d, 0.3, 1, 7)); });
  check_draws(gamma_draws, [&](Dtype d) { return Gamma(in(d, 0.3, 1, 7.5), in(d, 0.3, 1, 7)); });
  check_draws(beta_draws,
              [&](Dtype d) { return Beta(in(d, 0.5, 0.001, 2), in(d, 0.25, 0.002, 7)); });
  check_draws(bernoulli_draws, [&](Dtype d) { return Bernoulli({.probs = in(d, 0.1, 0.5, 0.8)}); });
  check_draws(poisson_draws, [&](Dtype d) { return Poisson(in(d, 0.1, 3, 60)); });
  check_draws(categorical_draws, [&](Dtype d) {
    return Categorical({.probs = broadcast_to(numbers({0.1, 0, 0.6, 0.3}).to(d), {3, 4})});
  });
}

TEST_CASE("distributions: draws in float32 are those in float64, rounded") {
  const auto same = [](const auto& single, const auto& twice) {
    Rng one(2), other(2);
    CHECK(mismatch(single.sample(one, {50}), twice.sample(other, {50}).to(Dtype::float32)) == "");
    CHECK(one == other);
  };
  const Tensor a = tensor({0.25, 3.5}), b = a.to(Dtype::float64);
  same(Normal(a, a), Normal(b, b));
  same(StudentT(a, a, a), StudentT(b, b, b));
  same(Exponential(a), Exponential(b));
  same(Gamma(a, a), Gamma(b, b));
  same(Beta(a, a), Beta(b, b));
}

TEST_CASE("distributions: draws of vectors and of mixtures") {
  Rng rng(5), plain(5);
  const Tensor l = tensor({{2.0, 0.0}, {0.5, 0.25}}, Dtype::float64), loc = numbers({1, -3});
  const Tensor above = tensor({{0.0, 7.0}, {0.0, 0.0}}, Dtype::float64);  // is not read
  const Tensor z = plain.randn({4, 2}, Dtype::float64);
  CHECK(mismatch(MultivariateNormal(loc, {.scale_tril = l + above}).sample(rng, {4}),
                 loc + matmul(z, transpose(l)), 1e-15) == "");
  const MultivariateNormal two(loc, {.scale_tril = stack({l, 2 * l})});
  const Tensor pairs = plain.randn({5, 3, 2, 2}, Dtype::float64);
  const Tensor moved = squeeze(matmul(stack({l, 2 * l}), expand_dims(pairs, -1)), -1);
  CHECK(mismatch(two.sample(rng, {5, 3}), loc + moved, 1e-15) == "");

  Rng same(9), apart(9);
  const Categorical weights({.probs = numbers({0.5, 0.25, 0.25})});
  const Normal each(numbers({-100, 0, 100}), 1);
  const Tensor drawn = Mixture(weights, each).sample(same, {200});
  const Tensor chosen = weights.sample(apart, {200});
  CHECK(sum(abs(round(drawn / 100) - (chosen - 1))).item() == 0);
  const Mixture vectors(Categorical({.logits = zeros({2}, Dtype::float64)}), two);
  CHECK(vectors.sample(same, {7}).shape() == Shape{7, 2});
  CHECK(vectors.batch_shape() == Shape{});
  CHECK(Mixture(weights, Normal(zeros({4, 3}), 1)).sample(same, {7}).shape() == Shape{7, 4});
}

TEST_CASE("distributions: relaxed draws are made of NumPy's Gumbel variables") {
  Rng rng(5);
  const Categorical of({.probs = numbers({0.5, 0.25, 0.25})});
  const Tensor z =
      reshape(numbers(std::vector<double>(gumbel_draws[0], gumbel_draws[0] + 12)), {4, 3});
  const Tensor relaxed = of.relaxed_sample(rng, 0.5, {4});
  CHECK(mismatch(relaxed, softmax(2 * (of.logits() + z)), 1e-15) == "");
  CHECK(rng.uniform() == gumbel_draws[0][12]);
  const Tensor nearly = of.relaxed_sample(rng, 1e-3, {20000});  // as often as the categories are
  const Tensor shares = mean(nearly, 0), error = 5 * stddev(nearly, 0) / std::sqrt(20000);
  CHECK(all(abs(shares - of.probs()) < error).item() == 1);
}

TEST_CASE("distributions: slopes of gamma draws where their formulas meet") {
  const Tensor below = full({500}, 5e4 - 1e-6, Dtype::float64).set_requires_grad(true);
  const Tensor above = full({500}, 5e4 + 1e-6, Dtype::float64).set_requires_grad(true);
  const auto slopes = [](const Tensor& a) {
    Rng rng(1);
    return grad(sum(Gamma(a, 1).rsample(rng)), {a})[0];
  };
  CHECK(mismatch(slopes(below), slopes(above), 1e-10) == "");
}

TEST_CASE("distributions: gamma draws move with their concentration as mpmath says") {
  std::vector<double> shapes;
  for (const auto& row : gamma_slopes) shapes.push_back(row[0]);
  const Tensor a = numbers(shapes).set_requires_grad(true);
  Rng rng(5);
  const Tensor x = Gamma(a, 1).rsample(rng);
  const Tensor first = grad(sum(x), {a}, {.create_graph = true})[0];
  const Tensor second = grad(sum(first), {a})[0];
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    CAPTURE(shapes[i]);
    CHECK(x[at].item() == gamma_slopes[i][1]);
    CHECK(relative(first[at].item(), gamma_slopes[i][2]) < 2e-13);
    CHECK(std::abs(second[at].item() - gamma_slopes[i][3]) <
          1e-9 * std::abs(gamma_slopes[i][3]) + 1e-12);
  }
}

TEST_CASE("distributions: gamma draws are differentiable to order 4") {
  const Tensor a = numbers({1.7}).set_requires_grad(true);
  Rng rng(2);
  Tensor y = Gamma(a, 1).rsample(rng);
  for (int order = 1; order <= 4; ++order) y = grad(sum(y), {a}, {.create_graph = true})[0];
  CHECK(std::isfinite(y.item()));
  CHECK_THROWS_AS(static_cast<void>(grad(sum(y), {a})), GradError);
}

TEST_CASE("distributions: Student's t draws move with their degrees of freedom as mpmath says") {
  Rng rng(5);
  for (const auto& row : student_t_slopes) {
    const Tensor df = numbers({row[0]}).set_requires_grad(true);
    const Tensor t = StudentT(df).rsample(rng);
    CHECK(relative(t.item(), row[1]) < 1e-15);
    CHECK(relative(grad(sum(t), {df})[0].item(), row[2]) < 1e-11);
  }
}

TEST_CASE("distributions: slopes of draws are in the mean those of the mean") {
  // The mean of the slopes lies within five deviations of the mean's slope.
  const auto check = [](const Tensor& slopes, const Tensor& expected) {
    const double count = static_cast<double>(slopes.size());
    CHECK(std::abs(mean(slopes).item() - expected.item()) <
          5 * stddev(slopes).item() / std::sqrt(count));
  };
  constexpr std::int64_t count = 20000;
  for (const double of : {0.004, 0.3, 1.0, 2.5, 40.0}) {
    CAPTURE(of);
    const Tensor a = full({count}, of, Dtype::float64).set_requires_grad(true);
    const Tensor b = full({count}, 0.7 * of, Dtype::float64).set_requires_grad(true);
    Rng rng(3);
    const auto by_shape = grad(sum(Gamma(a, b).rsample(rng)), {a, b});
    check(by_shape[0], 1 / b[0]);
    check(by_shape[1], -a[0] / square(b[0]));
    const auto by_ends = grad(sum(Beta(a, b).rsample(rng)), {a, b});
    check(by_ends[0], b[0] / square(a[0] + b[0]));
    check(by_ends[1], -a[0] / square(a[0] + b[0]));
    // As a sum the logarithm does not underflow.
    if (of > 1) check(grad(sum(log(Gamma(a, 1).rsample(rng))), {a})[0], polygamma(1, a[0]));
  }
}

TEST_CASE("distributions: mean and variance of draws") {
  const Tensor a = numbers({0.6, 1, 4.5}), b = numbers({2, 0.5, 7});
  check_moments(Normal(a, b));
  check_moments(StudentT(10 + a, a, b));
  check_moments(Exponential(a));
  check_moments(Gamma(a, b));
  check_moments(Beta(a, b));
  check_moments(Bernoulli({.logits = a - 2}));
  check_moments(Poisson(b));
  check_moments(MultivariateNormal(a, {.covariance = diag(b) + 0.25}));
  check_moments(Mixture(Categorical({.probs = a}), Gamma(a, b)));
}

TEST_CASE("distributions: samples are constants, others are recorded") {
  Rng rng(0);
  const Tensor a = numbers({0.5, 2}).set_requires_grad(true);
  const auto check = [&](const auto& of) {
    CHECK(!of.sample(rng).requires_grad());
    CHECK(of.rsample(rng).requires_grad());
    CHECK(of.log_prob(of.sample(rng)).requires_grad());
  };
  check(Normal(a, 1));
  check(StudentT(a));
  check(Exponential(a));
  check(Gamma(a, 1));
  check(Beta(a, 1));
  check(MultivariateNormal(a, {.scale_tril = eye(2)}));
  CHECK(!Poisson(a).sample(rng).requires_grad());
  CHECK(!Categorical({.logits = a}).sample(rng).requires_grad());
}

TEST_CASE("distributions: draws within vmap") {
  const Tensor a = numbers({0.5, 2});
  Rng rng(4), plain(4);
  const Tensor z = plain.randn({3}, Dtype::float64);
  CHECK(mismatch(vmap([&](const Tensor& loc) { return Normal(loc, 1).sample(rng, {3}); })(a),
                 expand_dims(a, 1) + z) == "");
  CHECK(error_of<ValueError>([&] {
          return vmap([&](const Tensor& k) { return Gamma(k, 1).sample(rng); })(a);
        }).starts_with("standard_gamma: inside vmap a tensor stands for the values of all"));
}
