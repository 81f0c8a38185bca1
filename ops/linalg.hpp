#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Linear algebra by LAPACK. Matrices are the last two axes, [..., n, n] or [..., m, n] with k the
/// smaller of the two; those in front of them count matrices, and broadcast. float32 or float64;
/// integers are taken as float64. Each is differentiable to any order. Throws ShapeError unless the
/// matrices are square where they have to be, ValueError naming the first that has no result.
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
///   da = g times the cofactors of a, right for singular matrices too, and so is the second derivative; those
///   from the third on are by the inverse, which singular matrices do not have: NaN, or no digits
[[nodiscard]] Tensor det(const Tensor& a);

/// Sign and logarithm of the size of a determinant.
struct SignAndLog {
  Tensor sign, logabsdet;
};

/// The determinant as sign exp(logabsdet), which neither over- nor underflows: 0 and -inf of
/// singular matrices.   da = g a⁻ᵀ for g = dL/d(logabsdet), of singular matrices NaN, or 0 where g
/// is; the sign has no gradient
[[nodiscard]] SignAndLog slogdet(const Tensor& a);

/// The logarithm of the determinant; NaN of a negative one, and its slopes.   da = g a⁻ᵀ
[[nodiscard]] Tensor logdet(const Tensor& a);

/// a multiplied by itself so many times: the identity for 0, of the inverse for negative `power`.
/// Throws ValueError for singular matrices then.
[[nodiscard]] Tensor matrix_power(const Tensor& a, std::int64_t power);

/// The exponential of a matrix, computed in float64; NaN of one that is not finite.
///   da = what stands above the diagonal in expm([[aᵀ, g], [0, aᵀ]])
/// Source: Higham, The scaling and squaring method for the matrix exponential revisited (2005).
[[nodiscard]] Tensor expm(const Tensor& a);

/// Eigenvalues w [..., n] and vectors v [..., n, n].
struct Eigh {
  Tensor values, vectors;
};

/// The eigenvalues of a symmetric matrix, ascending, and its orthonormal eigenvectors as columns:
/// a v = v diag(w); of a matrix that is not symmetric, for (a + aᵀ) / 2. The signs of the vectors
/// are LAPACK's.
///   da = v (diag(g_w) + f vᵀ g_v) vᵀ, made symmetric, for f_ij = 1 / (w_j - w_i) element by element
/// Where values are equal, by no more than n epsilon of the greatest, f is taken as 0: right for
/// what depends on the space of their vectors alone, such as a projector, not for other functions
/// of vectors.
/// Throws ValueError for NaN and infinities, and where the iteration does not converge.
[[nodiscard]] Eigh eigh(const Tensor& a);
/// The eigenvalues alone.   da = v diag(g) vᵀ, without a difference: right for equal values where
/// the function is symmetric in them. From order 2 on as `eigh`. Throws alike.
[[nodiscard]] Tensor eigvalsh(const Tensor& a);

/// u [..., m, k], s [..., k] and vᵀ [..., k, n].
struct Svd {
  Tensor u, s, vh;
};

/// The singular value decomposition a = u diag(s) vᵀ with orthonormal columns of u and rows of vᵀ;
/// the values descend. The signs of the vectors are LAPACK's.
///   da = u (f (p - pᵀ) s + s f (q - qᵀ) + diag(g_s)) vᵀ + (1 - u uᵀ) g_u s⁻¹ vᵀ + u s⁻¹ g_vᵀ (1 - v vᵀ)
///   for p = uᵀ g_u, q = vᵀ g_v, f_ij = 1 / (s_j² - s_i²)
/// Where values are equal f is taken as 0, as in `eigh`, and 1 / 0 too, and the gradient of a value
/// 0.
/// Throws ValueError for NaN and infinities, and where the iteration does not converge.
[[nodiscard]] Svd svd(const Tensor& a);
/// The singular values alone.   da = u diag(g) vᵀ, 0 for values that are 0; right for equal values
/// where the function is symmetric in them. From order 2 on as `svd`. Throws alike.
[[nodiscard]] Tensor singular_values(const Tensor& a);

/// q [..., m, k] and r [..., k, n].
struct Qr {
  Tensor q, r;
};

/// a = q r with orthonormal columns of q and an upper triangle r; the signs on its diagonal are
/// LAPACK's, any. For m >= n
///   da = (g_q + q (l + the transpose of l without diagonal)) r⁻ᵀ for l the lower triangle of r g_rᵀ - g_qᵀ q
/// and for m < n that of the first m columns, the others being q times theirs of r. Backward throws
/// ValueError for an exact 0 on the diagonal of r.
/// Source: Walter & Lehmann, Algorithmic differentiation of linear algebra functions (2010).
/// Throws ValueError for NaN and infinities.
[[nodiscard]] Qr qr(const Tensor& a);

/// p [..., m, m], l [..., m, k] and u [..., k, n].
struct Lu {
  Tensor p, l, u;
};

/// a = p l u by elimination with row pivots: p exchanges rows, and has no gradient, l is a lower
/// triangle with ones on the diagonal, u an upper one.
///   da = p l⁻ᵀ (tril(lᵀ g_l, -1) + triu(g_u uᵀ)) u⁻ᵀ, for m = n
/// Backward throws ValueError for an exact 0 on the diagonal of u.
/// Throws ValueError for NaN and infinities.
[[nodiscard]] Lu lu(const Tensor& a);

/// Which singular values count.
struct RankOptions {
  /// Those above this part of the greatest one; unless set, epsilon of the dtype times the greater
  /// extent.
  std::optional<double> rcond = {};
};

/// The pseudo-inverse y, v diag(1 / s) uᵀ without the singular values that do not count.
///   da = -yᵀ g yᵀ + (1 - a y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y a), where the rank does not change
/// Source: Golub & Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
/// problems whose variables separate (1973).
/// Throws ValueError as `svd`, and for rcond that is negative, infinite or NaN.
[[nodiscard]] Tensor pinv(const Tensor& a, const RankOptions& options = {});

/// The x [..., n, k] for which a x - b is least, and among several the least x, for a [..., m, n]
/// and b [..., m, k], or a vector b [m]: pinv(a) b, by the singular values.
///   db = yᵀ g,  da = r (y db)ᵀ + (yᵀ x) (g - y a g)ᵀ - db xᵀ for y = pinv(a), r = b - a x
/// Throws as `pinv`.
[[nodiscard]] Tensor lstsq(const Tensor& a, const Tensor& b, const RankOptions& options = {});

/// The number of singular values that count: int64, without gradient. Throws as `pinv`.
[[nodiscard]] Tensor matrix_rank(const Tensor& a, const RankOptions& options = {});

/// The greatest singular value over the smallest; infinite for singular matrices, whose gradient is
/// not a number. Throws as `svd`, and ShapeError for matrices without elements.
[[nodiscard]] Tensor cond(const Tensor& a);

/// Norms of matrices.
enum class MatrixNorm {
  frobenius,  ///< the root of the sum of squares
  nuclear,    ///< the sum of the singular values
  spectral,   ///< the greatest singular value
  one,        ///< the greatest sum of sizes in a column
  infinity    ///< the greatest sum of sizes in a row
};

/// The norm of each matrix; 0 of one without elements.   da: that of `norm`, `singular_values` or
/// `abs`; equal greatest ones share
[[nodiscard]] Tensor matrix_norm(const Tensor& a, MatrixNorm kind = MatrixNorm::frobenius);

}  // namespace xtape::linalg

XTAPE_EXPORT_END
