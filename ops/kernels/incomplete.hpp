#pragma once
#include <cstdint>

/// Incomplete gamma and beta functions, of double.
namespace xtape::kernels {

/// How often they are differentiated by a at most.
constexpr int most_orders = 4;

/// The order-th derivative by a of P(a, x), the part of the gamma function's integral up to x; for
/// `upper` of 1 - P. NaN for negative a or x.
double incomplete_gamma(bool upper, int order, double a, double x);
/// That of dP/dx = x^(a - 1) exp(-x) / gamma(a).
double gamma_density(int order, double a, double x);
/// The part of the beta function's integral up to x: I_x(a, b). NaN for a or b that are not positive and
/// for x outside of [0, 1].
double incomplete_beta(double a, double b, double x);

}  // namespace xtape::kernels
