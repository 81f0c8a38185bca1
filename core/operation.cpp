#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
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

detail::Course detail::course(std::span<const Tensor* const> inputs) {
  bool wanted = false;
  for (const Tensor* input : inputs) {
    const Body& body = input->body();
    if (body.mapped) return {false, true, false};
    wanted = wanted || body.node;
  }
  return {wanted && levels.records(0), false, levels.watcher != nullptr};
}

void detail::throw_no_batch(const char* op) {
  throw NoBatchRule("vmap: " + std::string(op) + " has no rule for it (see `batch` of apply)");
}

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
  if (handed_on) y = off_tape(y);
  if (y.body().number) [[unlikely]]
    y.body().number = false;
  y.body().node = std::move(owner);
  return y;
}

}  // namespace xtape
