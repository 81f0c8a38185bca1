#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/matmul.hpp>

namespace xtape::nn {
namespace {

/// The options, if all fits: before a number is drawn.
const DenseOptions& checked(std::int64_t inputs, std::int64_t outputs,
                            const DenseOptions& options) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>("dense", "inputs", inputs, 1);
  require_at_least<std::int64_t>("dense", "outputs", outputs, 1);
  detail::check_penalty(options.weight_l1, options.weight_l2);
  detail::check_penalty(options.bias_l1, options.bias_l2);
  return options;
}

}  // namespace

Dense::Dense(std::int64_t inputs, std::int64_t outputs, const DenseOptions& options, Rng& rng)
    : weight(parameter(
          "weight",
          checked(inputs, outputs, options).weight_init({inputs, outputs}, options.dtype, rng))) {
  penalize(weight, options.weight_l1, options.weight_l2);
  if (options.bias) {
    bias = parameter(
        "bias", options.bias_init({outputs}, options.dtype, rng, init::Fans::of(weight.shape())));
    penalize(bias, options.bias_l1, options.bias_l2);
  }
  set_torch_layout("weight", TorchLayout::transposed);
  describe("Dense", detail::Arguments(inputs, outputs)("bias", options.bias, true).text);
}

Tensor Dense::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return with_weight(weight, in); });
}

Tensor Dense::with_weight(const Tensor& other, const Tensor& x) const {
  const ErrorContext in = here();
  return bias.defined() ? linear(x, other, bias) : linear(x, other);
}

}  // namespace xtape::nn
