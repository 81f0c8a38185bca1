#pragma once
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::kernels {

/// Formulas of several steps in one pass.
struct BlendKernels {
  /// (1 - t) a + t b, of a, b and t
  MapKernel mixed;
  /// x² / 2 where |x| <= delta, else delta (|x| - delta / 2); and g times its slope: of x and
  /// delta, of g, x and delta.
  MapKernel huber, huber_slope;
};

}  // namespace xtape::kernels
