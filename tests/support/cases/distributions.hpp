#pragma once
#include <vector>

#include <xtape/ops/distributions.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>

#include "case.hpp"

/// Uses of distributions: of whatever the inputs hold, parameters and places are made that are in
/// range.
inline std::vector<Case> distribution_cases() {
  using namespace xtape;
  using namespace xtape::distributions;
  constexpr bool rounds = true;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  const auto positive = [](const Tensor& a) { return exp(a); };
  const auto chance = [](const Tensor& a) { return sigmoid(a); };
  const auto spread = [](const Tensor& a) {
    return Spread{.covariance = matmul(a, swapaxes(a, -2, -1)) + 3 * eye(a.extent(-2), a.dtype())};
  };
  const auto measures = [](const auto& of) {
    return std::vector{of.mean(), of.variance(), of.entropy()};
  };
  const Tensor counts = tensor({0, 1, 7}), categories = tensor({2, 0});
  const Tensor flags = tensor({true, false, true});
  return {
      {"kl_divergence: normal",
       {x, y, vector, scalar},
       [=](auto& v) {
         return kl_divergence(Normal(v[0], positive(v[2])), Normal(v[1], positive(v[3])));
       },
       rounds},
      {"kl_divergence: vectors",
       {x, vector, cube},
       [=](auto& v) {
         const Tensor square = slice(v[2], {Slice::all, range(0, 2)});
         const MultivariateNormal p(slice(v[0], {Slice::all, range(0, 2)}), spread(square));
         return kl_divergence(p, MultivariateNormal(slice(v[1], {range(0, 2)}), spread(v[0])));
       },
       rounds},
      {"kl_divergence: exponential",
       {x, vector},
       [=](auto& v) {
         return kl_divergence(Exponential(positive(v[0])), Exponential(positive(v[1])));
       },
       rounds},
      {"kl_divergence: gamma",
       {x, y, vector, scalar},
       [=](auto& v) {
         return kl_divergence(Gamma(positive(v[0]), positive(v[1])),
                              Gamma(positive(v[2]), positive(v[3])));
       },
       rounds},
      {"kl_divergence: beta",
       {x, y, vector, scalar},
       [=](auto& v) {
         return kl_divergence(Beta(positive(v[0]), positive(v[1])),
                              Beta(positive(v[2]), positive(v[3])));
       },
       rounds},
      {"kl_divergence: bernoulli",
       {x, vector},
       [=](auto& v) {
         return kl_divergence(Bernoulli({.logits = v[0]}), Bernoulli({.probs = chance(v[1])}));
       },
       rounds},
      {"kl_divergence: categorical",
       {x, vector},
       [=](auto& v) {
         return kl_divergence(Categorical({.logits = v[0]}),
                              Categorical({.probs = positive(v[1])}));
       },
       rounds},
      {"Normal: log_prob",
       {x, vector, scalar},
       [=](auto& v) { return Normal(v[1], positive(v[2])).log_prob(v[0]); },
       rounds},
      {"Normal: rsample",
       {vector, x},
       [=](auto& v) {
         Rng rng(3);
         return Normal(v[0], positive(v[1])).rsample(rng, {2});
       },
       rounds},
      {"Normal: measures",
       {x, vector},
       [=](auto& v) { return measures(Normal(v[0], positive(v[1]))); },
       rounds},
      {"MultivariateNormal: log_prob, one covariance",
       {x, cube, scalar},
       [=](auto& v) {
         return MultivariateNormal(v[2], spread(v[0])).log_prob(swapaxes(v[1], 0, 1));
       },
       rounds},
      {"MultivariateNormal: log_prob, factors",
       {cube, vector},
       [=](auto& v) {
         const Tensor factors = spread(v[0]).covariance;
         return MultivariateNormal(v[1], {.scale_tril = factors}).log_prob(0.5 * v[1]);
       },
       rounds},
      {"MultivariateNormal: rsample",
       {x, cube, vector},
       [=](auto& v) {
         Rng rng(3);
         return std::vector{MultivariateNormal(0, spread(v[0])).rsample(rng, {3}),
                            MultivariateNormal(v[2], spread(v[1])).rsample(rng)};
       },
       rounds},
      {"MultivariateNormal: measures",
       {cube, vector},
       [=](auto& v) { return measures(MultivariateNormal(v[1], spread(v[0]))); },
       rounds},
      {"StudentT: log_prob",
       {x, vector, vector, scalar},
       [=](auto& v) { return StudentT(positive(v[1]), v[2], positive(v[3])).log_prob(v[0]); },
       rounds},
      {"StudentT: measures",
       {x, vector, scalar},
       [=](auto& v) { return measures(StudentT(3 + positive(v[0]), v[1], positive(v[2]))); },
       rounds},
      {"Exponential: log_prob",
       {x, vector},
       [=](auto& v) { return Exponential(positive(v[1])).log_prob(positive(v[0])); },
       rounds},
      {"Exponential: rsample",
       {vector},
       [=](auto& v) {
         Rng rng(3);
         return Exponential(positive(v[0])).rsample(rng, {2});
       },
       rounds},
      {"Exponential: measures",
       {x},
       [=](auto& v) { return measures(Exponential(positive(v[0]))); },
       rounds},
      {"Gamma: log_prob",
       {x, vector, scalar},
       [=](auto& v) { return Gamma(positive(v[1]), positive(v[2])).log_prob(positive(v[0])); },
       rounds},
      {"Gamma: measures",
       {x, vector},
       [=](auto& v) { return measures(Gamma(positive(v[0]), positive(v[1]))); },
       rounds},
      {"Beta: log_prob",
       {x, vector, scalar},
       [=](auto& v) { return Beta(positive(v[1]), positive(v[2])).log_prob(chance(v[0])); },
       rounds},
      {"Beta: measures",
       {x, vector},
       [=](auto& v) { return measures(Beta(positive(v[0]), positive(v[1]))); },
       rounds},
      {"Bernoulli: log_prob",
       {x, vector},
       [=](auto& v) {
         return std::vector{Bernoulli({.logits = v[0]}).log_prob(flags),
                            Bernoulli({.probs = chance(v[1])}).log_prob(flags)};
       },
       rounds},
      {"Bernoulli: measures",
       {x},
       [=](auto& v) { return measures(Bernoulli({.logits = v[0]})); },
       rounds},
      {"Categorical: log_prob",
       {x, vector},
       [=](auto& v) {
         return std::vector{Categorical({.logits = v[0]}).log_prob(categories),
                            Categorical({.probs = positive(v[1])}).log_prob(categories)};
       },
       rounds},
      {"Categorical: entropy",
       {x},
       [=](auto& v) { return Categorical({.logits = v[0]}).entropy(); },
       rounds},
      {"Categorical: relaxed_sample",
       {x},
       [=](auto& v) {
         Rng rng(3);
         return Categorical({.logits = v[0]}).relaxed_sample(rng, 0.7, {2});
       },
       rounds},
      {"Poisson: log_prob",
       {x},
       [=](auto& v) { return Poisson(positive(v[0])).log_prob(counts); },
       rounds},
      {"Mixture: of numbers",
       {x, vector, y, scalar},
       [=](auto& v) {
         const Mixture of(Categorical({.logits = v[1]}), Normal(v[2], positive(v[3])));
         return std::vector{of.log_prob(slice(v[0], {Slice::all, 0})), of.mean(), of.variance()};
       },
       rounds},
      {"Mixture: of vectors",
       {cube, vector, x},
       [=](auto& v) {
         const Mixture of(Categorical({.logits = slice(v[1], {range(0, 2)})}),
                          MultivariateNormal(v[2], spread(v[0])));
         return std::vector{of.log_prob(v[1]), of.mean(), of.variance()};
       },
       rounds},
  };
}
