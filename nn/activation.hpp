#pragma once
#include <cstdint>

#include <xtape/nn/module.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape::nn {

/// A function of one tensor as a module, for Sequential. What it computes, its derivative and its
/// errors: see the function.
template <Tensor (*function)(const Tensor&)>
struct Activation : Module {
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return function(x);
  }
};

struct ReLU : Activation<relu> {};
struct SiLU : Activation<silu> {};
struct Sigmoid : Activation<sigmoid> {};
struct Softplus : Activation<softplus> {};
struct Tanh : Activation<tanh> {};

/// x for x > 0, slope x elsewhere.
struct LeakyReLU : Module {
  explicit LeakyReLU(double negative_slope = 0.01) : slope(negative_slope) {}
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return leaky_relu(x, slope);
  }

  double slope;
};

/// x for x > 0, alpha (exp(x) - 1) elsewhere.
struct ELU : Module {
  explicit ELU(double scale = 1) : alpha(scale) {}
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return elu(x, alpha);
  }

  double alpha;
};

struct GELUOptions {
  bool tanh_approximation = false;  ///< gelu_tanh, as in the models that were trained with it
};

/// x times the probability that a standard normal variable stays below x.
struct GELU : Module {
  explicit GELU(const GELUOptions& form = {}) : options(form) {}
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return options.tanh_approximation ? gelu_tanh(x) : gelu(x);
  }

  GELUOptions options;
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

/// Logarithms of probabilities along an axis.
struct LogSoftmax : Module {
  explicit LogSoftmax(std::int64_t along = -1) : axis(along) {}
  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return log_softmax(x, axis);
  }

  std::int64_t axis;
};

}  // namespace xtape::nn
