#include <mutex>
#include <vector>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/leaf.hpp>

namespace xtape::detail {
namespace {

std::mutex gradients_mutex;  // of all leaves: held for a moment at the end of each backward pass

}  // namespace

Ref<Node> Leaf::make(const Shape& shape, Dtype dtype) {
  return Ref<Node>::adopt(::new (memory::allocate(sizeof(Leaf))) Leaf(shape, dtype));
}

Tensor Leaf::grad(const Node& leaf) {
  const std::lock_guard lock(gradients_mutex);
  return static_cast<const Leaf&>(leaf).grad_;
}

void Leaf::set_grad(Node& leaf, Tensor grad) {
  const std::lock_guard lock(gradients_mutex);
  std::swap(static_cast<Leaf&>(leaf).grad_, grad);
}

void Leaf::add_grads(std::span<Node* const> leaves, std::span<const Tensor> gradients) {
  const RecordingScope off(false);
  const std::lock_guard lock(gradients_mutex);
  std::vector<Tensor, memory::Allocator<Tensor>> totals;
  totals.reserve(leaves.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Tensor& old = static_cast<Leaf*>(leaves[i])->grad_;
    if (!gradients[i].defined()) {
      totals.push_back(old);
    } else {
      totals.push_back(old.defined() ? accumulate(old, gradients[i]) : gradients[i].contiguous());
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i)
    std::swap(static_cast<Leaf*>(leaves[i])->grad_, totals[i]);
}

}  // namespace xtape::detail
