#pragma once
#include <cmath>
#include <limits>

/// Scalar references of special functions in long double, by other ways than the kernels go.
namespace of_number {

/// digamma and its derivatives, for x >= 0: by the recurrence, and far out by the integral and the
/// first terms of what the sum differs from it.
inline long double polygamma(long double n, long double x) {
  const long double power = n + 1, factor = std::tgamma(power) * (std::fmod(n, 2.0L) == 1 ? 1 : -1);
  if (x == 0) return factor * std::numeric_limits<long double>::infinity();
  long double sum = 0;
  for (; x < 400; ++x) sum += std::pow(x, -power);
  const long double r = 1 / (x * x);
  if (n == 0) return -sum + std::log(x) - 0.5L / x - r * (1 / 12.0L - r * (1 / 120.0L - r / 252));
  const long double third = (n + 1) * (n + 2) * (n + 3) / 720 * r * r;
  const long double fifth = third * (n + 4) * (n + 5) / 42 * r;
  const long double tail = 1 / n + 0.5L / x + (n + 1) * r / 12 - third + fifth;
  return factor * (sum + std::pow(x, -n) * tail);
}

/// The zero of erf(y) - x, by halves.
inline long double erfinv(long double x) {
  if (std::fabs(x) > 1) return std::numeric_limits<long double>::quiet_NaN();
  if (std::fabs(x) == 1) return x * std::numeric_limits<long double>::infinity();
  long double low = -7, high = 7;
  for (int step = 0; step < 80; ++step) {
    const long double middle = (low + high) / 2;
    (std::erf(middle) < x ? low : high) = middle;
  }
  return low;
}

/// I_n by its power series, all of whose terms have one sign. (libc++ has no std::cyl_bessel_i.)
inline long double bessel(long double n, long double x) {
  n = std::fabs(n);
  long double term = std::pow(x / 2, n) / std::tgamma(n + 1), sum = term;
  for (long double k = 1; std::fabs(term) > std::fabs(sum) * 1e-21L; ++k) {
    term *= x * x / 4 / (k * (k + n));
    sum += term;
  }
  return sum;
}

/// By the power series where its terms shrink from the first on, further out by the recurrence.
inline long double spherical_jn(long double n, long double x) {
  if (std::isinf(x)) return 0;
  if (std::fabs(x) <= n + 1) {
    long double term = 1, sum = 0;
    for (long double k = 1; k <= n; ++k) term *= x / (2 * k + 1);
    for (long double k = 1; std::fabs(term) > std::fabs(sum) * 1e-21L; ++k) {
      sum += term;
      term *= -x * x / 2 / (k * (2 * (n + k) + 1));
    }
    return sum;
  }
  long double before = std::cos(x) / x, y = std::sin(x) / x;
  for (long double k = 0; k < n; ++k) {
    const long double next = (2 * k + 1) / x * y - before;
    before = y;
    y = next;
  }
  return y;
}

inline long double log_beta(long double a, long double b) {
  if (a == 0 || b == 0) return std::numeric_limits<long double>::infinity();
  return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}

/// 2 / sqrt(pi) / n! times the integral of t^n exp(-t² - 2 x t), by the trapezoidal rule in
/// t = exp(u - exp(-u)).
inline long double repeated_erfcx(long double n, long double x) {
  long double sum = 0;
  constexpr long double step = 1 / 64.0L;
  for (long double u = -5; u < 5; u += step) {
    const long double t = std::exp(u - std::exp(-u));
    sum += std::pow(t, n) * std::exp(-t * (t + 2 * x)) * t * (1 + std::exp(-u));
  }
  return 2 / std::sqrt(std::acos(-1.0L)) / std::tgamma(n + 1) * sum * step;
}

}  // namespace of_number
