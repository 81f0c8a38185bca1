#include <algorithm>
#include <string_view>
#include <utility>

#include <xtape/core/dtype.hpp>
#include <xtape/ops/replay/plan.hpp>

/// What is done at another time than the function did it, so that less is held at once: the same
/// numbers.
namespace xtape::detail {

using Kind = Instruction::Kind;

namespace {

bool is_act(const Instruction& step, std::string_view name) {
  return step.kind == Kind::act && step.name == name;
}
bool may_read_gradients(const Instruction& step) {
  if (step.kind == Kind::act) return !is_act(step, "dropout");
  return step.kind == Kind::add || step.kind == Kind::gradient;
}
/// Whether floating tensors from outside may have other values afterwards. Dropout has numbers of
/// its own.
bool changes_outside(const Instruction& step) {
  if (step.kind == Kind::act) return !is_act(step, "zero_grad") && !is_act(step, "dropout");
  return step.kind == Kind::assign;
}

/// What takes about as long as to write its result down.
bool is_cheap(std::string_view operation) {
  return operation == "layer_norm" || operation == "rms_norm" || operation == "reshape" ||
         operation == "contiguous";
}

}  // namespace

/// Gradients that nobody reads before they are dropped are dropped first, so that they are not held
/// beside what the forward pass makes.
void Planner::drop_early() {
  auto& steps = program_->script_.instructions;
  const auto drops = [](const Instruction& of) { return is_act(of, "zero_grad"); };
  const auto end = std::ranges::find_if(
      steps, [&](const Instruction& of) { return !drops(of) && may_read_gradients(of); });
  std::vector<bool> others;  // of these, whether they are left out; zero_grad never is
  for (auto at = steps.begin(); at != end; ++at)
    if (!drops(*at)) others.push_back(dropped_[static_cast<std::size_t>(at - steps.begin())]);
  const auto rest = std::stable_partition(steps.begin(), end, drops) - steps.begin();
  std::fill_n(dropped_.begin(), rest, false);
  std::copy(others.begin(), others.end(), dropped_.begin() + rest);
}

/// Where each root is made and named, by instructions and their results, in order.
std::vector<std::vector<std::size_t>> Planner::places_of_roots() const {
  std::vector<std::vector<std::size_t>> places(slots_.size());
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    const auto note = [&](std::int32_t slot) {
      auto& of = places[static_cast<std::size_t>(root_number(slot))];
      if (of.empty() || of.back() != i) of.push_back(i);
    };
    for_each_use(step(i), note);
    if (step(i).result >= 0) note(step(i).result);
    for (const Held& given : step(i).gives) note(given.slot);
  }
  for (const std::int32_t slot : script().outputs)
    places[static_cast<std::size_t>(root_number(slot))].push_back(dropped_.size());
  return places;
}

/// The instruction at which most memory is held.
std::size_t Planner::peak(const std::vector<std::vector<std::size_t>>& places) const {
  std::vector<std::int64_t> change(dropped_.size() + 2, 0);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Slot& slot = slots_[i];
    if (places[i].empty() || slot.life == Life::lasting || slot.life == Life::input) continue;
    const std::int64_t bytes = bytes_of(static_cast<std::int32_t>(i));
    change[places[i].front()] += bytes;
    change[places[i].back() + 1] -= bytes;
  }
  std::size_t highest = 0;
  std::int64_t now = 0, most = 0;
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    now += change[i];
    if (now > most) most = now, highest = i;
  }
  return highest;
}

/// Where the result of an instruction, not needed at the peak, may be made again for what comes
/// behind it: of operands that are there anyway. 0 if nowhere.
std::size_t Planner::made_again_at(std::size_t made, std::size_t peak,
                                   const std::vector<std::vector<std::size_t>>& places) const {
  const Instruction& of = step(made);
  if (dropped_[made] || of.kind != Kind::operation || !is_cheap(of.name) || of.base >= 0 ||
      !of.takes.empty() || !is_floating(info(of.result).dtype) || bytes_of(of.result) < large)
    return 0;
  const auto& uses = places[static_cast<std::size_t>(of.result)];
  const auto next = std::ranges::lower_bound(uses, peak);
  if (next == uses.begin() || next == uses.end() || *next == peak || *next == dropped_.size())
    return 0;
  // Other handles of it that were made before would have to be made again too.
  std::vector<bool> before(slots_.size(), false);
  for (auto use = uses.begin() + 1; use != next; ++use)
    if (step(*use).result >= 0 && root_number(step(*use).result) == of.result)
      before[static_cast<std::size_t>(step(*use).result)] = true;
  bool possible = true;
  for (auto use = next; use != uses.end(); ++use) {
    if (*use == dropped_.size() || step(*use).kind >= Kind::act) return 0;
    for_each_use(step(*use), [&](std::int32_t slot) {
      possible = possible && !before[static_cast<std::size_t>(slot)];
    });
  }
  for (const std::int32_t slot : of.inputs) {
    const Slot& operand = slots_[static_cast<std::size_t>(root_number(slot))];
    const bool stays = operand.life == Life::lasting || operand.life == Life::input;
    const auto& needed = places[static_cast<std::size_t>(root_number(slot))];
    possible = possible && (stays || needed.back() >= *next);
    for (std::size_t i = made + 1; i < *next; ++i) {
      const bool changed =
          (stays && changes_outside(step(i))) ||
          (step(i).kind == Kind::in_place && root_number(step(i).inputs[0]) == root_number(slot));
      possible = possible && !changed;
    }
  }
  return possible ? *next : 0;
}

/// Large results that cost little are not kept over the peak, but made again behind it.
void Planner::make_again() {
  const auto places = places_of_roots();
  const std::size_t highest = peak(places);
  std::vector<std::vector<std::size_t>> again(dropped_.size());
  std::vector<std::int32_t> now(slots_.size(), -1);  // the slot that has the value of another
  const auto is_again = [&](std::int32_t slot) {
    return now[static_cast<std::size_t>(root_number(slot))] >= 0;
  };
  for (std::size_t i = 0; i < highest; ++i) {
    const std::size_t at = made_again_at(i, highest, places);
    if (at == 0 || std::ranges::any_of(step(i).inputs, is_again)) continue;
    again[at].push_back(i);
    now[static_cast<std::size_t>(step(i).result)] = another(step(i).result);
  }
  std::vector<Instruction> steps;
  std::vector<bool> dropped, renamed(now.size(), false);
  const auto rename = [&](std::int32_t& slot) {
    const auto of = static_cast<std::size_t>(slot);
    if (slot >= 0 && of < renamed.size() && renamed[of]) slot = now[of];
  };
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    for (const std::size_t made : again[i]) {
      Instruction copy = step(made);
      renamed[static_cast<std::size_t>(copy.result)] = true;
      rename(copy.result);
      for (Held& given : copy.gives) given.slot = another(given.slot);
      steps.push_back(std::move(copy));
      dropped.push_back(false);
    }
    Instruction own = step(i);
    for (std::int32_t& slot : own.inputs) rename(slot);
    for (Held& taken : own.takes) rename(taken.slot);
    if (own.base >= 0) {
      rename(own.base);
      at(own.result).root = root_number(own.base);
      root_of(own.base).has_views = true;
    }
    steps.push_back(std::move(own));
    dropped.push_back(dropped_[i]);
  }
  program_->script_.instructions = std::move(steps);
  dropped_ = std::move(dropped);
}

/// A slot like this one.
std::int32_t Planner::another(std::int32_t slot) {
  const auto made = static_cast<std::int32_t>(slots_.size());
  slots_.push_back({made});
  program_->script_.slots.push_back(SlotInfo(info(slot)));
  program_->slots_.emplace_back();
  return made;
}

}  // namespace xtape::detail
