#include "initialise.hpp"

#include <xtape/core/create.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/torch_state.hpp>
#include <xtape/ops/elementwise.hpp>

#include <algorithm>
#include <cmath>

using namespace xtape;

namespace bench {

void initialise(const nn::Module& module) {
  NamedTensors state = nn::torch::state(module);
  std::erase_if(state, [](const NamedTensor& entry) {
    return entry.first.find("running_") != std::string::npos ||
           entry.first.find("num_batches_tracked") != std::string::npos;
  });
  std::sort(state.begin(), state.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.first < b.first; });
  Rng stream(1);
  for (auto& [name, tensor] : state) {
    const bool vector = tensor.rank() == 1;
    const double inputs =
        static_cast<double>(tensor.size()) / static_cast<double>(tensor.extent(0));
    const double bound = vector ? 0.1 : std::sqrt(3 / inputs);
    const double middle = vector && name.ends_with("weight") ? 1 : 0;
    tensor =
        (middle + stream.uniform(tensor.shape(), -bound, bound, Dtype::float64)).to(tensor.dtype());
  }
  static_cast<void>(nn::torch::restore(module, state, {.strict = false}));
}

}  // namespace bench
