#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// The rows of elementwise.def: `Tensor tanh(const Tensor& x)`, `Tensor maximum(const Operand& a,
// const Operand& b)`, ...
//   Inputs broadcast and promote as NumPy's do; comparisons give boolean tensors.
//   Value and derivatives are what the row says. Throws ShapeError if the inputs do not broadcast.
#define XTAPE_UNARY(name, ...) [[nodiscard]] Tensor name(const Tensor& x);
#define XTAPE_BINARY(name, ...) [[nodiscard]] Tensor name(const Operand& a, const Operand& b);
#define XTAPE_TERNARY(name, ...)
#define XTAPE_COMPARE(name, ...) [[nodiscard]] Tensor name(const Operand& a, const Operand& b);
#include <xtape/ops/elementwise.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE

[[nodiscard]] inline Tensor operator-(const Tensor& x) { return negative(x); }
[[nodiscard]] inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
[[nodiscard]] inline Tensor operator-(const Operand& a, const Operand& b) { return subtract(a, b); }
[[nodiscard]] inline Tensor operator*(const Operand& a, const Operand& b) { return multiply(a, b); }
[[nodiscard]] inline Tensor operator/(const Operand& a, const Operand& b) { return divide(a, b); }
[[nodiscard]] inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
[[nodiscard]] inline Tensor operator<=(const Operand& a, const Operand& b) {
  return less_equal(a, b);
}
[[nodiscard]] inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
[[nodiscard]] inline Tensor operator>=(const Operand& a, const Operand& b) {
  return greater_equal(a, b);
}
[[nodiscard]] inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
[[nodiscard]] inline Tensor operator!=(const Operand& a, const Operand& b) {
  return not_equal(a, b);
}
[[nodiscard]] inline Tensor operator&(const Operand& a, const Operand& b) {
  return logical_and(a, b);
}
[[nodiscard]] inline Tensor operator|(const Operand& a, const Operand& b) {
  return logical_or(a, b);
}
[[nodiscard]] inline Tensor operator!(const Tensor& x) { return equal(x, 0); }

/// a += b is a = a + b: the handle a is bound to the sum. Values do not change, so other handles of
/// what a was, and what the tape has saved of it, stay as they are. The dtype is that of a + b.
inline Tensor& operator+=(Tensor& a, const Operand& b) { return a = a + b; }
inline Tensor& operator-=(Tensor& a, const Operand& b) { return a = a - b; }
inline Tensor& operator*=(Tensor& a, const Operand& b) { return a = a * b; }
inline Tensor& operator/=(Tensor& a, const Operand& b) { return a = a / b; }

/// Elements of `a` where `condition` holds, of `b` elsewhere; the three broadcast.
///   da = g where condition, 0 elsewhere;  db the other way round. Selected, so nothing leaks from
///   the other side.
/// Throws DtypeError unless the condition is boolean.
[[nodiscard]] Tensor where(const Tensor& condition, const Operand& a, const Operand& b);

/// x limited to [low, high]; the bounds may be tensors that broadcast with x. NaN stays NaN.
///   dx = g inside and at the bounds, 0 outside; none for the bounds
[[nodiscard]] Tensor clip(const Tensor& x, const Operand& low, const Operand& high);

/// The rows of the same names with their customary second argument: slope 0.01, alpha 1.
[[nodiscard]] inline Tensor leaky_relu(const Tensor& x) { return leaky_relu(x, 0.01); }
[[nodiscard]] inline Tensor elu(const Tensor& x) { return elu(x, 1); }

/// Whether each element is neither infinite nor NaN, or is NaN.
[[nodiscard]] Tensor isfinite(const Tensor& x);
[[nodiscard]] Tensor isnan(const Tensor& x);

}  // namespace xtape

XTAPE_EXPORT_END
