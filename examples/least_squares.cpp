// A decaying oscillation fitted to noisy points by Levenberg and Marquardt's method: the jacobian
// of the residuals gives both the slope and, nearly, the curvature.
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

/// a exp(-b t) cos(c t) for p = (a, b, c)
Tensor model(const Tensor& p, const Tensor& t) { return p[0] * exp(-p[1] * t) * cos(p[2] * t); }

}  // namespace

int main() {
  const Tensor t = linspace(0, 4, 200, Dtype::float64);
  const Tensor truth = tensor({2.0, 0.5, 3.0}, Dtype::float64);
  Rng rng(0);
  const Tensor points = model(truth, t) + rng.normal({200}, 0, 0.01, Dtype::float64);
  const auto residuals = [&](const Tensor& p) { return model(p, t) - points; };

  Tensor p = tensor({1.0, 1.0, 2.5}, Dtype::float64);
  double damping = 1e-2, cost = sum(square(residuals(p))).item();
  for (int step = 0; step < 50; ++step) {
    const Tensor j = jacobian(residuals, p), normal = matmul(transpose(j), j);
    const Tensor slope = matmul(transpose(j), residuals(p));
    const Tensor diagonal = diag(xtape::diagonal(normal));
    const Tensor trial = p - linalg::solve(normal + damping * diagonal, slope);
    const double trial_cost = sum(square(residuals(trial))).item();
    damping *= trial_cost < cost ? 0.3 : 5;
    if (trial_cost >= cost) continue;
    p = trial;
    cost = trial_cost;
  }
  std::cout << "fitted " << p << ", largest error " << amax(abs(p - truth)).item() << '\n';
}
