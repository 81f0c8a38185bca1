#pragma once
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::kernels {

/// Formulas of two int64.
struct BitwiseKernels {
  MapKernel common, all, different, up, down;
};

}  // namespace xtape::kernels
