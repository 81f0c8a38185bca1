#pragma once
#include <xtape/core/tensor.hpp>

// Elements that indices name along an axis. All tensors are dense, x, y and the indices of one
// shape but along the axis, the indices within it.

namespace xtape::kernels {

/// y[i, j, k] = x[i, index[i, j, k], k]
void gather_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y);

/// The same, 0 where a later index along the axis names the element again.
void gather_last_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y);

/// y[i, index[i, j, k], k] = x[i, j, k], the last of several; the others stay.
void put_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y);

/// y[i, index[i, j, k], k] = the sum of its x[i, j, k], in double for float32.
void scatter_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y);

}  // namespace xtape::kernels
