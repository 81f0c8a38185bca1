#pragma once
// Elementwise loops. A formula is compiled into a block function, a loop over dense runs;
// everything about shapes, broadcasting, strides and dtypes is decided once, outside, for all
// formulas.

#include <cstddef>
#include <cstdint>
#include <span>

#include <xtape/core/tensor.hpp>

namespace xtape::kernels {

/// y[i] = f(x_0[i step_0], x_1[i step_1], ...) for i < n. A step is 1, or 0 for an operand of one
/// value, which then stands at x_k often enough to fill a register.
using BlockFunction = void (*)(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                               std::int64_t n);

/// A formula compiled for each dtype that it can compute in; null where it cannot.
struct MapKernel {
  BlockFunction float32, float64, int64;
};

inline constexpr std::size_t max_operands = 4;

/// y = f(x...): y dense, of the operands' broadcast shape, and either of dtype `compute` or, for a
/// formula that yields truth values, boolean. Operands of other dtypes are converted on the way. y
/// may share memory with an operand of its own shape and strides.
void map(const MapKernel& kernel, Dtype compute, const Tensor& y, std::span<const Tensor* const> x);

}  // namespace xtape::kernels
