#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/activation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

/// x in a floating dtype.
Tensor floating(const char* op, const Tensor& x) {
  detail::require_defined(op, "x", x);
  return is_floating(x.dtype()) ? x : x.to(Dtype::float64);
}

/// Throws ValueError for an option that does not fit beside x.
void check_beside(const char* op, const Tensor& x, std::initializer_list<double> options) {
  if (Operand(x).is_number()) return;
  for (const double option : options) Number(option).check(op, x.dtype());
}

/// Both halves of an axis.
std::pair<Tensor, Tensor> halves(const char* op, const Tensor& given, std::int64_t axis) {
  const Tensor x = floating(op, given);
  const int at = normalize_axis(op, axis, x.rank());
  if (x.extent(at) % 2 != 0)
    throw ShapeError(std::string(op) + ": the axis must have an even extent; got " + x.describe());
  const auto parts = split(x, 2, at);
  return {parts[0], parts[1]};
}

/// y, but NaN where x is, with all derivatives.
Tensor with_nan(const Tensor& x, const Tensor& y) { return where(x != x, abs(x), y); }

}  // namespace

Tensor hardtanh(const Tensor& given, double low, double high) {
  const Tensor x = floating("hardtanh", given);
  detail::require(low <= high, "hardtanh", "low", "be at most high", low);
  check_beside("hardtanh", x, {low, high});
  return with_nan(x, where(x <= low, low, where(x >= high, high, x)));
}

Tensor celu(const Tensor& given, double alpha) {
  const Tensor x = floating("celu", given);
  detail::require_finite("celu", "alpha", alpha);
  detail::require(alpha != 0, "celu", "alpha", "not be 0", alpha);
  check_beside("celu", x, {alpha});
  return alpha == 1 ? elu(x) : where(x > 0, x, alpha * elu(x / alpha));
}

Tensor hardshrink(const Tensor& given, double lambda) {
  const Tensor x = floating("hardshrink", given);
  detail::require_not_negative("hardshrink", "lambda", lambda);
  check_beside("hardshrink", x, {lambda});
  return with_nan(x, where(abs(x) <= lambda, 0, x));
}

Tensor softshrink(const Tensor& given, double lambda) {
  const Tensor x = floating("softshrink", given);
  detail::require_not_negative("softshrink", "lambda", lambda);
  check_beside("softshrink", x, {lambda});
  return where(abs(x) <= lambda, 0, x - lambda * sign(x));
}

Tensor threshold(const Tensor& given, double limit, double value) {
  const Tensor x = floating("threshold", given);
  detail::require_finite("threshold", "limit", limit);
  detail::require_finite("threshold", "value", value);
  check_beside("threshold", x, {limit, value});
  return with_nan(x, where(x <= limit, value, x));
}

Tensor prelu(const Tensor& given, const Tensor& weight) {
  const Tensor x = floating("prelu", given);
  detail::require_defined("prelu", "weight", weight);
  if (weight.shape() == Shape{1}) return leaky_relu(x, reshape(weight, Shape()));
  if (x.rank() < 2 || weight.shape() != Shape{x.extent(1)}) {
    throw ShapeError("prelu: weight must be [1] or [channels]; got " + weight.describe() + " for " +
                     x.describe());
  }
  Shape beside{x.extent(1)};
  while (beside.rank() < x.rank() - 1) beside.push_back(1);
  return leaky_relu(x, reshape(weight, beside));
}

Tensor glu(const Tensor& x, std::int64_t axis) {
  const auto [value, gate] = halves("glu", x, axis);
  return value * sigmoid(gate);
}
Tensor reglu(const Tensor& x, std::int64_t axis) {
  const auto [value, gate] = halves("reglu", x, axis);
  return value * relu(gate);
}
Tensor geglu(const Tensor& x, std::int64_t axis) {
  const auto [value, gate] = halves("geglu", x, axis);
  return value * gelu(gate);
}
Tensor swiglu(const Tensor& x, std::int64_t axis) {
  const auto [value, gate] = halves("swiglu", x, axis);
  return value * silu(gate);
}

Tensor softmin(const Tensor& x, std::int64_t axis) {
  detail::require_defined("softmin", "x", x);
  static_cast<void>(normalize_axis("softmin", axis, x.rank()));
  return softmax(-x, axis);
}

}  // namespace xtape
