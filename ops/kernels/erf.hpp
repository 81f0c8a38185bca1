#pragma once
// The error function on registers of numbers. xsimd 8 loses digits: its erfc of doubles has errors
// of 1e5 units in the last place from 2.2 on, its erf 70.

#include <cstddef>
#include <span>
#include <type_traits>

#include <xtape/ops/kernels/lane.hpp>

namespace xtape::kernels {

/// The sum of c_n T_n(t), T_n the Chebyshev polynomials, for t in [-1, 1].
/// Source: Clenshaw, A note on the summation of Chebyshev series (1955).
template <class T>
Lane<T> chebyshev_sum(std::span<const double> c, Lane<T> t) {
  Lane<T> next = 0, one_after = 0;
  for (std::size_t n = c.size(); --n > 0;) {
    const Lane<T> here = c[n] + (2 * t * next - one_after);
    one_after = next;
    next = here;
  }
  return c[0] + (t * next - one_after);
}

/// As many terms as T has use for.
template <class T, std::size_t n>
constexpr std::span<const double> terms_for(const double (&series)[n], std::size_t for_float) {
  return std::span(series, std::is_same_v<T, float> ? for_float : n);
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

/// erfc(|x|).
template <class T>
Lane<T> erfc_of_size(Lane<T> x) {
  const Lane<T> z = minimum(abs(x), 30);  // 0 from there on
  const Lane<T> scaled =
      chebyshev_sum(terms_for<T>(scaled_erfc, 13), 1 - 8 / (z + 4)) / (1 + 2 * z);
  // exp(-z²), z² split in two: the square of a few leading bits is exact.
  const Lane<T> leading = trunc(16 * z) / 16;
  return exp(-leading * leading) * exp((leading - z) * (leading + z)) * scaled;
}

template <class T>
Lane<T> erfc(Lane<T> x) {
  const Lane<T> tail = erfc_of_size(x);
  return where(x < 0, 2 - tail, tail);
}

template <class T>
Lane<T> erf(Lane<T> x) {
  const Lane<T> near = x * chebyshev_sum(terms_for<T>(erf_over_x, 7), 2 * x * x - 1);
  const Lane<T> far = 1 - erfc_of_size(x);
  return where(abs(x) <= 1, near, where(x < 0, -far, far));
}

}  // namespace xtape::kernels
