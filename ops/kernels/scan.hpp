#pragma once
#include <xtape/core/tensor.hpp>

/// Running results along an axis, of dense tensors of one shape. float32 goes on in double,
/// integers wrap. Memory is walked in order.
namespace xtape::kernels {

/// y_k = x_k + y_(k - 1), or y_(k + 1) if backwards; of one dtype, not boolean.
void running_sum(const Tensor& x, int axis, bool backwards, const Tensor& y);
/// y_k = x_k y_(k - 1)
void running_product(const Tensor& x, int axis, const Tensor& y);
/// y_k = b_k + a_k y_(k - 1), or y_(k + 1) if backwards; floating. The first factor is not read.
void recurrence(const Tensor& a, const Tensor& b, int axis, bool backwards, const Tensor& y);
/// The place of the greatest (or smallest) element so far, the first among equals or the first NaN;
/// y is int64.
void running_place(bool greatest, const Tensor& x, int axis, const Tensor& y);

}  // namespace xtape::kernels
