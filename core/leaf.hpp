#pragma once
#include <span>

#include <xtape/core/node.hpp>

namespace xtape::detail {

/// The place on the tape of a tensor that collects its gradient. Threads may add at the same time.
class Leaf final : public Node {
 public:
  static Ref<Node> make(const Shape& shape, Dtype dtype);

  static Tensor grad(const Node& leaf);
  static void set_grad(Node& leaf, Tensor grad);
  /// Whether the tensor wants its gradient now: not while it is frozen. What is frozen forgets the
  /// gradient it has.
  static void set_frozen(Node& leaf, bool frozen);
  /// The tensor's leaf from now on is another, of a new dtype.
  static void replace(Node& leaf, const Ref<Node>& successor);
  /// Adds each gradient to that of its leaf: to all of them, or, if that throws, to none. Nothing
  /// to frozen ones. Throws GradError if the dtype of a leaf's tensor has changed.
  static void add_grads(std::span<Node* const> leaves, std::span<const Tensor> gradients);

  std::size_t saved_bytes() const override { return 0; }

 private:
  Leaf(const Shape& shape, Dtype dtype) : Node("leaf", shape, dtype, 0, true) {}
  void run(Tensor, const Send&) override {}
  Tensor push(const Tangents&) override { return {}; }
  void drop_rule() noexcept override {}
  static Leaf& current(Node& leaf);
  static bool add_at_once(std::span<Node* const> leaves, std::span<const Tensor> gradients);

  Tensor grad_;
  bool frozen_ = false;
  Ref<Node> successor_;
};

}  // namespace xtape::detail
