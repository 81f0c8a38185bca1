#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include <xtape/core/body.hpp>
#include <xtape/ops/kernels/gamma.hpp>
#include <xtape/ops/kernels/incomplete.hpp>

namespace xtape::kernels {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_terms = 200000;

/// A power series in the change of a, up to a given order: its k-th coefficient is the k-th derivative
/// over k!.
class Series {
 public:
  Series(int order, double value) : order_(order) { at_[0] = value; }
  /// a itself, plus a number.
  static Series of_a(int order, double value) {
    Series s(order, value);
    if (order > 0) s.at_[1] = 1;
    return s;
  }

  double& operator[](int k) { return at_[static_cast<std::size_t>(k)]; }
  double operator[](int k) const { return at_[static_cast<std::size_t>(k)]; }

  Series& operator+=(const Series& b) {
    for (int k = 0; k <= order_; ++k) (*this)[k] += b[k];
    return *this;
  }
  Series& operator*=(double b) {
    for (int k = 0; k <= order_; ++k) (*this)[k] *= b;
    return *this;
  }
  friend Series operator*(const Series& a, const Series& b) {
    Series y(a.order_, 0);
    for (int k = 0; k <= a.order_; ++k) {
      for (int i = 0; i <= k; ++i) y[k] += a[i] * b[k - i];
    }
    return y;
  }
  friend Series operator/(const Series& a, const Series& b) {
    Series y(a.order_, 0);
    for (int k = 0; k <= a.order_; ++k) {
      y[k] = a[k];
      for (int i = 0; i < k; ++i) y[k] -= y[i] * b[k - i];
      y[k] /= b[0];
    }
    return y;
  }
  /// exp(a), given exp(a_0).
  friend Series exponential(const Series& a, double first) {
    Series y(a.order_, first);
    for (int k = 1; k <= a.order_; ++k) {
      for (int i = 1; i <= k; ++i) y[k] += i * a[i] * y[k - i] / k;
    }
    return y;
  }
  /// Whether it is at most this part of `sum`.
  bool vanishes_beside(const Series& sum, double part) const {
    for (int k = 0; k <= order_; ++k) {
      if (std::abs((*this)[k]) > part * std::abs(sum[k])) return false;
    }
    return true;
  }
  double derivative() const {
    double factorial = 1;
    for (int k = 2; k <= order_; ++k) factorial *= k;
    return factorial * (*this)[order_];
  }

 private:
  int order_;
  std::array<double, most_orders + 1> at_{};
};

double digamma_of(double x) { return digamma_right(Lane<double>(x)).v[0]; }

/// x^a exp(-x) / gamma(a + 1) for a > 0, x > 0, its exponent without the cancellation of great parts.
Series power_over_gamma(int order, double a, double x) {
  double value;
  if (a < 10) {
    value = std::exp(a * std::log(x) - x - log_gamma_of(a + 1));
  } else {  // by Stirling's formula
    const double t = (x - a) / a;
    const double exponent = t < 1 ? -a * (t - std::log1p(t)) : a * std::log(x / a) - (x - a);
    value = std::exp(exponent - stirling_rest(a)) / std::sqrt(2 * std::numbers::pi * a);
  }
  Series exponent(order, 0);
  double factorial = 1;
  for (int k = 1; k <= order; ++k) {
    factorial *= k;
    exponent[k] =
        (k == 1 ? std::log(x) - digamma_of(a + 1) : -polygamma_of(k - 1, a + 1)) / factorial;
  }
  return exponential(exponent, value);
}

/// P by its power series: x^a exp(-x) / gamma(a + 1) times the sum of x^k / ((a + 1) ... (a + k)).
Series lower_by_sum(int order, double a, double x) {
  Series term(order, 1), sum(order, 1);
  for (int k = 1; k < most_terms; ++k) {
    term = term / Series::of_a(order, a + k);
    term *= x;
    sum += term;
    if (k > x - a && term.vanishes_beside(sum, epsilon / 4)) break;
  }
  return power_over_gamma(order, a, x) * sum;
}

/// 1 - P by Legendre's continued fraction, as Lentz evaluates it: x^a exp(-x) / gamma(a) over
/// (x + 1 - a) - 1 (1 - a) / ((x + 3 - a) - 2 (2 - a) / ...).
Series upper_by_fraction(int order, double a, double x) {
  Series minus_a = Series::of_a(order, a);
  minus_a *= -1;
  Series b = minus_a;
  b[0] += x + 1;
  const Series one(order, 1);
  Series d = one / b, h = d, c = b;
  for (int k = 1; k < most_terms; ++k) {
    Series factor = minus_a;  // -k (k - a)
    factor[0] += k;
    factor *= -k;
    b[0] += 2;
    Series below = factor * d;
    below += b;
    d = one / below;
    Series next = b;
    if (k > 1) next += factor / c;  // the first has nothing behind it
    c = next;
    Series change = c * d;
    change[0] -= 1;
    change = h * change;
    h += change;
    if (change.vanishes_beside(h, 4 * epsilon)) break;
  }
  return power_over_gamma(order, a, x) * Series::of_a(order, a) * h;
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
  Series part = x > a + 1 ? upper_by_fraction(order, a, x) : lower_by_sum(order, a, x);
  if (upper != (x > a + 1)) {
    part *= -1;
    part[0] += 1;
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
  Series density = power_over_gamma(order, a, x) * Series::of_a(order, a);
  density *= 1 / x;
  return density.derivative();
}

double incomplete_beta_of(double a, double b, double x) {
  if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1)) return no_number;
  if (x == 0 || x == 1) return x;
  // The fraction converges fast below the mean; above it the other end is near.
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta_of(b, a, 1 - x);
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta_of(a, b)) / a;
  constexpr double tiny = std::numeric_limits<double>::min();
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (std::abs(d) < tiny) d = tiny;
  d = 1 / d;
  double h = d;
  for (int m = 1; m < most_terms; ++m) {
    for (const double factor : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 + factor * d;
      if (std::abs(d) < tiny) d = tiny;
      d = 1 / d;
      c = 1 + factor / c;
      if (std::abs(c) < tiny) c = tiny;
      h *= c * d;
    }
    if (std::abs(c * d - 1) <= epsilon) break;
  }
  return front * h;
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

}  // namespace

void incomplete_gamma(bool upper, int order, const Tensor& a, const Tensor& x, const Tensor& y) {
  const auto of = [=](double p, double q) { return incomplete_gamma_of(upper, order, p, q); };
  each_element(y, of, a, x);
}
void gamma_density(int order, const Tensor& a, const Tensor& x, const Tensor& y) {
  const auto of = [=](double p, double q) { return gamma_density_of(order, p, q); };
  each_element(y, of, a, x);
}
void incomplete_beta(const Tensor& a, const Tensor& b, const Tensor& x, const Tensor& y) {
  each_element(y, incomplete_beta_of, a, b, x);
}

}  // namespace xtape::kernels
