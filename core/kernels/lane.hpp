#pragma once
// The numbers that kernels compute with: Lane<T>, as many T as a register holds, on the compilers'
// vector types. Every element goes through the same vector code wherever it lies, so strided and
// dense inputs give the same bits.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__x86_64__)  // a third of a second less
#include <smmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
#else
inline constexpr std::size_t register_bytes = 16;
#endif

// NOLINTBEGIN(modernize-use-using)
template <class T>
struct Register;
template <>
struct Register<float> {
  typedef float Values __attribute__((vector_size(register_bytes)));
  typedef std::int32_t Truths __attribute__((vector_size(register_bytes)));  // of comparisons
  typedef std::uint32_t Bits __attribute__((vector_size(register_bytes)));
  using Truth = std::int32_t;
  static constexpr int fraction_bits = 23;
  static constexpr std::size_t width = register_bytes / sizeof(float);
};
template <>
struct Register<double> {
  typedef double Values __attribute__((vector_size(register_bytes)));
  typedef std::int64_t Truths __attribute__((vector_size(register_bytes)));  // of comparisons
  typedef std::uint64_t Bits __attribute__((vector_size(register_bytes)));
  using Truth = std::int64_t;
  static constexpr int fraction_bits = 52;
  static constexpr std::size_t width = register_bytes / sizeof(double);
};
template <>
struct Register<std::int64_t> {
  typedef std::int64_t Values __attribute__((vector_size(register_bytes)));
  typedef std::int64_t Truths __attribute__((vector_size(register_bytes)));  // of comparisons
  typedef std::uint64_t Bits __attribute__((vector_size(register_bytes)));
  using Truth = std::int64_t;
  static constexpr std::size_t width = register_bytes / sizeof(std::int64_t);
};
// NOLINTEND(modernize-use-using)

#define XTAPE_INLINE [[gnu::always_inline]] inline

/// A truth value for each lane: all bits of the lane, or none.
template <class T>
struct Mask {
  using Truths = typename Register<T>::Truths;
  Truths truths;
  XTAPE_INLINE friend Mask operator&(Mask a, Mask b) { return {Truths(a.truths & b.truths)}; }
  XTAPE_INLINE friend Mask operator|(Mask a, Mask b) { return {Truths(a.truths | b.truths)}; }
  XTAPE_INLINE friend Mask operator!(Mask a) { return {~a.truths}; }
};

#if defined(__AVX512F__)
XTAPE_INLINE __mmask16 first_lanes(std::int64_t count) {
  return static_cast<__mmask16>((1u << count) - 1);
}
#endif

template <class T>
struct Lane {
  using Values = typename Register<T>::Values;
  static constexpr std::size_t width = Register<T>::width;

  Values v;

  Lane() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number> XTAPE_INLINE Lane(Number number) {
    v = static_cast<T>(number) - Values{};
  }

  XTAPE_INLINE static Lane of(Values values) {
    Lane lane;
    lane.v = values;
    return lane;
  }
  XTAPE_INLINE static Lane load(const T* p) {
    Lane lane;
    std::memcpy(&lane.v, p, sizeof(Values));
    return lane;
  }
  XTAPE_INLINE void store(T* p) const { std::memcpy(p, &v, sizeof(Values)); }
  /// The first of a run that is shorter than a register; 0 in the other lanes.
  XTAPE_INLINE static Lane load_first(const T* p, std::int64_t count) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return of(_mm512_maskz_loadu_ps(first_lanes(count), p));
    if constexpr (std::is_same_v<T, double>)
      return of(_mm512_maskz_loadu_pd(static_cast<__mmask8>(first_lanes(count)), p));
#endif
    T buffer[width] = {};
    std::copy(p, p + count, buffer);
    return load(buffer);
  }
  XTAPE_INLINE void store_first(T* p, std::int64_t count) const {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return _mm512_mask_storeu_ps(p, first_lanes(count), v);
    if constexpr (std::is_same_v<T, double>)
      return _mm512_mask_storeu_pd(p, static_cast<__mmask8>(first_lanes(count)), v);
#endif
    T buffer[width];
    store(buffer);
    std::copy(buffer, buffer + count, p);
  }
  /// The element in the first lane.
  XTAPE_INLINE T first() const { return v[0]; }

  /// The bits of the numbers as unsigned integers, and back.
  XTAPE_INLINE auto bits() const { return reinterpret_cast<typename Register<T>::Bits>(v); }
  XTAPE_INLINE static Lane of_bits(auto bits) { return of(reinterpret_cast<Values>(bits)); }
  /// What sums and products are computed in: int64 wraps around, as NumPy's does.
  XTAPE_INLINE auto wrapping() const {
    if constexpr (std::is_integral_v<T>)
      return bits();
    else
      return v;
  }

  XTAPE_INLINE friend Lane operator+(Lane a, Lane b) {
    return of_bits(a.wrapping() + b.wrapping());
  }
  XTAPE_INLINE friend Lane operator-(Lane a, Lane b) {
    return of_bits(a.wrapping() - b.wrapping());
  }
  XTAPE_INLINE friend Lane operator*(Lane a, Lane b) {
    return of_bits(a.wrapping() * b.wrapping());
  }
  XTAPE_INLINE friend Lane operator/(Lane a, Lane b) { return of(a.v / b.v); }
  XTAPE_INLINE friend Lane operator-(Lane a) { return of_bits(-a.wrapping()); }
  XTAPE_INLINE friend Mask<T> operator<(Lane a, Lane b) { return {a.v < b.v}; }
  XTAPE_INLINE friend Mask<T> operator<=(Lane a, Lane b) { return {a.v <= b.v}; }
  XTAPE_INLINE friend Mask<T> operator>(Lane a, Lane b) { return {a.v > b.v}; }
  XTAPE_INLINE friend Mask<T> operator>=(Lane a, Lane b) { return {a.v >= b.v}; }
  XTAPE_INLINE friend Mask<T> operator==(Lane a, Lane b) { return {a.v == b.v}; }
  XTAPE_INLINE friend Mask<T> operator!=(Lane a, Lane b) { return {a.v != b.v}; }
};

template <class T>
XTAPE_INLINE Lane<T> where(Mask<T> condition, std::type_identity_t<Lane<T>> a,
                           std::type_identity_t<Lane<T>> b) {
  return Lane<T>::of(condition.truths ? a.v : b.v);
}

/// Whether the condition holds in any lane.
template <class T>
XTAPE_INLINE bool any(Mask<T> condition) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(condition.truths),
                                reinterpret_cast<__m512i>(condition.truths)) != 0;
#elif defined(__AVX__)
  return _mm256_testz_si256(reinterpret_cast<__m256i>(condition.truths),
                            reinterpret_cast<__m256i>(condition.truths)) == 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8(reinterpret_cast<__m128i>(condition.truths)) != 0;
#else
  typename Register<T>::Truth found = 0;
  for (std::size_t i = 0; i < Lane<T>::width; ++i) found |= condition.truths[i];
  return found != 0;
#endif
}

// Masked in full: gcc 12 takes the undefined register in its own _mm512_sqrt_ps for an
// uninitialised variable (gcc bug 105593).
XTAPE_INLINE Lane<float> sqrt(Lane<float> x) {
#if defined(__AVX512F__)
  return Lane<float>::of(_mm512_maskz_sqrt_ps(0xFFFF, x.v));
#elif defined(__AVX__)
  return Lane<float>::of(_mm256_sqrt_ps(x.v));
#elif defined(__SSE2__)
  return Lane<float>::of(_mm_sqrt_ps(x.v));
#elif defined(__aarch64__)
  return Lane<float>::of(vsqrtq_f32(x.v));
#else
  for (std::size_t i = 0; i < Lane<float>::width; ++i) x.v[i] = __builtin_sqrtf(x.v[i]);
  return x;
#endif
}
XTAPE_INLINE Lane<double> sqrt(Lane<double> x) {
#if defined(__AVX512F__)
  return Lane<double>::of(_mm512_maskz_sqrt_pd(0xFF, x.v));
#elif defined(__AVX__)
  return Lane<double>::of(_mm256_sqrt_pd(x.v));
#elif defined(__SSE2__)
  return Lane<double>::of(_mm_sqrt_pd(x.v));
#elif defined(__aarch64__)
  return Lane<double>::of(vsqrtq_f64(x.v));
#else
  for (std::size_t i = 0; i < Lane<double>::width; ++i) x.v[i] = __builtin_sqrt(x.v[i]);
  return x;
#endif
}

#if defined(__FMA__) || defined(__aarch64__)
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif

/// a b + c, rounded once where the processor can do that (`has_fma`).
XTAPE_INLINE Lane<float> fma(Lane<float> a, Lane<float> b, Lane<float> c) {
#if defined(__AVX512F__)
  return Lane<float>::of(_mm512_fmadd_ps(a.v, b.v, c.v));
#elif defined(__FMA__)
  return Lane<float>::of(_mm256_fmadd_ps(a.v, b.v, c.v));
#elif defined(__aarch64__)
  return Lane<float>::of(vfmaq_f32(c.v, a.v, b.v));
#else
  return a * b + c;
#endif
}
XTAPE_INLINE Lane<double> fma(Lane<double> a, Lane<double> b, Lane<double> c) {
#if defined(__AVX512F__)
  return Lane<double>::of(_mm512_fmadd_pd(a.v, b.v, c.v));
#elif defined(__FMA__)
  return Lane<double>::of(_mm256_fmadd_pd(a.v, b.v, c.v));
#elif defined(__aarch64__)
  return Lane<double>::of(vfmaq_f64(c.v, a.v, b.v));
#else
  return a * b + c;
#endif
}

template <class T>
XTAPE_INLINE Lane<T> abs(Lane<T> x) {
  if constexpr (std::is_integral_v<T>)
    return where(x < 0, -x, x);
  else
    return Lane<T>::of_bits(x.bits() & ~Lane<T>(-0.0).bits());
}

/// |magnitude| with the sign of `sign`.
template <class T>
XTAPE_INLINE Lane<T> copysign(Lane<T> magnitude, Lane<T> sign) {
  const auto sign_bit = Lane<T>(-0.0).bits();
  return Lane<T>::of_bits((magnitude.bits() & ~sign_bit) | (sign.bits() & sign_bit));
}

/// The greater and the lesser one; b where they are equal, or either is NaN.
template <class T>
XTAPE_INLINE Lane<T> greater(Lane<T> a, Lane<T> b) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return Lane<T>::of(_mm512_maskz_max_ps(0xFFFF, a.v, b.v));
  if constexpr (std::is_same_v<T, double>) return Lane<T>::of(_mm512_maskz_max_pd(0xFF, a.v, b.v));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<T, float>) return Lane<T>::of(_mm256_max_ps(a.v, b.v));
  if constexpr (std::is_same_v<T, double>) return Lane<T>::of(_mm256_max_pd(a.v, b.v));
#endif
  return where(a > b, a, b);
}
template <class T>
XTAPE_INLINE Lane<T> lesser(Lane<T> a, Lane<T> b) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return Lane<T>::of(_mm512_maskz_min_ps(0xFFFF, a.v, b.v));
  if constexpr (std::is_same_v<T, double>) return Lane<T>::of(_mm512_maskz_min_pd(0xFF, a.v, b.v));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<T, float>) return Lane<T>::of(_mm256_min_ps(a.v, b.v));
  if constexpr (std::is_same_v<T, double>) return Lane<T>::of(_mm256_min_pd(a.v, b.v));
#endif
  return where(a < b, a, b);
}

// NaN in either operand comes through.
template <class T>
XTAPE_INLINE Lane<T> maximum(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  return std::is_integral_v<T> ? greater(a, b) : where(a != a, a, greater(a, b));
}
template <class T>
XTAPE_INLINE Lane<T> minimum(Lane<T> a, std::type_identity_t<Lane<T>> b) {
  return std::is_integral_v<T> ? lesser(a, b) : where(a != a, a, lesser(a, b));
}

template <class T>
XTAPE_INLINE Lane<T> sign(Lane<T> x) {
  return where(x > 0, 1, where(x < 0, -1, x));
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
