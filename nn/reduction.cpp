#include <xtape/nn/reduction.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn::detail {
namespace {

Tensor mean_over_outputs(const Tensor& losses) {
  if (losses.rank() == 1) return losses;
  const Shape& shape = losses.shape();
  const std::int64_t outputs = xtape::detail::count_of({shape.begin() + 1, shape.end()});
  return mean(reshape(losses, {shape[0], outputs}), 1);
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
