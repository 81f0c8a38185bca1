#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <xtape/core/binomial.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/rng.hpp>

// As in rng.cpp, products and sums must not be fused.

namespace xtape {
namespace {

using detail::drawn;
using detail::drawn_together;
using detail::refuse;
using detail::require_in;
using detail::text;

constexpr double least_mean_for_rejection = 10;
constexpr double greatest_mean = 9.223372006484771e18;  // ten deviations below 2^63

/// ln((x - 1)!) by Stirling's series behind 7, by recursion before.
double log_factorial(double x) {
  constexpr double series[] = {
      8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04,
      8.417508417508418e-04, -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02,
      1.796443723688307e-01, -1.39243221690590e+00};
  constexpr double log_2_pi = 1.8378770664093453;
  if (x == 1 || x == 2) return 0;
  const int steps = x < 7 ? static_cast<int>(7 - x) : 0;
  double far = x + steps;
  const double inverse_square = (1.0 / far) * (1.0 / far);
  double sum = series[9];
  for (int i = 8; i >= 0; --i) sum = sum * inverse_square + series[i];
  double result = sum / far + 0.5 * log_2_pi + (far - 0.5) * std::log(far) - far;
  for (int i = 0; i < steps; ++i) {
    result -= std::log(far - 1.0);
    far -= 1.0;
  }
  return result;
}

/// Poisson's distribution, for drawing many numbers.
class Poisson {
 public:
  explicit Poisson(double mean) : mean_(mean) {
    if (mean < least_mean_for_rejection) {
      none_ = std::exp(-mean);
      return;
    }
    log_mean_ = std::log(mean);
    b_ = 0.931 + 2.53 * std::sqrt(mean);
    a_ = -0.059 + 0.02483 * b_;
    inverse_alpha_ = 1.1239 + 1.1328 / (b_ - 3.4);
    v_r_ = 0.9277 - 3.6224 / (b_ - 2);
  }
  std::int64_t operator()(Rng& rng) const {
    if (mean_ == 0) return 0;
    return mean_ < least_mean_for_rejection ? by_products(rng) : by_rejection(rng);
  }

 private:
  std::int64_t by_products(Rng& rng) const {
    std::int64_t count = 0;
    for (double product = rng.uniform(); product > none_; product *= rng.uniform()) ++count;
    return count;
  }
  std::int64_t by_rejection(Rng& rng) const {
    for (;;) {
      const double u = rng.uniform() - 0.5;
      const double v = rng.uniform();
      const double us = 0.5 - std::fabs(u);
      const double k = std::floor((2 * a_ / us + b_) * u + mean_ + 0.43);
      if (us >= 0.07 && v <= v_r_) return static_cast<std::int64_t>(k);
      if (!(k >= 0 && k < 0x1p63) || (us < 0.013 && v > us)) continue;
      if (std::log(v) + std::log(inverse_alpha_) - std::log(a_ / (us * us) + b_) <=
          -mean_ + k * log_mean_ - log_factorial(k + 1)) {
        return static_cast<std::int64_t>(k);
      }
    }
  }

  double mean_;
  double none_ = 1;  // probability of 0
  // With the names of the paper.
  double log_mean_ = 0, a_ = 0, b_ = 0, inverse_alpha_ = 0, v_r_ = 0;
};

void check_probabilities(const char* op, const std::vector<double>& p) {
  double sum = 0, rest = 0;  // Kahan's sum
  for (const double each : p) {
    require_in(op, "p", each, 0.0, 1.0);
    const double more = each - rest;
    const double next = sum + more;
    rest = (next - sum) - more;
    sum = next;
  }
  if (!(std::abs(sum - 1) <= 1e-8))
    throw ValueError(std::string(op) + ": the sum of p must be 1; got " + text(sum));
}

template <class T>
using Scratch = std::vector<T, memory::Allocator<T>>;

/// Sums from the first to each, the last one being 1.
Scratch<double> cumulated(std::span<const double> p) {
  Scratch<double> sums(p.size());
  std::partial_sum(p.begin(), p.end(), sums.begin());
  const double whole = sums.back();
  for (double& sum : sums) sum /= whole;
  return sums;
}

std::int64_t place(std::span<const double> sums, double u) {
  return std::upper_bound(sums.begin(), sums.end(), u) - sums.begin();
}

/// Different numbers by probabilities: as many as are missing are drawn at a time, and those that
/// are there already left out; what has come is improbable from then on.
void choose_different(Rng& rng, std::span<const double> given, std::span<std::int64_t> chosen) {
  Scratch<double> p(given.begin(), given.end());
  std::size_t count = 0;
  while (count < chosen.size()) {
    const Scratch<double> sums = cumulated(p);
    Scratch<double> numbers(chosen.size() - count);
    for (double& number : numbers) number = rng.uniform();
    for (const double number : numbers) {
      const std::int64_t next = place(sums, number);
      double& probability = p[static_cast<std::size_t>(next)];
      if (probability < 0) continue;  // chosen in this round
      chosen[count++] = next;
      probability = -1;
    }
    for (double& probability : p) probability = std::max(probability, 0.0);
  }
}

void check_choice(std::int64_t n, const Shape& shape, const ChoiceOptions& options) {
  constexpr const char* op = "choice";
  if (n < 1) refuse(op, "n", "be at least 1", n);
  if (!options.p.empty()) {
    if (static_cast<std::int64_t>(options.p.size()) != n) {
      throw ValueError("choice: p must have one number for each; got " +
                       std::to_string(options.p.size()) + " for n = " + std::to_string(n));
    }
    check_probabilities(op, options.p);
  }
  if (options.replace) return;
  const std::int64_t possible =
      options.p.empty()
          ? n
          : std::count_if(options.p.begin(), options.p.end(), [](double each) { return each > 0; });
  if (shape.size() > possible) {
    throw ValueError("choice: without repetitions at most " + std::to_string(possible) +
                     " numbers can be drawn; got " + std::to_string(shape.size()));
  }
}

}  // namespace

Tensor Rng::bernoulli(double p, const Shape& shape) {
  require_in("bernoulli", "p", p, 0.0, 1.0);
  return drawn("bernoulli", shape, Dtype::boolean, *this, [=, this] { return uniform() < p; },
               {{"p", p}});
}

std::int64_t Rng::poisson(double mean) {
  require_in("poisson", "mean", mean, 0.0, greatest_mean);
  return Poisson(mean)(*this);
}

Tensor Rng::poisson(double mean, const Shape& shape) {
  require_in("poisson", "mean", mean, 0.0, greatest_mean);
  const Poisson next(mean);
  return drawn("poisson", shape, Dtype::int64, *this, [=, this] { return next(*this); },
               {{"mean", mean}});
}

Tensor Rng::multinomial(std::int64_t n, const std::vector<double>& p, const Shape& shape) {
  if (n < 0) refuse("multinomial", "n", "not be negative", n);
  check_probabilities("multinomial", p);
  Shape counts = shape;
  counts.push_back(static_cast<std::int64_t>(p.size()));
  return drawn_together("multinomial", counts, Dtype::int64, [&](const Tensor& y) {
    auto* out = y.body().elements<std::int64_t>();
    for (const auto* end = out + y.size(); out != end;) {
      std::int64_t left = n;
      double remaining = 1;
      for (std::size_t i = 0; i + 1 < p.size(); ++i) {
        // Where the result is certain nothing is drawn.
        const std::int64_t count =
            left == 0 || p[i] == 0 ? 0
                                   : detail::Binomial(left, std::min(p[i] / remaining, 1.0))(*this);
        *out++ = count;
        left -= count;
        remaining -= p[i];
      }
      *out++ = left;
    }
  });
}

Tensor Rng::choice(std::int64_t n, const Shape& shape, const ChoiceOptions& options) {
  check_choice(n, shape, options);
  if (options.replace && options.p.empty()) {
    return drawn("choice", shape, Dtype::int64, *this, [=, this] { return integer(0, n); },
                 {{"n", n}});
  }
  return drawn_together("choice", shape, Dtype::int64, [&](const Tensor& y) {
    const std::span chosen(y.body().elements<std::int64_t>(), static_cast<std::size_t>(y.size()));
    if (!options.replace && !options.p.empty()) return choose_different(*this, options.p, chosen);
    if (!options.replace) {
      Scratch<std::int64_t> order(static_cast<std::size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      shuffle(order);
      std::copy_n(order.begin(), chosen.size(), chosen.begin());
      return;
    }
    const Scratch<double> sums = cumulated(options.p);
    for (std::int64_t& number : chosen) number = place(sums, uniform());
  });
}

}  // namespace xtape
