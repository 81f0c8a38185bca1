#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// Sums of shifted rows: y[o][q] = sum over t of w[t][o] x[offsets[t] + q], for q in [0, count).
/// Rows of y lie `stride` apart. What lies behind count, up to a multiple of `sliding_block`, is
/// read and written too.
template <class T>
struct SlidingSums {
  const T* x;
  const std::int64_t* offsets;
  std::int64_t taps;
  const T* w;  ///< [taps, outputs] in blocks of outputs, see `block_weights`
  std::int64_t outputs, count;
  T* y;
  std::int64_t stride;
};

/// The other sums of the same products: w[t][o] += sum over q of g[o][q] x[offsets[t] + q], and
/// over images, `x_image` and `g_image` apart; g is 0 behind count.
template <class T>
struct SlidingProducts {
  const T* x;
  const std::int64_t* offsets;
  std::int64_t taps;
  const T* g;
  std::int64_t outputs, count, stride;
  std::int64_t images, x_image, g_image;
  double* w;  ///< [taps, outputs]
};

/// Planes of rows copied: of each row n elements, `from_step` or `to_step` apart.
template <class T>
struct RowCopy {
  const T* from;
  T* to;
  std::int64_t planes, from_plane, to_plane;
  std::int64_t rows, from_row, to_row;
  std::int64_t n, from_step, to_step;
};

/// A number added to each element of a channel, which lie one behind another.
template <class T>
struct ChannelBias {
  const T* bias;
  std::int64_t channels, elements;
  T* y;
};

/// Elements that a pass over a row handles at once, a multiple of every register's.
constexpr std::int64_t sliding_block = 16;
constexpr std::int64_t sliding_rounded(std::int64_t count) {
  return (count + sliding_block - 1) / sliding_block * sliding_block;
}

/// Outputs that are summed up together: of so many that are left, the greatest power of 2 up to 8.
constexpr std::int64_t outputs_together(std::int64_t left) {
  return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}
/// f(first, count) for each of these blocks.
template <class F>
void each_output_block(std::int64_t outputs, F f) {
  for (std::int64_t first = 0; first < outputs;) {
    const std::int64_t count = outputs_together(outputs - first);
    f(first, count);
    first += count;
  }
}

struct SlidingKernels {
  void (*sums_float32)(const SlidingSums<float>& of);
  void (*sums_float64)(const SlidingSums<double>& of);
  void (*products_float32)(const SlidingProducts<float>& of);
  void (*products_float64)(const SlidingProducts<double>& of);
  void (*copy_float32)(const RowCopy<float>& of);
  void (*copy_float64)(const RowCopy<double>& of);
  void (*bias_float32)(const ChannelBias<float>& of);
  void (*bias_float64)(const ChannelBias<double>& of);
};

}  // namespace xtape::kernels
