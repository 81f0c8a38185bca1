#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/convolution.hpp>
#include <xtape/nn/dense.hpp>

XTAPE_EXPORT_BEGIN

/// What differs in PyTorch by default.
namespace xtape::nn::torch {

/// Options of layers with PyTorch's own initial distributions, weights and biases uniform in
/// ±1 / sqrt(inputs):
/// `nn::Dense(784, 128, nn::torch::defaults)`, or `nn::ConvOptions options = nn::torch::defaults;`
struct Defaults {
  operator DenseOptions() const {  // NOLINT: that is what it is for
    return {.weight_init = init::torch_uniform(), .bias_init = init::torch_uniform()};
  }
  operator ConvOptions() const {  // NOLINT
    return {.weight_init = init::torch_uniform(), .bias_init = init::torch_uniform()};
  }
  operator ConvTransposeOptions() const {  // NOLINT
    return {.weight_init = init::torch_uniform(init::FanMode::outputs),
            .bias_init = init::torch_uniform(init::FanMode::outputs)};
  }
};
inline constexpr Defaults defaults;

}  // namespace xtape::nn::torch

XTAPE_EXPORT_END
