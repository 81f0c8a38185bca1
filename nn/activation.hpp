#pragma once
#include <cstdint>

#include <xtape/nn/module.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape::nn {

// The functions of the same names as modules, for Sequential.

struct ReLU : Module {
  Tensor operator()(const Tensor& x) const { return relu(x); }
};

struct Sigmoid : Module {
  Tensor operator()(const Tensor& x) const { return sigmoid(x); }
};

struct Tanh : Module {
  Tensor operator()(const Tensor& x) const { return tanh(x); }
};

/// Probabilities along an axis. Before `cross_entropy` it is not needed: that takes logits.
struct Softmax : Module {
  explicit Softmax(std::int64_t along = -1) : axis(along) {}
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return softmax(x, axis);
  }
  std::int64_t axis;
};

}  // namespace xtape::nn
