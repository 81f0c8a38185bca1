// Learning to learn (Finn et al. 2017): a start from which three steps of gradient descent fit any
// line through five points. The gradient of the start goes through the three gradients.
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

Tensor loss_of(const Tensors& p, const Tensor& x, const Tensor& y) {
  return mean(square(p[0] * x + p[1] - y));
}

/// The loss after three steps from the start, on other points of the same line.
Tensor adapted_loss(Tensors p, const Tensor& rate, const Tensor& x, const Tensor& y) {
  const Tensor seen = x[0], seen_y = y[0];
  for (int step = 0; step < 3; ++step) {
    const Tensors slope = grad([&](const Tensors& at) { return loss_of(at, seen, seen_y); })(p);
    for (std::size_t i = 0; i < p.size(); ++i) p[i] -= rate * slope[i];
  }
  return loss_of(p, x[1], y[1]);
}

}  // namespace

int main() {
  Rng rng(3);
  const Tensor slope = tensor(0.0).set_requires_grad(true),
               offset = tensor(0.0).set_requires_grad(true);
  const Tensor rate = tensor(0.01).set_requires_grad(true);  // learnt too
  optim::Adam optimizer({slope, offset, rate}, {.learning_rate = 0.02});
  double first = 0, mean_loss = 0;
  for (int step = 0; step < 400; ++step) {
    Tensor total = 0;
    for (int task = 0; task < 8; ++task) {
      const double a = 2 + 0.5 * rng.normal(), b = -1 + 0.5 * rng.normal();
      const Tensor x = rng.uniform({2, 5}, -1, 1), y = a * x + b;
      total += adapted_loss({slope, offset}, rate, x, y);
    }
    const Tensor loss = total / 8;
    if (step == 0) first = loss.item();
    mean_loss = step == 0 ? first : 0.95 * mean_loss + 0.05 * loss.item();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::cout << "loss after three steps: " << first << " at first, " << mean_loss << " now\n";
}
