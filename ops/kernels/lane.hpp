#pragma once
// The numbers that derivative formulas are compiled for: Lane<T>, as many T as a register holds.
// Every element goes through the same vector code wherever it lies, so strided and dense inputs
// give the same bits.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

// gcc 12 takes the undefined registers inside its own AVX-512 intrinsics for uninitialised
// variables (gcc bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#pragma GCC diagnostic pop

#include <xtape/core/error.hpp>

namespace xtape::kernels {

template <class T>
struct Register {
  using Values = xsimd::batch<T>;
  using Bools = xsimd::batch_bool<T>;
  static constexpr std::size_t width = Values::size;
};
template <>
struct Register<std::int64_t> {  // integers are rare here: one at a time
  using Values = std::int64_t;
  using Bools = bool;
  static constexpr std::size_t width = 1;
};

template <class T>
struct Mask {
  typename Register<T>::Bools bits;
  friend Mask operator&(Mask a, Mask b) { return {a.bits && b.bits}; }
  friend Mask operator|(Mask a, Mask b) { return {a.bits || b.bits}; }
  friend Mask operator!(Mask a) { return {!a.bits}; }
};

template <class T>
struct Lane {
  using Values = typename Register<T>::Values;
  static constexpr std::size_t width = Register<T>::width;
  static constexpr bool vector = width > 1;

  Values v;

  Lane() = default;
  explicit Lane(Values values, int) : v(values) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> Lane(Number number) : v(static_cast<T>(number)) {}

  static Lane of(Values values) { return Lane(values, 0); }
  static Lane load(const T* p) {
    if constexpr (vector)
      return of(Values::load_unaligned(p));
    else
      return of(*p);
  }
  /// The element in the first lane.
  T first() const {
    T elements[width];
    store(elements);
    return elements[0];
  }
  void store(T* p) const {
    if constexpr (vector)
      v.store_unaligned(p);
    else
      *p = v;
  }

  friend Lane operator+(Lane a, Lane b) { return of(a.v + b.v); }
  friend Lane operator-(Lane a, Lane b) { return of(a.v - b.v); }
  friend Lane operator*(Lane a, Lane b) { return of(a.v * b.v); }
  friend Lane operator/(Lane a, Lane b) { return of(a.v / b.v); }
  friend Lane operator-(Lane a) { return of(-a.v); }
  friend Mask<T> operator<(Lane a, Lane b) { return {a.v < b.v}; }
  friend Mask<T> operator<=(Lane a, Lane b) { return {a.v <= b.v}; }
  friend Mask<T> operator>(Lane a, Lane b) { return {a.v > b.v}; }
  friend Mask<T> operator>=(Lane a, Lane b) { return {a.v >= b.v}; }
  friend Mask<T> operator==(Lane a, Lane b) { return {a.v == b.v}; }
  // Not xsimd 8's !=, for which NaN is not unequal.
  friend Mask<T> operator!=(Lane a, Lane b) { return !(a == b); }
};

template <class T>
Lane<T> where(Mask<T> condition, std::type_identity_t<Lane<T>> a, std::type_identity_t<Lane<T>> b) {
  if constexpr (Lane<T>::vector)
    return Lane<T>::of(xsimd::select(condition.bits, a.v, b.v));
  else
    return condition.bits ? a : b;
}

#define XTAPE_LANE_FUNCTION(name)         \
  template <class T>                      \
  Lane<T> name(Lane<T> x) {               \
    return Lane<T>::of(xsimd::name(x.v)); \
  }
XTAPE_LANE_FUNCTION(sqrt)
XTAPE_LANE_FUNCTION(trunc)
XTAPE_LANE_FUNCTION(exp)
XTAPE_LANE_FUNCTION(expm1)
XTAPE_LANE_FUNCTION(log)
XTAPE_LANE_FUNCTION(log1p)
XTAPE_LANE_FUNCTION(sin)
XTAPE_LANE_FUNCTION(cos)
XTAPE_LANE_FUNCTION(tanh)
#undef XTAPE_LANE_FUNCTION

template <class T>
Lane<T> abs(Lane<T> x) {
  if constexpr (Lane<T>::vector)
    return Lane<T>::of(xsimd::abs(x.v));
  else
    return x.v < 0 ? -x : x;
}

// A comparison with NaN is false: written this way round, NaN in either operand comes through.
template <class T>
[[gnu::always_inline]] inline Lane<T> maximum(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  return where((a > b) | (a != a), a, b);
}
template <class T>
[[gnu::always_inline]] inline Lane<T> minimum(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  return where((a < b) | (a != a), a, b);
}

template <class T>
Lane<T> sign(Lane<T> x) {
  return where(x > 0, 1, where(x < 0, -1, x));
}

template <class T>
Lane<T> sigmoid(Lane<T> x) {
  return 1 / (1 + exp(-x));
}

inline std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    throw ValueError("pow: integers have no negative powers; got " + std::to_string(base) +
                     " to the power " + std::to_string(exponent));
  }
  std::uint64_t power = 1, square = static_cast<std::uint64_t>(base);  // unsigned: overflow wraps
  for (auto bits = static_cast<std::uint64_t>(exponent); bits > 0; bits >>= 1) {
    if (bits & 1) power *= square;
    square *= square;
  }
  return static_cast<std::int64_t>(power);
}

/// The C library's power: xsimd 8 has no special cases (pow(0, 0) is 0 there) and loses digits for
/// large exponents.
template <class T>
Lane<T> pow(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  if constexpr (Lane<T>::vector) {
    T base[Lane<T>::width], exponent[Lane<T>::width];
    a.store(base);
    b.store(exponent);
    for (std::size_t i = 0; i < Lane<T>::width; ++i) base[i] = std::pow(base[i], exponent[i]);
    return Lane<T>::load(base);
  } else {
    return integer_power(a.v, b.v);
  }
}

/// g / d, and 0 where nothing comes in (g is 0) and the quotient does not exist: a selection
/// further on that does not look at this element must not get NaN from it.
template <class T>
Lane<T> over(Lane<T> g, std::type_identity_t<Lane<T>> d) {
  return where((g == 0) & !(abs(d) > 0), 0, g / d);
}

/// g e, and 0 where nothing comes in and e is infinite or NaN.
template <class T>
Lane<T> times(Lane<T> g, std::type_identity_t<Lane<T>> e) {
  return where((g == 0) & !(e - e == 0), 0, g * e);
}

}  // namespace xtape::kernels
