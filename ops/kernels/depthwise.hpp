#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

/// Windows that slide over one plane, as those of depthwise convolutions do, a step of one element
/// each time.
namespace xtape::kernels {

/// y[r, c] = the sum over taps of w[i, j] x[r + i dilation_rows, c + j dilation_columns], for
/// `rows` rows and `columns` columns. A register may be read behind the last x.
template <class T>
struct PlaneSums {
  const T* x;
  std::int64_t x_row;  // from row to row
  const T* w;          // [kernel_rows, kernel_columns]
  std::int64_t kernel_rows, kernel_columns, dilation_rows, dilation_columns;
  T* y;
  std::int64_t rows, columns;
};

/// w[i, j] += the sum over `images` planes of g[r, c] x[r + i dilation_rows, c + j
/// dilation_columns].
template <class T>
struct PlaneProducts {
  const T* x;
  std::int64_t x_row, x_image;
  const T* g;  // [images of g_image, rows, columns]
  std::int64_t g_image, images, rows, columns;
  std::int64_t kernel_rows, kernel_columns, dilation_rows, dilation_columns;
  double* w;
};

struct PlaneKernels {
  void (*sums_float32)(const PlaneSums<float>&);
  void (*sums_float64)(const PlaneSums<double>&);
  void (*products_float32)(const PlaneProducts<float>&);
  void (*products_float64)(const PlaneProducts<double>&);
};

}  // namespace xtape::kernels
