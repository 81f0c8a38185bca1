#include <algorithm>
#include <set>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/ops/replay/arena.hpp>
#include <xtape/ops/replay/plan.hpp>

namespace xtape::detail {

using Kind = Instruction::Kind;

Planner::Planner(const Script& first, Script second)
    : first_(first),
      program_(new Program(std::move(second))),
      slots_(script().slots.size()),
      dropped_(script().instructions.size(), false) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].root = static_cast<std::int32_t>(i);
}

std::unique_ptr<Program> Planner::plan() {
  note_guards();
  find_roots();
  settle_outside();
  drop_early();
  make_again();
  find_lives();
  join_products();
  group();
  find_times();
  overwrite();
  place_planned();
  place_views();
  make_actions();
  program_->count_handles();
  return std::move(program_);
}

/// Values that the function read, of tensors that were there before; and those in common memory.
void Planner::note_guards() {
  std::set<const Body*> before;
  for (const auto& [tensor, bytes] : first_.read) before.insert(&tensor.body());
  for (const auto& [tensor, bytes] : script().read)
    if (before.contains(&tensor.body())) program_->guards_.push_back({tensor, bytes});
  before.clear();
  for (const auto& [tensor, slot] : first_.aliases) before.insert(&tensor.body());
  for (const auto& [tensor, slot] : script().aliases) {
    if (before.erase(&tensor.body()) == 0) continue;
    const auto made = std::ranges::find(script().instructions, slot, &Instruction::result);
    const auto place = static_cast<std::size_t>(made - script().instructions.begin());
    if (!was_there(first_.instructions[place], *made)) continue;  // a constant
    program_->twins_.push_back(
        {tensor, made->outside, tensor.body().data - made->outside.body().data});
    program_->add_outside(tensor);
  }
}

/// Whether it does nothing but look at memory in another way. An operation without `infer` that
/// does more hands on what it got, or keeps something.
bool Planner::is_view(const Instruction& step) const {
  if (step.kind == Kind::view) return true;
  return step.kind == Kind::operation && step.base >= 0 && !step.handed_on && step.takes.empty() &&
         step.gives.empty() && !step.copy->fills() &&
         info(step.base).dtype == info(step.result).dtype;
}

void Planner::find_roots() {
  for (const Instruction& step : script().instructions) {
    if (step.base < 0) continue;
    const Slot& base = at(step.base);
    at(step.result).root = base.root;
    at(step.result).offset = base.offset + step.offset;
    root_of(step.result).has_views = true;
  }
}

/// Tensors from outside stay in their slots as they are: what changes them is seen there. One that
/// is changed before its last use is noted anew each time.
void Planner::settle_outside() {
  const auto& steps = script().instructions;
  std::vector<std::size_t> last_use(slots_.size(), 0), changes;
  const auto use = [&](std::int32_t slot, std::size_t when) {
    last_use[static_cast<std::size_t>(at(slot).root)] = when;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for_each_use(steps[i], [&](std::int32_t slot) { use(slot, i); });
    if (steps[i].kind == Kind::act || steps[i].kind == Kind::assign) changes.push_back(i);
  }
  for (const std::int32_t slot : script().outputs) use(slot, steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool target = steps[i].kind == Kind::assign || steps[i].kind == Kind::gradient;
    if (target) program_->add_outside(steps[i].outside);
    if (steps[i].kind != Kind::outside) continue;
    const Tensor& outside = steps[i].outside;
    const bool found = was_there(first_.instructions[i], steps[i]);
    if (found) program_->add_outside(outside);
    const auto change = std::ranges::lower_bound(changes, i);
    const std::size_t until = last_use[static_cast<std::size_t>(steps[i].result)];
    if (found && change != changes.end() && *change < until) continue;
    at(steps[i].result).life = Life::lasting;
    *tensor(steps[i].result) = outside;
    dropped_[i] = true;
  }
  for (const std::int32_t slot : script().inputs) at(slot).life = Life::input;
}

void Planner::find_lives() {
  for (const std::int32_t slot : script().outputs) root_of(slot).escapes = true;
  for (const Instruction& step : script().instructions) {
    if (step.kind != Kind::add) continue;
    for (const std::int32_t slot : step.inputs) root_of(slot).escapes = true;
  }
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (step(i).kind != Kind::operation || !step(i).copy->fills()) continue;
    Slot& made = at(step(i).result);
    if (!made.escapes) made.life = Life::planned;
  }
  std::vector<bool> given(slots_.size(), false);  // to somebody else, or to be copied
  for (const std::int32_t slot : script().outputs) given[static_cast<std::size_t>(slot)] = true;
  for (const Instruction& step : script().instructions) {
    if (step.kind != Kind::add && step.kind != Kind::assign) continue;
    for (const std::int32_t slot : step.inputs) given[static_cast<std::size_t>(slot)] = true;
  }
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (!is_view(step(i)) || root_of(step(i).result).life == Life::passing) continue;
    if (given[static_cast<std::size_t>(step(i).result)])
      at(step(i).result).is_handle = true;  // which holds its memory
    else
      dropped_[i] = true;
  }
}

/// One block for all small results that are planned; a large one has one of its own while it is
/// needed.
void Planner::place_planned() {
  std::vector<Lifetime> lifetimes;
  std::vector<std::int32_t> planned;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.life != Life::planned || slot.root != static_cast<std::int32_t>(i) || slot.host >= 0)
      continue;
    const auto bytes = static_cast<std::size_t>(bytes_of(slot.root));
    if (bytes >= static_cast<std::size_t>(large)) {
      slot.block = static_cast<std::int32_t>(program_->blocks_.size());
      program_->blocks_.push_back({bytes});
      place(slot.root, nullptr);
    } else {
      planned.push_back(slot.root);
      lifetimes.push_back({bytes, slot.first, slot.last});
    }
  }
  const Arrangement places = arrange(lifetimes);
  program_->arena_ = Storage::allocate(places.bytes + 64);
  const auto address = reinterpret_cast<std::uintptr_t>(program_->arena_->data());
  auto* const start = program_->arena_->data() + (64 - address % 64) % 64;
  for (std::size_t i = 0; i < planned.size(); ++i) place(planned[i], start + places.offsets[i]);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.host < 0) continue;
    slot.block = at(slot.host).block;
    place(static_cast<std::int32_t>(i), tensor(slot.host)->body().data);
  }
}

/// A dense result at an address, or in its block.
void Planner::place(std::int32_t slot, std::byte* data) {
  const SlotInfo& of = info(slot);
  const std::int32_t block = at(slot).block;
  *tensor(slot) =
      Tensor(Ref<Body>::adopt(new Body(of.shape, of.shape.size(), of.dtype, data,
                                       block < 0 ? program_->arena_ : program_->borrowed_)));
  Body& body = tensor(slot)->body();
  body.placed = true;
  if (block >= 0) program_->blocks_[static_cast<std::size_t>(block)].bodies.emplace_back(&body, 0);
}

/// Views of what has its place once and for all, and of what is found elsewhere in each run.
void Planner::place_views() {
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (!dropped_[i] || !is_view(step(i))) continue;
    const std::int32_t slot = step(i).result;
    const Slot& root = root_of(slot);
    const SlotInfo& of = info(slot);
    const Tensor* base = tensor(at(slot).root);
    const std::int64_t bytes = at(slot).offset * static_cast<std::int64_t>(size_of(of.dtype));
    const bool planned = root.life == Life::planned, fixed = planned && root.block < 0;
    std::byte* data = fixed ? base->body().data + bytes : nullptr;  // others are found in each run
    // What only borrows memory does not keep others from writing there.
    Tensor view(Ref<Body>::adopt(new Body(of.shape, of.strides, of.dtype, data,
                                          fixed ? program_->arena_ : program_->borrowed_)));
    view.body().contiguous = of.contiguous;
    *tensor(slot) = std::move(view);
    if (!planned) program_->moved_.push_back({base, tensor(slot), bytes});
    if (planned && !fixed)
      program_->blocks_[static_cast<std::size_t>(root.block)].bodies.emplace_back(
          &tensor(slot)->body(), bytes);
  }
}

void Planner::make_actions() {
  program_->actions_.reserve(groups_.size());
  for (const Group& group : groups_) program_->actions_.push_back(action_of(group));
  for (const Slot& slot : slots_) {
    if (slot.life != Life::planned || slot.host >= 0 || slot.block < 0) continue;
    program_->actions_[slot.first].begins.push_back(static_cast<std::size_t>(slot.block));
    program_->actions_[std::min(slot.last, groups_.size() - 1)].ends.push_back(
        static_cast<std::size_t>(slot.block));
  }
  // What a run leaves behind nobody needs: each passing value ends with its last use.
  std::vector<bool> seen(slots_.size(), false);
  for (const std::int32_t slot : script().outputs) seen[static_cast<std::size_t>(slot)] = true;
  for (std::size_t g = groups_.size(); g > 0;) {
    --g;
    std::vector<Tensor*>& last = program_->actions_[g].last;
    const auto use = [&](std::int32_t slot) {
      const auto i = static_cast<std::size_t>(slot);
      if (root_of(slot).life != Life::passing || seen[i]) return;
      seen[i] = true;
      last.push_back(tensor(slot));
    };
    for (const std::size_t i : groups_[g].members) {
      for_each_use(step(i), use);
      if (step(i).result >= 0) use(step(i).result);
      for (const Held& given : step(i).gives) use(given.slot);
    }
  }
  for (Action& action : program_->actions_) {
    for (Action::Take& take : action.takes) {
      const auto other = [&](const Tensor* operand) { return operand == take.value; };
      const auto taken = [&](const Action::Take& each) { return each.value == take.value; };
      take.alone = std::ranges::count(action.last, take.value) > 0 &&
                   std::ranges::none_of(action.operands, other) &&
                   std::ranges::count_if(action.takes, taken) == 1;
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Life life = slots_[static_cast<std::size_t>(slots_[i].root)].life;
    const bool is_root = slots_[i].root == static_cast<std::int32_t>(i);
    if (life == Life::passing || (life == Life::input && is_root))
      program_->passing_.push_back(tensor(static_cast<std::int32_t>(i)));
  }
  for (std::size_t i = 0; i < dropped_.size(); ++i) {  // handles of their own
    const std::int32_t result = step(i).result;
    if (!dropped_[i] && result >= 0 && (step(i).handed_on || at(result).is_handle))
      program_->passing_.push_back(tensor(result));
  }
  for (const std::int32_t slot : script().inputs) program_->inputs_.push_back(tensor(slot));
  for (const std::int32_t slot : script().outputs) program_->outputs_.push_back(tensor(slot));
}

void Planner::add_operands(Action& action) {
  const Instruction& of = *action.of;
  for (const std::int32_t slot : of.inputs) action.operands.push_back(tensor(slot));
  if (of.kind == Kind::view) action.operands.push_back(tensor(of.base));
  if (!of.copy) return;
  const std::vector<SavedValue*> held = of.copy->held();
  for (const Held& taken : of.takes) {
    const Life life = root_of(taken.slot).life;
    // One that is handed on by an operation is made anew in each run, wherever its memory is.
    const bool stays =
        (life == Life::planned || life == Life::lasting) && tensor(taken.slot)->defined();
    held[taken.order]->replace(stays ? *tensor(taken.slot) : Tensor());
    if (!stays) action.takes.push_back({held[taken.order], tensor(taken.slot)});
  }
  for (const Held& given : of.gives) action.gives.push_back({given.order, tensor(given.slot)});
}

/// Where a result goes; one that somebody else gets is new each time.
void Planner::add_result(Action& action, std::int32_t slot) {
  if (root_of(slot).life == Life::passing) action.fresh.push_back({tensor(slot), &info(slot)});
}

std::unique_ptr<Loops> Planner::loops_of(const Group& group, Action& action) {
  const SlotInfo& of = info(step(group.members[0]).result);
  auto loops = std::make_unique<Loops>(of.shape.size(), of.dtype);
  for (const std::size_t i : group.members) {
    const Instruction& each = step(i);
    std::vector<Loops::Operand> x;
    for (const std::int32_t slot : each.inputs)
      x.push_back({tensor(slot), info(slot).shape.size() == 1, at(slot).loop});
    const bool inside = at(each.result).life == Life::inside;
    at(each.result).loop =
        loops->add(each.copy->loop(of.dtype), x, inside ? nullptr : tensor(each.result));
    if (!inside) {
      at(each.result).loop = -1;
      add_result(action, each.result);
    }
  }
  loops->plan();
  return loops;
}

Action Planner::action_of(const Group& group) {
  const Instruction& of = step(group.members[0]);
  Action action{Action::Kind::act, &of};
  if (group.loops) {
    action.kind = Action::Kind::loops;
    action.loops = loops_of(group, action);
    return action;
  }
  add_operands(action);
  if (of.result >= 0) action.result = tensor(of.result);
  switch (of.kind) {
    case Kind::operation:
      action.kind = of.copy->fills() ? Action::Kind::fill : Action::Kind::compute;
      if (of.copy->fills()) add_result(action, of.result);
      break;
    case Kind::in_place: action.kind = Action::Kind::in_place; break;
    case Kind::outside: action.kind = Action::Kind::snapshot; break;
    case Kind::view: action.kind = Action::Kind::view; break;
    case Kind::act: action.kind = Action::Kind::act; break;
    case Kind::assign: action.kind = Action::Kind::assign; break;
    case Kind::add: action.kind = Action::Kind::add; break;
    case Kind::gradient: action.kind = Action::Kind::gradient; break;
  }
  return action;
}

}  // namespace xtape::detail
