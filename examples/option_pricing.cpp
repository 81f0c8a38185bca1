// Options in Heston's model (1993), whose variance is random too. Its parameters are found from
// prices on a market, by Levenberg and Marquardt's method with the formula's jacobian; then one
// backward pass through simulated paths gives the slopes of a price by all that it depends on
// (Giles and Glasserman, Smoking Adjoints, 2006), which the formula's gradient confirms.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int batches = 100, paths = 5000, steps = 100;
  std::uint64_t seed = 0;
};

struct Complex {
  Tensor re, im = 0;
};
Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
Complex operator*(const Complex& a, const Complex& b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
Complex operator/(const Complex& a, const Complex& b) {
  return a * Complex{b.re, -b.im} * Complex{1 / (square(b.re) + square(b.im))};
}
Complex exp(const Complex& a) { return {exp(a.re) * cos(a.im), exp(a.re) * sin(a.im)}; }
Complex log(const Complex& a) { return {log(hypot(a.re, a.im)), atan2(a.im, a.re)}; }
Complex sqrt(const Complex& a) {  // of a positive real part
  const Tensor re = sqrt((hypot(a.re, a.im) + a.re) / 2);
  return {re, a.im / (2 * re)};
}

/// What a price depends on; variance, now, goes to its level by a speed, with its own volatility.
constexpr int spot = 0, rate = 1, variance = 2, speed = 3, level = 4, vol = 5, correlation = 6;
const char* const names[] = {"price", "spot",  "rate",       "variance",
                             "speed", "level", "volatility", "correlation"};

/// Prices of calls with strikes and years [options]: an integral over the characteristic function
/// of the logarithm of the spot. Sources: Lewis, Option Valuation under Stochastic Volatility
/// (2000), chapter 2; Albrecher, Mayer, Schoutens and Tistaert, The Little Heston Trap (2007).
Tensor prices(const Tensor& f, const Tensor& strikes, const Tensor& years) {
  const Tensor u = reshape(0.1 * arange(2000.0), {-1, 1}), by = square(u) + 0.25;  // [u, 1]
  const Tensor eta = f[vol], sizes = square(eta);
  const Complex one{1}, time{years};
  const Complex beta{f[speed] - f[correlation] * eta / 2, -f[correlation] * eta * u};
  const Complex d = sqrt(beta * beta + Complex{sizes * by}), g = (beta - d) / (beta + d);
  const Complex decay = exp(Complex{-1} * d * time), rest = one - g * decay;  // [u, options]
  const Complex of_level = (beta - d) * time - Complex{2} * log(rest / (one - g));
  const Complex of_variance = (beta - d) * (one - decay) / rest;
  const Tensor moved = f[rate] * years + log(f[spot] / strikes);
  const Complex phi = exp(Complex{f[speed] * f[level] / sizes} * of_level +
                          Complex{f[variance] / sizes} * of_variance + Complex{0, u * moved});
  const Tensor area = 0.1 / std::numbers::pi * (sum(phi.re / by, 0) - phi.re[0] / by[0] / 2);
  return f[spot] - sqrt(f[spot] * strikes) * exp(-f[rate] * years / 2) * area;
}

/// The mean price of a call over paths of `steps` steps, and over those with opposite noise.
/// Source: the full truncation of Lord, Koekkoek and van Dijk (2010).
Tensor simulated(const Tensor& f, const Tensor& strike, const Tensor& years, const Flags& flags,
                 Rng& rng) {
  const Tensor dt = years / flags.steps,
               half = sqrt(dt) * rng.randn({flags.steps, 2, flags.paths / 2});
  const Tensor noise = concatenate({half, -half}, -1);
  Tensor v = f[variance], log_spot = log(f[spot]);
  for (int i = 0; i < flags.steps; ++i) {
    const Tensor now = relu(v), root = sqrt(now), along = noise(i, 0);
    const Tensor across = sqrt(1 - square(f[correlation])) * noise(i, 1);
    log_spot += (f[rate] - now / 2) * dt + root * along;
    v += f[speed] * (f[level] - now) * dt;
    v += f[vol] * root * (f[correlation] * along + across);
  }
  return mean(exp(-f[rate] * years) * relu(exp(log_spot) - strike));
}

void calibrate(const Tensor& truth) {
  const auto bounded = [&](const Tensor& p) {  // but for spot and rate of numbers on the whole line
    return concatenate(
        {slice(truth, {range(0, 2)}), exp(slice(p, {range(0, 4)})), tanh(slice(p, {range(4, 5)}))});
  };
  const Tensor strikes = tile(linspace(80, 120, 9), {4});
  const Tensor years = repeat(tensor({0.25, 0.5, 1.0, 2.0}), 9, 0);
  const Tensor market = prices(truth, strikes, years);
  const auto residuals = [&](const Tensor& p) {
    return prices(bounded(p), strikes, years) - market;
  };
  Tensor p = log(tensor({0.1, 1.0, 0.1, 0.5, 1.0}));  // far from the truth, and no correlation
  double damping = 1e-3, cost = sum(square(residuals(p))).item();
  for (int step = 0; step < 100 && cost > 1e-20; ++step) {
    const Tensor j = jacobian(residuals, p), normal = matmul(transpose(j), j);
    const Tensor slope = matmul(transpose(j), residuals(p));
    const Tensor trial = p - linalg::solve(normal + damping * diag(xtape::diagonal(normal)), slope);
    const double trial_cost = sum(square(residuals(trial))).item();
    damping *= trial_cost < cost ? 0.2 : 5;
    if (trial_cost >= cost) continue;
    p = trial;
    cost = trial_cost;
  }
  const Tensor found = bounded(p);
  std::printf("found from the market: %s, largest relative error %.1e\n",
              to_string(slice(found, {range(variance, {})})).c_str(),
              amax(abs(found / truth - 1)).item());
}

void run(const Flags& flags) {
  set_default_dtype(Dtype::float64);
  Rng rng(flags.seed);
  const Tensor year = tensor({1.0}), strike = tensor({105.0});
  const Tensor theirs = tensor({100, 0, 0.0175, 1.5768, 0.0398, 0.5751, -0.5711});
  std::printf("a call of Fang and Oosterlee (2008), who have 5.7851554: %.7f\n",
              prices(theirs, theirs[spot], year).item());
  const Tensor truth = tensor({100, 0.03, 0.04, 2, 0.05, 0.3, -0.7});
  calibrate(truth);

  const auto by_formula = [&](const Tensor& f) { return prices(f, strike, year)[0]; };
  const auto by_paths = [&](const Tensor& f) { return simulated(f, strike, year, flags, rng); };
  const auto [price, slopes] = value_and_grad(by_formula)(truth);
  auto batch = compile(value_and_grad(by_paths));
  std::vector<Tensor> of_batches;  // price, then slopes
  for (int i = 0; i < flags.batches; ++i) {
    const auto [value, slope] = batch(truth);
    of_batches.push_back(concatenate({reshape(value, {1}), slope}));
  }
  const Tensor each = stack(of_batches), paths = mean(each, 0);
  const Tensor error = stddev(each, 0, {.correction = 1}) / std::sqrt(flags.batches);
  const Tensor formula = concatenate({reshape(price, {1}), slopes});
  std::printf("%-12s %10s %10s %10s\n", "", "formula", "paths", "error");
  for (int i = 0; i <= correlation + 1; ++i)
    std::printf("%-12s %10.4f %10.4f %10.4f\n", names[i], formula[i].item(), paths[i].item(),
                error[i].item());
  std::printf("largest distance %.1f standard errors\n", amax(abs(paths - formula) / error).item());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(argc, argv,
                     "Calibrates Heston's model, and differentiates a price over simulated paths.",
                     {{"--paths", &flags.paths, "Of a batch, with opposite noise in pairs",
                       integer_in(2, 100'000)},
                      {"--batches", &flags.batches, "For standard errors", integer_in(2, 100'000)},
                      {"--steps", &flags.steps, "Of a path, in a year", positive},
                      {"--seed", &flags.seed, "Seed of the noise", seeds}},
                     [&] { run(flags); });
}
