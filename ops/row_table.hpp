#pragma once
// Makes rows of their formulas, for the sources that hold a table of them.

#include <cstddef>
#include <limits>
#include <numbers>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xtape/ops/functions.hpp>
#include <xtape/ops/row.hpp>

namespace xtape {

// Not in a namespace without a name: the formulas of the rows find them by the type of their
// arguments.
using T = const Tensor&;
using std::numbers::inv_sqrtpi, std::numbers::sqrt2, std::numbers::ln2;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
#define XTAPE_FORMULA(name, parameters, ...) \
  [[maybe_unused]] static Tensor name parameters { return __VA_ARGS__; }
#include <xtape/ops/elementwise.def>
#include <xtape/ops/functions.def>
#undef XTAPE_FORMULA

template <class R, std::size_t j, std::size_t... n>
constexpr RowDerivative derivative_of(std::index_sequence<n...>) {
  using F = kernels::Formulas<R, sizeof...(n) - 2>;
  if constexpr (F::template exists<j>) {
    return {F::template reads<j>, F::template is_gradient<j>,
            [](const Tensor* const* arguments) -> Tensor {
              return std::get<j>(R::derivatives)(*arguments[n]...);
            }};
  }
  return {};
}

/// A row of type R, at `place` in the table of its kernels, with the derivatives j...
template <class R, auto place, std::size_t arity, std::size_t... j>
constexpr Row row_of(std::index_sequence<j...>, void (*check_integers)(const Tensor&) = nullptr) {
  const unsigned reads = (kernels::Formulas<R, arity>::template reads<j> | ... | 0u);
  return {{R::name},
          R::domain,
          arity,
          sizeof...(j) == 0,
          (reads & ~1u) != 0,
          {derivative_of<R, j>(std::make_index_sequence<arity + 2>())...},
          []() -> const kernels::RowKernels& {
            using Table = kernels::TableKernels<std::remove_const_t<decltype(place)>>;
            return kernels::chosen<Table>().rows[static_cast<std::size_t>(place)];
          },
          check_integers};
}

}  // namespace xtape
