#pragma once
// Functions of single numbers as functions of registers, for what takes as many steps as its number
// needs. They compute in double, also for float32.

#include <cstddef>
#include <cstring>

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// y[i] = f(x[i], ...)
template <class T, class F, class... Others>
XTAPE_INLINE Lane<T> each(F f, Lane<T> x, Others... others) {
  Lane<T> y;
  for (std::size_t i = 0; i < Lane<T>::width; ++i)
    y.v[i] = static_cast<T>(f(double{x.v[i]}, double{others.v[i]}...));
  return y;
}

/// f(x, ...), computed in registers of double.
template <class F, class... Others>
XTAPE_INLINE Lane<double> in_double(F f, Lane<double> x, Others... others) {
  return f(x, others...);
}
template <class F, class... Others>
XTAPE_INLINE Lane<float> in_double(F f, Lane<float> x, Others... others) {
  // NOLINTNEXTLINE(modernize-use-using)
  typedef float Half __attribute__((vector_size(register_bytes / 2)));
  const auto wide = [](const Lane<float>& from, std::size_t half) {
    Half part;
    std::memcpy(&part, reinterpret_cast<const std::byte*>(&from.v) + half * sizeof(part),
                sizeof(part));
    return Lane<double>::of(__builtin_convertvector(part, Register<double>::Values));
  };
  Half halves[2];
  for (std::size_t i = 0; i < 2; ++i)
    halves[i] = __builtin_convertvector(f(wide(x, i), wide(others, i)...).v, Half);
  std::memcpy(&x.v, halves, sizeof(x.v));
  return x;
}

/// Whether n is 0, 1, 2, ..., and not so large that nothing comes to an end.
inline bool is_order(double n) { return n >= 0 && n < 0x1p24 && n == __builtin_floor(n); }

/// The order after n; what is none stays so.
template <class T>
XTAPE_INLINE Lane<T> next_order(Lane<T> n) {
  return where(n < 0, n, n + 1);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
