#pragma once
#include <cstdint>
#include <optional>

#include <xtape/core/dtype.hpp>

/// The only door to LAPACK, and to the triangular systems of BLAS. All matrices are dense, one after
/// another, in float32 or float64.
namespace xtape::kernels {

/// A matrix for which there is no result, and the row at which that shows; both count from 0.
struct Failure {
  std::int64_t matrix, row;
};

/// So many right sides b [n, k], and for each the number of its square matrix a [n, n].
struct Systems {
  Dtype dtype;
  std::int64_t count, n, k;
  const std::int64_t* matrix_of;
};

/// y = a⁻¹ b, by elimination with row pivots. Fails for singular matrices.
std::optional<Failure> solve(const Systems& systems, const std::byte* a, const std::byte* b,
                             std::byte* y);

/// Which triangle of a is read, and how.
struct Triangle {
  bool lower, transposed, unit_diagonal;
};

/// y = a⁻¹ b for triangular a, or the transpose of one. Fails for a 0 on the diagonal.
std::optional<Failure> solve_triangular(const Systems& systems, Triangle triangle,
                                        const std::byte* a, const std::byte* b, std::byte* y);

/// y = a⁻¹. Fails for singular matrices.
std::optional<Failure> inverse(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                               std::byte* y);

/// The lower triangle y for which y yᵀ is (a + aᵀ) / 2. Fails unless that is positive definite.
std::optional<Failure> cholesky(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                                std::byte* y);

/// Two numbers a matrix: sign and logarithm of the size of its determinant, 0 and -inf of a singular one;
/// and the determinant itself.
void sign_and_log_of_determinant(Dtype dtype, std::int64_t count, std::int64_t n,
                                 const std::byte* a, std::byte* y);
void determinant(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a, std::byte* y);

}  // namespace xtape::kernels
