#pragma once
// Elementwise loops. A formula is compiled into a block function, a loop over dense runs;
// everything about shapes, broadcasting, strides and dtypes is decided once, outside, for all
// formulas.

#include <cstddef>
#include <cstdint>
#include <span>

#include <xtape/core/block_function.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::kernels {

using detail::BlockFunction;

/// A formula compiled for each dtype that it can compute in; null where it cannot.
struct MapKernel {
  BlockFunction float32, float64, int64;

  BlockFunction of(Dtype compute) const {
    return compute == Dtype::float32 ? float32 : compute == Dtype::float64 ? float64 : int64;
  }
};

inline constexpr std::size_t max_operands = 4;

/// y = f(x...): y dense, of the operands' broadcast shape, and either of dtype `compute` or, for a
/// formula that yields truth values, boolean. Operands of other dtypes are converted on the way. y
/// may share memory with an operand of its own shape and strides.
void map(const MapKernel& kernel, Dtype compute, const Tensor& y, std::span<const Tensor* const> x);

}  // namespace xtape::kernels
