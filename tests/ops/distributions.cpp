// Distributions against mpmath, SciPy and PyTorch.
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/distributions.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/distribution_measures.hpp"
#include "support/distribution_values.hpp"

using namespace xtape;
using namespace xtape::distributions;
using namespace distribution_values;

namespace {

const double not_a_number = std::nan("");

/// The columns of a table, in a dtype.
template <std::size_t rows, std::size_t columns>
std::vector<Tensor> columns_of(const double (&table)[rows][columns], Dtype dtype) {
  const Tensor all =
      from_span(std::span<const double>(&table[0][0], rows * columns),
                {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < columns; ++i)
    result.push_back(slice(all, {Slice::all, static_cast<std::int64_t>(i)}).to(dtype));
  return result;
}

/// f of all columns but the last gives the last one; in float32 too, unless that does not hold the
/// inputs, with this error, of 1 or of the value.
template <class Table, class F>
void check_table(const Table& table, F f, double single = 4e-6) {
  const Tensor expected = columns_of(table, Dtype::float64).back();
  const std::vector<Tensor> in_double = columns_of(table, Dtype::float64);
  CHECK(mismatch(f(in_double), expected, 2e-14) == "");
  if (single == 0) return;
  const std::vector<Tensor> in_single = columns_of(table, Dtype::float32);
  CHECK(mismatch(f(in_single), expected.to(Dtype::float32), single) == "");
}

Tensor numbers(const std::vector<double>& values) { return from_vector(values); }

Tensor column(const Tensor& x, std::int64_t from, std::int64_t to) {
  return slice(x, {Slice::all, range(from, to)});
}

}  // namespace

TEST_CASE("distributions: log_prob is what mpmath and SciPy say") {
  check_table(normal_densities, [](auto& c) { return Normal(c[0], c[1]).log_prob(c[2]); });
  check_table(
      student_t_densities, [](auto& c) { return StudentT(c[0], c[1], c[2]).log_prob(c[3]); }, 0);
  check_table(exponential_densities, [](auto& c) { return Exponential(c[0]).log_prob(c[1]); });
  check_table(
      gamma_densities, [](auto& c) { return Gamma(c[0], c[1]).log_prob(c[2]); }, 2e-5);
  check_table(beta_densities, [](auto& c) { return Beta(c[0], c[1]).log_prob(c[2]); });
  check_table(bernoulli_densities,
              [](auto& c) { return Bernoulli({.logits = c[0]}).log_prob(c[1]); });
  check_table(
      chance_densities, [](auto& c) { return Bernoulli({.probs = c[0]}).log_prob(c[1]); }, 0);
  check_table(poisson_densities, [](auto& c) { return Poisson(c[0]).log_prob(c[1]); });
}

TEST_CASE("distributions: log_prob of categories and of vectors") {
  const Tensor rows = stack(columns_of(categorical_densities, Dtype::float64), 1);
  const Tensor logits = column(rows, 0, 4), expected = column(rows, 4, 8);
  const Tensor each = expand_dims(arange(4), 1);
  CHECK(mismatch(Categorical({.logits = logits}).log_prob(each), transpose(expected), 1e-15) == "");
  const Categorical by_probs({.probs = 7 * exp(expected)});
  CHECK(mismatch(by_probs.log_prob(each), transpose(expected), 4e-15) == "");
  CHECK(mismatch(by_probs.probs(), exp(expected), 4e-15) == "");
  CHECK(mismatch(Categorical({.logits = logits[0]}).log_prob(tensor({{0, 3}, {-1, 4}})),
                 stack({stack({expected[0][0], expected[0][3]}), numbers({-inf, -inf})}),
                 1e-15) == "");

  const Tensor table = stack(columns_of(multivariate_normal_densities, Dtype::float64), 1);
  const Tensor loc = column(table, 0, 3), x = column(table, 12, 15);
  const Tensor covariance = reshape(column(table, 3, 12), {-1, 3, 3});
  const Tensor densities = slice(table, {Slice::all, 15});
  CHECK(mismatch(MultivariateNormal(loc, {.covariance = covariance}).log_prob(x), densities,
                 1e-12) == "");
  const Tensor factors = linalg::cholesky(covariance);
  const Tensor above = triu(swapaxes(factors, -1, -2), 1);  // is not read
  const MultivariateNormal by_factors(loc, {.scale_tril = factors + 5 * above});
  CHECK(mismatch(by_factors.log_prob(x), densities, 1e-12) == "");
  for (std::int64_t i = 0; i < 40; ++i) {
    const MultivariateNormal one(loc[i], {.covariance = covariance[i]});
    const Tensor two = stack({x[i], loc[i]});
    const double peak = -0.5 * (linalg::logdet(covariance[i]).item() + 3 * std::log(2 * M_PI));
    CHECK(mismatch(one.log_prob(two), stack({densities[i], numbers({peak})[0]}), 1e-12) == "");
  }
}

TEST_CASE("distributions: entropies and divergences are PyTorch's") {
  const auto entropy = [](const auto& of) { return of.entropy(); };
  check_table(normal_entropies, [&](auto& c) { return entropy(Normal(c[0], c[1])); });
  check_table(
      student_t_entropies, [&](auto& c) { return entropy(StudentT(c[0])); }, 0);
  check_table(exponential_entropies, [&](auto& c) { return entropy(Exponential(c[0])); });
  check_table(
      gamma_entropies, [&](auto& c) { return entropy(Gamma(c[0], c[1])); }, 0);
  check_table(
      beta_entropies, [&](auto& c) { return entropy(Beta(c[0], c[1])); }, 0);
  check_table(bernoulli_entropies, [&](auto& c) { return entropy(Bernoulli({.logits = c[0]})); });
  check_table(normal_divergences,
              [](auto& c) { return kl_divergence(Normal(c[0], c[1]), Normal(c[2], c[3])); });
  check_table(exponential_divergences,
              [](auto& c) { return kl_divergence(Exponential(c[0]), Exponential(c[1])); });
  check_table(
      gamma_divergences,
      [](auto& c) { return kl_divergence(Gamma(c[0], c[1]), Gamma(c[2], c[3])); }, 0);
  check_table(
      beta_divergences, [](auto& c) { return kl_divergence(Beta(c[0], c[1]), Beta(c[2], c[3])); },
      0);
  check_table(bernoulli_divergences, [](auto& c) {
    return kl_divergence(Bernoulli({.logits = c[0]}), Bernoulli({.logits = c[1]}));
  });
}

TEST_CASE("distributions: an entropy grows by the logarithm of the scale, wherever the mean is") {
  const Tensor df = numbers({0.5, 3, 40}), scale = numbers({0.25, 2, 7}), one = ones_like(scale);
  CHECK(mismatch(StudentT(df, 5, scale).entropy() - StudentT(df).entropy(), log(scale), 1e-14) ==
        "");
  CHECK(mismatch(Normal(5, scale).entropy() - Normal(0, one).entropy(), log(scale), 1e-14) == "");
  CHECK(mismatch(Exponential(1 / scale).entropy() - Exponential(one).entropy(), log(scale),
                 1e-14) == "");
  CHECK(mismatch(Gamma(df, 1 / scale).entropy() - Gamma(df, 1).entropy(), log(scale), 1e-14) == "");
}

TEST_CASE(
    "distributions: entropies at any parameters, divergences of what is near, keep their digits") {
  check_table(
      gamma_entropies_far, [](auto& c) { return Gamma(c[0], c[1]).entropy(); }, 0);
  check_table(
      beta_entropies_far, [](auto& c) { return Beta(c[0], c[1]).entropy(); }, 0);
  check_table(
      student_t_entropies_far, [](auto& c) { return StudentT(c[0]).entropy(); }, 0);
  const auto relative = [](const auto& table, const auto& divergence) {
    const std::vector<Tensor> c = columns_of(table, Dtype::float64);
    return amax(abs(divergence(c) / c.back() - 1)).item();
  };
  CHECK(relative(gamma_divergences_near, [](auto& c) {
          return kl_divergence(Gamma(c[0], c[1]), Gamma(c[2], c[3]));
        }) < 1e-12);
  // Of a and b a million times apart what belongs to a + b cancels what belongs to the greater.
  CHECK(relative(beta_divergences_near,
                 [](auto& c) { return kl_divergence(Beta(c[0], c[1]), Beta(c[2], c[3])); }) < 4e-9);
}

TEST_CASE("distributions: integers are taken as float64") {
  const Tensor two = tensor({2, 3}), large = tensor({4'000'000'000, 5'000'000'000});
  CHECK(mismatch(Normal(two, two).variance(), numbers({4, 9})) == "");
  CHECK(mismatch(Normal(0, large).variance(), numbers({1.6e19, 2.5e19})) == "");
  CHECK(mismatch(Exponential(two).mean(), numbers({0.5, 1. / 3})) == "");
  CHECK(mismatch(Exponential(large).variance(), 1 / numbers({1.6e19, 2.5e19}), 1e-15) == "");
  CHECK(mismatch(Gamma(two, large).variance(), numbers({2, 3}) / numbers({1.6e19, 2.5e19}),
                 1e-15) == "");
  CHECK(mismatch(Beta(two, two).variance(), numbers({0.05, 1. / 28}), 1e-15) == "");
  CHECK(mismatch(StudentT(two + 1, two, large).variance(), numbers({4.8e19, 5e19}), 1e-15) == "");
  CHECK(Poisson(two).mean().dtype() == Dtype::float64);
  CHECK(Gamma(two, 1).log_prob(two).dtype() == Dtype::float64);
}

TEST_CASE("distributions: measures of vectors and categories") {
  const Tensor a = drawn({2, 3, 3}, -1, 1),
               c = matmul(a, swapaxes(a, -1, -2)) + eye(3, Dtype::float64);
  const MultivariateNormal p(drawn({3}, -1, 1, 1), {.covariance = c[0]});
  const MultivariateNormal q(drawn({3}, -1, 1, 2), {.covariance = c[1]});
  CHECK(mismatch(p.covariance(), c[0], 1e-15) == "");
  CHECK(mismatch(p.variance(), diagonal(c[0]), 1e-15) == "");
  CHECK(mismatch(p.entropy(), 0.5 * linalg::logdet(2 * M_PI * M_E * c[0]), 1e-14) == "");
  const Tensor moved = q.loc - p.loc;
  const Tensor divergence =
      0.5 * (trace(linalg::solve(c[1], c[0])) + matmul(moved, linalg::solve(c[1], moved)) - 3 +
             linalg::logdet(c[1]) - linalg::logdet(c[0]));
  CHECK(mismatch(kl_divergence(p, q), divergence, 1e-13) == "");
  CHECK(mismatch(kl_divergence(p, p), zeros({}, Dtype::float64), 1e-15) == "");

  const Tensor w = numbers({0.25, 0.0, 0.75}), v = numbers({0.5, 0.25, 0.25});
  const Categorical some({.probs = w}), all({.probs = v});
  const double expected = 0.25 * std::log(0.25) + 0.75 * std::log(0.75);
  CHECK(some.entropy().item() == doctest::Approx(-expected).epsilon(1e-15));
  CHECK(kl_divergence(some, all).item() ==
        doctest::Approx(expected - 0.25 * std::log(0.5) - 0.75 * std::log(0.25)).epsilon(1e-15));
  CHECK(kl_divergence(all, some).item() == inf);
  const Bernoulli never({.probs = 0.0}), fair({.probs = numbers({0.5})});
  CHECK(kl_divergence(never, fair).item() == doctest::Approx(std::log(2)));
  CHECK(kl_divergence(fair, never).item() == inf);
  CHECK(never.entropy().item() == 0);
}

TEST_CASE("distributions: divergences of neighbours keep their digits") {
  const Tensor one = numbers({1}), near = numbers({1 + 1e-6});
  // (d² + O(d³)) / 2 in the rate, d² in the scale
  CHECK(kl_divergence(Exponential(one), Exponential(near)).item() ==
        doctest::Approx(0.5e-12).epsilon(1e-3).scale(0));
  CHECK(kl_divergence(Normal(0, near), Normal(0, one)).item() ==
        doctest::Approx(1e-12).epsilon(1e-3).scale(0));
}

TEST_CASE("distributions: means and variances") {
  const Tensor two = numbers({2, 3});
  CHECK(mismatch(StudentT(numbers({0.5, 1, 1.5, 2, 4}), 3, 2).mean(),
                 numbers({not_a_number, not_a_number, 3, 3, 3})) == "");
  CHECK(mismatch(StudentT(numbers({0.5, 1, 1.5, 2, 4}), 3, 2).variance(),
                 numbers({not_a_number, not_a_number, inf, inf, 8})) == "");
  CHECK(mismatch(Gamma(two, 4).mean(), numbers({0.5, 0.75})) == "");
  CHECK(mismatch(Gamma(two, 4).variance(), numbers({0.125, 0.1875})) == "");
  CHECK(mismatch(Beta(two, 2).mean(), numbers({0.5, 0.6}), 1e-16) == "");
  CHECK(mismatch(Beta(two, 2).variance(), numbers({0.05, 0.04}), 1e-16) == "");
  CHECK(mismatch(Exponential(two).mean(), numbers({0.5, 1 / 3.}), 1e-16) == "");
  CHECK(mismatch(Exponential(two).variance(), numbers({0.25, 1 / 9.}), 1e-16) == "");
  CHECK(mismatch(Bernoulli({.probs = two / 4}).variance(), numbers({0.25, 0.1875})) == "");
  CHECK(Bernoulli({.logits = numbers({-800})}).variance().item() == 0);
  CHECK(Bernoulli({.logits = numbers({-600})}).entropy().item() ==
        doctest::Approx(601 * std::exp(-600)).epsilon(1e-13).scale(0));
  CHECK(Bernoulli({.probs = numbers({1e-20})}).entropy().item() ==
        doctest::Approx(1e-20 * (1 + 20 * std::log(10))).epsilon(1e-14).scale(0));
  CHECK(mismatch(Poisson(two).variance(), two) == "");
  const Mixture of(Categorical({.probs = numbers({0.25, 0.75})}), Normal(numbers({-2, 2}), 1));
  CHECK(of.mean().item() == 1);
  CHECK(of.variance().item() == 4);
}

TEST_CASE("distributions: numbers take the dtype of what they stand beside") {
  const Tensor x = tensor({0.5, 1.0});
  CHECK(Normal(0, 1).log_prob(x).dtype() == Dtype::float32);
  CHECK(Normal(0, 1).log_prob(x.to(Dtype::float64)).dtype() == Dtype::float64);
  CHECK(Normal(0, 1).log_prob(0.5).item() == -0.125 - 0.5 * std::log(2 * M_PI));
  CHECK(Normal(tensor({1, 2}), 1).log_prob(x).dtype() == Dtype::float64);
  CHECK(Normal(0, 1).mean().describe() == "float32[]");
  CHECK(Normal(tensor({1, 2}), 1).mean().describe() == "float64[2]");
  CHECK(Bernoulli({.logits = x}).log_prob(tensor({1, 0})).dtype() == Dtype::float32);
  CHECK(Poisson(x).log_prob(tensor({1, 0})).dtype() == Dtype::float32);
  for (const Tensor& one : {Tensor(20.5), x + 20}) {
    CAPTURE(to_string(one));
    const bool single = one.rank() > 0;
    const Dtype in = single ? Dtype::float32 : Dtype::float64;
    const Tensor some = single ? x : x.to(Dtype::float64);
    CHECK(Gamma(one, 1).log_prob(20 * some).dtype() == in);
    CHECK(Gamma(20, one).log_prob(some).dtype() == in);
    CHECK(Beta(one, 30).log_prob(some).dtype() == in);
    CHECK(Beta(30, one).log_prob(some).dtype() == in);
    CHECK(Poisson(one).log_prob(20 * some).dtype() == in);
  }
  CHECK(Gamma(x, 2).log_prob(0.5).dtype() == Dtype::float32);
  CHECK(Beta(20, x).log_prob(0.5).dtype() == Dtype::float32);
  CHECK(Poisson(x).log_prob(20).dtype() == Dtype::float32);
  CHECK(Gamma(20.1, 1).log_prob(numbers({20}))[0].item() == Gamma(20.1, 1).log_prob(20).item());
  CHECK(Poisson(3).log_prob(tensor({1, 0})).dtype() == Dtype::float32);
  CHECK(Categorical({.probs = tensor({1, 3})}).log_prob(tensor({1, 0})).dtype() == Dtype::float64);
  CHECK(MultivariateNormal(0, {.covariance = eye(2)}).log_prob(x).describe() == "float32[]");
  CHECK(MultivariateNormal(0, {.covariance = eye(2)})
            .log_prob(ones({3, 2}, Dtype::float64))
            .describe() == "float64[3]");
  CHECK(Gamma(zeros({0}) + 1, 2).log_prob(ones({3, 1})).shape() == Shape{3, 0});
  CHECK(MultivariateNormal(0, {.covariance = eye(2)}).log_prob(ones({0, 2})).shape() == Shape{0});
}

TEST_CASE("distributions: outside of the support -inf with gradient 0, NaN where NaN comes") {
  using Density = std::function<Tensor(const Tensor& x, const Tensor& of)>;
  struct Row {
    const char* name;
    Density density;
    std::vector<double> outside;
  };
  const std::vector<Row> rows{
      {"exponential", [](auto& x, auto& of) { return Exponential(of).log_prob(x); }, {-1, -inf}},
      {"gamma", [](auto& x, auto& of) { return Gamma(of, of).log_prob(x); }, {-1, -inf, inf}},
      {"beta", [](auto& x, auto& of) { return Beta(of, of).log_prob(x); }, {-1, 1.5, -inf, inf}},
      {"bernoulli",
       [](auto& x, auto& of) { return Bernoulli({.logits = of}).log_prob(x); },
       {-1, 0.5, 2, inf}},
      {"bernoulli by p",
       [](auto& x, auto& of) { return Bernoulli({.probs = of / 4}).log_prob(x); },
       {-1, 0.5, 2, inf}},
      {"poisson", [](auto& x, auto& of) { return Poisson(of).log_prob(x); }, {-1, 0.5, inf}}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto f = [&](const std::vector<Tensor>& v) { return sum(row.density(v[0], v[1])); };
    for (const double at : row.outside) {
      CAPTURE(at);
      const auto [value, slopes] = value_and_grad(f)(std::vector{numbers({at}), numbers({2.5})});
      CHECK(value.item() == -inf);
      CHECK(slopes[0].item() == 0);
      CHECK(slopes[1].item() == 0);
    }
    CHECK(std::isnan(row.density(numbers({not_a_number}), numbers({2.5})).item()));
  }
  CHECK(std::isnan(Normal(0, numbers({1})).log_prob(numbers({not_a_number})).item()));
  const auto certain = [](const Tensor& p) { return Bernoulli({.probs = p}).log_prob(true); };
  CHECK(value_and_grad(certain)(numbers({1})[0]).second.item() == 1);
}

TEST_CASE("divergences of scales that are far apart") {
  using namespace distributions;
  const auto normal = [](double scale, Dtype dtype) {
    return kl_divergence(Normal(tensor(0.0, dtype), tensor(scale, dtype)),
                         Normal(tensor(0.0, dtype), tensor(1.0, dtype)))
        .item();
  };
  CHECK(normal(1e-9, Dtype::float32) == doctest::Approx(20.2232658).epsilon(1e-6));
  CHECK(normal(1e-17, Dtype::float64) == doctest::Approx(38.643946581).epsilon(1e-9));
  const auto at = [](const Tensor& scale) {
    return kl_divergence(Normal(0, scale), Normal(0, tensor(1.0, Dtype::float64)));
  };
  const double slope = grad(at)(tensor(1e-17, Dtype::float64)).item();  // scale - 1 / scale
  CHECK(slope == doctest::Approx(-1e17).epsilon(1e-12));
}
