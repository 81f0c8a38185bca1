#pragma once
#include <cstddef>
#include <utility>

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Lanes of a and b in turns: those from `first` on, of half a register each.
template <std::size_t first, class T, std::size_t... i>
XTAPE_INLINE Lane<T> in_turns(const Lane<T>& a, const Lane<T>& b, std::index_sequence<i...>) {
  return Lane<T>::of(__builtin_shufflevector(a.v, b.v, (first + i / 2 + i % 2 * sizeof...(i))...));
}

/// The transpose of a square of numbers, a row in a register: each round moves a bit of the row's
/// number to the lane's, and one back.
template <std::size_t round = 1, class T>
XTAPE_INLINE void turn(Lane<T> (&x)[Lane<T>::width]) {
  constexpr std::size_t width = Lane<T>::width, half = width / 2;
  constexpr auto lanes = std::make_index_sequence<width>();
  if constexpr (round < width) {
    Lane<T> y[width];
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      ((y[2 * i] = in_turns<0>(x[i], x[i + half], lanes),
        y[2 * i + 1] = in_turns<half>(x[i], x[i + half], lanes)),
       ...);
      ((x[2 * i] = y[2 * i], x[2 * i + 1] = y[2 * i + 1]), ...);
    }
    (std::make_index_sequence<half>());
    turn<2 * round>(x);
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
