#include <functional>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/ops/distributions.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/vmap.hpp>

#include "../support/errors.hpp"
#include "../support/refusals.hpp"

using namespace xtape;
using namespace xtape::distributions;
using namespace refusals;

TEST_CASE("refusals: parameters of distributions") {
  const std::vector<double> not_positive{0, -1, not_a_number, inf};
  const std::vector<double> no_chance{-0.1, 1.1, not_a_number, inf};
  const std::vector<double> no_size{-1, not_a_number, inf};
  const auto number = [](double v) { return tensor(v, Dtype::float64); };
  const auto row = [](const char* name, const std::vector<double>& values,
                      std::function<void(const Tensor&)> call, const std::string& rule) {
    const std::string text = std::string(name) + " must " + rule + "; got ";
    return Numbers{{name, Kind::value, values, [=](auto v) { call(v); }, text},
                   {name, Kind::value, values,
                    [=](auto v) {
                      call(tensor({{1.0, 1.0}, {1.0, v}}, Dtype::float64));
                    },
                    text + "% at position 3"}};
  };
  const std::string positive = "be finite and above 0";
  check(row(
      "Normal: scale", not_positive, [](auto& v) { Normal(0, v); }, positive));
  check(row(
      "StudentT: df", not_positive, [](auto& v) { StudentT{v}; }, positive));
  check(row(
      "StudentT: scale", not_positive, [](auto& v) { StudentT(1, 0, v); }, positive));
  check(row(
      "Exponential: rate", not_positive, [](auto& v) { Exponential{v}; }, positive));
  check(row(
      "Gamma: concentration", not_positive, [](auto& v) { Gamma(v, 1); }, positive));
  check(row(
      "Gamma: rate", not_positive, [](auto& v) { Gamma(1, v); }, positive));
  check(row(
      "Beta: a", not_positive, [](auto& v) { Beta(v, 1); }, positive));
  check(row(
      "Beta: b", not_positive, [](auto& v) { Beta(1, v); }, positive));
  check(row(
      "Bernoulli: probs", no_chance, [](auto& v) { Bernoulli({.probs = v}); }, "lie in [0, 1]"));
  check(row(
      "Poisson: rate", no_size, [](auto& v) { Poisson{v}; }, "be finite and not negative"));
  check(Numbers{
      {"Categorical: probs", Kind::value, no_size,
       [&](auto v) {
         Categorical({.probs = stack({number(1), number(v)})});
       },
       "Categorical: probs must be finite and not negative; got % at position 1"},
      {"Categorical: the sum of probs",
       Kind::value,
       {0},
       [&](auto v) {
         Categorical({.probs = stack({number(v), number(v)})});
       },
       "Categorical: the sum of probs must be finite and above 0; got "},
      {"MultivariateNormal: the diagonal of scale_tril", Kind::value, not_positive,
       [&](auto v) {
         MultivariateNormal(0, {.scale_tril = reshape(number(v), {1, 1})});
       },
       "MultivariateNormal: the diagonal of scale_tril must be finite and above 0; got "},
      {"relaxed_sample: temperature", Kind::value, not_positive,
       [](auto v) { Categorical({.logits = ones({2})}).relaxed_sample(default_rng(), v); },
       "relaxed_sample: temperature must be finite and above 0; got "},
      {"Poisson: a rate to draw by",
       Kind::value,
       {1e19},
       [&](auto v) { Poisson(number(v)).sample(default_rng()); },
       "poisson: mean must lie in [0, 9223372006484770816]; got "},
  });
}

TEST_CASE("refusals: numbers of draws") {
  const Normal normal(0, ones({2}, Dtype::float64));
  check(Counts{
      {"sample: shape",
       Kind::shape,
       {-1, least},
       [&](auto n) { normal.sample(default_rng(), {n}); },
       "shape: extents must not be negative; got [%]"},
      {"rsample: shape",
       Kind::memory,
       {no_memory / 2},
       [&](auto n) { normal.rsample(default_rng(), {n}); },
       "randn: out of memory: " + std::to_string(8 * no_memory) + " bytes for float64[%, 2]"}});
}

TEST_CASE("refusals: shapes and dtypes of distributions") {
  const Tensor pair = ones({2}), triple = ones({3}), square = eye(2), scalar = tensor(1.0);
  const auto shape = [](auto call) { return error_of<ShapeError>(call); };
  const auto dtype = [](auto call) { return error_of<DtypeError>(call); };
  const auto value = [](auto call) { return error_of<ValueError>(call); };
  const auto broadcast = [](const char* name) {
    return std::string(name) +
           ": shapes must broadcast (be equal or 1, axis by axis from the last); got [2] and [3]";
  };
  CHECK(shape([&] { return Normal(pair, triple); }) == broadcast("Normal"));
  CHECK(shape([&] { return StudentT(pair, triple); }) == broadcast("StudentT"));
  CHECK(shape([&] { return Gamma(pair, triple); }) == broadcast("Gamma"));
  CHECK(shape([&] { return Beta(pair, triple); }) == broadcast("Beta"));
  CHECK(
      shape([&] { return MultivariateNormal(triple, {.covariance = square}); }) ==
      "MultivariateNormal: shapes must broadcast (be equal or 1, axis by axis from the last); got "
      "[3] and [2]");
  CHECK(shape([&] {
          return MultivariateNormal(0, {.covariance = ones({2, 3})});
        }) == "MultivariateNormal: covariance must be square matrices; got float32[2, 3]");
  CHECK(shape([&] { return MultivariateNormal(0, {.scale_tril = pair}); }) ==
        "MultivariateNormal: scale_tril must be square matrices; got float32[2]");
  CHECK(shape([&] { return MultivariateNormal(0, {.covariance = square}).log_prob(triple); }) ==
        "MultivariateNormal: x must be [..., 2]; got float32[3]");
  CHECK(shape([&] {
          return kl_divergence(MultivariateNormal(0, {.covariance = square}),
                               MultivariateNormal(0, {.covariance = eye(3)}));
        }) == "kl_divergence: vectors must have one length; got 2 and 3");
  CHECK(shape([&] { return Categorical({.logits = scalar}); }) ==
        "Categorical: logits must have categories, [..., k]; got float32[]");
  CHECK(shape([&] {
          return Categorical({.probs = ones({2, 0})});
        }) == "Categorical: probs must have categories, [..., k]; got float32[2, 0]");
  CHECK(shape([&] { return Mixture(Categorical({.probs = pair}), Normal(triple, 1)); }) ==
        "Mixture: weights must be [..., k] and broadcast to the batch of k components; got [2] and "
        "[3]");
  CHECK(shape([&] { return Mixture(Categorical({.probs = square}), Normal(pair, 1)); }) ==
        "Mixture: weights must be [..., k] and broadcast to the batch of k components; got [2, 2] "
        "and [2]");

  CHECK(dtype([&] { return Normal(tensor({true}), 1); }) ==
        "Normal: loc must be numbers; got boolean[1]");
  CHECK(dtype([&] { return Poisson(tensor({true})); }) ==
        "Poisson: rate must be numbers; got boolean[1]");
  CHECK(dtype([&] { return Categorical({.probs = pair}).log_prob(pair); }) ==
        "Categorical: categories must be int64; got float32[2]");

  CHECK(value([&] { return Normal(Tensor(), 1); }).starts_with("Normal: loc must be defined"));
  const auto undefined = [&](const char* name, const auto& of) {
    CHECK(value([&] {
            return of.log_prob(Tensor());
          }).starts_with(std::string(name) + ": x must be defined"));
  };
  undefined("Normal", Normal(0, 1));
  undefined("MultivariateNormal", MultivariateNormal(zeros({2}), {.covariance = eye(2)}));
  undefined("StudentT", StudentT(3));
  undefined("Exponential", Exponential(1));
  undefined("Gamma", Gamma(1, 1));
  undefined("Beta", Beta(1, 1));
  undefined("Poisson", Poisson(1));
  undefined("Bernoulli", Bernoulli({.probs = 0.5}));
  undefined("Categorical", Categorical({.logits = zeros({2})}));
  undefined("Mixture", Mixture(Categorical({.logits = zeros({2})}), Normal(zeros({2}), 1)));
  CHECK(value([&] { return Bernoulli({}); }) ==
        "Bernoulli: just one of logits and probs must be given; got none");
  CHECK(value([&] { return Categorical({.logits = pair, .probs = pair}); }) ==
        "Categorical: just one of logits and probs must be given; got both");
  CHECK(
      value([&] { return Categorical({.logits = full({2}, -inf)}).sample(default_rng()); }) ==
      "Categorical: logits to draw by must be numbers, not all -inf; the probabilities' sum is 0");
  CHECK(value([&] {
          return Categorical({.logits = full({2}, not_a_number)}).sample(default_rng());
        }).starts_with("Categorical: logits to draw by must be numbers"));
  CHECK(value([&] { return MultivariateNormal(0, {}); }) ==
        "MultivariateNormal: just one of covariance and scale_tril must be given; got none");
  CHECK(value([&] { return MultivariateNormal(0, {.covariance = -square}); }) ==
        "cholesky: the matrix is not positive definite: it fails in row 0");
}

TEST_CASE("refusals: parameters of distributions within vmap are told as one example's") {
  const Tensor scales = tensor({{1.0, 2.0, 3.0}, {1.0, -2.0, 3.0}});
  const auto density = [](const Tensor& scale) { return Normal(0, scale).log_prob(0); };
  CHECK(error_of<ValueError>([&] { return vmap(density)(scales); }) ==
        "Normal: scale must be finite and above 0; got -2 at position 1");
  CHECK(error_of<ValueError>([&] {
          return vmap([&](const Tensor& of) { return vmap(density)(of); })(expand_dims(scales, 2));
        }) == "Normal: scale must be finite and above 0; got -2");
}
