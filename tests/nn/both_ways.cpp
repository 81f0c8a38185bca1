// A model whose weights travel to Python and back, for tests/reference/both_ways.py:
//   both_ways write FILE   writes its state, an input and what it makes of it
//   both_ways read FILE    ends with 1 unless it makes the same of the state and the input there
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"

using namespace xtape;

namespace {

nn::Sequential make_model() {
  seed(3);
  return nn::Sequential(nn::Conv2d(2, 4, 3, {.padding = 1}), nn::BatchNorm2d(4), nn::ReLU(),
                        nn::Flatten(), nn::Dense(4 * 16, 5), nn::Dropout(0.5), nn::Dense(5, 5));
}

int write(const std::string& path) {
  const nn::Sequential model = make_model();
  const Tensor x = default_rng().normal({3, 2, 4, 4}, 0, 1);
  static_cast<void>(model(x));  // so that running statistics are not those at first
  model.eval();
  NamedTensors tensors = nn::torch::state(model);
  tensors.emplace_back("x", x);
  tensors.emplace_back("y", model(x));
  data::save_safetensors(path, tensors);
  return 0;
}

int read(const std::string& path) {
  const nn::Sequential model = make_model();
  model.eval();
  NamedTensors state;
  Tensor x, y;
  for (const auto& [name, tensor] : data::load_safetensors(path)) {
    if (name == "x") {
      x = tensor;
    } else if (name == "y") {
      y = tensor;
    } else {
      state.emplace_back(name, tensor);
    }
  }
  nn::torch::restore(model, state);
  const std::string difference = mismatch(model(x).detach(), y, 1e-5);
  std::cout << difference;
  return difference.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count == 3 ? arguments[1] : "";
  return what == "write" ? write(arguments[2]) : what == "read" ? read(arguments[2]) : 2;
}
