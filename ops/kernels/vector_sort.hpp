#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// n elements, `x_step` apart, in order into y: NaN behind all others, or descending before them;
/// equal ones, such as 0 and -0, in the order that they had. `room` holds 2 n + 32 more.
template <class T>
using SortRow = void (*)(const T* x, std::int64_t x_step, std::int64_t n, bool descending, T* y,
                         std::int64_t y_step, T* room);

/// Null where the processor's registers have no instructions for it.
struct SortKernels {
  SortRow<float> float32;
  SortRow<double> float64;
  SortRow<std::int64_t> int64;
  /// In place; `room` holds n + 16 more.
  void (*ascending)(std::int64_t* x, std::int64_t n, std::int64_t* room);
};

}  // namespace xtape::kernels
