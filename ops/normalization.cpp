#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/normalization.hpp>

namespace xtape {
namespace {

void check(const char* op, const Tensor& x, const NormalizationOptions& options) {
  detail::require_defined(op, "x", x);
  if (!is_floating(x.dtype()))
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
  detail::require_not_negative(op, "eps", options.eps);
}

/// The last axes of x, as many as `shape` has, which must be these.
Axes last_axes(const char* op, const Tensor& x, const Shape& shape) {
  std::vector<std::int64_t> axes;
  bool fits = shape.rank() > 0 && shape.rank() <= x.rank();
  for (int axis = -shape.rank(); fits && axis < 0; ++axis) {
    fits = x.extent(axis) == shape[axis];
    axes.push_back(axis);
  }
  if (fits) return axes;
  throw ShapeError(std::string(op) + ": the last axes must be " + to_string(shape) + "; got " +
                   x.describe());
}

Tensor standardized(const Tensor& x, const Axes& axes, double eps) {
  const Tensor centred = x - mean(x, axes, {.keep_dims = true});
  return centred * rsqrt(mean(square(centred), axes, {.keep_dims = true}) + eps);
}

}  // namespace

Tensor standardize(const Tensor& x, const Axes& axes, const NormalizationOptions& options) {
  check("standardize", x, options);
  static_cast<void>(axes.flags("standardize", x.rank()));
  return standardized(x, axes, options.eps);
}

Tensor layer_norm(const Tensor& x, const Shape& shape, const NormalizationOptions& options) {
  check("layer_norm", x, options);
  return standardized(x, last_axes("layer_norm", x, shape), options.eps);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const NormalizationOptions& options) {
  detail::require_defined("layer_norm", "weight", weight);
  detail::require_defined("layer_norm", "bias", bias);
  if (weight.shape() != bias.shape()) {
    throw ShapeError("layer_norm: weight and bias must have one shape; got " + weight.describe() +
                     " and " + bias.describe());
  }
  return layer_norm(x, weight.shape(), options) * weight + bias;
}

Tensor rms_norm(const Tensor& x, const Shape& shape, const NormalizationOptions& options) {
  check("rms_norm", x, options);
  const Axes axes = last_axes("rms_norm", x, shape);
  return x * rsqrt(mean(square(x), axes, {.keep_dims = true}) + options.eps);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, const NormalizationOptions& options) {
  detail::require_defined("rms_norm", "weight", weight);
  return rms_norm(x, weight.shape(), options) * weight;
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const NormalizationOptions& options) {
  check("group_norm", x, options);
  if (x.rank() < 2)
    throw ShapeError("group_norm: [examples, channels, ...] is needed; got " + x.describe());
  detail::require_at_least<std::int64_t>("group_norm", "groups", groups, 1);
  detail::require(x.extent(1) % groups == 0, "group_norm", "groups", "divide the channels", groups);
  const std::int64_t elements = x.extent(0) == 0 ? 0 : x.size() / (x.extent(0) * groups);
  const Tensor rows = reshape(x, {x.extent(0), groups, elements});
  return reshape(standardized(rows, -1, options.eps), x.shape());
}

}  // namespace xtape
