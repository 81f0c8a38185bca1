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

[[noreturn]] void throw_undefined_input(const char* op, std::span<const Tensor* const> inputs) {
  std::size_t number = 0;
  while (inputs[number]->defined()) ++number;
  throw ValueError(std::string(op) + ": input " + std::to_string(number) +
                   " must be defined; got an undefined tensor");
}

}  // namespace

detail::Course detail::course(const char* op, std::span<const Tensor* const> inputs) {
  const Node* any = nullptr;
  for (const Tensor* input : inputs) {
    if (!input->defined()) [[unlikely]]
      throw_undefined_input(op, inputs);
    const Body& body = input->body();
    if (body.mapped) [[unlikely]]
      return {false, true, false};
    if (body.node) any = body.node.get();
  }
  const Levels& here = levels;
  return {any != nullptr && here.records(0), false, here.watcher != nullptr};
}

void detail::throw_other_result(const char* op, const Tensor& y, const Shape& shape, Dtype dtype) {
  throw ShapeError(std::string(op) + ": a result like " + y.describe() + " was planned; got " +
                   std::string(to_string(dtype)) + to_string(shape));
}

void detail::throw_no_batch(const char* op) {
  throw NoBatchRule("vmap: " + std::string(op) + " has no rule for it (see `batch` of apply)");
}

void detail::check_batch(const char* op, const Tensor& y, std::int64_t count) {
  const bool fits = y.defined() && y.rank() > 0 && y.shape()[0] == count;
  if (fits) [[likely]]
    return;
  throw ShapeError(std::string(op) + ": batch must give the results of all " +
                   std::to_string(count) + " examples along the first axis; got " + y.describe());
}

Tensor detail::attach(Tensor y, std::span<const Tensor* const> inputs, Node* node) {
  Ref<Node> owner = Ref<Node>::adopt(node);
  const Body* const made = &y.body();
  bool handed_on = static_cast<bool>(made->node);  // an operation that gives back what it was given
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Body& input = inputs[i]->body();
    handed_on = handed_on || &input == made;
    if (!input.node) continue;
    if (!node->follows(*input.node)) throw_order(*node, *input.node);
    node->inputs_.set(i, input.node);
  }
  if (handed_on) y = off_tape(y);
  Body& body = y.body();
  if (body.number) [[unlikely]]
    body.number = false;
  body.node = std::move(owner);
  if (levels.watcher != nullptr) [[unlikely]]
    Watcher::tell(*body.node);
  return y;
}

}  // namespace xtape
