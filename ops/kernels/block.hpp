#pragma once
// Formulas compiled into block functions.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

template <class T>
void store(Lane<T> result, T* y) {
  result.store(y);
}
template <class T>
void store(Mask<T> result, bool* y) {
  T flags[Lane<T>::width];
  where(result, 1, 0).store(flags);
  for (std::size_t i = 0; i < Lane<T>::width; ++i) y[i] = flags[i] != 0;
}

template <class T>
T element_of(Lane<T>);
template <class T>
bool element_of(Mask<T>);

/// F::apply(Lane<T>...) as a block function.
template <class F, class T, std::size_t... k>
void block_function(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                    std::int64_t n) {
  using Result = decltype(element_of(F::apply(((void)k, Lane<T>())...)));
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  auto* to = reinterpret_cast<Result*>(y);
  const T* from[] = {reinterpret_cast<const T*>(x[k])...};
  const T* at[] = {from[k]...};  // in registers: no store in the loop can be taken to change them
  const std::int64_t advance[] = {width * step[k]...};
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    store(F::apply(Lane<T>::load(at[k])...), to + i);
    ((at[k] += advance[k]), ...);
  }
  if (i == n) return;
  Result output[Lane<T>::width];
  const std::int64_t rest = n - i;
  if (rest == 1) {  // as in every scalar
    store(F::apply(Lane<T>(from[k][i * step[k]])...), output);
    to[i] = output[0];
    return;
  }
  T input[sizeof...(k)][Lane<T>::width] = {};
  (
      (void)[&] {
        for (std::int64_t j = 0; j < rest; ++j) input[k][j] = from[k][(i + j) * step[k]];
      }(),
      ...);
  store(F::apply(Lane<T>::load(input[k])...), output);
  for (std::int64_t j = 0; j < rest; ++j) to[i + j] = output[j];
}

template <class F, bool with_integers, std::size_t... k>
constexpr MapKernel make_map_kernel(std::index_sequence<k...>) {
  MapKernel kernel{block_function<F, float, k...>, block_function<F, double, k...>, nullptr};
  if constexpr (with_integers) kernel.int64 = block_function<F, std::int64_t, k...>;
  return kernel;
}

/// The kernel of a formula of `arity` operands.
template <class F, std::size_t arity, bool with_integers>
inline constexpr MapKernel map_kernel =
    make_map_kernel<F, with_integers>(std::make_index_sequence<arity>());

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
