#pragma once
#include <xtape/core/tensor.hpp>
#include <xtape/ops/kernels/series.hpp>

/// Incomplete gamma and beta functions, element by element, computed in double. y is dense and
/// floating; the others are dense, float64 and of its shape.
namespace xtape::kernels {

/// The order-th derivative by a of P(a, x), the part of the gamma function's integral up to x; for
/// `upper` of 1 - P. NaN for negative a or x.
void incomplete_gamma(bool upper, int order, const Tensor& a, const Tensor& x, const Tensor& y);
/// That of dP/dx = x^(a - 1) exp(-x) / gamma(a).
void gamma_density(int order, const Tensor& a, const Tensor& x, const Tensor& y);
/// The derivative of so many orders by a and b of I_x(a, b), the part of the beta function's
/// integral up to x. NaN for a or b that are not positive and for x outside of [0, 1].
void incomplete_beta(Orders orders, const Tensor& a, const Tensor& b, const Tensor& x,
                     const Tensor& y);
/// That of its derivative by x, x^(a - 1) (1 - x)^(b - 1) / B(a, b).
void beta_density(Orders orders, const Tensor& a, const Tensor& b, const Tensor& x,
                  const Tensor& y);

}  // namespace xtape::kernels
