#pragma once
// Rounding, and division with a whole quotient, on registers of numbers. Integers stay as they are.

#include <cstdint>
#include <limits>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// From here on numbers have no fraction.
template <class T>
inline constexpr T whole_from = T(std::int64_t{1} << Register<T>::fraction_bits);

/// What processors that round to integers by themselves are told.
enum class Towards { nearest, below, above, zero };

#if defined(__SSE4_1__) || defined(__aarch64__)
inline constexpr bool rounds_itself = true;
#else
inline constexpr bool rounds_itself = false;
#endif

#if defined(__SSE4_1__)
/// The immediate of roundps; inexact is no exception.
template <Towards to>
inline constexpr int rounding_mode = _MM_FROUND_NO_EXC | static_cast<int>(to);
#endif

template <Towards to>
XTAPE_INLINE Lane<float> rounded(Lane<float> x) {
#if defined(__AVX512F__)
  return Lane<float>::of(_mm512_maskz_roundscale_ps(0xFFFF, x.v, rounding_mode<to>));
#elif defined(__AVX__)
  return Lane<float>::of(_mm256_round_ps(x.v, rounding_mode<to>));
#elif defined(__SSE4_1__)
  return Lane<float>::of(_mm_round_ps(x.v, rounding_mode<to>));
#elif defined(__aarch64__)
  if constexpr (to == Towards::nearest) return Lane<float>::of(vrndnq_f32(x.v));
  if constexpr (to == Towards::below) return Lane<float>::of(vrndmq_f32(x.v));
  if constexpr (to == Towards::above) return Lane<float>::of(vrndpq_f32(x.v));
  return Lane<float>::of(vrndq_f32(x.v));
#else
  return x;
#endif
}
template <Towards to>
XTAPE_INLINE Lane<double> rounded(Lane<double> x) {
#if defined(__AVX512F__)
  return Lane<double>::of(_mm512_maskz_roundscale_pd(0xFF, x.v, rounding_mode<to>));
#elif defined(__AVX__)
  return Lane<double>::of(_mm256_round_pd(x.v, rounding_mode<to>));
#elif defined(__SSE4_1__)
  return Lane<double>::of(_mm_round_pd(x.v, rounding_mode<to>));
#elif defined(__aarch64__)
  if constexpr (to == Towards::nearest) return Lane<double>::of(vrndnq_f64(x.v));
  if constexpr (to == Towards::below) return Lane<double>::of(vrndmq_f64(x.v));
  if constexpr (to == Towards::above) return Lane<double>::of(vrndpq_f64(x.v));
  return Lane<double>::of(vrndq_f64(x.v));
#else
  return x;
#endif
}

/// To the nearest integer, halves to the even one: what is added leaves no room for a fraction.
template <class T>
XTAPE_INLINE Lane<T> round(Lane<T> x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else if constexpr (rounds_itself) {
    return rounded<Towards::nearest>(x);
  } else {
    const Lane<T> large = copysign(Lane<T>(whole_from<T>), x);
    return where(abs(x) < whole_from<T>, copysign((x + large) - large, x), x);
  }
}

template <class T>
XTAPE_INLINE Lane<T> floor(Lane<T> x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else if constexpr (rounds_itself) {
    return rounded<Towards::below>(x);
  } else {
    const Lane<T> nearest = round(x);
    return where(nearest > x, nearest - 1, nearest);
  }
}

template <class T>
XTAPE_INLINE Lane<T> ceil(Lane<T> x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else if constexpr (rounds_itself) {
    return rounded<Towards::above>(x);
  } else {
    const Lane<T> nearest = round(x);
    return where(nearest < x, copysign(nearest + 1, x), nearest);  // -0.7 to -0
  }
}

template <class T>
XTAPE_INLINE Lane<T> trunc(Lane<T> x) {
  if constexpr (std::is_integral_v<T>)
    return x;
  else if constexpr (rounds_itself)
    return rounded<Towards::zero>(x);
  else
    return copysign(floor(abs(x)), x);
}

/// y[i] = f(a[i], b[i]), for what processors do one by one.
template <class T, class F>
XTAPE_INLINE Lane<T> one_by_one(Lane<T> a, Lane<T> b, F&& f) {
  Lane<T> y;
  for (std::size_t i = 0; i < Lane<T>::width; ++i) y.v[i] = f(T(a.v[i]), T(b.v[i]));
  return y;
}

inline float exact_fmod(float a, float b) { return __builtin_fmodf(a, b); }
inline double exact_fmod(double a, double b) { return __builtin_fmod(a, b); }
/// No remainder by 0; -1 leaves none, and the least integer has no quotient by it.
inline std::int64_t exact_fmod(std::int64_t a, std::int64_t b) {
  return b == 0 || b == -1 ? 0 : a % b;
}
inline std::int64_t whole_quotient(std::int64_t a, std::int64_t b) {
  return b == 0 || b == -1 ? 0 : a / b;
}

/// a - b trunc(a / b), exactly.
template <class T>
XTAPE_INLINE Lane<T> fmod(Lane<T> a, Lane<T> b) {
  const auto slowly = [&] { return one_by_one(a, b, [](T p, T q) { return exact_fmod(p, q); }); };
  if constexpr (std::is_integral_v<T>) {
    return slowly();
  } else {
    const Lane<T> x = abs(a), y = abs(b), quotient = trunc(x / y);
    // Not where the quotient has more digits than T, or a product over- or underflows.
    constexpr T large = std::numeric_limits<T>::max() / whole_from<T>;
    constexpr T small = std::numeric_limits<T>::min() * whole_from<T>;
    const Mask<T> easy =
        (quotient < whole_from<T>)&(x < large) & (y < large) & ((x > small) | (quotient == 0));
    if (any(!easy)) [[unlikely]]
      return slowly();
    const Two<T> product = two_product(quotient, y);
    const Lane<T> rest = (x - product.high) - product.low;  // exact, and in (-y, y)
    return copysign(where(rest < 0, rest + y, rest), a);
  }
}

/// Where a remainder with the sign of a is not one with that of b.
template <class T>
XTAPE_INLINE Mask<T> opposite(Lane<T> rest, Lane<T> b) {
  return ((rest < 0) & (b > 0)) | ((rest > 0) & (b < 0));
}

/// a - b floor(a / b)
template <class T>
XTAPE_INLINE Lane<T> remainder(Lane<T> a, Lane<T> b) {
  const Lane<T> rest = fmod(a, b), moved = where(opposite(rest, b), rest + b, rest);
  if constexpr (std::is_integral_v<T>)
    return moved;
  else
    return where(moved == 0, copysign(moved, b), moved);
}

/// floor(a / b)
template <class T>
XTAPE_INLINE Lane<T> floor_divide(Lane<T> a, Lane<T> b) {
  const Lane<T> rest = fmod(a, b), less = where(opposite(rest, b), 1, 0);
  if constexpr (std::is_integral_v<T>) {
    const Lane<T> quotient = one_by_one(a, b, [](T x, T y) { return whole_quotient(x, y); }) - less;
    return where(b == -1, -a, quotient);
  } else {
    const Lane<T> first = round((a - rest) / b);  // of great ones the last digit may be rounded off
    const Two<T> product = two_product(first, b);
    const Lane<T> missing = round((((a - product.high) - product.low) - rest) / b);
    const Lane<T> quotient = first + where(abs(missing) < 4, missing, 0) - less;
    return where(b == 0, a / b, where(quotient == 0, copysign(quotient, a / b), quotient));
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
