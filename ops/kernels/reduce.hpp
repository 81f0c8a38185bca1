#pragma once
#include <array>

#include <xtape/core/kernels/level.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::kernels {

enum class Reduction { sum, product, maximum, minimum };

struct ReduceKernels {
  /// y = reduction of x over the axes flagged. y is dense, of the extents that stay, and int64,
  /// float32 or float64; x is of y's dtype, or boolean for an int64 y. float32 sums and products go
  /// on in double after 64 additions in T. NaN in, NaN out. Without elements y gets the neutral one
  /// (lowest and highest number for maximum and minimum).
  void (*reduce)(Reduction reduction, const Tensor& x, const std::array<bool, max_rank>& reduced,
                 const Tensor& y);

  /// Whether `reduce` takes the elements of x in the order in which it takes those of its dense
  /// copy, and sums have the same bits.
  bool (*in_dense_order)(const Tensor& x, const std::array<bool, max_rank>& reduced);

  /// The sums of the squares of rows, as many as y has elements, to the bit what `reduce` gives of
  /// the squares. Both are dense, of one floating dtype.
  void (*sum_of_squares)(const Tensor& x, const Tensor& y);
};

/// Those for this processor.
inline const ReduceKernels& reduce_kernels() { return chosen<ReduceKernels>(); }

}  // namespace xtape::kernels
