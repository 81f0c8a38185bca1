#include <algorithm>
#include <mutex>
#include <vector>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/fork.hpp>
#include <xtape/core/leaf.hpp>

namespace xtape::detail {
namespace {

/// Of all leaves: held for a moment at the end of each backward pass. Nothing dies, and nobody
/// else's code runs, while it is held.
constinit std::mutex one_for_all;
std::mutex& gradients_mutex() { return one_for_all; }
[[maybe_unused]] const bool held = hold_at_fork<&gradients_mutex>();

}  // namespace

Ref<Node> Leaf::make(const Shape& shape, Dtype dtype) {
  return Ref<Node>::adopt(new Leaf(shape, dtype));
}

Tensor Leaf::grad(const Node& leaf) {
  const std::lock_guard lock(gradients_mutex());
  return static_cast<const Leaf&>(leaf).grad_;
}

void Leaf::set_grad(Node& leaf, Tensor grad) {
  const std::lock_guard lock(gradients_mutex());
  std::swap(static_cast<Leaf&>(leaf).grad_, grad);
}

void Leaf::set_frozen(Node& leaf, bool frozen) {
  Tensor forgotten;
  const std::lock_guard lock(gradients_mutex());
  static_cast<Leaf&>(leaf).frozen_ = frozen;
  if (frozen) std::swap(static_cast<Leaf&>(leaf).grad_, forgotten);
}

void Leaf::replace(Node& leaf, const Ref<Node>& successor) {
  const std::lock_guard lock(gradients_mutex());
  static_cast<Leaf&>(leaf).successor_ = successor;
}

Leaf& Leaf::current(Node& leaf) {
  auto* last = static_cast<Leaf*>(&leaf);
  while (last->successor_) last = static_cast<Leaf*>(last->successor_.get());
  return *last;
}

namespace {

/// A gradient on its way to a leaf.
struct Sum {
  Ref<Node> leaf;  // null: nothing to add
  Tensor old, total;
};

bool same(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || &a.body() == &b.body());
}

}  // namespace

/// False if another thread has changed a gradient meanwhile; nothing has changed then.
bool Leaf::add_at_once(std::span<Node* const> leaves, std::span<const Tensor> gradients) {
  std::vector<Sum, memory::Allocator<Sum>> sums(leaves.size());
  {
    const std::lock_guard lock(gradients_mutex());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      Leaf& leaf = current(*leaves[i]);
      if (!gradients[i].defined() || leaf.frozen_) continue;
      sums[i].leaf = Ref<Node>::share(&leaf);
      sums[i].old = leaf.grad_;
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Sum& sum = sums[i];
    if (!sum.leaf) continue;
    const Tensor& g = gradients[i];
    if (sum.leaf->dtype() != g.dtype()) {
      throw GradError("backward: a leaf must have the dtype it was recorded with; got " +
                      g.describe() + " for what is " + std::string(to_string(sum.leaf->dtype())) +
                      " now (record again after to())");
    }
    Sum* first = &sum;
    if (sum.leaf.get() != leaves[i]) {  // recorded before and after its dtype changed
      first = std::find_if(sums.data(), first, [&](const Sum& s) { return s.leaf == sum.leaf; });
    }
    if (first != &sum) {
      first->total = accumulate(first->total, g);
      sum.leaf = nullptr;
    } else {
      sum.total = sum.old.defined() ? accumulate(sum.old, g) : g.contiguous();
    }
  }
  const std::lock_guard lock(gradients_mutex());
  for (const Sum& sum : sums) {
    if (sum.leaf && !same(static_cast<Leaf*>(sum.leaf.get())->grad_, sum.old)) return false;
  }
  for (Sum& sum : sums) {
    if (sum.leaf) std::swap(static_cast<Leaf*>(sum.leaf.get())->grad_, sum.total);
  }
  return true;
}

void Leaf::add_grads(std::span<Node* const> leaves, std::span<const Tensor> gradients) {
  const RecordingScope off(false);
  while (!add_at_once(leaves, gradients)) {
  }
}

}  // namespace xtape::detail
