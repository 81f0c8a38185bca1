#include <algorithm>
#include <span>
#include <vector>

#include <xtape/ops/replay/plan.hpp>
#include <xtape/ops/replay/product_then.hpp>

/// What is carried out together.
namespace xtape::detail {

using Kind = Instruction::Kind;

/// An elementwise operation on dense tensors of one dtype and numbers.
bool Planner::is_loop(const Instruction& step) const {
  if (step.kind != Kind::operation || !step.takes.empty() || !step.gives.empty() ||
      !step.copy->fills() || step.inputs.empty() || step.inputs.size() > Loops::most_operands)
    return false;
  const SlotInfo& y = info(step.result);
  const std::int64_t n = y.shape.size();
  if (!is_floating(y.dtype) || n == 0 || step.copy->loop(y.dtype) == nullptr) return false;
  return std::ranges::all_of(step.inputs, [&](std::int32_t slot) {
    const SlotInfo& x = info(slot);
    const std::int64_t count = x.shape.size();
    return x.dtype == y.dtype && ((count == n && x.contiguous) || count == 1);
  });
}

/// Products whose results only the elementwise operation needs that comes next.
void Planner::join_products() {
  joined_.resize(dropped_.size(), false);
  std::vector<std::size_t> uses(slots_.size(), 0);
  for (std::size_t i = 0; i < dropped_.size(); ++i)
    for_each_use(step(i), [&](std::int32_t slot) { ++uses[static_cast<std::size_t>(slot)]; });
  const auto reads = [&](std::size_t i, std::int32_t slot) {
    return std::ranges::find(step(i).inputs, slot) != step(i).inputs.end();
  };
  const auto has_size = [&](std::int64_t n) {
    return [this, n](std::int32_t slot) { return info(slot).shape.size() == n; };
  };
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (dropped_[i] || step(i).kind != Kind::operation) continue;
    const std::int32_t product = step(i).result;
    const bool passed_on =
        at(product).life == Life::planned && uses[static_cast<std::size_t>(product)] == 1;
    if (!passed_on) continue;
    std::size_t next = i + 1;  // what is between changes nothing
    while (next < dropped_.size() && !reads(next, product) &&
           (dropped_[next] || step(next).kind == Kind::operation))
      ++next;
    if (next == dropped_.size() || dropped_[next] || !is_loop(step(next)) ||
        !std::ranges::all_of(step(next).inputs, has_size(info(product).shape.size())))
      continue;
    if (auto joined = product_then(script(), step(i), step(next))) {
      Instruction& both = program_->script_.instructions[next];
      both.copy = std::move(joined->copy);
      both.inputs = std::move(joined->inputs);
      joined_[next] = joined->reads_other;
      at(product).life = Life::inside;
      dropped_[i] = true;
    }
  }
}

void Planner::group() {
  std::vector<std::size_t> made_by(slots_.size(), dropped_.size());  // the group that makes a root
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (dropped_[i]) continue;
    const bool loops = is_loop(step(i));
    const auto goes_on = [&] {
      if (groups_.empty() || !groups_.back().loops) return false;
      const SlotInfo &before = info(step(groups_.back().members.back()).result),
                     &now = info(step(i).result);
      if (before.dtype != now.dtype || before.shape.size() != now.shape.size()) return false;
      // One element of what these loops make is there when they have ended.
      return std::ranges::all_of(step(i).inputs, [&](std::int32_t slot) {
        return info(slot).shape.size() == now.shape.size() ||
               made_by[static_cast<std::size_t>(at(slot).root)] + 1 != groups_.size();
      });
    };
    if (loops && goes_on())
      groups_.back().members.push_back(i);
    else
      groups_.push_back({{i}, loops});
    if (loops) made_by[static_cast<std::size_t>(at(step(i).result).root)] = groups_.size() - 1;
  }
}

/// When memory is needed, and what lies inside loops.
void Planner::find_times() {
  std::vector<bool> elsewhere(slots_.size(),
                              false);  // needed by others than the loops that make it
  std::vector<std::size_t> made_by(slots_.size(), groups_.size());
  const auto use = [&](std::int32_t slot, std::size_t group) {
    const auto root = static_cast<std::size_t>(at(slot).root);
    slots_[root].last = std::max(slots_[root].last, group);
    if (made_by[root] != group || !groups_[group].loops) elsewhere[root] = true;
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (const std::size_t i : groups_[g].members) {
      for_each_use(step(i), [&](std::int32_t slot) { use(slot, g); });
      if (step(i).result < 0 || step(i).kind == Kind::in_place) continue;
      const auto root = static_cast<std::size_t>(at(step(i).result).root);
      if (made_by[root] < groups_.size()) continue;  // a view
      made_by[root] = g;
      slots_[root].first = slots_[root].last = g;
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const bool in_loops = made_by[i] < groups_.size() && groups_[made_by[i]].loops;
    if (in_loops && slot.life == Life::planned && !slot.has_views && !elsewhere[i])
      slot.life = Life::inside;
  }
}

/// Results of loops, and of products with what comes behind them, may take the place of an operand
/// that nobody needs afterwards.
void Planner::overwrite() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const std::vector<std::size_t>& members = groups_[g].members;
    if (groups_[g].loops) {
      for (std::size_t k = 0; k < members.size(); ++k) overwrite_in(g, k, step(members[k]).inputs);
    } else if (joined_[members[0]]) {
      overwrite_in(g, 0, std::span(step(members[0]).inputs).last(1));
    }
  }
}

/// What the k-th member of a group makes, in the place of one of the operands that it reads element
/// by element.
void Planner::overwrite_in(std::size_t group, std::size_t k,
                           std::span<const std::int32_t> operands) {
  const Group& here = groups_[group];
  const Instruction& of = step(here.members[k]);
  Slot& made = at(of.result);
  if (made.life != Life::planned) return;
  const SlotInfo& y = info(of.result);
  const auto reads = [&](std::size_t member, std::int32_t root) {
    const auto& inputs = step(here.members[member]).inputs;
    return std::ranges::count(inputs, root, [&](std::int32_t slot) { return at(slot).root; });
  };
  const auto needed_otherwise = [&](std::int32_t slot) {
    const std::ptrdiff_t in_order = here.loops ? std::ranges::count(of.inputs, slot) : 1;
    if (reads(k, slot) != in_order) return true;
    for (std::size_t i = k + 1; i < here.members.size(); ++i)
      if (reads(i, slot) > 0) return true;
    return false;
  };
  for (const std::int32_t slot : operands) {
    Slot& operand = at(slot);
    const bool alike = info(slot).dtype == y.dtype && info(slot).shape.size() == y.shape.size();
    const bool made_here =
        std::ranges::any_of(here.members, [&](std::size_t i) { return step(i).result == slot; });
    if (!alike || made_here || operand.root != slot || operand.life != Life::planned ||
        operand.last != group || needed_otherwise(slot))
      continue;
    made.host = operand.host >= 0 ? operand.host : slot;
    at(made.host).last = std::max(at(made.host).last, made.last);
    operand.last = std::max(operand.last, made.last) + 1;  // it has one successor
    return;
  }
}

}  // namespace xtape::detail
