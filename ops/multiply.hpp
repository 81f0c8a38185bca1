#pragma once
#include <xtape/core/tensor.hpp>
#include <xtape/ops/kernels/gemm.hpp>

/// What operations that are products have in common.
namespace xtape::detail {

/// y = left right for every place of the broadcast leading axes, plus the bias in each row unless
/// that is null, and then the epilogue, whose other elements lie as those of y do.
///   left [..., m, k]   right [..., k, n]   bias [n] or [..., 1, n]   ->   y [..., m, n], dense
void multiply(const Tensor& y, const Tensor& left, const Tensor& right,
              const Tensor* bias = nullptr, const kernels::Epilogue& epilogue = {});

/// x [..., n] as a matrix [m, n]: x itself if it is one, which takes no handle of it; else `made`
/// keeps the result.
const Tensor& as_rows(const Tensor& x, Tensor& made);

/// Whether one matrix w multiplies all rows of x, which lie in memory as those of one matrix do.
bool multiplies_rows(const Shape& w, const Tensor& x);

}  // namespace xtape::detail
