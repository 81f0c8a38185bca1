#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

/// Loops over the rows of dense matrices [rows, columns], float32 or float64.
namespace xtape::kernels {

struct SoftmaxKernels {
  /// y = softmax of each row of x. A row of -inf alone gives zeros.
  void (*softmax_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                       std::byte* y);

  /// y = x - log(sum(exp(x))) in each row. A row of -inf alone stays.
  void (*log_softmax_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                           std::byte* y);

  /// dx = y (g - sum(g y)) in each row, for y = softmax(x).
  void (*softmax_gradient_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns,
                                const std::byte* y, const std::byte* g, std::byte* dx);

  /// dx = g - exp(y) sum(g) in each row, for y = log_softmax(x).
  void (*log_softmax_gradient_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns,
                                    const std::byte* y, const std::byte* g, std::byte* dx);

  /// y[row] = log(sum(exp(x))) of each row; -inf of no columns, and of -inf alone.
  void (*logsumexp_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                         std::byte* y);

  /// softmax(x) - one_hot(label) of each row into `differences`, and log(sum(exp(x))) - x[label]
  /// into `loss`, 0 of rows for which `counts` is false, if it is given. Where a label is nearly
  /// sure, both keep the digits of the other classes.
  void (*cross_entropy_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns,
                             const std::byte* x, const std::int64_t* labels, const bool* counts,
                             std::byte* differences, std::byte* loss);

  /// dx = g[row] differences in each row that counts, 0 in others; g_step is 0 if all rows share
  /// one g.
  void (*cross_entropy_gradient_rows)(Dtype dtype, std::int64_t rows, std::int64_t columns,
                                      const std::byte* differences, const bool* counts,
                                      const std::byte* g, std::int64_t g_step, std::byte* dx);
};

/// Those for this processor.
inline const SoftmaxKernels& softmax_kernels() { return chosen<SoftmaxKernels>(); }

}  // namespace xtape::kernels
