#include <algorithm>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/depthwise.hpp>
#include <xtape/ops/kernels/windows.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// The extent of a window along an axis: known where it is common, so that its loops are unrolled
/// and its weights stay in registers.
template <std::int64_t known>
constexpr std::int64_t extent(std::int64_t given) {
  return known > 0 ? known : given;
}

/// `together` rows of results from r on, of the register at column c.
template <std::int64_t known, std::int64_t together, class T>
XTAPE_INLINE void sum_tile(const PlaneSums<T>& of, std::int64_t r, std::int64_t c) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const std::int64_t rows = extent<known>(of.kernel_rows);
  const std::int64_t columns = extent<known>(of.kernel_columns);
  Lane<T> sums[static_cast<std::size_t>(together)];
  for (Lane<T>& sum : sums) sum = 0;
    // Each row of x is read once for all rows of results that it has a part in.
#pragma GCC unroll 8
  for (std::int64_t line = 0; line < rows + together - 1; ++line) {
    const std::int64_t step = together > 1 ? 1 : of.dilation_rows;
    const T* from = of.x + (r + line * step) * of.x_row + c;
#pragma GCC unroll 3
    for (std::int64_t j = 0; j < columns; ++j) {
      const Lane<T> x = Lane<T>::load(from + j * of.dilation_columns);
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < together; ++i) {
        const std::int64_t tap = line - i;
        if (tap >= 0 && tap < rows) sums[i] = fma(x, Lane<T>(of.w[tap * columns + j]), sums[i]);
      }
    }
  }
  const std::int64_t count = of.columns - c;
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < together; ++i) {
    T* to = of.y + (r + i) * of.columns + c;
    count >= width ? sums[i].store(to) : sums[i].store_first(to, count);
  }
}

template <std::int64_t known, class T>
void sums_of(const PlaneSums<T>& of) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr std::int64_t together = 4;
  std::int64_t r = 0;
  if (of.dilation_rows == 1) {
    for (; r + together <= of.rows; r += together) {
      for (std::int64_t c = 0; c < of.columns; c += width) sum_tile<known, together>(of, r, c);
    }
  }
  for (; r < of.rows; ++r) {
    for (std::int64_t c = 0; c < of.columns; c += width) sum_tile<known, 1>(of, r, c);
  }
}

/// Windows of many taps: the sums of 64 at a time, for a block of results, go on in double.
void long_sums(const PlaneSums<float>& of) {
  constexpr std::int64_t rows = 4, columns = 256;
  float sums[static_cast<std::size_t>(rows * columns)];
  double totals[static_cast<std::size_t>(rows * columns)];
  PlaneSums<float> part = of;
  part.y = sums;
  const auto add_part = [&](std::int64_t r, std::int64_t c, std::int64_t line, std::int64_t tap) {
    part.x = of.x + (r + line * of.dilation_rows) * of.x_row + c + tap * of.dilation_columns;
    part.w = of.w + line * of.kernel_columns + tap;
    sums_of<0>(part);
    for (std::int64_t i = 0; i < part.rows * part.columns; ++i)
      totals[i] += static_cast<double>(sums[i]);
  };
  const std::int64_t lines = std::max<std::int64_t>(most_in_float / of.kernel_columns, 1);
  for (std::int64_t r = 0; r < of.rows; r += rows) {
    for (std::int64_t c = 0; c < of.columns; c += columns) {
      part.rows = std::min(rows, of.rows - r);
      part.columns = std::min(columns, of.columns - c);
      std::fill_n(totals, part.rows * part.columns, 0);
      for (std::int64_t line = 0; line < of.kernel_rows; line += lines) {
        part.kernel_rows = std::min(lines, of.kernel_rows - line);
        for (std::int64_t tap = 0; tap < of.kernel_columns; tap += most_in_float) {
          part.kernel_columns = std::min(most_in_float, of.kernel_columns - tap);
          add_part(r, c, line, tap);
        }
      }
      for (std::int64_t i = 0; i < part.rows; ++i) {
        float* const to = of.y + (r + i) * of.columns + c;
        for (std::int64_t j = 0; j < part.columns; ++j)
          to[j] = static_cast<float>(totals[i * part.columns + j]);
      }
    }
  }
}

template <class T>
void sums(const PlaneSums<T>& of) {
  if (of.kernel_rows == 3 && of.kernel_columns == 3 && of.dilation_columns == 1)
    return sums_of<3>(of);
  if constexpr (std::is_same_v<T, float>) {
    if (of.kernel_rows * of.kernel_columns > 2 * most_in_float) return long_sums(of);
  }
  sums_of<0>(of);
}

/// Adds to sums[k] the products of the register at g with that at x + offsets[k], of each of
/// `rows` rows; only `rest` elements of the registers if that is not 0.
template <bool whole, std::size_t together, class T>
XTAPE_INLINE void add_rows(const T* g, std::int64_t g_row, const T* x, std::int64_t x_row,
                           const std::int64_t (&offsets)[together], std::int64_t rows,
                           std::int64_t rest, Lane<T> (&sums)[together]) {
  const auto load = [&](const T* from) {
    return whole ? Lane<T>::load(from) : Lane<T>::load_first(from, rest);
  };
  for (std::int64_t r = 0; r < rows; ++r, g += g_row, x += x_row) {
    const Lane<T> left = load(g);
#pragma GCC unroll 9
    for (std::size_t k = 0; k < together; ++k) sums[k] = fma(left, load(x + offsets[k]), sums[k]);
  }
}

/// Tap by tap, `together` of them at a time: taps first, first + 1, ... Down the rows, so that sums
/// and distances stay in registers.
template <std::int64_t together, class T>
void product_tile(const PlaneProducts<T>& of, std::int64_t first) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr std::int64_t most = 128;  // products that a register adds up
  std::int64_t offsets[static_cast<std::size_t>(together)];
  Lane<T> sums[static_cast<std::size_t>(together)];
#pragma GCC unroll 9
  for (std::int64_t k = 0; k < together; ++k) {
    const std::int64_t i = (first + k) / of.kernel_columns, j = (first + k) % of.kernel_columns;
    offsets[k] = i * of.dilation_rows * of.x_row + j * of.dilation_columns;
    sums[k] = 0;
  }
  std::int64_t added = 0;
  const auto flush = [&] {
#pragma GCC unroll 9
    for (std::int64_t k = 0; k < together; ++k) {
      T lanes[Lane<T>::width];
      sums[k].store(lanes);
      double total = 0;
      for (const T lane : lanes) total += static_cast<double>(lane);
      of.w[first + k] += total;
      sums[k] = 0;
    }
    added = 0;
  };
  for (std::int64_t image = 0; image < of.images; ++image) {
    for (std::int64_t c = 0; c < of.columns; c += width) {
      const T* g = of.g + image * of.g_image + c;
      const T* x = of.x + image * of.x_image + c;
      const std::int64_t rest = std::min(width, of.columns - c);
      for (std::int64_t r = 0; r < of.rows;) {
        const std::int64_t rows = std::min(of.rows - r, most - added);
        const T *from = g + r * of.columns, *beside = x + r * of.x_row;
        rest == width
            ? add_rows<true>(from, of.columns, beside, of.x_row, offsets, rows, rest, sums)
            : add_rows<false>(from, of.columns, beside, of.x_row, offsets, rows, rest, sums);
        r += rows;
        added += rows;
        if (added == most) flush();
      }
    }
  }
  flush();
}

template <class T>
void products(const PlaneProducts<T>& of) {
  const std::int64_t taps = of.kernel_rows * of.kernel_columns;
  std::int64_t tap = 0;
  for (; tap + 9 <= taps; tap += 9) product_tile<9>(of, tap);
  for (; tap + 5 <= taps; tap += 5) product_tile<5>(of, tap);
  for (; tap < taps; ++tap) product_tile<1>(of, tap);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const PlaneKernels& compiled<PlaneKernels, Level::XTAPE_LEVEL>() {
  static constexpr PlaneKernels table{sums<float>, sums<double>, products<float>, products<double>};
  return table;
}

}  // namespace xtape::kernels
