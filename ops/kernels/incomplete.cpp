#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include <xtape/core/body.hpp>
#include <xtape/ops/kernels/beta.hpp>
#include <xtape/ops/kernels/gamma_integral.hpp>
#include <xtape/ops/kernels/incomplete.hpp>
#include <xtape/ops/kernels/series.hpp>

namespace xtape::kernels {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_terms = 200000;

double digamma_of(double x) { return digamma_right(Lane<double>(x)).v[0]; }

/// u - log(1 + u), also where that is small beside u.
double less_log1p(double u) {
  if (std::abs(u) > 0.1) return u - std::log1p(u);
  double series = 0;
  for (int k = 17; k >= 2; --k) series = 1.0 / k - u * series;
  return u * u * series;
}

/// x^a exp(-x) / gamma(a + 1) for a > 0, x > 0, its exponent without the cancellation of great
/// parts.
double power_over_gamma_of(double a, double x) {
  if (a < 10) return std::exp(a * std::log(x) - x - log_gamma_of(a + 1));
  // by Stirling's formula
  const double t = (x - a) / a;
  const double exponent = t < 1 ? -a * less_log1p(t) : a * std::log(x / a) - (x - a);
  return std::exp(exponent - stirling_rest(a)) / std::sqrt(2 * std::numbers::pi * a);
}
Series power_over_gamma(Orders orders, double a, double x) {
  Series exponent(orders, 0);
  for (int k = 1; k <= orders.a; ++k) {
    const double slope = k == 1 ? std::log(x) - digamma_of(a + 1) : -polygamma_of(k - 1, a + 1);
    exponent(k, 0) = slope / Series::factorial(k);
  }
  return exponential(exponent, power_over_gamma_of(a, x));
}

// What sums and fractions ask of numbers and of series.
double& front(double& x) { return x; }
double& front(Series& x) { return x.front(); }
bool vanishes(double change, double sum, double part) {
  return std::abs(change) <= part * std::abs(sum);
}
bool vanishes(const Series& change, const Series& sum, double part) {
  return change.vanishes_beside(sum, part);
}

/// P by its power series, over x^a exp(-x) / gamma(a + 1): the sum of x^k / ((a + 1) ... (a + k)).
/// `x` is a number, the others may be series.
template <class N>
N power_sum(const N& a, const N& one, double x) {
  N term = one, sum = one, next = a;
  const double first = x - front(next);
  for (int k = 1; k < most_terms; ++k) {
    front(next) += 1;
    term = term / next;
    term *= x;
    sum += term;
    if (k > first && vanishes(term, sum, epsilon / 4)) break;
  }
  return sum;
}

/// 1 - P, over x^a exp(-x) / gamma(a), by Legendre's continued fraction, as Lentz evaluates it:
/// 1 / ((x + 1 - a) - 1 (1 - a) / ((x + 3 - a) - 2 (2 - a) / ...)).
template <class N>
N gamma_fraction(const N& a, const N& one, double x) {
  N minus_a = a;
  minus_a *= -1;
  N b = minus_a;
  front(b) += x + 1;
  N d = one / b, h = d, c = b;
  for (int k = 1; k < most_terms; ++k) {
    N factor = minus_a;  // -k (k - a)
    front(factor) += k;
    factor *= -k;
    front(b) += 2;
    N below = factor * d;
    below += b;
    d = one / below;
    N next = b;
    if (k > 1) next += factor / c;  // the first has nothing behind it
    c = next;
    N change = c * d;
    front(change) -= 1;
    change = h * change;
    h += change;
    if (vanishes(change, h, 4 * epsilon)) break;
  }
  return h;
}

/// P, or 1 - P, for great a: beside the normal distribution function of eta sqrt(a), eta² / 2 =
/// x / a - 1 - log(x / a), a power series in eta and 1 / a, of which few terms are left.
/// Source: Temme, The asymptotic expansion of the incomplete gamma functions (1979).
constexpr double expanded_from = 1e6;
double part_by_expansion(bool upper, double a, double x) {
  const double u = (x - a) / a;
  if (std::abs(u) > 0.1) return upper == (u < 0) ? 1 : 0;  // all but exp(-4700)
  const double half_square = less_log1p(u), eta = std::copysign(std::sqrt(2 * half_square), u);
  constexpr double by_eta[3][8] = {{-1. / 3, 1. / 12, -2. / 135, 1. / 864, 1. / 2835,
                                    -139. / 777600, 1. / 25515, -571. / 261273600},
                                   {-1. / 540, -1. / 288, 1. / 378, -77. / 77760},
                                   {25. / 6048, -139. / 51840}};
  double series = 0;
  for (int k = 2; k >= 0; --k) {
    double sum = 0;
    for (int n = 7; n >= 0; --n) sum = sum * eta + by_eta[k][n];
    series = series / a + sum;
  }
  const double rest = std::exp(-a * half_square) / std::sqrt(2 * std::numbers::pi * a) * series;
  const double w = eta * std::sqrt(a / 2);
  return upper ? std::erfc(w) / 2 + rest : std::erfc(-w) / 2 - rest;
}

double at_an_end(bool upper, int order, double part) {
  if (order > 0) return 0;
  return upper ? 1 - part : part;
}

double incomplete_gamma_of(bool upper, int order, double a, double x) {
  if (!(a >= 0) || !(x >= 0)) return no_number;
  if (a == endless && x == endless) return no_number;
  if (x == 0) return a == 0 ? no_number : at_an_end(upper, order, 0);
  if (a == endless) return at_an_end(upper, order, 0);
  if (a == 0 && order > 0) return no_number;
  if (x == endless || a == 0) return at_an_end(upper, order, 1);
  if (order == 0 && a >= expanded_from) return part_by_expansion(upper, a, x);
  const bool by_fraction = x > a + 1;
  if (order == 0) {
    const double factor = power_over_gamma_of(a, x);
    const double part =
        by_fraction ? factor * a * gamma_fraction(a, 1.0, x) : factor * power_sum(a, 1.0, x);
    return upper == by_fraction ? part : 1 - part;
  }
  const Orders orders{order};
  const Series shape = Series::of_a(orders, a), one(orders, 1);
  Series part = power_over_gamma(orders, a, x) *
                (by_fraction ? shape * gamma_fraction(shape, one, x) : power_sum(shape, one, x));
  if (upper != by_fraction) {
    part *= -1;
    part.front() += 1;
  }
  return part.derivative();
}

double gamma_density_of(int order, double a, double x) {
  if (!(a > 0) || !(x >= 0) || a == endless) return no_number;
  if (x == endless) return 0;
  if (x == 0) {
    if (a > 1) return 0;
    if (a == 1 && order == 0) return 1;
    return order % 2 == 0 ? endless : -endless;
  }
  const Orders orders{order};
  Series density = power_over_gamma(orders, a, x) * Series::of_a(orders, a);
  density *= 1 / x;
  return density.derivative();
}

/// -log B(a, b), its value aside.
Series minus_log_beta(Orders orders, double a, double b) {
  const auto polygamma = [](int k, double x) {
    return k == 0 ? digamma_of(x) : polygamma_of(k, x);
  };
  Series y(orders, 0);
  y.each([&](int i, int j) {
    if (i + j == 0) return;
    double slope = polygamma(i + j - 1, a + b);
    if (j == 0) slope -= polygamma(i - 1, a);
    if (i == 0) slope -= polygamma(j - 1, b);
    y(i, j) = slope / (Series::factorial(i) * Series::factorial(j));
  });
  return y;
}

double power_over_beta_of(double a, double b, double x) {
  return std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta_of(a, b));
}
/// x^a (1 - x)^b / B(a, b) for x in (0, 1).
Series power_over_beta(Orders orders, double a, double b, double x) {
  Series exponent = minus_log_beta(orders, a, b);
  if (orders.a > 0) exponent(1, 0) += std::log(x);
  if (orders.b > 0) exponent(0, 1) += std::log1p(-x);
  return exponential(exponent, power_over_beta_of(a, b, x));
}

template <class N>
N kept_from_zero(N x) {
  constexpr double tiny = std::numeric_limits<double>::min();
  if (std::abs(front(x)) < tiny) front(x) = tiny;
  return x;
}

/// I_x(a, b) over x^a (1 - x)^b / B(a, b), by its continued fraction, as Lentz evaluates it; it
/// converges fast below the mean. `x` is a number, the others may be series.
template <class N>
N beta_fraction(const N& a, const N& b, const N& one, double x) {
  const auto shifted = [](N y, double by) {
    front(y) += by;
    return y;
  };
  const auto scaled = [](N y, double by) { return y *= by; };
  const N sum = a + b;
  N d = one / kept_from_zero(one + scaled(sum / shifted(a, 1), -x)), h = d, c = one;
  const auto next = [&](const N& factor) {
    d = one / kept_from_zero(one + factor * d);
    c = kept_from_zero(one + factor / c);
    const N change = h * shifted(c * d, -1);
    h += change;
    return vanishes(change, h, epsilon);
  };
  for (int m = 1; m < most_terms; ++m) {
    const N twice = shifted(a, 2 * m);
    const bool even = next(scaled(shifted(b, -m), m * x) / (shifted(twice, -1) * twice));
    const bool odd =
        next(scaled(shifted(a, m) * shifted(sum, m), -x) / (twice * shifted(twice, 1)));
    if (even && odd) break;
  }
  return h / a;
}

double beta_by_fraction(Orders orders, double a, double b, double x) {
  if (orders.a + orders.b == 0) return power_over_beta_of(a, b, x) * beta_fraction(a, b, 1.0, x);
  const Series fraction =
      beta_fraction(Series::of_a(orders, a), Series::of_b(orders, b), Series(orders, 1), x);
  return (power_over_beta(orders, a, b, x) * fraction).derivative();
}

double incomplete_beta_of(Orders orders, double a, double b, double x) {
  if (!(a > 0 && a < endless) || !(b > 0 && b < endless) || !(x >= 0 && x <= 1)) return no_number;
  const bool value = orders.a + orders.b == 0;
  if (x == 0 || x == 1) return value ? x : 0;
  if (x <= (a + 1) / (a + b + 2)) return beta_by_fraction(orders, a, b, x);
  const double rest = beta_by_fraction({orders.b, orders.a}, b, a, 1 - x);
  return value ? 1 - rest : -rest;
}

double beta_density_of(Orders orders, double a, double b, double x) {
  if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1)) return no_number;
  if (x == 0 || x == 1) {
    const double near = x == 0 ? a : b, far = x == 0 ? b : a;
    if (near > 1) return 0;
    const int by_near = x == 0 ? orders.a : orders.b, by_far = x == 0 ? orders.b : orders.a;
    if (near < 1) return by_near % 2 == 0 ? endless : -endless;
    if (by_near > 0) return by_near % 2 == 0 ? endless : -endless;
    return by_far == 0 ? far : by_far == 1 ? 1 : 0;  // 1 / B(1, far)
  }
  Series density = power_over_beta(orders, a, b, x);
  density *= 1 / (x * (1 - x));
  return density.derivative();
}

/// y = f(x...)
template <class F, class... X>
void each_element(const Tensor& y, F f, const X&... x) {
  const auto fill = [&](auto* elements, const auto*... operands) {
    for (std::int64_t i = 0, n = y.size(); i < n; ++i)
      elements[i] = static_cast<std::remove_pointer_t<decltype(elements)>>(f(operands[i]...));
  };
  if (y.dtype() == Dtype::float32) {
    fill(y.body().elements<float>(), x.body().template elements<double>()...);
  } else {
    fill(y.body().elements<double>(), x.body().template elements<double>()...);
  }
}

/// y = f(a, x), by runs of which `kernel` leaves -1 where it does not know f.
template <class Kernel, class F>
void in_registers(const Tensor& y, Kernel kernel, F f, const Tensor& a, const Tensor& x) {
  constexpr std::int64_t run = 512;
  const auto *p = a.body().elements<const double>(), *q = x.body().elements<const double>();
  visit(y.dtype(), [&]<class T>(TypeTag<T>) {
    T* to = y.body().elements<T>();
    for (std::int64_t i = 0, size = y.size(); i < size; i += run) {
      const std::int64_t n = std::min(run, size - i);
      double values[run];
      kernel(p + i, q + i, values, n);
      for (std::int64_t j = 0; j < n; ++j)
        to[i + j] = static_cast<T>(values[j] == -1 ? f(p[i + j], q[i + j]) : values[j]);
    }
  });
}

}  // namespace

void incomplete_gamma(bool upper, int order, const Tensor& a, const Tensor& x, const Tensor& y) {
  if (order == 0) {
    return in_registers(
        y,
        [upper](const double* p, const double* q, double* to, std::int64_t n) {
          chosen<GammaIntegralKernels>().part(upper, p, q, to, n);
        },
        [upper](double p, double q) { return incomplete_gamma_of(upper, 0, p, q); }, a, x);
  }
  const auto of = [=](double p, double q) { return incomplete_gamma_of(upper, order, p, q); };
  each_element(y, of, a, x);
}
void gamma_density(int order, const Tensor& a, const Tensor& x, const Tensor& y) {
  if (order == 0) {
    return in_registers(
        y, chosen<GammaIntegralKernels>().density,
        [](double p, double q) { return gamma_density_of(0, p, q); }, a, x);
  }
  const auto of = [=](double p, double q) { return gamma_density_of(order, p, q); };
  each_element(y, of, a, x);
}
void incomplete_beta(Orders orders, const Tensor& a, const Tensor& b, const Tensor& x,
                     const Tensor& y) {
  const auto of = [=](double p, double q, double r) { return incomplete_beta_of(orders, p, q, r); };
  each_element(y, of, a, b, x);
}
void beta_density(Orders orders, const Tensor& a, const Tensor& b, const Tensor& x,
                  const Tensor& y) {
  const auto of = [=](double p, double q, double r) { return beta_density_of(orders, p, q, r); };
  each_element(y, of, a, b, x);
}

}  // namespace xtape::kernels
