#pragma once
// Formulas compiled into block functions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
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
XTAPE_INLINE void store(Mask<T> result, bool* y) {
  typedef std::int8_t Bytes __attribute__((vector_size(Lane<T>::width)));  // NOLINT(modernize-*)
  const Bytes flags = __builtin_convertvector(-result.truths, Bytes);
  std::memcpy(y, &flags, sizeof(flags));
}

template <class T>
XTAPE_INLINE void store_one(Lane<T> result, T* y) {
  *y = result.first();
}
template <class T>
XTAPE_INLINE void store_one(Mask<T> result, bool* y) {
  *y = result.truths[0] != 0;
}

template <class T>
T element_of(Lane<T>);
template <class T>
bool element_of(Mask<T>);

/// A formula over n elements, which fill registers.
template <class F, class T, class Result, std::size_t... k>
void formula_loop(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                  std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  auto* to = reinterpret_cast<Result*>(y);
  // In registers: no store in the loop can be taken to change them.
  const T* at[] = {reinterpret_cast<const T*>(x[k])...};
  const std::int64_t advance[] = {width * step[k]...};
  for (std::int64_t i = 0; i < n; i += width) {
    store(F::apply(Lane<T>::load(at[k])...), to + i);
    ((at[k] += advance[k]), ...);
  }
}

/// A loop over whole registers, over n elements. The last ones, where they do not fill a register,
/// go the same way in one of their own: a formula is compiled once.
template <class T, class Result, std::size_t operands>
[[gnu::noinline]] void run_block(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                                 std::int64_t n, BlockFunction loop) {
  constexpr std::size_t width = Lane<T>::width;
  const auto rest = static_cast<std::int64_t>(static_cast<std::size_t>(n) % width);
  const std::int64_t whole = n - rest;
  if (whole > 0) loop(y, x, step, whole);
  if (rest == 0) return;
  alignas(Lane<T>) T last[operands][width];
  const std::byte* at[operands];
  for (std::size_t k = 0; k < operands; ++k) {
    at[k] = x[k];
    if (step[k] == 0) continue;
    Lane<T>::load_first(reinterpret_cast<const T*>(x[k]) + whole, rest).store(last[k]);
    at[k] = reinterpret_cast<const std::byte*>(last[k]);
  }
  alignas(Lane<T>) Result results[width];
  loop(reinterpret_cast<std::byte*>(results), at, step, static_cast<std::int64_t>(width));
  auto* to = reinterpret_cast<Result*>(y) + whole;
  if constexpr (std::is_same_v<Result, T>)
    Lane<T>::load(results).store_first(to, rest);
  else
    std::copy_n(results, rest, to);
}

/// F::apply(Lane<T>...) as a block function.
template <class F, class T, std::size_t... k>
void block_function(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                    std::int64_t n) {
  using Result = decltype(element_of(F::apply(((void)k, Lane<T>())...)));
  if (n == 1)  // every scalar
    store_one(F::apply(Lane<T>(*reinterpret_cast<const T*>(x[k]))...),
              reinterpret_cast<Result*>(y));
  else
    run_block<T, Result, sizeof...(k)>(y, x, step, n, formula_loop<F, T, Result, k...>);
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
