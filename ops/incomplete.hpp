#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// Incomplete gamma and beta functions, in a floating dtype, computed in double. Inputs broadcast
// and promote as NumPy's do; ends of the domains are SciPy's, NaN beyond them. Throw ShapeError if
// the inputs do not broadcast.

/// The distribution function of a gamma variable with shape a, P(a, x) = the integral of
/// t^(a - 1) exp(-t) up to x over gamma(a), for a > 0 and x >= 0, and 1 minus it, which keeps its
/// digits far out.   dx = g x^(a - 1) exp(-x) / gamma(a),  da = g dP/da, by the derivatives of the
/// power series and the continued fraction, to order 4 in a and any order in x
/// Beyond that backward throws GradError.
[[nodiscard]] Tensor gammainc(const Operand& a, const Operand& x);
[[nodiscard]] Tensor gammaincc(const Operand& a, const Operand& x);

/// The distribution function of a beta variable, I_x(a, b) = the integral of t^(a - 1) (1 - t)^(b -
/// 1) up to x over beta(a, b), for a, b > 0 and x in [0, 1].   dx = g x^(a - 1) (1 - x)^(b - 1) /
/// beta(a, b), da = g dI/da, db = g dI/db, by the derivatives of the continued fraction, to order 4
/// in a and b together and any order in x. Beyond that backward throws GradError.
[[nodiscard]] Tensor betainc(const Operand& a, const Operand& b, const Operand& x);

}  // namespace xtape

XTAPE_EXPORT_END
