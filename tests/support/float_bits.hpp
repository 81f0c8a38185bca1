#pragma once
#include <bit>
#include <cstdint>

#include <xtape/core/tensor.hpp>

/// Every bit of every value of a dense float64 tensor:
///   np.bitwise_xor.reduce(X.view(np.uint64).ravel())
inline std::uint64_t double_bits(const xtape::Tensor& x) {
  std::uint64_t all = 0;
  for (const double value : x.data<double>()) all ^= std::bit_cast<std::uint64_t>(value);
  return all;
}

/// The same of float32:   np.bitwise_xor.reduce(X.astype(np.float32).view(np.uint32).ravel())
inline std::uint32_t float_bits(const xtape::Tensor& x) {
  std::uint32_t all = 0;
  for (const float value : x.data<float>()) all ^= std::bit_cast<std::uint32_t>(value);
  return all;
}
