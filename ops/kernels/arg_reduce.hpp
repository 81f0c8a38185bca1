#pragma once
#include <xtape/core/kernels/level.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::kernels {

struct ArgReduceKernels {
  /// Index along `axis` of the greatest (or smallest) element, the first of equal ones, or of the
  /// first NaN, into y: dense int64 of the other axes' extents.
  void (*arg_reduce)(bool greatest, const Tensor& x, int axis, const Tensor& y);
};

}  // namespace xtape::kernels
