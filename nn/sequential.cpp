#include <xtape/nn/sequential.hpp>

namespace xtape::nn {

Tensor Sequential::operator()(const Tensor& x) const {
  const ErrorContext in = here();
  Tensor y = x;
  for (const AnyModule& layer : *this) y = layer(y);
  return y;
}

}  // namespace xtape::nn
