#pragma once
#include <xtape/ops/kernels/gemm.hpp>

namespace xtape::kernels {

/// gemm for products with one extent of at most 4, which BLAS packs and tiles as if they were
/// large. Returns false, and does nothing, for others.
bool skinny_gemm(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                 const Matrix& b, const std::byte* bias, std::byte* y);

}  // namespace xtape::kernels
