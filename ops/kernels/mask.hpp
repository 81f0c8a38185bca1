#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

struct MaskKernels {
  /// y = x with each of the n elements 0 with probability threshold / 2^16, the others times
  /// `scale`; which ones is a function of key, call and place.
  void (*dropout_float32)(const float* x, float* y, std::int64_t n, std::int32_t threshold,
                          float scale, std::uint64_t key, std::uint64_t call);
  void (*dropout_float64)(const double* x, double* y, std::int64_t n, std::int32_t threshold,
                          double scale, std::uint64_t key, std::uint64_t call);
};

}  // namespace xtape::kernels
