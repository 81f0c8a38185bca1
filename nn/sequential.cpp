#include <xtape/nn/sequential.hpp>

namespace xtape::nn {

Tensor Sequential::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    Tensor y = in;
    for (const AnyModule& layer : *this) y = layer(y);
    return y;
  });
}

}  // namespace xtape::nn
