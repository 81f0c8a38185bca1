// Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011) on the eight schools of Rubin 1981: what
// coaching is worth in each is drawn around a common mean mu with a spread tau, and measured with
// an error. Many chains go side by side, as the rows of one tensor; the gradient of the sum of
// their log-densities is that of each.
#include <cmath>
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;
using namespace xtape::distributions;

namespace {

constexpr std::int64_t schools = 8, chains = 200;
constexpr int warm_up = 100, draws = 1000, leaps = 12;
constexpr double step = 0.2;

const Tensor effect = tensor({28, 8, -3, 7, -1, 1, 18, 12}, Dtype::float64);
const Tensor error = tensor({15, 10, 16, 11, 9, 11, 10, 18}, Dtype::float64);

/// The log-density of each row (mu, log tau, eta), up to a constant: mu ~ N(0, 5), tau ~
/// half-Cauchy(5), and effects mu + tau eta with eta ~ N(0, 1), which keeps the scales of all
/// alike.
Tensor log_density(const Tensor& q) {
  const Tensor mu = slice(q, {Slice::all, range(0, 1)});
  const Tensor log_tau = slice(q, {Slice::all, range(1, 2)});
  const Tensor eta = slice(q, {Slice::all, range(2, 2 + schools)});
  const Tensor tau = exp(log_tau);
  const Tensor prior = Normal(0, 5).log_prob(mu) + StudentT(1, 0, 5).log_prob(tau) + log_tau;
  const Tensor of_schools =
      Normal(0, 1).log_prob(eta) + Normal(mu + tau * eta, error).log_prob(effect);
  return sum(prior, -1) + sum(of_schools, -1);
}

Tensor total(const Tensor& q) { return sum(log_density(q)); }

/// The log-density of place and momentum together.
Tensor energy(const Tensor& q, const Tensor& p) { return log_density(q) - sum(square(p), -1) / 2; }

/// One move of each chain: leaps along the gradient, and back to where it came from unless what
/// their errors changed is accepted.
Tensor moved(const Tensor& from, Rng& rng) {
  const Tensor start = rng.randn(from.shape(), Dtype::float64);
  Tensor q = from, p = start + step / 2 * grad(total)(q);
  for (int leap = 0; leap < leaps; ++leap) {
    q = q + step * p;
    p = p + (leap + 1 < leaps ? step : step / 2) * grad(total)(q);
  }
  const Tensor threshold = -rng.exponential(1, {chains}, Dtype::float64);
  const Tensor accepted = energy(q, p) - energy(from, start) > threshold;
  return where(expand_dims(accepted, -1), q, from);
}

}  // namespace

int main() {
  Rng rng(8);
  Tensor q = rng.randn({chains, 2 + schools}, Dtype::float64);
  for (int i = 0; i < warm_up; ++i) q = moved(q, rng);
  double mu = 0, mu_squared = 0, tau = 0;
  for (int i = 0; i < draws; ++i) {
    q = moved(q, rng);
    const Tensor column = transpose(q);
    mu += mean(column[0]).item() / draws;
    mu_squared += mean(square(column[0])).item() / draws;
    tau += mean(exp(column[1])).item() / draws;
  }
  std::cout << "mu " << mu << ", its deviation " << std::sqrt(mu_squared - mu * mu) << ", tau "
            << tau << '\n';
}
