#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/leaf.hpp>

namespace xtape::detail {
namespace {

thread_local GradientListener* listening = nullptr;

}  // namespace

GradientListener* GradientListener::take() noexcept { return std::exchange(listening, nullptr); }

Listening::Listening(GradientListener& listener) noexcept
    : outer_(std::exchange(listening, &listener)) {}
Listening::~Listening() { listening = outer_; }

void set_gradients(std::span<const Tensor> leaves, std::span<const Tensor> gradients) {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Tensor& leaf = leaves[i];
    const Tensor& gradient = gradients[i];
    if (leaf.node() == nullptr || !leaf.is_leaf())
      throw GradError("set_gradients: a leaf that collects is needed; got " + leaf.describe());
    if (!gradient.defined()) continue;
    if (gradient.shape() != leaf.shape() || gradient.dtype() != leaf.dtype()) {
      throw GradError("set_gradients: a gradient must be " + leaf.describe() +
                      ", as the leaf; got " + gradient.describe());
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) Leaf::set_grad(*leaves[i].node(), gradients[i]);
}

}  // namespace xtape::detail
