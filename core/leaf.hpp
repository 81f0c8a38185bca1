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
  /// Adds each gradient to that of its leaf: to all of them, or, if that throws, to none.
  static void add_grads(std::span<Node* const> leaves, std::span<const Tensor> gradients);

  std::size_t saved_bytes() const override { return 0; }

 private:
  Leaf(const Shape& shape, Dtype dtype) : Node("leaf", shape, dtype, 0, sizeof(Leaf), true) {}
  void run(Tensor, const Send&) override {}
  void drop_rule() noexcept override {}

  Tensor grad_;
};

}  // namespace xtape::detail
