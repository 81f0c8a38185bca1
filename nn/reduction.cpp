#include <xtape/nn/reduction.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn::detail {
namespace {

Tensor mean_over_outputs(const Tensor& losses) {
  if (losses.rank() == 1) return losses;
  std::int64_t outputs = 1;
  for (int axis = 1; axis < losses.rank(); ++axis) outputs *= losses.shape()[axis];
  return mean(reshape(losses, {losses.shape()[0], outputs}), 1);
}

}  // namespace

Tensor weighted(const Tensor& weights, const Tensor& losses) {
  return where(weights == 0, 0, weights * losses);
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean: return mean(losses);  // of means over equally many outputs
    case Reduction::sum: return sum(mean_over_outputs(losses));
    default: return mean_over_outputs(losses);
  }
}

}  // namespace xtape::nn::detail
