#include <cmath>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/init.hpp>

namespace xtape::nn::init {
namespace {

/// Numbers of inputs and outputs of a weight [..., inputs, outputs]; the axes in front count to
/// both.
struct Fans {
  explicit Fans(const Shape& shape) {
    if (shape.rank() < 2)
      throw ShapeError("init: a weight of rank 2 or more is needed; got " + to_string(shape));
    double receptive = 1;
    for (int axis = 0; axis < shape.rank() - 2; ++axis)
      receptive *= static_cast<double>(shape[axis]);
    inputs = receptive * static_cast<double>(shape[shape.rank() - 2]);
    outputs = receptive * static_cast<double>(shape[shape.rank() - 1]);
  }
  double inputs, outputs;
};

}  // namespace

Initializer zeros() { return constant(0); }

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

Initializer he_normal() {
  return [](const Shape& shape, Dtype dtype, Rng& rng) {
    return normal(std::sqrt(2 / Fans(shape).inputs))(shape, dtype, rng);
  };
}

Initializer glorot_normal() {
  return [](const Shape& shape, Dtype dtype, Rng& rng) {
    const Fans fans(shape);
    return normal(std::sqrt(2 / (fans.inputs + fans.outputs)))(shape, dtype, rng);
  };
}

Initializer glorot_uniform() {
  return [](const Shape& shape, Dtype dtype, Rng& rng) {
    const Fans fans(shape);
    return uniform(std::sqrt(6 / (fans.inputs + fans.outputs)))(shape, dtype,
                                                                rng);  // variance limit² / 3
  };
}

}  // namespace xtape::nn::init
