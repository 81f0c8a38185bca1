#include <algorithm>

#include <xtape/ops/replay/plan.hpp>

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

void Planner::group() {
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    if (dropped_[i]) continue;
    const bool loops = is_loop(step(i));
    const auto goes_on = [&] {
      if (groups_.empty() || !groups_.back().loops) return false;
      const SlotInfo &before = info(step(groups_.back().members.back()).result),
                     &now = info(step(i).result);
      return before.dtype == now.dtype && before.shape.size() == now.shape.size();
    };
    if (loops && goes_on())
      groups_.back().members.push_back(i);
    else
      groups_.push_back({{i}, loops});
  }
}

/// The rows of an operation that can be carried out some rows at a time; else 0.
std::int64_t Planner::rows_of(const Group& group) const {
  const Instruction& of = step(group.members[0]);
  if (group.loops || of.kind != Kind::operation || !of.takes.empty() || !of.gives.empty() ||
      !of.copy->fills() || of.inputs.empty())
    return 0;
  std::vector<Shape> shapes;
  for (const std::int32_t slot : of.inputs) shapes.push_back(info(slot).shape);
  const Shape& y = info(of.result).shape;
  return y.rank() == 2 && info(of.inputs[0]).contiguous && of.copy->rows_apart(shapes) ? y[0] : 0;
}

bool Planner::made_in(const Unit& unit, std::int32_t slot) const {
  const std::int32_t root = slots_[static_cast<std::size_t>(slot)].root;
  for (std::size_t g = unit.first; g < unit.last; ++g) {
    const bool there = std::ranges::any_of(groups_[g].members,
                                           [&](std::size_t i) { return step(i).result == root; });
    if (there) return true;
  }
  return false;
}

/// Whether a group reads rows that the unit has just made, and of these nothing else than its own rows.
bool Planner::joins(const Unit& unit, const Group& group) const {
  const std::int64_t n = group.loops ? info(step(group.members[0]).result).shape.size() : 0;
  const bool rows = group.loops ? n % unit.rows == 0 && n > 1 : rows_of(group) == unit.rows;
  if (!rows) return false;
  bool reads = false;
  for (const std::size_t i : group.members) {
    const std::vector<std::int32_t>& inputs = step(i).inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!made_in(unit, inputs[k])) continue;
      const bool own_rows = (group.loops ? info(inputs[k]).shape.size() == n : k == 0) &&
                            slots_[static_cast<std::size_t>(inputs[k])].root == inputs[k];
      if (!own_rows) return false;
      reads = true;
    }
  }
  return reads;
}

/// Moves the next of a few groups that joins the unit to place g, if nothing on the way forbids that: what is
/// passed makes nothing that it needs, and has no effects.
void Planner::bring_forward(const Unit& unit, std::size_t g) {
  constexpr std::size_t most = 4;
  for (std::size_t next = g; next < std::min(groups_.size(), g + most); ++next) {
    const Group& group = groups_[next];
    if (joins(unit, group) && !needs_any_of(group, g, next)) {
      std::rotate(groups_.begin() + static_cast<std::ptrdiff_t>(g),
                  groups_.begin() + static_cast<std::ptrdiff_t>(next),
                  groups_.begin() + static_cast<std::ptrdiff_t>(next) + 1);
      return;
    }
    if (step(group.members[0]).kind != Kind::operation) return;
  }
}

/// Whether a group reads what groups [first, last) make.
bool Planner::needs_any_of(const Group& group, std::size_t first, std::size_t last) const {
  const auto makes = [&](const Instruction& of, std::int32_t slot) {
    const std::int32_t root = slots_[static_cast<std::size_t>(slot)].root;
    const auto is = [&](std::int32_t made) { return made == slot || made == root; };
    return is(of.result) ||
           std::ranges::any_of(of.gives, [&](const Held& given) { return is(given.slot); });
  };
  for (std::size_t g = first; g < last; ++g) {
    for (const std::size_t passed : groups_[g].members)
      for (const std::size_t i : group.members)
        for (const std::int32_t slot : step(i).inputs)
          if (makes(step(passed), slot)) return true;
  }
  return false;
}

/// Operations on rows one after another go panel by panel, so that what one gives is in the first cache
/// when the next reads it.
void Planner::join() {
  constexpr std::int64_t worth = 16384;  // bytes of a result: less stays there anyway
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (!units_.empty() && units_.back().rows > 0) bring_forward(units_.back(), g);
    const Group& group = groups_[g];
    if (!units_.empty() && units_.back().rows > 0 && joins(units_.back(), group)) {
      units_.back().last = g + 1;
    } else {
      const std::int64_t rows = rows_of(group);
      const auto bytes = [&](const SlotInfo& of) {
        return of.shape.size() * static_cast<std::int64_t>(size_of(of.dtype));
      };
      const bool large = rows > 0 && bytes(info(step(group.members[0]).result)) > worth;
      units_.push_back({g, g + 1, large ? rows : 0});
    }
    groups_[g].unit = units_.size() - 1;
  }
}

/// When memory is needed, and what lies inside loops.
void Planner::find_times() {
  std::vector<bool> elsewhere(slots_.size(),
                              false);  // needed by others than the loops that make it
  std::vector<std::size_t> made_by(slots_.size(), groups_.size());
  const auto use = [&](std::int32_t slot, std::size_t group) {
    const auto root = static_cast<std::size_t>(at(slot).root);
    slots_[root].last = std::max(slots_[root].last, groups_[group].unit);
    if (made_by[root] != group || !groups_[group].loops) elsewhere[root] = true;
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (const std::size_t i : groups_[g].members) {
      for_each_use(step(i), [&](std::int32_t slot) { use(slot, g); });
      if (step(i).result < 0 || step(i).kind == Kind::in_place) continue;
      const auto root = static_cast<std::size_t>(at(step(i).result).root);
      if (made_by[root] < groups_.size()) continue;  // a view
      made_by[root] = g;
      slots_[root].first = slots_[root].last = groups_[g].unit;
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const bool in_loops = made_by[i] < groups_.size() && groups_[made_by[i]].loops;
    if (in_loops && slot.life == Life::planned && !slot.has_views && !elsewhere[i])
      slot.life = Life::inside;
  }
}

/// Results of loops may take the place of an operand that nobody needs afterwards.
void Planner::overwrite() {
  for (std::size_t g = 0; g < groups_.size(); ++g)
    if (groups_[g].loops) overwrite_in(g);
}

void Planner::overwrite_in(std::size_t group) {
  const Group& here = groups_[group];
  const auto reads = [&](std::size_t i, std::int32_t slot) {
    return std::ranges::find(step(i).inputs, slot) != step(i).inputs.end();
  };
  const auto needed_after = [&](std::size_t k, std::int32_t slot) {
    for (std::size_t i = k + 1; i < here.members.size(); ++i)
      if (reads(here.members[i], slot)) return true;
    // Panels carry out the groups before for the next rows too.
    const Unit& unit = units_[here.unit];
    for (std::size_t g = unit.first; g < unit.last; ++g)
      for (const std::size_t i : groups_[g].members)
        if (g != group && reads(i, slot)) return true;
    return false;
  };
  for (std::size_t k = 0; k < here.members.size(); ++k) {
    const Instruction& of = step(here.members[k]);
    Slot& made = at(of.result);
    if (made.life != Life::planned) continue;
    const SlotInfo& y = info(of.result);
    for (const std::int32_t slot : of.inputs) {
      Slot& operand = at(slot);
      const bool alike = info(slot).dtype == y.dtype && info(slot).shape.size() == y.shape.size();
      const bool made_here =
          std::ranges::any_of(here.members, [&](std::size_t i) { return step(i).result == slot; });
      if (!alike || made_here || operand.root != slot || operand.life != Life::planned ||
          operand.has_views || operand.last != here.unit || needed_after(k, slot))
        continue;
      made.host = operand.host >= 0 ? operand.host : slot;
      at(made.host).last = std::max(at(made.host).last, made.last);
      operand.last = std::max(operand.last, made.last) + 1;  // it has one successor
      break;
    }
  }
}

}  // namespace xtape::detail
