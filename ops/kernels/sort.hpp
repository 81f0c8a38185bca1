#pragma once
#include <cstdint>

#include <xtape/core/tensor.hpp>

namespace xtape::kernels {

/// Whether `sort` is there for elements of the dtype.
bool sorts_values(Dtype dtype);

/// The elements along `axis` in order, into y: what `argsort` finds, taken. x and y are dense.
void sort(const Tensor& x, int axis, bool descending, const Tensor& y);

/// The places of the first `chosen` elements along `axis` in order, into y: dense int64 of the
/// extents of x, dense, but along the axis. Equal ones stay in their order; NaN is above all
/// numbers, 0 and -0 are equal.
void argsort(const Tensor& x, int axis, bool descending, std::int64_t chosen, const Tensor& y);

}  // namespace xtape::kernels
