// A network that solves a differential equation: u'' = -sin(x) on [0, pi] with u = 0 at both ends,
// so u = sin(x). The loss holds u'', by forward mode twice; its gradient is of third order.
#include <iostream>
#include <numbers>

#include <xtape/xtape.hpp>

using namespace xtape;

int main() {
  set_default_dtype(Dtype::float64);
  Rng rng(1);
  const nn::Dense hidden(1, 24, {}, rng), out(24, 1, {}, rng);
  const auto u = [&](const Tensor& x) { return out(tanh(hidden(x))); };  // x [n, 1]
  const Tensor x = reshape(linspace(0, std::numbers::pi, 40), {-1, 1}), one = ones(x.shape());
  const Tensor ends = tensor({{0.0}, {std::numbers::pi}});

  std::vector<Tensor> parameters = hidden.parameters();
  for (const Tensor& parameter : out.parameters()) parameters.push_back(parameter);
  optim::Adam optimizer(parameters, {.learning_rate = 0.01});
  for (int step = 0; step < 3000; ++step) {
    const auto slope = [&](const Tensor& at) { return jvp(u, at, one).second; };
    const Tensor curvature = jvp(slope, x, one).second;
    const Tensor loss = mean(square(curvature + sin(x))) + 10 * mean(square(u(ends)));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::cout << "largest error " << amax(abs(u(x) - sin(x))).item() << '\n';
}
