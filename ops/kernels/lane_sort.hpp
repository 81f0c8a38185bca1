#pragma once
// Sorting of as many numbers as registers hold: by a network down the columns, a lane each, and a
// bitonic merge of neighbouring columns. Sources: Batcher, Sorting networks and their applications
// (1968); Blacher, Giesen, Kühne, Fast and robust vectorized in-place sorting of primitive types
// (2021).

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Lane i is from(i): of a, or behind its lanes of b.
template <auto from, class T>
XTAPE_INLINE Lane<T> shuffled(Lane<T> a, Lane<T> b) {
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    return Lane<T>::of(__builtin_shufflevector(a.v, b.v, static_cast<int>(from(i))...));
  }
  (std::make_index_sequence<Lane<T>::width>());
}

/// Each lane with the one whose number has the bits of `mask` the other way.
template <std::size_t mask, class T>
XTAPE_INLINE Lane<T> crossed(Lane<T> x) {
  return shuffled<[](std::size_t i) { return i ^ mask; }>(x, x);
}

/// The lanes of b whose number has the bit, beside those of a.
template <std::size_t bit, class T>
XTAPE_INLINE Lane<T> by_bit(Lane<T> a, Lane<T> b) {
  return shuffled<[](std::size_t i) { return (i & bit) == 0 ? i : i + Lane<T>::width; }>(a, b);
}

/// The lesser of the two in lanes whose number does not have the bit, the greater in the others.
template <std::size_t bit, class T>
XTAPE_INLINE Lane<T> ordered(Lane<T> a, Lane<T> b) {
#if defined(__AVX512F__)
  constexpr auto lanes = [] {
    unsigned with_bit = 0;
    for (unsigned i = 0; i < Lane<T>::width; ++i) with_bit |= (i & bit) != 0 ? 1u << i : 0u;
    return with_bit;
  }();
  const Lane<T> low = lesser(a, b);
  if constexpr (std::is_same_v<T, float>)
    return Lane<T>::of(_mm512_mask_max_ps(low.v, static_cast<__mmask16>(lanes), a.v, b.v));
  if constexpr (std::is_same_v<T, double>)
    return Lane<T>::of(_mm512_mask_max_pd(low.v, static_cast<__mmask8>(lanes), a.v, b.v));
  if constexpr (std::is_integral_v<T>) {
    const auto words = [](Lane<T> x) { return reinterpret_cast<__m512i>(x.v); };
    return Lane<T>::of_bits(
        _mm512_mask_max_epi64(words(low), static_cast<__mmask8>(lanes), words(a), words(b)));
  }
#endif
  return by_bit<bit>(lesser(a, b), greater(a, b));
}

template <class T>
XTAPE_INLINE void exchange(Lane<T>& a, Lane<T>& b) {
  const Lane<T> low = lesser(a, b);
  b = greater(b, a);
  a = low;
}

/// `rows` registers, ordered column by column once they are sorted.
template <class T, std::size_t rows>
struct Columns {
  static constexpr std::size_t width = Lane<T>::width;
  Lane<T> v[rows];

  XTAPE_INLINE void sort_each() {
    if constexpr (rows == 2) exchange_all<0, 1>();
    if constexpr (rows == 4) exchange_all<0, 2, 1, 3, 0, 1, 2, 3, 1, 2>();
    if constexpr (rows == 8) {
      exchange_all<0, 2, 1, 3, 4, 6, 5, 7, 0, 4, 1, 5, 2, 6, 3, 7, 0, 1, 2, 3, 4, 5, 6, 7>();
      exchange_all<2, 4, 3, 5, 1, 4, 3, 6, 1, 2, 3, 4, 5, 6>();
    }
  }

  /// Of groups of columns that are sorted in halves.
  template <std::size_t group = 2>
  XTAPE_INLINE void merge() {
    if constexpr (group <= width) {
      Lane<T> merged[rows];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < rows; ++i) {
        const Lane<T> other = crossed<group - 1>(v[rows - 1 - i]);
        merged[i] = ordered<group / 2>(v[i], other);
      }
      std::copy(merged, merged + rows, v);
      halve<group / 4>();
#pragma GCC unroll 3
      for (std::size_t distance = rows / 2; distance > 0; distance /= 2) {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < rows; ++i)
          if ((i & distance) == 0) exchange(v[i], v[i + distance]);
      }
      merge<2 * group>();
    }
  }

  /// Row by row instead.
  XTAPE_INLINE void transpose() {
    swap_bits<std::min(row_bits, lane_bits)>();
    if constexpr (row_bits < lane_bits) {
#pragma GCC unroll 8
      for (Lane<T>& row : v) {
        row =
            shuffled<[](std::size_t i) { return i % rows * (width / rows) + i / rows; }>(row, row);
      }
    }
  }
  /// Where a row then belongs.
  static constexpr std::size_t place(std::size_t row) {
    return rows <= width ? row : row % width * (rows / width) + row / width;
  }

 private:
  static constexpr std::size_t row_bits = std::countr_zero(rows);
  static constexpr std::size_t lane_bits = std::countr_zero(width);

  template <std::size_t a, std::size_t b, std::size_t... others>
  XTAPE_INLINE void exchange_all() {
    exchange(v[a], v[b]);
    if constexpr (sizeof...(others) > 0) exchange_all<others...>();
  }

  template <std::size_t step>
  XTAPE_INLINE void halve() {
    if constexpr (step > 0) {
#pragma GCC unroll 8
      for (Lane<T>& row : v) {
        const Lane<T> other = crossed<step>(row);
        row = ordered<step>(row, other);
      }
      halve<step / 2>();
    }
  }

  /// Exchanges the lower `bits` of a row's number with bits of the lane's.
  template <std::size_t bits>
  XTAPE_INLINE void swap_bits() {
    if constexpr (bits > 0) {
      constexpr std::size_t of_row = std::size_t{1} << (bits - 1);
      constexpr std::size_t lane_bit =
          row_bits < lane_bits ? lane_bits - row_bits + bits - 1 : bits - 1;
      constexpr std::size_t of_lane = std::size_t{1} << lane_bit;
#pragma GCC unroll 8
      for (std::size_t i = 0; i < rows; ++i) {
        if ((i & of_row) != 0) continue;
        const Lane<T> a = v[i], b = v[i + of_row];
        v[i] = by_bit<of_lane>(a, crossed<of_lane>(b));
        v[i + of_row] = by_bit<of_lane>(crossed<of_lane>(a), b);
      }
      swap_bits<bits - 1>();
    }
  }
};

/// The first `count` lanes from p on, and in the others what no number is greater than.
template <class T>
XTAPE_INLINE Lane<T> load_padded(const T* p, std::int64_t count) {
  using Limits = std::numeric_limits<T>;
  const Lane<T> greatest = Limits::has_infinity ? Limits::infinity() : Limits::max();
  if (count >= std::int64_t{Lane<T>::width}) return Lane<T>::load(p);
  if (count <= 0) return greatest;
  T buffer[Lane<T>::width];
  greatest.store(buffer);
  for (std::int64_t i = 0; i < count; ++i) buffer[i] = p[i];
  return Lane<T>::load(buffer);
}

/// n numbers, at most those of `rows` registers.
template <std::size_t rows, class T>
void sort_registers(T* x, std::int64_t n) {
  constexpr std::int64_t width = Lane<T>::width;
  Columns<T, rows> columns;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < rows; ++i) {
    const auto first = static_cast<std::int64_t>(i) * width;
    columns.v[i] = load_padded(x + first, n - first);
  }
  columns.sort_each();
  columns.merge();
  columns.transpose();
#pragma GCC unroll 8
  for (std::size_t i = 0; i < rows; ++i) {
    const auto first = static_cast<std::int64_t>(columns.place(i)) * width;
    if (n - first >= width)
      columns.v[i].store(x + first);
    else if (n > first)
      columns.v[i].store_first(x + first, n - first);
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
