#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/bilinear.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/dtype_cure.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>

namespace xtape::nn {
namespace {

Tensor initial_weight(std::int64_t first, std::int64_t second, std::int64_t outputs,
                      const DenseOptions& options, Rng& rng) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>("bilinear", "first", first, 1);
  require_at_least<std::int64_t>("bilinear", "second", second, 1);
  require_at_least<std::int64_t>("bilinear", "outputs", outputs, 1);
  detail::check_penalty(options.weight_l1, options.weight_l2);
  detail::check_penalty(options.bias_l1, options.bias_l2);
  static_cast<void>(Shape{first, second, outputs}.size());  // throws beyond int64
  const Tensor drawn = options.weight_init({first, second * outputs}, options.dtype, rng);
  return transpose(reshape(drawn, {first, second, outputs}), {2, 0, 1}).contiguous();
}

}  // namespace

Bilinear::Bilinear(std::int64_t first, std::int64_t second, std::int64_t outputs,
                   const DenseOptions& options, Rng& rng)
    : weight(parameter("weight", initial_weight(first, second, outputs, options, rng))) {
  penalize(weight, options.weight_l1, options.weight_l2);
  if (options.bias) {
    const auto fan = static_cast<double>(first);
    bias = parameter("bias", options.bias_init({outputs}, options.dtype, rng,
                                               {fan, static_cast<double>(second * outputs)}));
    penalize(bias, options.bias_l1, options.bias_l2);
  }
  describe("Bilinear", detail::Arguments(first, second, outputs)("bias", options.bias, true).text);
}

Tensor Bilinear::operator()(const Tensor& a, const Tensor& b) const {
  const ErrorContext in = here();
  xtape::detail::require_defined("bilinear", "a", a);
  xtape::detail::require_defined("bilinear", "b", b);
  const std::int64_t outputs = weight.extent(0), first = weight.extent(1),
                     second = weight.extent(2);
  std::vector<std::int64_t> leading(a.shape().begin(), a.shape().end());
  if (!leading.empty()) leading.pop_back();
  std::vector<std::int64_t> of_b = leading;
  of_b.push_back(second);
  if (a.rank() == 0 || a.extent(-1) != first || b.shape() != Shape(of_b)) {
    throw ShapeError("bilinear: inputs must be [..., " + std::to_string(first) + "] and [..., " +
                     std::to_string(second) + "]; got " + a.describe() + " and " + b.describe());
  }
  if (a.dtype() != weight.dtype() || b.dtype() != weight.dtype()) {
    throw DtypeError("bilinear: inputs and weight must share one dtype; got " + a.describe() +
                     ", " + b.describe() + " and " + weight.describe() +
                     xtape::detail::dtype_cure(a.dtype() == weight.dtype() ? b : a, weight));
  }
  const std::int64_t rows = Shape(leading).size();
  const Tensor by_first = reshape(transpose(weight, {1, 0, 2}), {first, outputs * second});
  const Tensor partial =
      reshape(matmul(reshape(a, {rows, first}), by_first), {rows, outputs, second});
  leading.push_back(outputs);
  const Tensor y = reshape(matmul(partial, reshape(b, {rows, second, 1})), leading);
  return bias.defined() ? y + bias : y;
}

}  // namespace xtape::nn
