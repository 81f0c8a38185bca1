#pragma once
// What the tables of rows' kernels are made of: the functions that their formulas share, and a
// row's kernels, of its formulas.

#include <bit>
#include <cstddef>
#include <limits>
#include <utility>

#include <xtape/ops/kernels/block.hpp>
#include <xtape/ops/kernels/rows.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// g / d, and 0 where nothing comes in (g is 0) and the quotient does not exist: a selection
/// further on that does not look at this element must not get NaN from it.
template <class T>
XTAPE_INLINE Lane<T> over(Lane<T> g, std::type_identity_t<Lane<T>> d) {
  return where((g == 0) & !(abs(d) > 0), 0, g / d);
}

/// g e, and 0 where nothing comes in and e is infinite or NaN.
template <class T>
XTAPE_INLINE Lane<T> times(Lane<T> g, std::type_identity_t<Lane<T>> e) {
  return where((g == 0) & !(e - e == 0), 0, g * e);
}

/// 0, but NaN where x is and something comes in: see elementwise.def.
template <class T>
XTAPE_INLINE Lane<T> flat(Lane<T> g, Lane<T> x) {
  return where((x == x) | (g == 0), 0, x);
}

/// g where x is positive, otherwise flat.
template <class T>
XTAPE_INLINE Lane<T> where_positive(Lane<T> g, Lane<T> x) {
  return where(x > 0, g, flat(g, x));
}

/// x, NaN below 0, and +0 at -0: slopes at the end of a domain are their limits from within.
template <class T>
XTAPE_INLINE Lane<T> nonnegative(Lane<T> x) {
  return where(x > 0, x, where(x == 0, 0, std::numeric_limits<T>::quiet_NaN()));
}

template <class Row>
struct Value {
  template <class... Lanes>
  static auto apply(Lanes... x) {
    return Row::value(x...);
  }
};

/// The formula of dL/dx_j as a kernel of just the arguments that it reads.
template <class Row, std::size_t arity, std::size_t j>
struct Derivative {
  using F = Formulas<Row, arity>;
  template <class Lane, class... Lanes>
  static Lane apply(Lane first, Lanes... others) {
    const Lane given[] = {first, others...};
    std::size_t next = 0;
    const auto argument = [&](std::size_t n) {
      return F::contains(F::template reads<j>, n) ? given[next++] : Lane(0);
    };
    return [&]<std::size_t... n>(std::index_sequence<n...>) {
      const Lane all[] = {argument(n)...};  // braces: in order
      return std::get<j>(Row::derivatives)(all[n]...);
    }
    (std::make_index_sequence<F::arguments>());
  }
};

/// The kernels of a row with the derivatives j...
template <class Row, std::size_t arity, std::size_t... j>
constexpr RowKernels kernels_of(std::index_sequence<j...>) {
  RowKernels kernels{map_kernel<Value<Row>, arity, Row::domain != Domain::floating>, {}};
  (
      [&] {
        using F = Formulas<Row, arity>;
        if constexpr (F::template exists<j> && !F::template is_gradient<j>) {
          constexpr auto count = static_cast<std::size_t>(std::popcount(F::template reads<j>));
          kernels.derivatives[j] = map_kernel<Derivative<Row, arity, j>, count, false>;
        }
      }(),
      ...);
  return kernels;
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
