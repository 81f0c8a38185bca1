#pragma once
// Dense runs of elements: reductions of one run, and maps over one.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/wraps.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Elements summed in T before the sum goes on in double: 64 additions in each lane of the two
/// registers that are summed in, on any machine.
template <class T>
inline constexpr std::int64_t chunk_size = std::int64_t{128} *
                                           static_cast<std::int64_t>(Lane<T>::width);

/// What sums of T are collected in.
template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, T>;

struct Sum {
  static constexpr bool exact = false;  // in any order the same, but for the sign of 0
  template <class X>
  XTAPE_WRAPS static X combine(X a, X b) {
    if constexpr (std::is_integral_v<X>)  // wraps around, as NumPy's
      return static_cast<X>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    else
      return a + b;
  }
  template <class T>
  static constexpr T neutral = 0;
};

struct Product {
  static constexpr bool exact = false;
  template <class X>
  XTAPE_WRAPS static X combine(X a, X b) {
    if constexpr (std::is_integral_v<X>)
      return static_cast<X>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
    else
      return a * b;
  }
  template <class T>
  static constexpr T neutral = 1;
};

/// NaN in either operand comes through, as with Lane.
template <class T>
requires std::is_arithmetic_v<T> T maximum(T a, T b) { return a > b || a != a ? a : b; }
template <class T>
requires std::is_arithmetic_v<T> T minimum(T a, T b) { return a < b || a != a ? a : b; }

template <class T>
constexpr T highest = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                           : std::numeric_limits<T>::max();
template <class T>
constexpr T lowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                          : std::numeric_limits<T>::min();

struct Maximum {
  static constexpr bool exact = true;
  template <class X>
  static X combine(X a, X b) {
    return maximum(a, b);
  }
  template <class T>
  static constexpr T neutral = lowest<T>;
};

struct Minimum {
  static constexpr bool exact = true;
  template <class X>
  static X combine(X a, X b) {
    return minimum(a, b);
  }
  template <class T>
  static constexpr T neutral = highest<T>;
};

/// The lanes of a register as one number: in halves, so that few wait for one another.
template <class R, class T>
XTAPE_INLINE Wide<T> reduce_lanes(Lane<T> x) {
  using Number = std::conditional_t<R::exact, T, Wide<T>>;
  Number lanes[Lane<T>::width];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < Lane<T>::width; ++i) lanes[i] = static_cast<Number>(x.v[i]);
#pragma GCC unroll 4
  for (std::size_t half = Lane<T>::width / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < half; ++i) lanes[i] = R::combine(lanes[i], lanes[i + half]);
  }
  return static_cast<Wide<T>>(lanes[0]);
}

/// Reduction of n dense elements, at most chunk_size.
template <class R, class T>
Wide<T> reduce_chunk(const T* x, std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr int registers = R::exact ? 4 : 2;  // at a time: one follows slowly on another
  constexpr std::int64_t together = registers * width;
  Wide<T> total = R::template neutral<Wide<T>>;
  std::int64_t i = 0;
  if (n >= together) {
    Lane<T> totals[4];
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) totals[r] = Lane<T>::load(x + r * width);
    for (i = together; i + together <= n; i += together) {
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r)
        totals[r] = R::combine(totals[r], Lane<T>::load(x + i + r * width));
    }
#pragma GCC unroll 4
    for (int r = 1; r < registers; ++r) totals[0] = R::combine(totals[0], totals[r]);
    if constexpr (R::exact) {
      for (; i + width <= n; i += width) totals[0] = R::combine(totals[0], Lane<T>::load(x + i));
      if (i < n) totals[0] = R::combine(totals[0], Lane<T>::load(x + n - width));  // some again
      i = n;
    }
    total = reduce_lanes<R>(totals[0]);
  }
  for (; i < n; ++i) total = R::combine(total, static_cast<Wide<T>>(x[i]));
  return total;
}

/// Reduction of n dense elements.
template <class R, class T>
Wide<T> reduce_run(const T* x, std::int64_t n) {
  if (n <= chunk_size<T>) return reduce_chunk<R>(x, n);
  Wide<T> total = R::template neutral<Wide<T>>;
  for (std::int64_t i = 0; i < n; i += chunk_size<T>) {
    total = R::combine(total, reduce_chunk<R>(x + i, std::min(chunk_size<T>, n - i)));
  }
  return total;
}

/// y[i] = f(x[i]...) for i < n, a register at a time; y may be one of the x.
template <class T, class F, class... Runs>
void map_run(std::int64_t n, T* y, F&& f, const Runs*... x) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  std::int64_t i = 0;
  for (; i + width <= n; i += width) f(Lane<T>::load(x + i)...).store(y + i);
  if (i == n) return;
  f(Lane<T>::load_first(x + i, n - i)...).store_first(y + i, n - i);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
