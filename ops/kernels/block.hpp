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
XTAPE_INLINE void store(Lane<T> result, T* y) {
  result.store(y);
}
template <class T>
XTAPE_INLINE void store_first(Lane<T> result, T* y, std::int64_t count) {
  result.store_first(y, count);
}
template <class T>
XTAPE_INLINE void store_first(Mask<T> result, bool* y, std::int64_t count) {
  T flags[Lane<T>::width];
  where(result, 1, 0).store(flags);
  for (std::int64_t i = 0; i < count; ++i) y[i] = flags[i] != 0;
}
template <class T>
XTAPE_INLINE void store(Mask<T> result, bool* y) {
  store_first(result, y, static_cast<std::int64_t>(Lane<T>::width));
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
  // In registers: no store in the loop can be taken to change them.
  const T* at[] = {reinterpret_cast<const T*>(x[k])...};
  const std::int64_t advance[] = {width * step[k]...};
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    store(F::apply(Lane<T>::load(at[k])...), to + i);
    ((at[k] += advance[k]), ...);
  }
  if (i == n) return;
  const std::int64_t rest = n - i;
  if (rest == 1) {  // as in every scalar
    Result output[Lane<T>::width];
    store(F::apply(Lane<T>(*at[k])...), output);
    to[i] = output[0];
    return;
  }
  const auto last = [&](const T* values, std::int64_t of_operand) {
    return of_operand == 0 ? Lane<T>(*values) : Lane<T>::load_first(values, rest);
  };
  store_first(F::apply(last(at[k], step[k])...), to + i, rest);
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
