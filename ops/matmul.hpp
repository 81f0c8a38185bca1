#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Matrix product  y = a b.
///   a [..., m, k]   b [..., k, n]   ->   y [..., m, n], in the promoted dtype: of integers
///   exact, wrapping beyond int64; of booleans, whether any of the products is true
///   Leading axes broadcast; a vector a is a row, a vector b a column, whose axis y does not have.
///   da = g bᵀ,  db = aᵀ g   (summed over broadcast axes)
/// Transposed operands are flags to BLAS, never copies. k = 0 gives zeros.
/// Throws ShapeError if the inner extents differ, the leading ones do not broadcast, or an operand
/// is of rank 0.
[[nodiscard]] Tensor matmul(const Tensor& a, const Tensor& b);

/// Affine map  y = x w + b  in one pass over y; or without b.
///   x [..., k]   w [k, n]   b [n]   ->   y [..., n]
///   dx = g wᵀ,  dw = xᵀ g,  db = g, summed over rows
/// Throws ShapeError as matmul, or if b is not [n]; DtypeError unless they share one floating
/// dtype.
[[nodiscard]] Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b);
[[nodiscard]] Tensor linear(const Tensor& x, const Tensor& w);

}  // namespace xtape

XTAPE_EXPORT_END
