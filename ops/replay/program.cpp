#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/ops/compile.hpp>
#include <xtape/ops/replay/program.hpp>

namespace xtape::detail {

namespace {

/// How many handles programs have of tensors from outside: one that nobody else has can be reached
/// no more, so that the function uses another by now.
class Handles {
 public:
  static Handles& instance() {
    static auto& handles = *new Handles;  // programs may outlive others of its kind
    return handles;
  }
  const std::atomic<std::uint32_t>* add(const Body* body, std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    std::atomic<std::uint32_t>& held = counts_[body];
    held += count;
    return &held;
  }
  void remove(const Body* body, std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    const auto held = counts_.find(body);
    if ((held->second -= count) == 0) counts_.erase(held);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const Body*, std::atomic<std::uint32_t>> counts_;
};

}  // namespace

Program::Program(Script script)
    : script_(std::move(script)),
      slots_(script_.slots.size()),
      borrowed_(Storage::adopt(nullptr, 0, [] {})) {}

Program::~Program() {
  for (const auto& [body, count] : handles_) Handles::instance().remove(body, count);
}

void Program::add_outside(const Tensor& tensor) {
  const Body& body = tensor.body();
  outside_.push_back({tensor, nullptr, tensor.node(), body.shape, body.strides, body.dtype});
}

/// When the program is complete: how many handles it has of each tensor from outside.
void Program::count_handles() {
  for (const Outside& outside : outside_) handles_.try_emplace(&outside.tensor.body(), 0);
  const auto count = [this](const Tensor& tensor) {
    const auto known = tensor.defined() ? handles_.find(&tensor.body()) : handles_.end();
    if (known != handles_.end()) ++known->second;
  };
  for (const Outside& outside : outside_) count(outside.tensor);
  for (const Tensor& slot : slots_) count(slot);
  for (const Instruction& step : script_.instructions) {
    count(step.outside);
    if (!step.copy) continue;
    for (const SavedValue* held : step.copy->held()) count(held->tensor());
  }
  for (const Guard& guard : guards_) count(guard.tensor);
  for (const Twin& twin : twins_) count(twin.tensor), count(twin.other);
  script_.aliases.clear();
  script_.read.clear();
  for (const auto& [body, number] : handles_) {
    const std::atomic<std::uint32_t>* const held = Handles::instance().add(body, number);
    for (Outside& outside : outside_)
      if (&outside.tensor.body() == body) outside.programs = held;
  }
}

bool Program::valid() const {
  const auto as_it_was = [](const Outside& outside) {
    const Body& body = outside.tensor.body();
    const Node* const node = body.node.get();
    return node == outside.node && body.dtype == outside.dtype && body.shape == outside.shape &&
           body.strides == outside.strides && body.references > *outside.programs &&
           (node == nullptr || !node->is_leaf() || !Leaf::has_hooks(*node));
  };
  const auto has_value = [](const Guard& guard) { return bytes_of(guard.tensor) == guard.bytes; };
  const auto together = [](const Twin& twin) {
    return twin.tensor.body().data == twin.other.body().data + twin.offset;
  };
  return std::ranges::all_of(outside_, as_it_was) && std::ranges::all_of(guards_, has_value) &&
         std::ranges::all_of(twins_, together);
}

void Program::compute(Action& action) {
  for (const auto& [place, value, alone] : action.takes)
    place->replace(alone ? std::move(*value) : *value);
  OperationCopy& copy = *action.of->copy;
  if (action.kind == Action::Kind::fill) {
    copy.compute_into(*action.result, action.operands);
  } else {
    Tensor y = copy.compute(action.operands);
    if (action.kind == Action::Kind::compute) {
      const SlotInfo& planned = script_.slots[static_cast<std::size_t>(action.of->result)];
      if (y.shape() != planned.shape || y.dtype() != planned.dtype)
        throw_other_result(action.of->name, y, planned.shape, planned.dtype);
      *action.result = std::move(y);
    }
  }
  for (const Action::Take& taken : action.takes) taken.place->replace({});
  if (action.gives.empty()) return;
  if (action.held.empty()) action.held = copy.held();
  for (const auto& [order, result] : action.gives) {
    *result = action.held[order]->tensor();
    action.held[order]->replace({});
  }
}

void Program::add_gradients(Action& action) {
  std::vector<Node*, memory::Allocator<Node*>> leaves;
  Results gradients;
  leaves.reserve(action.operands.size());
  gradients.reserve(action.operands.size());
  for (const Ref<Node>& leaf : action.of->leaves) leaves.push_back(leaf.get());
  for (const Tensor* gradient : action.operands) gradients.push_back(*gradient);
  for (Tensor* value : action.last) *value = {};
  // One tensor for several leaves: each gets a handle of its own.
  for (Tensor& gradient : gradients)
    if (shared(gradient)) gradient = gradient.detach();
  Leaf::add_grads(leaves, gradients);
}

void Program::carry_out(Action& action) {
  using Kind = Action::Kind;
  const Instruction& of = *action.of;
  for (const auto& [result, info] : action.fresh)
    *result = make_tensor(info->shape, info->dtype, of.name);
  switch (action.kind) {
    case Kind::fill:
    case Kind::compute:
    case Kind::in_place: return compute(action);
    case Kind::loops: return action.loops->run();
    case Kind::snapshot: *action.result = off_tape(of.outside, "compile"); return;
    case Kind::view: {
      const SlotInfo& info = script_.slots[static_cast<std::size_t>(of.result)];
      *action.result =
          make_view(*action.operands.back(), info.shape, info.strides, of.offset, "compile");
      return;
    }
    case Kind::act: return of.again();
    case Kind::assign: return of.outside.assign(*action.operands[0]);
    case Kind::gradient: *action.result = of.outside.grad(); return;
    case Kind::add: return add_gradients(action);
  }
}

/// Views of what is elsewhere in each run, and after each change.
void Program::move_views() {
  for (const Moved& moved : moved_)
    moved.view->body().data = moved.base->body().data + moved.offset;
}

void Program::begin(Block& block) {
  block.memory = Storage::allocate(block.bytes);
  for (const auto& [body, offset] : block.bodies) body->data = block.memory->data() + offset;
}

Results Program::run(std::span<const Tensor> inputs) {
  struct AtEnd {
    Program& program;
    ~AtEnd() {
      for (Tensor* value : program.passing_) *value = {};
      for (Block& block : program.blocks_) block.memory.reset();
    }
  } const at_end{*this};
  const NoGradGuard off;
  for (std::size_t i = 0; i < inputs.size(); ++i) *inputs_[i] = inputs[i];
  move_views();
  for (Action& action : actions_) {
    for (const std::size_t block : action.begins) begin(blocks_[block]);
    carry_out(action);
    for (const std::size_t block : action.ends) blocks_[block].memory.reset();
    if (action.kind == Action::Kind::act || action.kind == Action::Kind::assign) move_views();
    for (Tensor* value : action.last) *value = {};
  }
  Results results;
  results.reserve(outputs_.size());
  for (const Tensor* output : outputs_) results.push_back(output->detach());
  return results;
}

}  // namespace xtape::detail
