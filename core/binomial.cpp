#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <xtape/core/binomial.hpp>
#include <xtape/core/rng.hpp>

// Kachitvichyanukul & Schmeiser 1988, "Binomial random variate generation", Communications of the
// ACM 31: inversion for small means, algorithm BTPE for others. As in rng.cpp, products and sums
// must not be fused.

namespace xtape::detail {
namespace {

constexpr double greatest_mean_for_inversion = 30;

/// A term of Stirling's series for ln(x!), in the form in which it is in use: the first coefficient
/// should be 13860, for 1/12. The difference is far below the sampling error, and NumPy's numbers
/// are to be met.
double stirling(double x) {
  const double x2 = x * x;
  return (13680. - (462. - (132. - (99. - 140. / x2) / x2) / x2) / x2) / x / 166320.;
}

}  // namespace

Binomial::Binomial(std::int64_t n, double p)
    : n_(n),
      mirrored_(p > 0.5),
      p_(mirrored_ ? 1.0 - p : p),
      q_(1.0 - p_),
      mean_(static_cast<double>(n) * p_) {
  if (mean_ <= greatest_mean_for_inversion) {
    prepare_inversion();
  } else {
    prepare_envelope();
  }
}

std::int64_t Binomial::operator()(Rng& rng) const {
  const std::int64_t y =
      mean_ <= greatest_mean_for_inversion ? by_inversion(rng) : by_envelope(rng);
  return mirrored_ ? n_ - y : y;
}

void Binomial::prepare_inversion() {
  const auto n = static_cast<double>(n_);
  none_ = std::exp(n * std::log(q_));
  bound_ = static_cast<std::int64_t>(std::min(n, mean_ + 10.0 * std::sqrt(mean_ * q_ + 1)));
}

std::int64_t Binomial::by_inversion(Rng& rng) const {
  std::int64_t y = 0;
  double probability = none_;
  double u = rng.uniform();
  while (u > probability) {
    if (++y > bound_) {
      y = 0;
      probability = none_;
      u = rng.uniform();
    } else {
      u -= probability;
      probability =
          (static_cast<double>(n_ - y + 1) * p_ * probability) / (static_cast<double>(y) * q_);
    }
  }
  return y;
}

void Binomial::prepare_envelope() {  // step 0
  const auto n = static_cast<double>(n_);
  const double f_m = n * p_ + p_;
  mode_ = static_cast<std::int64_t>(std::floor(f_m));
  variance_ = n * p_ * q_;
  p1_ = std::floor(2.195 * std::sqrt(variance_) - 4.6 * q_) + 0.5;
  x_m_ = static_cast<double>(mode_) + 0.5;
  x_l_ = x_m_ - p1_;
  x_r_ = x_m_ + p1_;
  c_ = 0.134 + 20.5 / (15.3 + static_cast<double>(mode_));
  const double a_l = (f_m - x_l_) / (f_m - x_l_ * p_);
  lambda_l_ = a_l * (1.0 + a_l / 2.0);
  const double a_r = (x_r_ - f_m) / (x_r_ * q_);
  lambda_r_ = a_r * (1.0 + a_r / 2.0);
  p2_ = p1_ * (1.0 + 2.0 * c_);
  p3_ = p2_ + c_ / lambda_l_;
  p4_ = p3_ + c_ / lambda_r_;
}

std::int64_t Binomial::by_envelope(Rng& rng) const {
  for (;;) {
    const double u = rng.uniform() * p4_;  // step 1: which region, and where in it
    double v = rng.uniform();
    if (u <= p1_) return static_cast<std::int64_t>(std::floor(x_m_ - p1_ * v + u));
    double y;
    if (u <= p2_) {  // step 2: the parallelograms
      const double x = x_l_ + (u - p1_) / c_;
      v = v * c_ + 1.0 - std::fabs(static_cast<double>(mode_) - x + 0.5) / p1_;
      if (v > 1.0) continue;
      y = std::floor(x);
    } else if (u <= p3_) {  // step 3: the left tail
      y = std::floor(x_l_ + std::log(v) / lambda_l_);
      if (y < 0 || v == 0) continue;
      v *= (u - p2_) * lambda_l_;
    } else {  // step 4: the right tail
      y = std::floor(x_r_ - std::log(v) / lambda_r_);
      if (y > static_cast<double>(n_) || v == 0) continue;
      v *= (u - p3_) * lambda_r_;
    }
    if (accepts(static_cast<std::int64_t>(y), v)) return static_cast<std::int64_t>(y);
  }
}

/// Step 5: whether v lies below the probability of y, as a fraction of the mode's.
bool Binomial::accepts(std::int64_t y, double v) const {
  const std::int64_t distance = std::abs(y - mode_);
  const auto k = static_cast<double>(distance);
  if (distance <= 20 || k >= variance_ / 2.0 - 1) {  // 5.1: by the recursion
    const double s = p_ / q_;
    const double a = s * (static_cast<double>(n_) + 1);
    double f = 1.0;
    for (std::int64_t i = mode_ + 1; i <= y; ++i) f *= a / static_cast<double>(i) - s;
    for (std::int64_t i = y + 1; i <= mode_; ++i) f /= a / static_cast<double>(i) - s;
    return v <= f;
  }
  // 5.2: squeezed between two parabolas around the logarithm
  const double rho =
      (k / variance_) * ((k * (k / 3.0 + 0.625) + 0.16666666666666666) / variance_ + 0.5);
  const double t = -k * k / (2 * variance_);
  const double log_v = std::log(v);
  if (log_v < t - rho) return true;
  if (log_v > t + rho) return false;
  // 5.3: by Stirling's formula
  const double x1 = static_cast<double>(y) + 1, f1 = static_cast<double>(mode_) + 1;
  const double z = static_cast<double>(n_ - mode_) + 1, w = static_cast<double>(n_ - y) + 1;
  return log_v <= x_m_ * std::log(f1 / x1) +
                      (static_cast<double>(n_ - mode_) + 0.5) * std::log(z / w) +
                      static_cast<double>(y - mode_) * std::log(w * p_ / (x1 * q_)) + stirling(f1) +
                      stirling(z) + stirling(x1) + stirling(w);
}

}  // namespace xtape::detail
