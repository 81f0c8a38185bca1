#include <xtape/nn/sequential.hpp>

namespace xtape::nn {

Tensor Sequential::operator()(const Tensor& x) const {
  const ErrorContext in = here();
  Tensor y = x;
  for (const Layer& layer : layers_) {
    const ErrorContext at(layer.name);
    y = layer.function(y);
  }
  return y;
}

}  // namespace xtape::nn
