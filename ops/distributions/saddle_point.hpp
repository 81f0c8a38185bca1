#pragma once
#include <xtape/core/tensor.hpp>

/// What densities, entropies and divergences are made of where their parameters are great and their
/// values not small: there the gamma functions and powers of the plain formulas cancel.
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
/// Its derivative, digamma(x) - (log(x) - 1 / (2 x)).
Tensor stirling_slope(const Tensor& x);
/// x + lgamma(x) + (1 - x) digamma(x) - log(2 pi e x) / 2 for great x.
Tensor entropy_rest(const Tensor& x);
/// digamma(x + by) - digamma(x), also where x is great beside `by`.
Tensor digamma_rise(const Tensor& x, const Tensor& by);
/// lgamma(a + by) - lgamma(a) - by digamma(a), by how far lgamma lies above its tangent, also near
/// a.
Tensor above_tangent(const Tensor& a, const Tensor& by);

}  // namespace xtape::distributions
