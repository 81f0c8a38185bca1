#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/node.hpp>

namespace xtape::detail {

/// The place on the tape of a tensor that collects its gradient. Threads may add at the same time.
///
/// The functions take the node of a leaf, or of a result that retains its gradient: that one has a
/// leaf of its own beside the tape, which collects for it.
class Leaf final : public Node {
 public:
  using Hook = std::function<Tensor(const Tensor&)>;

  static Ref<Node> make(const Shape& shape, Dtype dtype);

  /// Undefined where nothing was collected; coalesced rows where these are kept, see
  /// table_gradient.hpp.
  static Tensor grad(Node& leaf);
  static void set_grad(Node& leaf, Tensor grad);
  /// From now on backward collects the gradient of this operation's result.
  static void retain(Node& result);
  /// Ends that, with the result.
  static void forget(const Node& result) noexcept;
  /// What tells the name of a leaf, for messages and tables.
  static void set_label(Node& leaf, std::function<std::string()> label);
  /// Whether the tensor wants its gradient now: not while it is frozen. What is frozen forgets the
  /// gradient it has.
  static void set_frozen(Node& leaf, bool frozen);
  /// The tensor's leaf from now on is another, of a new dtype.
  static void replace(Node& leaf, const Ref<Node>& successor);
  /// Adds each gradient to that of its leaf: to all of them, or, if that throws, to none. Nothing
  /// to frozen ones. Throws GradError if the dtype of a leaf's tensor has changed.
  static void add_grads(std::span<Node* const> leaves, std::span<const Tensor> gradients);

  /// Hooks are called with the whole gradient that a backward pass has for the leaf, and may
  /// replace it, before any leaf changes. In the order in which they came.
  static void add_hook(Node& leaf, std::shared_ptr<const Hook> hook);
  static void remove_hook(Node& leaf, const std::shared_ptr<const Hook>& hook);
  static bool has_hooks(const Node& leaf) {
    return static_cast<const Leaf&>(leaf).hooked_.load(std::memory_order_relaxed);
  }
  /// What the hooks make of a gradient. Throws GradError for one of another shape or dtype.
  static Tensor call_hooks(Node& leaf, Tensor gradient);

  std::size_t saved_bytes() const override { return 0; }
  std::string label() const override;

 private:
  Leaf(const Shape& shape, Dtype dtype) : Node("leaf", shape, dtype, 0, true) {}
  void run(Tensor, const Send&) override {}
  Tensor push(const Tangents&) override { return {}; }
  void drop_rule() noexcept override {}
  static Leaf& current(Node& node);
  static bool add_at_once(std::span<Node* const> leaves, std::span<const Tensor> gradients);

  Tensor grad_;
  bool frozen_ = false;
  std::vector<std::shared_ptr<const Hook>> hooks_;
  std::atomic<bool> hooked_{false};  // whether there are any, without the lock
  std::function<std::string()> label_;
  Ref<Node> successor_;
};

}  // namespace xtape::detail
