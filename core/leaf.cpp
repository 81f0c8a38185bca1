#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/fork.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/table_gradient.hpp>

namespace xtape::detail {
namespace {

/// Of all leaves: held for a moment at the end of each backward pass. Nothing dies, and nobody
/// else's code runs, while it is held.
constinit std::mutex one_for_all;
std::mutex& gradients_mutex() { return one_for_all; }
[[maybe_unused]] const bool held = hold_at_fork<&gradients_mutex>();

/// The leaves that collect for results. Never destroyed: results may outlive it.
using Beside = std::unordered_map<const Node*, Ref<Node>>;
Beside& beside_results() {
  static auto& map = *new Beside;
  return map;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || &a.body() == &b.body());
}

}  // namespace

Ref<Node> Leaf::make(const Shape& shape, Dtype dtype) {
  return Ref<Node>::adopt(new Leaf(shape, dtype));
}

Leaf& Leaf::current(Node& node) {
  auto* last = static_cast<Leaf*>(node.is_leaf() ? &node : beside_results().at(&node).get());
  while (last->successor_) last = static_cast<Leaf*>(last->successor_.get());
  return *last;
}

Tensor Leaf::grad(Node& node) {
  Tensor now;
  {
    const std::lock_guard lock(gradients_mutex());
    if (!node.is_leaf()) {
      const auto beside = beside_results().find(&node);
      return beside != beside_results().end() ? static_cast<Leaf*>(beside->second.get())->grad_
                                              : Tensor();
    }
    now = static_cast<Leaf&>(node).grad_;
  }
  if (!now.defined() || !of_rows(now)) return now;
  Tensor once = coalesced(now);
  Tensor result = once;
  const std::lock_guard lock(gradients_mutex());
  Leaf& leaf = static_cast<Leaf&>(node);
  if (same(leaf.grad_, now)) std::swap(leaf.grad_, once);  // for who asks next
  return result;
}

void Leaf::set_grad(Node& node, Tensor grad) {
  const std::lock_guard lock(gradients_mutex());
  if (node.is_leaf() || node.retains_grad())
    std::swap((node.is_leaf() ? static_cast<Leaf&>(node) : current(node)).grad_, grad);
}

void Leaf::retain(Node& result) {
  if (!result.is_own()) {  // whose copy of the library would not find what is kept here
    throw GradError(
        std::string("retain_grad: the tensor must be recorded by the same copy of the ") +
        "library (are there two in this process?); got the result of " + result.name());
  }
  if (result.is_leaf() || result.retains_grad()) return;
  const Ref<Node> leaf = make(result.shape(), result.dtype());
  const std::lock_guard lock(gradients_mutex());
  beside_results().try_emplace(&result, leaf);
  result.notes_.fetch_or(Node::retains_its_grad, std::memory_order_relaxed);
}

void Leaf::forget(const Node& result) noexcept {
  Beside::node_type gone;  // dies when the lock is free again
  const std::lock_guard lock(gradients_mutex());
  gone = beside_results().extract(&result);
}

void Leaf::set_label(Node& leaf, std::function<std::string()> label) {
  const std::lock_guard lock(gradients_mutex());
  std::swap(static_cast<Leaf&>(leaf).label_, label);
}

std::string Leaf::label() const {
  std::function<std::string()> label;
  {
    const std::lock_guard lock(gradients_mutex());
    label = label_;
  }
  return label ? label() : std::string();
}

void Leaf::set_frozen(Node& leaf, bool frozen) {
  Tensor forgotten;
  const std::lock_guard lock(gradients_mutex());
  static_cast<Leaf&>(leaf).frozen_ = frozen;
  if (frozen) std::swap(static_cast<Leaf&>(leaf).grad_, forgotten);
}

void Leaf::replace(Node& leaf, const Ref<Node>& successor) {
  const std::lock_guard lock(gradients_mutex());
  auto& old = static_cast<Leaf&>(leaf);
  auto& next = static_cast<Leaf&>(*successor);
  next.hooks_.swap(old.hooks_);
  next.hooked_ = old.hooked_.load();  // and the old one knows that it had some
  next.label_.swap(old.label_);
  old.successor_ = successor;
}

void Leaf::add_hook(Node& node, std::shared_ptr<const Hook> hook) {
  const std::lock_guard lock(gradients_mutex());
  Leaf& leaf = current(node);
  leaf.hooks_.push_back(std::move(hook));
  leaf.hooked_ = true;
}

void Leaf::remove_hook(Node& node, const std::shared_ptr<const Hook>& hook) {
  const std::lock_guard lock(gradients_mutex());
  Leaf& leaf = current(node);
  std::erase(leaf.hooks_, hook);  // the guard still has it, so nothing dies here
  leaf.hooked_ = !leaf.hooks_.empty();
}

Tensor Leaf::call_hooks(Node& node, Tensor gradient) {
  auto& leaf = static_cast<Leaf&>(node);
  std::vector<std::weak_ptr<const Hook>> hooks;  // one may end others
  {
    const std::lock_guard lock(gradients_mutex());
    const Leaf& now = current(leaf);
    if (now.frozen_) return gradient;
    if (&now != &leaf && !now.hooks_.empty()) {
      throw GradError(
          "backward: a leaf with hooks must be recorded again after to(); got the gradient " +
          gradient.describe() + " of one that has changed its dtype since");
    }
    hooks.assign(now.hooks_.begin(), now.hooks_.end());
  }
  const RuleScope users(nullptr);
  for (const auto& own : hooks) {
    const auto hook = own.lock();
    if (hook == nullptr) continue;
    const Tensor given = (*hook)(gradient);
    Tensor adapted;
    const Tensor& next = beside("on_leaf_gradient", given, leaf.dtype(), adapted);
    if (!leaf.has_shape(next.shape()) || next.dtype() != leaf.dtype()) {
      throw GradError("on_leaf_gradient: a gradient must be " + gradient.describe() +
                      ", as the leaf; the hook gave " + next.describe());
    }
    gradient = next.detach();
  }
  return gradient;
}

namespace {

/// A gradient on its way to a leaf.
struct Sum {
  Ref<Node> leaf;  // null: nothing to add
  Tensor old, total;
};

/// What a leaf keeps: rows are added up when somebody asks, or others come to them.
Tensor kept(const Tensor& old, const Tensor& gradient) {
  if (!old.defined()) return of_rows(gradient) ? gradient : gradient.contiguous();
  Tensor sum = accumulate(old, gradient);
  return of_rows(sum) ? coalesced(std::move(sum)) : sum;
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
      sum.total = kept(sum.old, g);
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
