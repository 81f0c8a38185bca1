#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// y = x, n elements each.
struct ConvertKernels {
  void (*widen)(double* y, const float* x, std::int64_t n);
  void (*narrow)(float* y, const double* x, std::int64_t n);
};

}  // namespace xtape::kernels
