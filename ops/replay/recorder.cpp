#include <algorithm>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/place.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/ops/compile.hpp>
#include <xtape/ops/replay/recorder.hpp>

namespace xtape::detail {
namespace {

/// Whether two handles mean the same elements in the same order.
bool same_elements(const Body& a, const Body& b) {
  return a.data == b.data && a.dtype == b.dtype && a.shape == b.shape && a.strides == b.strides &&
         a.size > 0;
}

using Kind = Instruction::Kind;

Instruction instruction(Kind kind, const char* name) {
  Instruction made{kind, name};
  made.line = user_line();
  return made;
}

}  // namespace

Recorder::Recorder(std::span<const Tensor> inputs)
    : start_(Leaf::make({}, Dtype::float32)->number()) {
  for (const Tensor& input : inputs) {
    script_.inputs.push_back(new_slot(input));
    made_by_.back() = -1;
  }
}

/// Throws, and once more when the function has ended, should it have caught that.
void Recorder::refuse(const std::string& what) {
  if (refusal_.empty()) {
    const std::string line = user_line();
    const char* rule = running_rule();
    refusal_ = "compile: " + what + " cannot be replayed" +
               (rule != nullptr ? std::string(", in the backward pass of ") + rule : "") +
               (line.empty() ? "" : ", at " + line);
  }
  throw ReplayError(refusal_);
}

Instruction& Recorder::add(Instruction made) {
  script_.instructions.push_back(std::move(made));
  return script_.instructions.back();
}

std::int32_t Recorder::new_slot(const Tensor& value) {
  const auto slot = static_cast<std::int32_t>(script_.slots.size());
  script_.slots.push_back({});
  values_.push_back(value);
  made_by_.push_back(static_cast<std::int32_t>(script_.instructions.size()));
  if (value.defined()) {
    const Body& body = value.body();
    if (body.mapped || body.of_rows) refuse("a tensor without elements of its own");
    script_.slots.back() = {body.shape, body.strides, body.dtype, body.contiguous};
    by_memory_.emplace(value.body().data, slot);
    if (value.body().storage) by_storage_.emplace(value.body().storage.get(), slot);
  }
  return slot;
}

/// The slot that was given these elements last; -1 if there is none.
std::int32_t Recorder::known(const Tensor& x) const {
  std::int32_t newest = -1;
  const auto [first, end] = by_memory_.equal_range(x.body().data);
  for (auto entry = first; entry != end; ++entry) {
    const Body& value = values_[static_cast<std::size_t>(entry->second)].body();
    if (same_elements(value, x.body())) newest = std::max(newest, entry->second);
  }
  return newest;
}

/// A slot for other elements of memory that a slot has; -1 if there is none.
std::int32_t Recorder::part_of_known(const Tensor& x) {
  const auto base = by_storage_.find(x.body().storage.get());
  if (base == by_storage_.end() || x.size() == 0) return -1;
  const Body& whole = values_[static_cast<std::size_t>(base->second)].body();
  const auto element = static_cast<std::int64_t>(size_of(x.dtype()));
  const std::int64_t bytes = x.body().data - whole.data;
  if (whole.dtype != x.dtype() || bytes % element != 0) return -1;
  Instruction view = instruction(Kind::view, "view");
  view.base = base->second;
  view.offset = bytes / element;
  view.result = new_slot(x);
  if (from_outside(base->second)) script_.aliases.emplace_back(x, base->second);
  return add(std::move(view)).result;
}

std::int32_t Recorder::slot_of(const Tensor& x) {
  if (x.body().of_rows) refuse("a sparse gradient");
  if (x.body().mapped) refuse("a tensor of vmap");
  if (const std::int32_t slot = known(x); slot >= 0) {
    if (from_outside(slot)) script_.aliases.emplace_back(x, slot);
    return slot;
  }
  if (const std::int32_t slot = part_of_known(x); slot >= 0) return slot;
  Instruction found = instruction(Kind::outside, "tensor");
  found.outside = x;
  found.result = new_slot(off_tape(x, "compile"));
  return add(std::move(found)).result;
}

bool Recorder::from_outside(std::int32_t slot) const {
  const std::int32_t by = made_by_[static_cast<std::size_t>(slot)];
  return by >= 0 && script_.instructions[static_cast<std::size_t>(by)].kind == Kind::outside;
}

void Recorder::computed(const Step& step) {
  if (acting_ > 0) return;
  if (step.in_place) return computed_in_place(step);
  Instruction made = instruction(Kind::operation, step.operation);
  made.attributes = step.attributes;
  for (const Tensor* x : step.inputs) made.inputs.push_back(slot_of(*x));
  made.copy = step.copy;
  const std::vector<SavedValue*> before = step.copy->held();
  std::vector<std::pair<std::size_t, Tensor>> fresh;
  for (std::size_t i = 0; i < std::max(before.size(), step.held.size()); ++i) {
    const Tensor was = i < before.size() ? before[i]->tensor() : Tensor();
    const Tensor is = i < step.held.size() ? step.held[i] : Tensor();
    if (was.defined()) made.takes.push_back({i, slot_of(was)});
    if (is.defined() && !(was.defined() && &was.body() == &is.body())) fresh.emplace_back(i, is);
  }
  find_base(made, step);
  made.result = new_slot(step.result);
  for (const auto& [order, value] : fresh) made.gives.push_back({order, new_slot(value)});
  add(std::move(made));
}

/// Of a result in the memory of what an operation was given.
void Recorder::find_base(Instruction& made, const Step& step) {
  const Body& y = step.result.body();
  for (std::size_t i = 0; i < step.inputs.size() && y.size > 0; ++i) {
    const Body& x = step.inputs[i]->body();
    if (x.storage != y.storage || !y.storage) continue;
    made.base = made.inputs[i];
    made.handed_on = same_elements(x, y);
    made.offset = (y.data - x.data) / static_cast<std::int64_t>(size_of(y.dtype));
    return;
  }
}

void Recorder::computed_in_place(const Step& step) {
  if (step.result.size() == 0) return;
  Instruction made = instruction(Kind::in_place, step.operation);
  made.attributes = step.attributes;
  const std::int32_t target = known(step.result);
  made.copy = step.copy;
  if (target < 0 || from_outside(target)) refuse("a change in place of " + step.result.describe());
  for (const Tensor* x : step.inputs) made.inputs.push_back(slot_of(*x));
  made.result = made.inputs.front();
  add(std::move(made));
}

void Recorder::begins(const char* name, const std::function<void()>& again) {
  if (acting_++ > 0) return;
  Instruction act = instruction(Kind::act, name);
  act.again = again;
  add(std::move(act));
}

void Recorder::assigns(const Tensor& leaf, const Tensor& value) {
  if (acting_ > 0) return;
  const std::int32_t slot = known(leaf);
  if (slot >= 0 && !from_outside(slot)) refuse("assign to a tensor that the function made");
  changed_.insert(&leaf.body());
  Instruction made = instruction(Kind::assign, "assign");
  made.inputs = {slot_of(value)};
  made.outside = leaf;
  add(std::move(made));
}

void Recorder::adds(std::span<Node* const> leaves, std::span<const Tensor> gradients) {
  if (acting_ > 0) {
    ++acting_;
    return;
  }
  Instruction made = instruction(Kind::add, "backward");
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!gradients[i].defined()) continue;
    if (!leaves[i]->is_leaf()) refuse("retain_grad");
    if (is_inner(*leaves[i])) {
      slot_of(gradients[i]);  // whoever asks for it finds it there
      continue;
    }
    made.leaves.push_back(Ref<Node>::share(leaves[i]));
    made.inputs.push_back(slot_of(gradients[i]));
  }
  if (!made.leaves.empty()) add(std::move(made));
  ++acting_;  // what adding them does is part of it
}

void Recorder::gives(const Tensor& leaf, const Tensor& gradient) {
  if (acting_ > 0 || !gradient.defined() || leaf.node() == nullptr) return;
  if (is_inner(*leaf.node())) {
    if (known(gradient) < 0) refuse("a gradient that several backward passes made");
    return;
  }
  if (gradient.body().of_rows) refuse("a sparse gradient");
  Instruction made = instruction(Kind::gradient, "grad");
  made.outside = leaf;
  made.result = new_slot(gradient);
  add(std::move(made));
}

void Recorder::views(const Tensor& base) {
  const Body& body = base.body();
  if (acting_ > 0 || body.mapped || body.of_rows || body.fixed || body.size == 0) return;
  if (known(base) < 0 && !by_storage_.contains(body.storage.get())) slot_of(base);
}

void Recorder::reads(const char* function, const Tensor& of) {
  if (acting_ > 0) return;
  if (of.body().mapped) return;  // which throws anyway
  const std::int32_t slot = known(of);
  if (slot >= 0 && !from_outside(slot)) {
    const std::int32_t by = made_by_[static_cast<std::size_t>(slot)];
    refuse(std::string(function) + ", which reads " +
           (by < 0 ? "an input"
                   : std::string("the result of ") +
                         script_.instructions[static_cast<std::size_t>(by)].name) +
           ", " + of.describe() + ",");
  }
  const Tensor read =
      slot < 0
          ? of
          : script_.instructions[static_cast<std::size_t>(made_by_[static_cast<std::size_t>(slot)])]
                .outside;
  if (changed_.contains(&read.body()))
    refuse(std::string(function) + ", which reads what the function has assigned,");
  script_.read.emplace_back(read, bytes_of(of));
}

void Recorder::meets(const char* operation, const Tensor& value) {
  if (acting_ > 0 || !value.defined()) return;
  if (value.body().mapped || known(value) < 0) {
    refuse("the value that " + std::string(operation) +
           " was recorded with, which no operation made,");
  }
}

void Recorder::meets(const char* what) {
  if (acting_ == 0) refuse(what);
}

Script Recorder::finish(std::span<const Tensor> results) {
  if (!refusal_.empty()) throw ReplayError(refusal_);
  for (const Tensor& result : results) {
    if (!result.defined()) refuse("a result that is undefined");
    script_.outputs.push_back(slot_of(result));
  }
  return std::move(script_);
}

}  // namespace xtape::detail
