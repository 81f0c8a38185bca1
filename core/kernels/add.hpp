#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// y = a + b, n elements each; y may be one of the others.
struct AddKernels {
  void (*float32)(float* y, const float* a, const float* b, std::int64_t n);
  void (*float64)(double* y, const double* a, const double* b, std::int64_t n);
  void (*widening)(double* y, const double* a, const float* b, std::int64_t n);
};

}  // namespace xtape::kernels
