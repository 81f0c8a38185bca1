#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>

namespace xtape {
namespace {

[[noreturn]] void throw_order(const Node& node, const Node& input) {
  throw GradError(std::string(node.name()) +
                  ": an input must be recorded before its consumer, by " +
                  "the same copy of the library (are there two in this process?); got the result " +
                  "of " + input.name() + ", number " + std::to_string(input.number()) + " for " +
                  std::to_string(node.number()));
}

}  // namespace

Tensor detail::attach(Tensor y, std::span<const Tensor* const> inputs, Node* node) {
  Ref<Node> owner = Ref<Node>::adopt(node);
  bool handed_on =
      static_cast<bool>(y.body().node);  // an operation that gives back what it was given
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Ref<Node>& maker = inputs[i]->body().node;
    if (maker && !node->follows(*maker)) throw_order(*node, *maker);
    node->inputs_[i] = maker;
    handed_on = handed_on || &inputs[i]->body() == &y.body();
  }
  if (handed_on) y = y.detach();
  if (y.body().number) [[unlikely]]
    y.body().number = false;
  y.body().node = std::move(owner);
  return y;
}

}  // namespace xtape
