#include <cmath>
#include <numbers>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/init.hpp>

namespace xtape::nn::init {
namespace {

double fan_of(const Fans& fans, FanMode mode) {
  switch (mode) {
    case FanMode::inputs: return fans.inputs;
    case FanMode::outputs: return fans.outputs;
    default: return (fans.inputs + fans.outputs) / 2;
  }
}

/// gain², and of the root of 2 just that.
double squared(double gain) {
  xtape::detail::require_not_negative("init", "gain", gain);
  return gain == std::numbers::sqrt2 ? 2 : gain * gain;
}

/// Normal, or uniform, numbers with that variance / fan.
Initializer normal_by_fan(FanMode mode, double variance) {
  return [=](const Shape& shape, Dtype dtype, Rng& rng, const Fans& fans) {
    return rng.normal(shape, 0, std::sqrt(variance / fan_of(fans, mode)), dtype);
  };
}
Initializer uniform_by_fan(FanMode mode, double variance) {
  return [=](const Shape& shape, Dtype dtype, Rng& rng, const Fans& fans) {
    const double limit = std::sqrt(3 * variance / fan_of(fans, mode));  // variance limit² / 3
    return rng.uniform(shape, -limit, limit, dtype);
  };
}

}  // namespace

Fans Fans::of(const Shape& shape) {
  if (shape.rank() < 2)
    throw ShapeError("init: a weight of rank 2 or more is needed; got " + to_string(shape));
  double receptive = 1;
  for (int axis = 0; axis < shape.rank() - 2; ++axis) receptive *= static_cast<double>(shape[axis]);
  return {receptive * static_cast<double>(shape[shape.rank() - 2]),
          receptive * static_cast<double>(shape[shape.rank() - 1])};
}

Tensor Initializer::checked(Tensor values, const Shape& shape, Dtype dtype) {
  xtape::detail::require_defined("init", "the values of an initializer", values);
  const auto text = [&] {
    return "init: an initializer must give " + std::string(to_string(dtype)) + to_string(shape) +
           "; got " + values.describe();
  };
  if (values.shape() != shape) throw ShapeError(text());
  if (values.dtype() != dtype) throw DtypeError(text());
  return values;
}

Initializer zeros() { return constant(0); }
Initializer ones() { return constant(1); }

Initializer constant(double value) {
  return [value](const Shape& shape, Dtype dtype, Rng&) { return full(shape, value, dtype); };
}

Initializer normal(double stddev) {
  xtape::detail::require_not_negative("init", "stddev", stddev);
  return [stddev](const Shape& shape, Dtype dtype, Rng& rng) {
    return rng.normal(shape, 0, stddev, dtype);
  };
}

Initializer uniform(double limit) {
  xtape::detail::require_not_negative("init", "limit", limit);
  return [limit](const Shape& shape, Dtype dtype, Rng& rng) {
    return rng.uniform(shape, -limit, limit, dtype);
  };
}

Initializer he_normal(const HeOptions& options) {
  return normal_by_fan(options.mode, squared(options.gain));
}
Initializer he_uniform(const HeOptions& options) {
  return uniform_by_fan(options.mode, squared(options.gain));
}

Initializer glorot_normal(double gain) { return normal_by_fan(FanMode::average, squared(gain)); }
Initializer glorot_uniform(double gain) { return uniform_by_fan(FanMode::average, squared(gain)); }

Initializer lecun_normal() { return normal_by_fan(FanMode::inputs, 1); }
Initializer lecun_uniform() { return uniform_by_fan(FanMode::inputs, 1); }

Initializer torch_uniform(FanMode mode) { return uniform_by_fan(mode, 1 / 3.0); }

double gain(Nonlinearity of, double negative_slope) {
  switch (of) {
    case Nonlinearity::tanh: return 5.0 / 3;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      xtape::detail::require_finite("gain", "negative_slope", negative_slope);
      return std::sqrt(2 / (1 + negative_slope * negative_slope));
    case Nonlinearity::selu: return 0.75;
    default: return 1;
  }
}

}  // namespace xtape::nn::init
