#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// The greatest numbers so far, in rows, and where they lie; what is compared with them lies `step` apart,
/// in rows `row_step` apart, and counts from `at` on. A place below 0 stands for nothing yet.
template <class T, class Place>
struct RowMaxima {
  const T* x;
  T* greatest;
  Place* places;
  Place at, step, row_step;
  std::int64_t rows, n, row;  ///< `row` elements from row to row of the greatest
};

struct MaximaKernels {
  void (*float32)(const RowMaxima<float, std::int32_t>& of);
  void (*large_float32)(const RowMaxima<float, std::int64_t>& of);
  void (*float64)(const RowMaxima<double, std::int64_t>& of);
};

}  // namespace xtape::kernels
