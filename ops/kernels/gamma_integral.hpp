#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// The incomplete gamma function by registers.
struct GammaIntegralKernels {
  /// y = P(a, x), for `upper` 1 - P; -1 where a is not in (0, 100] or x not in (0, 600].
  void (*part)(bool upper, const double* a, const double* x, double* y, std::int64_t n);
  /// dP/dx, or -1.
  void (*density)(const double* a, const double* x, double* y, std::int64_t n);
};

}  // namespace xtape::kernels
