// The minimum of Rosenbrock's function of n numbers, by Newton's method with the whole hessian, and
// by L-BFGS with gradients alone.
#include <deque>
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

constexpr std::int64_t n = 10;

/// sum (1 - x_i)^2 + 100 (x_{i+1} - x_i^2)^2
Tensor rosenbrock(const Tensor& x) {
  const Tensor a = slice(x, {range(0, n - 1)}), b = slice(x, {range(1, n)});
  return sum(square(1 - a) + 100 * square(b - square(a)));
}

/// The greatest step 1, 1/2, 1/4, ... along p that lessens f enough.
Tensor line_search(const Tensor& x, const Tensor& p, double value, const Tensor& slope) {
  double step = 1;
  while (rosenbrock(x + step * p).item() > value + 1e-4 * step * sum(slope * p).item()) step /= 2;
  return x + step * p;
}

/// The x with f(x) = 0 for a linear f: here the step s with H s = g.
Tensor solve(const Tensor& h, const Tensor& g) {
  return root([&](const Tensor& s, const Tensor&) { return matmul(h, s) - g; }, g, g);
}

void newton(Tensor x) {
  int steps = 0;
  for (auto [value, slope] = value_and_grad(rosenbrock)(x); norm(slope).item() > 1e-10; ++steps) {
    const Tensor step = solve(hessian(rosenbrock, x), slope);
    const bool downhill = sum(step * slope).item() > 0;
    x = line_search(x, downhill ? -step : -slope, value.item(), slope);
    std::tie(value, slope) = value_and_grad(rosenbrock)(x);
  }
  std::cout << "newton: " << steps << " steps, distance " << norm(x - 1).item() << '\n';
}

/// Nocedal & Wright, Numerical Optimization (2006), algorithm 7.4: the last moves and changes of
/// the slope stand for the inverse of the hessian.
Tensor direction(const std::deque<std::pair<Tensor, Tensor>>& history, Tensor q) {
  std::deque<double> weights;
  for (auto pair = history.rbegin(); pair != history.rend(); ++pair) {
    weights.push_front(sum(pair->first * q).item() / sum(pair->first * pair->second).item());
    q = q - weights.front() * pair->second;
  }
  if (!history.empty()) {
    const auto& [s, y] = history.back();
    q = q * (sum(s * y).item() / sum(square(y)).item());
  }
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto& [s, y] = history[i];
    q = q + s * (weights[i] - sum(y * q).item() / sum(s * y).item());
  }
  return -q;
}

void lbfgs(Tensor x) {
  std::deque<std::pair<Tensor, Tensor>> history;
  int steps = 0;
  for (auto [value, slope] = value_and_grad(rosenbrock)(x); norm(slope).item() > 1e-8; ++steps) {
    const Tensor next = line_search(x, direction(history, slope), value.item(), slope);
    const auto [next_value, next_slope] = value_and_grad(rosenbrock)(next);
    if (sum((next - x) * (next_slope - slope)).item() > 0)
      history.emplace_back(next - x, next_slope - slope);
    if (history.size() > 8) history.pop_front();
    x = next;
    value = next_value;
    slope = next_slope;
  }
  std::cout << "l-bfgs: " << steps << " steps, distance " << norm(x - 1).item() << '\n';
}

}  // namespace

int main() {
  const Tensor start = full({n}, -0.5, Dtype::float64);
  newton(start);
  lbfgs(start);
}
