#include <algorithm>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/sliding.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

// Registers for sums: the others hold what is multiplied.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr std::size_t sum_registers = 24;
#else
constexpr std::size_t sum_registers = 12;
#endif
constexpr std::size_t most_vectors = 8;

// So many products are added up in a register; more, in what these sums go to.
constexpr std::int64_t taps_together = 128, products_together = 128;
// Of so many the sums are added up in float32.
constexpr std::int64_t taps_in_float = 8 * taps_together;

/// A tile of results, `vectors` registers of each of `outputs` rows, from q on: sums over the taps
/// [t, last).
template <std::size_t outputs, std::size_t vectors, class T>
void sum_taps(const SlidingSums<T>& of, std::int64_t first, std::int64_t q, std::int64_t t,
              std::int64_t last) {
  constexpr std::size_t width = Lane<T>::width;
  const T* w = of.w + first * of.taps + t * static_cast<std::int64_t>(outputs);
  for (const std::int64_t start = t; t < last;) {
    const std::int64_t begin = t, end = std::min(t + taps_together, last);
    Lane<T> sums[outputs][vectors];
    for (auto& row : sums) {
      for (Lane<T>& sum : row) sum = 0;
    }
    for (; t < end; ++t, w += outputs) {
      const T* from = of.x + of.offsets[t] + q;
      Lane<T> x[vectors];
      for (std::size_t v = 0; v < vectors; ++v) x[v] = Lane<T>::load(from + v * width);
      for (std::size_t o = 0; o < outputs; ++o) {
        const Lane<T> factor = w[o];
        for (std::size_t v = 0; v < vectors; ++v) sums[o][v] = fma(x[v], factor, sums[o][v]);
      }
    }
    T* y = of.y + first * of.stride + q;
    for (std::size_t o = 0; o < outputs; ++o, y += of.stride) {
      for (std::size_t v = 0; v < vectors; ++v) {
        T* to = y + v * width;
        (begin == start ? sums[o][v] : Lane<T>::load(to) + sums[o][v]).store(to);
      }
    }
  }
}

/// The same over all taps, more than `taps_in_float`: their sums go on in double.
template <std::size_t outputs, std::size_t vectors>
[[gnu::noinline]] void sum_many_taps(const SlidingSums<float>& of, std::int64_t first,
                                     std::int64_t q) {
  constexpr std::size_t size = vectors * Lane<float>::width;
  double totals[outputs][size] = {};
  float* const y = of.y + first * of.stride + q;
  for (std::int64_t t = 0; t < of.taps; t += taps_in_float) {
    sum_taps<outputs, vectors>(of, first, q, t, std::min(t + taps_in_float, of.taps));
    for (std::size_t o = 0; o < outputs; ++o) {
      const float* const sums = y + static_cast<std::int64_t>(o) * of.stride;
      for (std::size_t i = 0; i < size; ++i) totals[o][i] += static_cast<double>(sums[i]);
    }
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    float* const sums = y + static_cast<std::int64_t>(o) * of.stride;
    for (std::size_t i = 0; i < size; ++i) sums[i] = static_cast<float>(totals[o][i]);
  }
}

template <std::size_t outputs, std::size_t vectors, class T>
void sum_tile(const SlidingSums<T>& of, std::int64_t first, std::int64_t q) {
  if constexpr (std::is_same_v<T, float>) {
    if (of.taps > taps_in_float) return sum_many_taps<outputs, vectors>(of, first, q);
  }
  if (of.taps > 0) return sum_taps<outputs, vectors>(of, first, q, 0, of.taps);
  for (std::size_t o = 0; o < outputs; ++o) {
    T* y = of.y + (first + static_cast<std::int64_t>(o)) * of.stride + q;
    for (std::size_t v = 0; v < vectors; ++v) Lane<T>(0).store(y + v * Lane<T>::width);
  }
}

/// Outputs [first, first + outputs), in tiles along the row that begin in [q, end).
template <std::size_t outputs, std::size_t vectors, class T>
void sum_row(const SlidingSums<T>& of, std::int64_t first, std::int64_t q, std::int64_t end) {
  constexpr auto size = static_cast<std::int64_t>(vectors * Lane<T>::width);
  for (; q + size <= end; q += size) sum_tile<outputs, vectors>(of, first, q);
  if constexpr (vectors > 1) {
    if (q < end) sum_row<outputs, (vectors > 3 ? vectors / 2 : vectors - 1)>(of, first, q, end);
  }
}

template <std::size_t outputs, class T>
void sum_block(const SlidingSums<T>& of, std::int64_t first, std::int64_t q, std::int64_t end) {
  // At 8 outputs fewer than fit: as many of x as registers are left for.
  constexpr std::size_t fitting = sum_registers / outputs;
  sum_row<outputs, (fitting < 1              ? 1
                    : fitting > most_vectors ? most_vectors
                                             : fitting)>(of, first, q, end);
}

/// Along the row piece by piece, each piece for all outputs: what it reads of x stays near.
template <class T>
void sums(const SlidingSums<T>& of) {
  constexpr std::int64_t piece = 12 * sliding_block;
  const std::int64_t count = sliding_rounded(of.count);
  for (std::int64_t q = 0; q < count; q += piece) {
    const std::int64_t end = std::min(q + piece, count);
    each_output_block(of.outputs, [&](std::int64_t first, std::int64_t together) {
      switch (together) {
        case 8: return sum_block<8>(of, first, q, end);
        case 4: return sum_block<4>(of, first, q, end);
        case 2: return sum_block<2>(of, first, q, end);
        default: return sum_block<1>(of, first, q, end);
      }
    });
  }
}

/// The sum of the numbers of a register, by halves.
template <std::size_t count, class T>
XTAPE_INLINE T total(const T* x) {
  if constexpr (count == 1) {
    return x[0];
  } else {
    T sums[count / 2];
    for (std::size_t i = 0; i < count / 2; ++i) sums[i] = x[i] + x[i + count / 2];
    return total<count / 2>(sums);
  }
}
template <class T>
XTAPE_INLINE T total(Lane<T> lane) {
  T numbers[Lane<T>::width];
  lane.store(numbers);
  return total<Lane<T>::width>(numbers);
}

/// Products of `outputs` rows of g with `taps` rows of x: of images [image, last), for q in [start,
/// end).
template <std::size_t outputs, std::size_t taps, class T>
void product_tile(const SlidingProducts<T>& of, std::int64_t o, std::int64_t t, std::int64_t image,
                  std::int64_t last, std::int64_t start, std::int64_t end) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Lane<T> sums[outputs][taps];
  for (auto& row : sums) {
    for (Lane<T>& sum : row) sum = 0;
  }
  for (; image < last; ++image) {
    const T* g = of.g + image * of.g_image + o * of.stride;
    const T* x[taps];
    for (std::size_t j = 0; j < taps; ++j)
      x[j] = of.x + image * of.x_image + of.offsets[t + static_cast<std::int64_t>(j)];
    for (std::int64_t q = start; q < end; q += width) {
      Lane<T> left[outputs];
      const T* row = g + q;
      for (std::size_t i = 0; i < outputs; ++i, row += of.stride) left[i] = Lane<T>::load(row);
      for (std::size_t j = 0; j < taps; ++j) {
        const Lane<T> right = Lane<T>::load(x[j] + q);
        for (std::size_t i = 0; i < outputs; ++i) sums[i][j] = fma(left[i], right, sums[i][j]);
      }
    }
  }
  double* w = of.w + t * of.outputs + o;
  for (std::size_t j = 0; j < taps; ++j, w += of.outputs) {
    for (std::size_t i = 0; i < outputs; ++i) w[i] += static_cast<double>(total(sums[i][j]));
  }
}

/// The same of all images, so many at a time as a register adds up products of.
template <std::size_t outputs, std::size_t taps, class T>
void product_tiles(const SlidingProducts<T>& of, std::int64_t o, std::int64_t t) {
  constexpr std::int64_t piece = products_together * static_cast<std::int64_t>(Lane<T>::width);
  const std::int64_t count = sliding_rounded(of.count),
                     images = std::max<std::int64_t>(piece / count, 1);
  for (std::int64_t image = 0; image < of.images; image += images) {
    for (std::int64_t start = 0; start < count; start += piece)
      product_tile<outputs, taps>(of, o, t, image, std::min(image + images, of.images), start,
                                  std::min(start + piece, count));
  }
}

template <std::size_t outputs, class T>
void product_rows(const SlidingProducts<T>& of, std::int64_t o) {
  constexpr std::size_t taps = sum_registers / std::max<std::size_t>(outputs, 2);
  std::int64_t t = 0;
  for (constexpr auto step = static_cast<std::int64_t>(taps); t + step <= of.taps; t += step)
    product_tiles<outputs, taps>(of, o, t);
  for (; t + 2 <= of.taps; t += 2) product_tiles<outputs, 2>(of, o, t);
  for (; t < of.taps; ++t) product_tiles<outputs, 1>(of, o, t);
}

template <class T>
void products(const SlidingProducts<T>& of) {
  std::int64_t o = 0;
  for (; o + 4 <= of.outputs; o += 4) product_rows<4>(of, o);
  for (; o + 2 <= of.outputs; o += 2) product_rows<2>(of, o);
  for (; o < of.outputs; ++o) product_rows<1>(of, o);
}

template <class T>
XTAPE_INLINE void copy_row(const T* from, T* to, std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  std::int64_t i = 0;
  for (; i + width <= n; i += width) Lane<T>::load(from + i).store(to + i);
  if (i == n) return;
  if (n >= width)
    Lane<T>::load(from + n - width).store(to + n - width);
  else
    Lane<T>::load_first(from, n).store_first(to, n);
}

/// Steps that are known are compiled as shuffles.
template <std::int64_t known_from, std::int64_t known_to, class T>
void copy_rows(const RowCopy<T>& of) {
  const std::int64_t from_step = known_from > 0 ? known_from : of.from_step,
                     to_step = known_to > 0 ? known_to : of.to_step;
  for (std::int64_t plane = 0; plane < of.planes; ++plane) {
    const T* from = of.from + plane * of.from_plane;
    T* to = of.to + plane * of.to_plane;
    for (std::int64_t row = 0; row < of.rows; ++row, from += of.from_row, to += of.to_row) {
      if constexpr (known_from == 1 && known_to == 1) {
        copy_row(from, to, of.n);
      } else {
        for (std::int64_t i = 0; i < of.n; ++i) to[i * to_step] = from[i * from_step];
      }
    }
  }
}

template <class T>
void copy(const RowCopy<T>& of) {
  if (of.from_step == 1 && of.to_step == 1) return copy_rows<1, 1>(of);
  if (of.from_step == 2 && of.to_step == 1) return copy_rows<2, 1>(of);
  if (of.from_step == 1 && of.to_step == 2) return copy_rows<1, 2>(of);
  copy_rows<0, 0>(of);
}

template <class T>
void bias(const ChannelBias<T>& of) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  T* y = of.y;
  for (std::int64_t channel = 0; channel < of.channels; ++channel, y += of.elements) {
    const T one = of.bias[channel];
    const Lane<T> all(one);
    std::int64_t i = 0;
    for (; i + width <= of.elements; i += width) (Lane<T>::load(y + i) + all).store(y + i);
    for (; i < of.elements; ++i) y[i] += one;
  }
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const SlidingKernels& compiled<SlidingKernels, Level::XTAPE_LEVEL>() {
  static constexpr SlidingKernels table{sums<float>,      sums<double>, products<float>,
                                        products<double>, copy<float>,  copy<double>,
                                        bias<float>,      bias<double>};
  return table;
}

}  // namespace xtape::kernels
