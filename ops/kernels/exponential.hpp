#pragma once
// exp and what is made of it, on registers of numbers. Greatest errors measured by
// tests/ops/accuracy.cpp; the coefficients come from tests/reference/polynomials.py.

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/polynomial.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// (exp(r) - 1 - r) / r² for |r| <= log(2) / 2
inline constexpr float exp_float[] = {0.500000001428622342F,   0.166666666825343561F,
                                      0.041666456809677876F,   0.00833331002422529243F,
                                      0.00139345419282702645F, 0.000198919813139776902F};
inline constexpr double exp_double[] = {0.5,
                                        0.166666666666666714,
                                        0.0416666666666666701,
                                        0.0083333333333255447,
                                        0.00138888888888833267,
                                        0.000198412698768643549,
                                        0.0000248015873270071867,
                                        2.75572528335169097e-6,
                                        2.75572718102197996e-7,
                                        2.51062747335732947e-8,
                                        2.09154422977801152e-9};

/// log(2) in two parts, the first with so few digits that its product with an exponent is exact.
template <class T>
struct Ln2 {
  static constexpr T high = 0.693359375F, low = -2.12194440054690583e-4F;
};
template <>
struct Ln2<double> {
  static constexpr double high = 6.93147180369123816490e-01, low = 1.90821492927058770002e-10;
};

/// Beyond `low` and `high` exp is 0, or infinite, also times a few thousands. Up to `exponent`,
/// which x within `near` keep, the exponent of 2 leaves room for such a factor.
template <class T>
struct ExpRange {
  static constexpr T low = -120, high = 89, near = 83, exponent = 120;
};
template <>
struct ExpRange<double> {
  static constexpr double low = -800, high = 710, near = 693, exponent = 1000;
};

/// x without what leaves [low, high]; NaN stays.
template <class T>
XTAPE_INLINE Lane<T> clamp(Lane<T> x, T low, T high) {
  return where(x < low, low, where(x > high, high, x));
}

/// Rounds to an integer by adding what has no room for a fraction; the integer stands in the last
/// bits of the sum.
template <class T>
inline constexpr T rounder = T(3) * T(std::int64_t{1} << (Register<T>::fraction_bits - 1));

/// 2^n for the integer that `sum` = n + rounder holds.
template <class T>
XTAPE_INLINE Lane<T> power_of_two(Lane<T> sum) {
  return Lane<T>::of_bits((sum.bits() << Register<T>::fraction_bits) + Lane<T>(1).bits());
}

/// y 2^n for the integer that `sum` = n + rounder holds. A power that is no number of its own, as
/// it may be where some n is `far`, goes in two steps; where it is one, the second step is none, so
/// that an element's bits do not depend on its neighbours.
template <class T>
XTAPE_INLINE Lane<T> times_power_of_two(Lane<T> y, Lane<T> sum, bool far) {
  if (!far) [[likely]]
    return y * power_of_two(sum);
  const Lane<T> n = sum - rounder<T>;
  const Lane<T> first = clamp(n, -ExpRange<T>::exponent, ExpRange<T>::exponent);
  return y * power_of_two(first + rounder<T>) * power_of_two((n - first) + rounder<T>);
}

/// x = n log(2) + r with a whole n, and exp(r) - 1. What is known of x beyond its last digit may
/// come with it.
template <class T>
struct Reduced {
  XTAPE_INLINE explicit Reduced(Lane<T> x) {
    sum = whole(x);
    expm1_r = expm1_near(remainder(x));
  }
  XTAPE_INLINE explicit Reduced(Two<T> x) {
    sum = whole(x.high);
    expm1_r = expm1_near(remainder(x.high) + x.low);
  }
  Lane<T> sum, expm1_r;  // n + rounder, and exp(r) - 1

 private:
  XTAPE_INLINE static Lane<T> whole(Lane<T> x) {
    return fma(x, Lane<T>(1.44269504088896341), Lane<T>(rounder<T>));
  }
  XTAPE_INLINE Lane<T> remainder(Lane<T> x) const {
    const Lane<T> n = sum - rounder<T>;
    return fma(-n, Lane<T>(Ln2<T>::low), fma(-n, Lane<T>(Ln2<T>::high), x));
  }
  XTAPE_INLINE static Lane<T> expm1_near(Lane<T> r) {
    return fma(r * r, polynomial(r, series<T>(exp_float, exp_double)), r);
  }
};

/// exp(x), to be multiplied before it is rounded: its power of two comes last.
template <class T>
class Exponential {
 public:
  XTAPE_INLINE explicit Exponential(Lane<T> x)
      : Exponential(x, [](Lane<T> near) { return near; }) {}
  XTAPE_INLINE explicit Exponential(Two<T> x)
      : Exponential(x.high, [low = x.low](Lane<T> near) {
          return Two<T>{near, low};
        }) {}
  XTAPE_INLINE Lane<T> value() const { return scaled(1 + expm1_r_); }
  /// f exp(x), right also where exp(x) alone is too small.
  XTAPE_INLINE Lane<T> times(Lane<T> f) const {
    return scaled(has_fma ? fma(f, expm1_r_, f) : (1 + expm1_r_) * f);
  }

 private:
  XTAPE_INLINE Exponential(Lane<T> x, auto&& whole) {
    far_ = any(!(abs(x) <= Range::near));
    if (far_) [[unlikely]]
      x = clamp(x, Range::low, Range::high);
    const Reduced<T> reduced(whole(x));
    expm1_r_ = reduced.expm1_r;
    sum_ = reduced.sum;
  }
  XTAPE_INLINE Lane<T> scaled(Lane<T> y) const { return times_power_of_two(y, sum_, far_); }
  using Range = ExpRange<T>;
  Lane<T> expm1_r_, sum_;
  bool far_;
};

template <class T>
XTAPE_INLINE Lane<T> exp(Lane<T> x) {
  return Exponential<T>(x).value();
}

/// f exp(x)
template <class T>
XTAPE_INLINE Lane<T> scaled_exp(Lane<T> x, Lane<T> f) {
  return Exponential<T>(x).times(f);
}

template <class T>
XTAPE_INLINE Lane<T> expm1(Lane<T> x) {
  const Reduced<T> reduced(clamp(x, T(-40), ExpRange<T>::high));
  const Lane<T> half = power_of_two(reduced.sum - 1);  // 2^n itself may be infinite
  return copysign(2 * fma(half, reduced.expm1_r, half - T(0.5)), x);
}

/// exp(x) - 1 for x in [0, near], or NaN: 2^n is a number there.
template <class T>
XTAPE_INLINE Lane<T> expm1_of_positive(Lane<T> x) {
  const Reduced<T> reduced(x);
  const Lane<T> power = power_of_two(reduced.sum);
  return fma(power, reduced.expm1_r, power - 1);
}

/// (1 + e)²
template <class T>
XTAPE_INLINE Lane<T> square_of_one_and(Lane<T> e) {
  return fma(e, 2 + e, Lane<T>(1));
}

template <class T>
XTAPE_INLINE Lane<T> sigmoid(Lane<T> x) {
  const Lane<T> e = exp(-abs(x));
  return where(x < 0, e, 1) / (1 + e);
}

/// sigmoid(x) - p, by the smaller of the two tails.
template <class T>
XTAPE_INLINE Lane<T> sigmoid_less(Lane<T> x, Lane<T> p) {
  const Lane<T> e = exp(-abs(x)), tail = e / (1 + e);
  return where(x > 0, (1 - p) - tail, tail - p);
}

/// sigmoid(x) (1 - sigmoid(x))
template <class T>
XTAPE_INLINE Lane<T> sigmoid_slope(Lane<T> x) {
  const Lane<T> e = exp(-abs(x));
  return e / square_of_one_and(e);
}

template <class T>
XTAPE_INLINE Lane<T> tanh(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Lane<T> e = expm1_of_positive(2 * where(size > 20, 20, size));
  return copysign(e / (e + 2), x);
}

/// 1 / cosh(x)²
template <class T>
XTAPE_INLINE Lane<T> tanh_slope(Lane<T> x) {
  const Exponential<T> power(-2 * abs(x));
  return power.times(4) / square_of_one_and(power.value());
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
