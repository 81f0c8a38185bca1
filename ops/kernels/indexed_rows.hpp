#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <xtape/core/dtype.hpp>

/// Rows of dense arrays [outer, count, inner] that are named by indices, each in [0, count).
namespace xtape::kernels {

struct IndexedRows {
  std::int64_t outer, count, inner;
  std::span<const std::int64_t> indices;
};

/// y[i, j] = x[i, indices[j]], elements of so many bytes.   x [outer, count, inner]
///   ->   y [outer, indices, inner]
void take_rows(const IndexedRows& rows, std::size_t element_bytes, const std::byte* x,
               std::byte* y);

/// sum[i, indices[j]] += x[i, j], numbers of one dtype, or float32 into float64.
void add_rows(const IndexedRows& rows, Dtype dtype, const std::byte* x, Dtype sum_dtype,
              std::byte* sum);

/// The same of float32 into zeros, with sums of float64: of the rows that are named, not of all.
void add_rows_wide(const IndexedRows& rows, const float* x, float* sum);

}  // namespace xtape::kernels
