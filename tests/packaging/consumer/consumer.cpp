#include <iostream>
#include <vector>

#include <xtape/xtape.hpp>

using namespace xtape;

int main() {
  Tensor w = tensor({{1.0, 2.0}, {3.0, 4.0}}).set_requires_grad(true);
  sum(w * w).backward();

  const std::vector<double> grad = w.grad().to_vector<double>();
  if (grad != std::vector<double>{2, 4, 6, 8}) return 1;
  std::cout << "xtape works: w.grad() =";
  for (double g : grad) std::cout << ' ' << g;
  std::cout << '\n';
}
