#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>

/// The only door to BLAS, and to our own products beside it.
namespace xtape::kernels {

/// A matrix in memory: rows `stride` elements apart, or, transposed, columns.
struct Matrix {
  const std::byte* data;
  std::int64_t stride;
  bool transposed;
};

/// y = a b, plus `bias` in each row unless that is null.
///   a [m, k]   b [k, n]   bias [n]   ->   y [m, n], dense rows; float32, float64 or int64, which
///   wraps
void gemm(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
          const Matrix& b, const std::byte* bias, std::byte* y);

/// What becomes of each element of a product before it is stored.
struct Epilogue {
  enum class Kind : std::uint8_t {
    none,
    relu,            // max(y, 0)
    where_positive,  // y where `other` is positive, else 0: the slope of relu
  };
  Kind kind = Kind::none;
  const std::byte* other = nullptr;  // dense, of the shape and dtype of y
};
/// Whether a product has epilogues: one of few terms, which takes no longer than to write y down.
bool has_epilogues(std::int64_t n, std::int64_t k);
/// `gemm` of floating numbers with an epilogue, where there are any.
void gemm_then(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
               const Matrix& b, const std::byte* bias, std::byte* y, const Epilogue& epilogue);

/// y = a b, or y += a b if `added`, in rows of y that lie `stride` apart; float32 or float64.
void gemm_into(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
               const Matrix& b, std::byte* y, std::int64_t stride, bool added);

}  // namespace xtape::kernels
