#pragma once
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/gemm.hpp>

namespace xtape::kernels {

struct SkinnyKernels {
  /// gemm for products with one extent of at most 4, which BLAS packs and tiles as if they were
  /// large. Returns false, and does nothing, for others; and if there is an epilogue, but of few
  /// terms.
  bool (*gemm)(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
               const Matrix& b, const std::byte* bias, std::byte* y, const Epilogue& epilogue);

  /// The sum of products of n elements each, collected in double.
  double (*dot_float32)(const float* a, const float* b, std::int64_t n);
  double (*dot_float64)(const double* a, const double* b, std::int64_t n);
};

}  // namespace xtape::kernels
