#pragma once
#include <xtape/core/tensor.hpp>

/// What densities are made of where their parameters are great and their values not small: there the gamma
/// functions and powers of the plain formulas cancel.
/// Source: Loader, Fast and accurate computation of binomial probabilities (2000).
namespace xtape::distributions {

/// Where a is great and x near it.
Tensor near(const Tensor& a, const Tensor& x);
/// What stands in the place of others there.
inline constexpr double great = 10;

/// a log(a / x) + x - a, how far x is from a, for x near a.
Tensor deviance(const Tensor& a, const Tensor& x);
/// lgamma(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2) for great x.
Tensor stirling_rest(const Tensor& x);

}  // namespace xtape::distributions
