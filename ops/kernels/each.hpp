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

/// f(x), computed in registers of double.
template <class F>
XTAPE_INLINE Lane<double> in_double(F f, Lane<double> x) {
  return f(x);
}
template <class F>
XTAPE_INLINE Lane<float> in_double(F f, Lane<float> x) {
  // NOLINTNEXTLINE(modernize-use-using)
  typedef float Half __attribute__((vector_size(register_bytes / 2)));
  Half halves[2];
  std::memcpy(halves, &x.v, sizeof(x.v));
  for (Half& half : halves) {
    const auto wide = __builtin_convertvector(half, Register<double>::Values);
    half = __builtin_convertvector(f(Lane<double>::of(wide)).v, Half);
  }
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
