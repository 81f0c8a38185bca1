#pragma once
#include <xtape/core/tensor.hpp>
#include <xtape/ops/distributions.hpp>

namespace xtape::distributions {

/// Half of the logarithm of the covariance's determinant.
Tensor half_log_det(const MultivariateNormal& of);
/// factor⁻¹ x, for vectors x.
Tensor whitened(const Tensor& factor, const Tensor& x);

}  // namespace xtape::distributions
