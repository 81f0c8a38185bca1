#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::nn::detail {

/// Probabilities limited to [1e-7, 1 - 1e-7], whose logarithms are finite.
///   dp = g, also outside: a loss goes on pushing a prediction that is wrong and saturated, as long
///   as what made it has a slope; that of sigmoid in float32 is 0 only beyond 88
/// Source: Kinsley & Kukieła, Neural Networks from Scratch (2020), chapter 5.
Tensor clipped(const Tensor& probabilities);

}  // namespace xtape::nn::detail
