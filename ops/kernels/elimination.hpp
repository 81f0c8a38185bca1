#pragma once
#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// Elimination of small matrices [n, n], for which LAPACK takes longer to begin than to compute.
template <class T>
struct EliminationKernels {
  static constexpr int most = 32;  ///< n

  /// What LAPACK's getrf leaves, and returns, of the transpose of a matrix in row-major order.
  int (*factorise)(int n, T* matrix, int* pivots);
  /// Rows x [n, k] of the equations t x = rows, or tᵀ x = rows, in place; t is the product of the
  /// triangles that `factorise` leaves, no rows exchanged.
  void (*solve)(int n, const T* triangles, T* rows, int k, bool transposed);
};

}  // namespace xtape::kernels
