#include <xtape/ops/kernels/gamma.hpp>
#include <xtape/ops/kernels/gamma_integral.hpp>
#include <xtape/ops/kernels/run.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

using Numbers = Lane<double>;
using Truths = Mask<double>;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int together = 8;  // steps between two looks at what has converged

/// x^a exp(-x) / gamma(a + 1) for a < 10
XTAPE_INLINE Numbers factor_near(Numbers a, Numbers x) {
  Numbers at = a + 1, product = 1;
  for (int step = 0; step < 9; ++step) {
    const Truths above = at > 2;
    if (!any(above)) break;
    at = where(above, at - 1, at);
    product = where(above, product * at, product);
  }
  return exp(a * log(x) - x) * chebyshev_sum<double, reciprocal_gamma, 0>(2 * at - 3) / product;
}

/// The same for a >= 10 by Stirling's formula, its exponent without the cancellation of great
/// parts.
XTAPE_INLINE Numbers factor_far(Numbers a, Numbers x) {
  const Numbers t = (x - a) / a;
  const Numbers exponent = where(t < 1, -a * (t - log1p(t)), a * log(x / a) - (x - a));
  return exp(exponent - stirling_rest(a)) / sqrt(6.283185307179586477 * a);
}

XTAPE_INLINE Numbers factor(Numbers a, Numbers x) {
  const Truths far = a >= 10;
  Numbers y = 0;
  if (any(!far)) y = factor_near(where(far, 1, a), x);
  if (any(far)) y = where(far, factor_far(where(far, a, 10), x), y);
  return y;
}

/// The sum of x^k / ((a + 1) ... (a + k)) for x up to a + 1 or 3, as one quotient.
XTAPE_INLINE Numbers power_sum(Numbers a, Numbers x) {
  Numbers above = 1, below = 1, power = 1, sum = 1, next = a;
  for (Truths left = x == x; any(left);) {
    for (int k = 0; k < together; ++k) {
      next = next + 1;
      power = power * x;
      below = below * next;
      above = fma(above, next, power);
    }
    // An element keeps what it has when it converges: its bits do not depend on its neighbours.
    sum = where(left, above / below, sum);
    left = left & !(power <= epsilon / 4 * above);
  }
  return sum;
}

/// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)), Legendre's continued fraction, by
/// Wallis's recurrence.
XTAPE_INLINE Numbers fraction(Numbers a, Numbers x) {
  Numbers b = x + 1 - a, above = 1 / b, before_above = 0, below = 1, before_below = 1 / b;
  Numbers value = above, k = 0;
  for (Truths left = x == x; any(left);) {
    for (int step = 0; step < together; ++step) {
      k = k + 1;
      b = b + 2;
      const Numbers by = k * (a - k);
      const Numbers next_above = fma(b, above, by * before_above);
      const Numbers next_below = fma(b, below, by * before_below);
      before_above = above, above = next_above;
      before_below = below, below = next_below;
    }
    const Numbers scale = 1 / below, now = above * scale;
    const Truths same = abs(now - value) <= 4 * epsilon * abs(now);
    value = where(left, now, value);
    left = left & !same & (k < 100'000);
    above = now, before_above = before_above * scale;
    below = 1, before_below = before_below * scale;
  }
  return value;
}

XTAPE_INLINE Truths inside(Numbers a, Numbers x) {
  return (a > 0) & (a <= 100) & (x > 0) & (x <= 600);
}

void part(bool upper, const double* a, const double* x, double* y, std::int64_t n) {
  map_run(
      n, y,
      [upper](Numbers p, Numbers q) {
        const Truths in = inside(p, q);
        p = where(in, p, 1), q = where(in, q, 1);
        const Truths by_sum = (q <= p + 1) | ((q <= 3) & (p >= 0.5));
        const Numbers front = factor(p, q);
        Numbers lower = 0, rest = 0;
        if (any(by_sum)) lower = front * power_sum(p, where(by_sum, q, p));
        if (any(!by_sum)) rest = front * p * fraction(p, where(by_sum, p + 3, q));
        const Numbers value =
            upper ? where(by_sum, 1 - lower, rest) : where(by_sum, lower, 1 - rest);
        return where(in, value, -1);
      },
      a, x);
}

void density(const double* a, const double* x, double* y, std::int64_t n) {
  map_run(
      n, y,
      [](Numbers p, Numbers q) {
        const Truths in = inside(p, q);
        p = where(in, p, 1), q = where(in, q, 1);
        return where(in, factor(p, q) * p / q, -1);
      },
      a, x);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const GammaIntegralKernels& compiled<GammaIntegralKernels, Level::XTAPE_LEVEL>() {
  static constexpr GammaIntegralKernels table{part, density};
  return table;
}

}  // namespace xtape::kernels
