#include <algorithm>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/place_products.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

// Registers for sums: the others hold what is multiplied.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr std::size_t sum_registers = 24;
#else
constexpr std::size_t sum_registers = 12;
#endif
static_assert(static_cast<std::size_t>(taps_at_a_time) % sum_registers == 0);

/// So many runs, from one of an image on, and what the places of the first have.
template <class T>
struct Piece {
  std::int64_t image, run, runs;
  const T* g;
};

/// Places of a piece by the taps [first, first + sum_registers / vectors), for `vectors` registers of
/// outputs, of which g and w are the first. Where there are fewer taps, the last ones are summed up
/// several times, and kept once.
template <std::size_t vectors, std::size_t side_by_side, class T>
[[gnu::noinline]] void product_tile(const PlaceProducts<T>& of, std::int64_t first, Piece<T> piece,
                                    double* w) {
  constexpr std::size_t width = Lane<T>::width, taps = sum_registers / vectors,
                        pointers = taps / side_by_side;
  const auto taps_left = static_cast<std::size_t>(of.taps - first);
  const T* x[pointers];
  for (std::size_t j = 0; j < pointers; ++j)
    x[j] = of.x + of.offsets[first + static_cast<std::int64_t>(
                                         std::min(j * side_by_side, taps_left - side_by_side))];
  Lane<T> sums[taps][vectors];
  for (auto& tap : sums) {
    for (Lane<T>& sum : tap) sum = 0;
  }
  const T* g = piece.g;
  std::int64_t image = piece.image * of.x_image;
  for (; piece.runs > 0; --piece.runs) {
    const PlaceRun& run = of.runs[piece.run];
    std::int64_t p = image + run.x;
    for (std::int64_t left = run.count; left > 0; --left, ++p, g += of.row) {
      asm("" : "+r"(p));  // or gcc keeps what the next place meets too, on the stack
      Lane<T> factors[vectors];
      for (std::size_t v = 0; v < vectors; ++v) factors[v] = Lane<T>::load(g + v * width);
#pragma GCC unroll 24
      for (std::size_t j = 0; j < pointers; ++j) {
        const T* const met = x[j] + p;
#pragma GCC unroll 3
        for (std::size_t k = 0; k < side_by_side; ++k) {
          const Lane<T> factor = met[k];
          auto& tap = sums[j * side_by_side + k];
#pragma GCC unroll 2
          for (std::size_t v = 0; v < vectors; ++v) tap[v] = fma(factors[v], factor, tap[v]);
        }
      }
    }
    if (++piece.run == of.run_count) {
      piece.run = 0;
      image += of.x_image;
    }
  }
  w += first * of.row;
  for (std::size_t t = 0; t < std::min(taps, taps_left); ++t, w += of.row) {
    for (std::size_t v = 0; v < vectors; ++v) {
      T numbers[width];
      sums[t][v].store(numbers);
      for (std::size_t i = 0; i < width; ++i) w[v * width + i] += static_cast<double>(numbers[i]);
    }
  }
}

template <std::size_t vectors, class T>
void product_tiles(const PlaceProducts<T>& of, const Piece<T>& piece, double* w) {
  constexpr auto taps = static_cast<std::int64_t>(sum_registers / vectors);
  for (std::int64_t first = 0; first < of.taps; first += taps) {
    if (of.in_threes)
      product_tile<vectors, 3>(of, first, piece, w);
    else
      product_tile<vectors, 1>(of, first, piece, w);
  }
}

/// So many places at a time that what they have stays in the nearest cache for all taps.
template <class T>
void products(const PlaceProducts<T>& of) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const std::int64_t last = of.images * of.run_count;
  const T* g = of.g;
  for (std::int64_t run = 0; run < last;) {
    Piece<T> piece{run / of.run_count, run % of.run_count, 0, g};
    std::int64_t places = 0;
    for (; run < last; ++run, ++piece.runs) {
      const std::int64_t more = of.runs[run % of.run_count].count;
      if (places + more > places_together) break;
      places += more;
    }
    std::int64_t o = 0;
    for (; o + 2 * width <= of.row; o += 2 * width, piece.g += 2 * width)
      product_tiles<2>(of, piece, of.w + o);
    if (o < of.row) product_tiles<1>(of, piece, of.w + o);
    g += places * of.row;
  }
}

// A run goes in tiles of one of these numbers of places.
constexpr std::size_t many = sum_registers / 2, some = many * 2 / 3, few = many / 3;
static_assert(many <= static_cast<std::size_t>(most_at_a_time));

/// `places` from p on, for `vectors` registers of outputs, of which w and y are the first.
template <std::size_t vectors, std::size_t places, class T>
[[gnu::noinline]] void sum_tile(const PlaceSums<T>& of, std::int64_t p, const T* w, T* y) {
  constexpr std::size_t width = Lane<T>::width;
  const T* const x = of.x + p;
  for (std::int64_t t = 0; t < of.taps;) {
    const std::int64_t begin = t, end = std::min(t + places_together, of.taps);
    Lane<T> sums[places][vectors];
    for (auto& place : sums) {
      for (Lane<T>& sum : place) sum = 0;
    }
    for (; t < end; ++t, w += of.row) {
      const T* const met = x + of.offsets[t];
      Lane<T> factors[vectors];
      for (std::size_t v = 0; v < vectors; ++v) factors[v] = Lane<T>::load(w + v * width);
#pragma GCC unroll 12
      for (std::size_t i = 0; i < places; ++i) {
        const Lane<T> element = met[i];
#pragma GCC unroll 2
        for (std::size_t v = 0; v < vectors; ++v) sums[i][v] = fma(factors[v], element, sums[i][v]);
      }
    }
    T* to = y;
    for (std::size_t i = 0; i < places; ++i, to += of.row) {
      for (std::size_t v = 0; v < vectors; ++v) {
        const Lane<T> sum = sums[i][v];
        (begin == 0 ? sum : Lane<T>::load(to + v * width) + sum).store(to + v * width);
      }
    }
  }
}

/// So many places in a tile of a run that has `count`.
std::size_t tile_of(std::int64_t count) {
  constexpr auto most = static_cast<std::int64_t>(many);
  const std::int64_t tiles = (count + most - 1) / most;
  const auto each = static_cast<std::size_t>((count + tiles - 1) / tiles);
  return each <= few ? few : each <= some ? some : many;
}
std::int64_t summed(std::int64_t count) {
  const auto tile = static_cast<std::int64_t>(tile_of(count));
  return (count + tile - 1) / tile * tile;
}

template <std::size_t vectors, std::size_t places, class T>
void sum_run(const PlaceSums<T>& of, const PlaceRun& run, const T* w, T* y) {
  constexpr auto tile = static_cast<std::int64_t>(places);
  for (std::int64_t at = 0; at < run.count; at += tile)
    sum_tile<vectors, places>(of, run.x + at, w, y + at * of.row);
}
template <std::size_t vectors, class T>
void sum_runs(const PlaceSums<T>& of, const T* w, T* y) {
  for (const PlaceRun* run = of.runs; run != of.runs + of.run_count; ++run) {
    switch (tile_of(run->count)) {
      case many: sum_run<vectors, many>(of, *run, w, y); break;
      case some: sum_run<vectors, some>(of, *run, w, y); break;
      default: sum_run<vectors, few>(of, *run, w, y);
    }
    y += run->count * of.row;
  }
}
template <class T>
void sums(const PlaceSums<T>& of) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  std::int64_t o = 0;
  for (; o + 2 * width <= of.row; o += 2 * width) sum_runs<2>(of, of.w + o, of.y + o);
  if (o < of.row) sum_runs<1>(of, of.w + o, of.y + o);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const PlaceKernels& compiled<PlaceKernels, Level::XTAPE_LEVEL>() {
  static constexpr PlaceKernels table{static_cast<std::int64_t>(Lane<float>::width),
                                      static_cast<std::int64_t>(Lane<double>::width),
                                      summed,
                                      sums<float>,
                                      sums<double>,
                                      products<float>,
                                      products<double>};
  return table;
}

}  // namespace xtape::kernels
