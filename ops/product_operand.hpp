#pragma once
#include <cstdint>

#include <xtape/core/tensor.hpp>
#include <xtape/ops/kernels/gemm.hpp>

/// Tensors as the matrices of products.
namespace xtape::detail {

/// The last two axes, `offset` elements behind the first; as `as_matrices` gives them.
kernels::Matrix matrix(const Tensor& x, std::int64_t offset = 0);

// What follows gives x itself if it can, which takes no handle of it; else `made` keeps the result.

/// As BLAS can read the last two axes: rows dense, or columns dense.
const Tensor& as_matrices(const Tensor& x, Tensor& made);
/// x [..., n] as a matrix [m, n].
const Tensor& as_rows(const Tensor& x, Tensor& made);

}  // namespace xtape::detail
