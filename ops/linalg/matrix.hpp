#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include <xtape/core/operation.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/kernels/lapack.hpp>
#include <xtape/ops/linalg.hpp>

/// What the files of this folder share.
namespace xtape::linalg {

/// The last two axes exchanged.
Tensor transposed(const Tensor& x);
/// The axes in front of the last two.
Shape leading(const Shape& shape);
/// The same axes, and these behind them.
Shape with_tail(Shape leading, std::initializer_list<std::int64_t> tail);
/// Number of matrices.
std::int64_t count_of(const Tensor& x);
kernels::Matrices matrices_of(const Tensor& x);
/// Of matrices [..., m, n], and the smaller of the two.
struct Extents {
  std::int64_t m, n;
  std::int64_t k() const { return m < n ? m : n; }
};
Extents extents_of(const Tensor& x);

/// Defined and, if of integers, in float64.
Tensor floating(const char* op, const Tensor& x);
/// Throw ShapeError for vectors and numbers, and unless the matrices are square.
void check_matrices(const char* op, const Tensor& a);
void check_square(const char* op, const Tensor& a);
/// Throws unless every matrix had a result; `lacks` says what the one that had none is.
void check(const char* op, const std::optional<kernels::Failure>& failure, const Tensor& a,
           const char* lacks);
/// Throws for the first matrix that is not finite; a is dense.
void check_finite(const char* op, const Tensor& a);

/// What stands in the last axis one behind the other: each with its last axes in place of that.
std::vector<Tensor> unpacked(const Tensor& flat,
                             std::initializer_list<std::initializer_list<std::int64_t>> tails);
/// The other way round; `axes` are those of each part in one example.
Tensor packed(std::initializer_list<Tensor> parts, std::initializer_list<int> axes);

/// [..., n] as a column, or a row, of matrices.
Tensor as_column(const Tensor& x);
Tensor as_row(const Tensor& x);

/// The distance of 1 to the next number of a dtype.
double epsilon_of(Dtype dtype);
/// 1 / (x_j - x_i), and 0 where the two do not differ by more than they are uncertain.
Tensor inverse_gaps(const Tensor& x);

/// `inverse` and `solve_triangular` in the name of another operation; where `lenient`, a singular
/// matrix has an inverse of NaN.
Tensor inverse_for(const char* op, const Tensor& a, bool lenient = false);
Tensor solve_triangular_for(const char* op, const Tensor& a, const Tensor& b,
                            const TriangularOptions& options);

/// Singular values in the name of another operation.
Svd svd_for(const char* op, const Tensor& a);
Tensor singular_values_for(const char* op, const Tensor& a);

}  // namespace xtape::linalg
