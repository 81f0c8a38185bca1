#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/draw.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/rng.hpp>

// As in rng.cpp, products and sums must not be fused.

namespace xtape {
namespace {

using detail::check_floating;
using detail::drawn;
using detail::require_not_negative;
using detail::require_positive;

constexpr double greatest_normal = 13;       // no greater one is drawn
constexpr double greatest_exponential = 37;  // likewise: 53 ln(2)

/// What no number of a gamma distribution exceeds.
double greatest_gamma(double k) {
  if (k <= 1) return 2 * greatest_exponential;
  return k * std::pow(1 + greatest_normal / std::sqrt(9 * (k - 1. / 3.)), 3);
}

/// Throws unless numbers up to `scale` times `greatest` fit in the dtype.
void check_scale(const char* op, double scale, double greatest, Dtype dtype) {
  check_floating(op, dtype);
  require_not_negative(op, "scale", scale);
  Number(scale).check(op, dtype);
  Number(scale * greatest).check(op, dtype);
}

double gamma_below_1(Rng& rng, double k) {
  for (;;) {
    const double u = rng.uniform();
    const double v = rng.standard_exponential();
    if (u <= 1.0 - k) {
      const double x = std::pow(u, 1. / k);
      if (x <= v) return x;
    } else {
      const double y = -std::log((1 - u) / k);
      const double x = std::pow(1.0 - k + k * y, 1. / k);
      if (x <= v + y) return x;
    }
  }
}

double gamma_above_1(Rng& rng, double k) {
  const double b = k - 1. / 3.;
  const double c = 1. / std::sqrt(9 * b);
  for (;;) {
    double x, v;
    do {
      x = rng.normal();
      v = 1.0 + c * x;
    } while (v <= 0.0);
    v = v * v * v;
    const double u = rng.uniform();
    if (u < 1.0 - 0.0331 * (x * x) * (x * x)) return b * v;
    if (std::log(u) < 0.5 * x * x + b * (1. - v + std::log(v))) return b * v;
  }
}

/// The arguments are known to be right.
double gamma_number(Rng& rng, double k) {
  if (k == 1) return rng.standard_exponential();
  if (k == 0) return 0;
  return k < 1 ? gamma_below_1(rng, k) : gamma_above_1(rng, k);
}

double t_number(Rng& rng, double df) {
  const double normal = rng.normal();
  const double gamma = gamma_number(rng, df / 2);
  return std::sqrt(df / 2) * normal / std::sqrt(gamma);
}

/// x / (x + y) for powers of u and v that both underflow.
double beta_by_logarithms(double u, double v, double a, double b) {
  const double log_x = std::log(u) / a, log_y = std::log(v) / b;
  const double greater = log_x > log_y ? log_x : log_y;
  const double x = log_x - greater, y = log_y - greater;
  return std::exp(x - std::log(std::exp(x) + std::exp(y)));
}

double beta_number(Rng& rng, double a, double b) {
  if (a > 1 || b > 1) {
    const double x = gamma_number(rng, a);
    const double y = gamma_number(rng, b);
    return x / (x + y);
  }
  for (;;) {
    const double u = rng.uniform();
    const double v = rng.uniform();
    const double x = std::pow(u, 1.0 / a), y = std::pow(v, 1.0 / b);
    if (x + y > 1.0 || u + v <= 0.0) continue;
    return x + y > 0 ? x / (x + y) : beta_by_logarithms(u, v, a, b);
  }
}

void check_beta(double a, double b) {
  require_positive("beta", "a", a);
  require_positive("beta", "b", b);
}

}  // namespace

double Rng::standard_exponential() { return -std::log(1.0 - uniform()); }

Tensor Rng::exponential(double scale, const Shape& shape, Dtype dtype) {
  check_scale("exponential", scale, greatest_exponential, dtype);
  return drawn("exponential", shape, dtype, *this,
               [=, this] { return scale * standard_exponential(); }, {{"scale", scale}});
}

double Rng::standard_gamma(double k) {
  require_not_negative("standard_gamma", "k", k);
  return gamma_number(*this, k);
}

Tensor Rng::gamma(double k, double scale, const Shape& shape, Dtype dtype) {
  require_not_negative("gamma", "k", k);
  check_scale("gamma", scale, greatest_gamma(k), dtype);
  return drawn("gamma", shape, dtype, *this, [=, this] { return scale * gamma_number(*this, k); },
               {{"k", k}, {"scale", scale}});
}

Tensor Rng::chisquare(double df, const Shape& shape, Dtype dtype) {
  require_positive("chisquare", "df", df);
  check_scale("chisquare", 2, greatest_gamma(df / 2), dtype);
  return drawn("chisquare", shape, dtype, *this,
               [=, this] { return 2.0 * gamma_number(*this, df / 2); }, {{"df", df}});
}

double Rng::standard_t(double df) {
  require_positive("standard_t", "df", df);
  return t_number(*this, df);
}

Tensor Rng::standard_t(double df, const Shape& shape, Dtype dtype) {
  check_floating("standard_t", dtype);
  require_positive("standard_t", "df", df);
  return drawn("standard_t", shape, dtype, *this, [=, this] { return t_number(*this, df); },
               {{"df", df}});
}

double Rng::beta(double a, double b) {
  check_beta(a, b);
  return beta_number(*this, a, b);
}

Tensor Rng::beta(double a, double b, const Shape& shape, Dtype dtype) {
  check_floating("beta", dtype);
  check_beta(a, b);
  return drawn("beta", shape, dtype, *this, [=, this] { return beta_number(*this, a, b); },
               {{"a", a}, {"b", b}});
}

Tensor Rng::dirichlet(const std::vector<double>& alpha, const Shape& shape, Dtype dtype) {
  check_floating("dirichlet", dtype);
  if (alpha.empty()) throw ValueError("dirichlet: alpha must have numbers; got none");
  for (const double k : alpha) require_positive("dirichlet", "alpha", k);
  Shape vectors = shape;
  vectors.push_back(static_cast<std::int64_t>(alpha.size()));
  return detail::drawn_together("dirichlet", vectors, dtype, [&](const Tensor& y) {
    std::vector<double> numbers(alpha.size());
    visit(dtype, [&]<class T>(TypeTag<T>) {
      T* out = y.body().elements<T>();
      for (const T* end = out + y.size(); out != end;) {
        double sum = 0;
        for (std::size_t i = 0; i < alpha.size(); ++i) {
          numbers[i] = gamma_number(*this, alpha[i]);
          sum += numbers[i];
        }
        const double factor = 1 / sum;
        for (const double number : numbers) *out++ = static_cast<T>(number * factor);
      }
    });
  });
}

}  // namespace xtape
