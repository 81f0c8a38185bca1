#include <xtape/nn/dense.hpp>
#include <xtape/ops/matmul.hpp>

namespace xtape::nn {
namespace {

std::int64_t checked_width(std::int64_t width) {
  if (width < 1)
    throw ValueError("dense: inputs and outputs must be at least 1; got " + std::to_string(width));
  return width;
}

}  // namespace

Dense::Dense(std::int64_t inputs, std::int64_t outputs, const DenseOptions& options, Rng& rng)
    : weight(
          parameter("weight", options.weight_init({checked_width(inputs), checked_width(outputs)},
                                                  options.dtype, rng))),
      bias(parameter("bias", options.bias_init({outputs}, options.dtype, rng))) {
  penalize(weight, options.weight_l1, options.weight_l2);
  penalize(bias, options.bias_l1, options.bias_l2);
}

Tensor Dense::operator()(const Tensor& x) const {
  const ErrorContext in = here();
  return linear(x, weight, bias);
}

}  // namespace xtape::nn
