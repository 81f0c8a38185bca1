#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

int main() {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}});
  nn::Dense layer(2, 1);
  optim::SGD optimizer(layer.parameters(), {.learning_rate = 0.01});
  const Tensor first = sum(square(layer(x)));
  first.backward();
  optimizer.step();
  const double last = sum(square(layer(x))).item();
  std::cout << "xtape " << XTAPE_VERSION << " at level " << cpu_level() << ": " << first.item()
            << " to " << last << '\n';
  return last < first.item() ? 0 : 1;
}
