#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// The derivatives of P(a, x), `gammainc`, by a and by x, for tensors; differentiable as that is.
Tensor gammainc_by_a(const Tensor& a, const Tensor& x);
Tensor gamma_density(const Tensor& a, const Tensor& x);

}  // namespace xtape::detail
