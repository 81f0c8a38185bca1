#include <utility>

#include <xtape/core/operation.hpp>
#include <xtape/nn/clipped.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn::detail {

Tensor clipped(const Tensor& probabilities) {
  constexpr double margin = 1e-7;
  return record("clipped", clip(probabilities.detach(), margin, 1 - margin), {probabilities},
                [](Tensor g, const Send& send) { send(0, std::move(g)); });
}

}  // namespace xtape::nn::detail
