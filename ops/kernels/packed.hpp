#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/gemm.hpp>

/// Products with a matrix that is put in order once, in tiles that fill the registers of each
/// level: for few rows again and again, and for many, whose results need not be those of BLAS.
namespace xtape::kernels {

struct PackedKernels {
  /// Elements of a matrix [k, n] once it is packed.
  std::int64_t (*size)(Dtype dtype, std::int64_t n, std::int64_t k);
  void (*pack)(Dtype dtype, std::int64_t n, std::int64_t k, const Matrix& b, std::byte* packed);

  /// y = a b, or y += a b if `added`, in rows of y that lie `y_stride` apart.
  ///   a [m, k]   b [k, n], the beginning of a packed matrix of `packed_rows`; float32 or float64
  void (*product)(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                  const std::byte* packed, std::int64_t packed_rows, std::byte* y,
                  std::int64_t y_stride, bool added);
};

}  // namespace xtape::kernels
