#include <filesystem>
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

// A step of training, and a file, for which zlib and minizip are needed.
int main() {
  const nn::Dense layer(2, 1);
  optim::SGD optimizer(layer, {.learning_rate = 0.01});
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}});
  const Tensor first = sum(square(layer(x)));
  first.backward();
  optimizer.step();
  const double last = sum(square(layer(x))).item();

  const std::string file = std::filesystem::temp_directory_path() / "xtape-test-package.npz";
  data::save_npz(file, layer.state(), {.compress = true});
  data::load_npz(file, layer);
  std::filesystem::remove(file);
  std::cout << "xtape " << XTAPE_VERSION << ": " << first.item() << " to " << last << '\n';
  return last < first.item() ? 0 : 1;
}
