// Length of the spring, stiffness and damping of a spring pendulum from its path: gradients through
// 1000 steps of Runge and Kutta's method, of which only every fiftieth state is kept.
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

constexpr int parts = 20, steps = 50;
constexpr double dt = 0.005;

/// d/dt of (x, y, vx, vy) for parameters (length, stiffness, damping), all of mass 1.
Tensor flow(const Tensor& state, const Tensor& p) {
  const Tensor place = slice(state, {range(0, 2)}), speed = slice(state, {range(2, 4)});
  const Tensor stretched = sqrt(sum(square(place)));
  const Tensor pull = -p[1] * (stretched - p[0]) / stretched * place;
  const Tensor gravity = tensor({0.0, -9.81}, Dtype::float64);
  return concatenate({speed, pull + gravity - p[2] * speed});
}

Tensor advanced(const Tensor& start, const Tensor& p) {
  Tensor s = start;
  for (int i = 0; i < steps; ++i) {
    const Tensor a = flow(s, p), b = flow(s + dt / 2 * a, p), c = flow(s + dt / 2 * b, p),
                 d = flow(s + dt * c, p);
    s = s + dt / 6 * (a + 2 * b + 2 * c + d);
  }
  return s;
}

/// The state after each part.
Tensor path(const Tensor& p) {
  std::vector<Tensor> states{tensor({1.0, -0.5, 0.0, 0.0}, Dtype::float64)};
  for (int part = 0; part < parts; ++part) {
    states.push_back(checkpoint(
        [](const std::vector<Tensor>& in) { return advanced(in[0], in[1]); }, {states.back(), p}));
  }
  return stack(states);
}

}  // namespace

int main() {
  const Tensor truth = tensor({1.0, 40.0, 0.3}, Dtype::float64), seen = path(truth).detach();
  const Tensor scale = tensor({1.0, 40.0, 1.0}, Dtype::float64);
  const Tensor p =
      tensor({1.1, 0.9, 0.1}, Dtype::float64).set_requires_grad(true);  // in units of scale
  optim::Adam optimizer({p}, {.learning_rate = 0.02});
  double error = 0;
  for (int step = 0; step < 150; ++step) {
    const Tensor loss = mean(square(path(p * scale) - seen));
    error = loss.item();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::cout << "length, stiffness, damping " << p.detach() * scale << ", mean squared error "
            << error << '\n';
}
