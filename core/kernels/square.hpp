#pragma once
#include <cstddef>
#include <utility>

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Numbers of a and b in turns: those from `first` on, of half a vector each.
template <std::size_t first, class V, std::size_t... i>
XTAPE_INLINE V in_turns(V a, V b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, (first + i / 2 + i % 2 * sizeof...(i))...);
}

/// The transpose of a square of numbers, a row in a vector: each round moves a bit of the row's
/// number to the place in it, and one back.
template <std::size_t round = 1, class V, std::size_t width>
XTAPE_INLINE void turn(V (&x)[width]) {
  constexpr std::size_t half = width / 2;
  constexpr auto places = std::make_index_sequence<width>();
  if constexpr (round < width) {
    V y[width];
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      ((y[2 * i] = in_turns<0>(x[i], x[i + half], places),
        y[2 * i + 1] = in_turns<half>(x[i], x[i + half], places)),
       ...);
      ((x[2 * i] = y[2 * i], x[2 * i + 1] = y[2 * i + 1]), ...);
    }
    (std::make_index_sequence<half>());
    turn<2 * round>(x);
  }
}
template <class T>
XTAPE_INLINE void turn(Lane<T> (&x)[Lane<T>::width]) {
  typename Register<T>::Values rows[Lane<T>::width];
  for (std::size_t i = 0; i < Lane<T>::width; ++i) rows[i] = x[i].v;
  turn<1>(rows);
  for (std::size_t i = 0; i < Lane<T>::width; ++i) x[i].v = rows[i];
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
