#pragma once
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::kernels {

struct ReplaceKernels {
  /// Of x and what stands for NaN, for infinity and for minus infinity.
  MapKernel replaced;
  /// Whether x is so.
  MapKernel finite, infinite;
};

}  // namespace xtape::kernels
