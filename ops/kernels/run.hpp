#pragma once
// Dense runs of elements: reductions of one run, and maps over one.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>

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
  template <class X>
  static X combine(X a, X b) {
    return a + b;
  }
  template <class T>
  static constexpr T neutral = 0;
};

struct Product {
  template <class X>
  static X combine(X a, X b) {
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
  template <class X>
  static X combine(X a, X b) {
    return maximum(a, b);
  }
  template <class T>
  static constexpr T neutral = lowest<T>;
};

struct Minimum {
  template <class X>
  static X combine(X a, X b) {
    return minimum(a, b);
  }
  template <class T>
  static constexpr T neutral = highest<T>;
};

/// Reduction of n dense elements, at most chunk_size.
template <class R, class T>
Wide<T> reduce_chunk(const T* x, std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Wide<T> total = R::template neutral<Wide<T>>;
  std::int64_t i = 0;
  if (Lane<T>::vector && n >= 2 * width) {
    Lane<T> sums[2] = {Lane<T>::load(x), Lane<T>::load(x + width)};
    for (i = 2 * width; i + 2 * width <= n; i += 2 * width) {
      sums[0] = R::combine(sums[0], Lane<T>::load(x + i));
      sums[1] = R::combine(sums[1], Lane<T>::load(x + i + width));
    }
    T lanes[Lane<T>::width];
    R::combine(sums[0], sums[1]).store(lanes);
    for (const T lane : lanes) total = R::combine(total, static_cast<Wide<T>>(lane));
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
