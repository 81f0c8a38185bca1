#include <xtape/core/error.hpp>
#include <xtape/nn/residual.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {

Tensor Residual::operator()(const Tensor& x) const {
  const ErrorContext in = here();
  const Tensor y = body_(x);
  if (y.shape() != x.shape()) {
    throw ShapeError("residual: the body must keep the shape; got " + y.describe() + " for " +
                     x.describe());
  }
  return x + y;
}

}  // namespace xtape::nn
