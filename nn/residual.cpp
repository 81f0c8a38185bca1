#include <xtape/core/error.hpp>
#include <xtape/nn/residual.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {

Tensor Residual::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    const Tensor y = body_(in);
    if (y.shape() != in.shape()) {
      throw ShapeError("residual: the body must keep the shape; got " + y.describe() + " for " +
                       in.describe());
    }
    return in + y;
  });
}

}  // namespace xtape::nn
