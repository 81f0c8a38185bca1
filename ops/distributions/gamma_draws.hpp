#pragma once
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::distributions {

/// Gamma variables of scale 1, one for each concentration of a float64 tensor, and their
/// logarithms, which do not underflow; differentiable by the concentrations, as the variables of
/// the same probability P(a, x) move with a.
/// Source: Figurnov, Mohamed & Mnih, Implicit reparameterization gradients (2018).
Tensor standard_gamma(Rng& rng, const Tensor& concentration);
Tensor log_standard_gamma(Rng& rng, const Tensor& concentration);

/// The variables `x` of these concentrations as such a function of them.
Tensor moving_with(const Tensor& concentration, const Tensor& x);

}  // namespace xtape::distributions
