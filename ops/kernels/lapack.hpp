#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include <xtape/core/dtype.hpp>

/// The only door to LAPACK, and to the triangular systems of BLAS. All matrices are dense, one
/// after another, in float32 or float64.
namespace xtape::kernels {

/// A matrix for which there is no result, and the row at which that shows; both count from 0.
struct Failure {
  std::int64_t matrix, row;
};

/// So many square matrices a [n, n], and a right side b [n, k] for each.
struct Systems {
  Dtype dtype;
  std::int64_t count, n, k;
};

/// y = a⁻¹ b, by elimination with row pivots. Leaves its factors: as many numbers as a has, and n
/// pivots a matrix. Fails for singular matrices.
std::optional<Failure> solve(const Systems& systems, const std::byte* a, const std::byte* b,
                             std::byte* y, std::byte* triangles, std::int64_t* pivots);
/// y = a⁻ᵀ b, by those factors, which stay as they are.
void solve_transposed(const Systems& systems, std::byte* triangles, const std::int64_t* pivots,
                      const std::byte* b, std::byte* y);

/// Which triangle of a is read, and how.
struct Triangle {
  bool lower, transposed, unit_diagonal;
};

/// y = a⁻¹ b for triangular a, or the transpose of one. Fails for a 0 on the diagonal.
std::optional<Failure> solve_triangular(const Systems& systems, Triangle triangle,
                                        const std::byte* a, const std::byte* b, std::byte* y);

/// y = a⁻¹. Of singular matrices, the first of which is told, NaN.
std::optional<Failure> inverse(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                               std::byte* y);

/// The lower triangle y for which y yᵀ is (a + aᵀ) / 2. Fails unless that is positive definite.
std::optional<Failure> cholesky(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                                std::byte* y);

/// Two numbers a matrix: sign and logarithm of the size of its determinant, 0 and -inf of a
/// singular one; and the determinant itself.
void sign_and_log_of_determinant(Dtype dtype, std::int64_t count, std::int64_t n,
                                 const std::byte* a, std::byte* y);
void determinant(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a, std::byte* y);
/// The determinants of what is left without row i and column j, times (-1)^(i + j); NaN of what is
/// not finite.
void cofactors(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a, std::byte* y);
/// Of s [n]: y [n, n], the products of all but two, 0 on the diagonal.
void products_without_two(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* s,
                          std::byte* y);

/// So many matrices [m, n], neither of them 0; k is the smaller one.
struct Matrices {
  Dtype dtype;
  std::int64_t count, m, n;
};

/// The first element that is infinite or NaN.
std::optional<Failure> not_finite(const Matrices& of, const std::byte* a);

/// Eigenvalues [n] of (a + aᵀ) / 2, ascending, and behind them, if wanted, the vectors, as columns
/// of [n, n]. Fails where the iteration does not converge.
std::optional<Failure> eigh(const Matrices& of, bool vectors, const std::byte* a, std::byte* y);
/// Singular values [k], descending; with vectors u [m, k], the values, vᵀ [k, n]. Fails likewise.
std::optional<Failure> svd(const Matrices& of, bool vectors, const std::byte* a, std::byte* y);
/// q [m, k] and r [k, n].
void qr(const Matrices& of, const std::byte* a, std::byte* y);
/// l [m, k], u [k, n], and the row of a that came to each row [m].
void lu(const Matrices& of, const std::byte* a, std::byte* y);

}  // namespace xtape::kernels
