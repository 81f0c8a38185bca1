#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Linear algebra by LAPACK. Matrices are the last two axes, [..., n, n]; those in front of them count
/// matrices, and broadcast. float32 or float64; integers are taken as float64. Each is differentiable
/// to any order. Throws ShapeError unless the matrices are square, ValueError naming the first that has no
/// result.
namespace xtape::linalg {

/// x with a x = b, for a [..., n, n] and b [..., n, k], or a vector b [n].
///   db = solve(aᵀ, g),  da = -db xᵀ
/// Throws ValueError for singular matrices: an exact 0 in the elimination.
[[nodiscard]] Tensor solve(const Tensor& a, const Tensor& b);

/// How `solve_triangular` reads its matrix.
struct TriangularOptions {
  bool lower = true;           ///< the triangle that is read: the lower one, or the upper
  bool transposed = false;     ///< x with aᵀ x = b
  bool unit_diagonal = false;  ///< the diagonal is taken as ones, and not read
};

/// The same for a triangular a, of which only that triangle is read.
///   db = solve_triangular(aᵀ, g),  da = that triangle of -db xᵀ
/// Throws ValueError for a 0 on the diagonal.
[[nodiscard]] Tensor solve_triangular(const Tensor& a, const Tensor& b,
                                      const TriangularOptions& options = {});

/// The matrix whose product with a is 1.   da = -yᵀ g yᵀ
/// Throws ValueError for singular matrices.
[[nodiscard]] Tensor inverse(const Tensor& a);

/// The lower triangle y with y yᵀ = a, for a positive definite a; of one that is not symmetric, for
/// (a + aᵀ) / 2.
///   da = (s + sᵀ) / 2 for s = y⁻ᵀ p y⁻¹, p the lower triangle of yᵀ g with half of its diagonal
/// Source: Murray, Differentiation of the Cholesky decomposition (2016).
/// Throws ValueError, naming the leading part, unless a is positive definite.
[[nodiscard]] Tensor cholesky(const Tensor& a);

/// The determinant; 1 of a matrix without rows.
///   da = g y a⁻ᵀ, by the inverse: backward throws ValueError for singular matrices, and gives NaN where
///   the determinant is too small for the dtype
[[nodiscard]] Tensor det(const Tensor& a);

/// Sign and logarithm of the size of a determinant.
struct SignAndLog {
  Tensor sign, logabsdet;
};

/// The determinant as sign exp(logabsdet), which neither over- nor underflows: 0 and -inf of singular
/// matrices.   da = g a⁻ᵀ for g = dL/d(logabsdet); the sign has no gradient
[[nodiscard]] SignAndLog slogdet(const Tensor& a);

/// The logarithm of the determinant; NaN of a negative one, and its slopes.   da = g a⁻ᵀ
[[nodiscard]] Tensor logdet(const Tensor& a);

/// a multiplied by itself so many times: the identity for 0, of the inverse for negative `power`.
[[nodiscard]] Tensor matrix_power(const Tensor& a, std::int64_t power);

}  // namespace xtape::linalg

XTAPE_EXPORT_END
