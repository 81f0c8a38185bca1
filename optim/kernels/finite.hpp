#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// Whether n elements are all finite.
struct FiniteKernels {
  bool (*float32)(const float* x, std::int64_t n);
  bool (*float64)(const double* x, std::int64_t n);
};

}  // namespace xtape::kernels
