#pragma once
// The error function and the normal distribution on registers of numbers.

#include <cstddef>
#include <iterator>
#include <type_traits>

#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// The powers of t in the sum of the first terms of c_n T_n(t), T_n the Chebyshev polynomials.
template <class T, const auto& c, std::size_t terms>
constexpr auto powers_of_chebyshev_sum() {
  struct {
    T of[terms];
  } powers{};
  double sum[terms]{}, last[terms]{}, here[terms]{};  // T_(n - 1) and T_n
  last[0] = here[1] = 1;
  sum[0] = c[0], sum[1] = c[1];
  for (std::size_t n = 2; n < terms; ++n) {
    double next[terms]{};
    for (std::size_t i = 0; i < terms; ++i) next[i] = (i > 0 ? 2 * here[i - 1] : 0) - last[i];
    for (std::size_t i = 0; i < terms; ++i) {
      sum[i] += c[n] * next[i];
      last[i] = here[i];
      here[i] = next[i];
    }
  }
  for (std::size_t i = 0; i < terms; ++i) powers.of[i] = static_cast<T>(sum[i]);
  return powers;
}

/// The same sum itself. Source: Clenshaw, A note on the summation of Chebyshev series (1955).
template <class T, std::size_t n>
XTAPE_INLINE Lane<T> clenshaw_sum(Lane<T> t, const double (&c)[n]) {
  Lane<T> next = 0, one_after = 0;
  for (std::size_t i = n; --i > 0;) {
    const Lane<T> here = c[i] + fma(2 * t, next, -one_after);
    one_after = next;
    next = here;
  }
  return c[0] + fma(t, next, -one_after);
}

/// The sum of c_n T_n(t) for t in [-1, 1]; for float32 fewer terms do. By powers of t, even and odd
/// ones beside one another: half of the steps of Clenshaw's recurrence, and no two of them wait for
/// one. The first power comes last, so that the sum is rounded once at its full size.
template <class T, const auto& c, std::size_t for_float>
XTAPE_INLINE Lane<T> chebyshev_sum(Lane<T> t) {
  constexpr std::size_t n = std::is_same_v<T, float> ? for_float : std::size(c);
  if constexpr (n > 24) {  // whose powers cancel
    return clenshaw_sum(t, c);
  } else {
    constexpr auto powers = powers_of_chebyshev_sum<T, c, n>();
    const Lane<T> square = t * t;
    const auto every_other = [&](std::size_t last, std::size_t first) {
      Lane<T> sum = powers.of[last];
      for (std::size_t i = last; i > first; i -= 2)
        sum = fma(sum, square, Lane<T>(powers.of[i - 2]));
      return sum;
    };
    const Lane<T> odd = every_other(n - 1 - n % 2, 1), even = every_other(n - 2 + n % 2, 2);
    return fma(t, fma(t, even, odd), Lane<T>(powers.of[0]));
  }
}

/// (1 + 2 x) exp(x²) erfc(x) in t = (x - 4) / (x + 4), for x >= 0: between 1 and 1.3, and smooth up
/// to infinity. Source of the form: Shepherd & Laframboise, Chebyshev approximation of
/// (1 + 2 x) exp(x²) erfc(x) (1981).
inline constexpr double scaled_erfc[] = {
    1.1774832005374487,      -7.2607966203019005e-3, -8.1265123236184998e-2,
    6.009212804122225e-2,    -2.875393558027666e-2,  1.059566336347286e-2,
    -3.1369272945542642e-3,  7.456494372536184e-4,   -1.3696965030100541e-4,
    1.7183861600300937e-5,   -7.1583646234503469e-7, -2.4261399442449532e-7,
    5.5765709395703564e-8,   -2.1057869513809495e-9, -1.1717889351884957e-9,
    1.9098355172456688e-10,  1.408871764208813e-11,  -6.901108320480815e-12,
    9.1679583641112933e-14,  2.1454508286554553e-13, -1.4716575027010624e-14,
    -6.6686751187704079e-15, 7.504598509880083e-16,  2.22009300666632e-16};

/// erf(x) / x in 2 x² - 1, for |x| <= 1.
inline constexpr double erf_over_x[] = {
    9.754769393826541e-1,    -1.4226120510371364e-1, 1.0035582187599796e-2,
    -5.7687646997674848e-4,  2.7419931252196061e-5,  -1.1043175507344508e-6,
    3.8488755420345037e-8,   -1.1808582533875467e-9, 3.233421582605091e-11,
    -7.9910159470045488e-13, 1.7990725113961456e-14, -3.7186354878186926e-16};

/// exp(x²) erfc(x) for x >= 0
template <class T>
XTAPE_INLINE Lane<T> scaled_erfc_of(Lane<T> x) {
  return chebyshev_sum<T, scaled_erfc, 14>(1 - 8 / (x + 4)) / (1 + 2 * x);
}

/// exp(-x²), or exp(-x² / 2): with the digits of the square that rounding takes, of which many
/// count where it is large. Nothing is left from |x| = 40 on.
template <class T>
XTAPE_INLINE Exponential<T> exp_of_square(Lane<T> x, bool half = false) {
  const Lane<T> near = clamp(x, T(-40), T(40));
  const Two<T> square = two_product(near, near);
  const T factor = half ? T(-0.5) : T(-1);
  return Exponential<T>(Two<T>{factor * square.high, factor * square.low});
}
template <class T>
XTAPE_INLINE Lane<T> times_exp_of_square(Lane<T> f, Lane<T> x, bool half = false) {
  return exp_of_square(x, half).times(f);
}

/// erf(x) for |x| <= 1
template <class T>
XTAPE_INLINE Lane<T> erf_near(Lane<T> x) {
  return x * chebyshev_sum<T, erf_over_x, 8>(2 * x * x - 1);
}

template <class T>
XTAPE_INLINE Lane<T> erfc(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Lane<T> tail = times_exp_of_square(scaled_erfc_of(size), size);
  const Lane<T> far = where(x < 0, 2 - tail, tail);
  return where(size <= T(0.5), 1 - erf_near(x), far);
}

template <class T>
XTAPE_INLINE Lane<T> erf(Lane<T> x) {
  const Lane<T> size = abs(x);
  const Lane<T> far = 1 - times_exp_of_square(scaled_erfc_of(size), size);
  return where(size <= 1, erf_near(x), copysign(far, x));
}

/// 2 / sqrt(pi) exp(-x²)
template <class T>
XTAPE_INLINE Lane<T> erf_slope(Lane<T> x) {
  return times_exp_of_square(Lane<T>(1.12837916709551257), x);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
