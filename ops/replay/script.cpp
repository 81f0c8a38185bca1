#include <algorithm>
#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/replay/script.hpp>

namespace xtape::detail {
namespace {

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && bytes_of(a) == bytes_of(b);
}

std::string text(const Script& of, const Instruction& step) {
  std::string text = step.name;
  if (!step.attributes.empty()) text += " " + step.attributes;
  if (step.result >= 0) {
    const SlotInfo& info = of.slots[static_cast<std::size_t>(step.result)];
    text += ", " + std::string(to_string(info.dtype)) + to_string(info.shape);
  }
  if (!step.line.empty()) text += ", at " + step.line;
  return text;
}

bool same_held(const std::vector<Held>& a, const std::vector<Held>& b) {
  return std::ranges::equal(
      a, b, [](const Held& x, const Held& y) { return x.order == y.order && x.slot == y.slot; });
}

bool same_step(const Instruction& a, const Instruction& b) {
  return a.kind == b.kind && std::string_view(a.name) == b.name && a.attributes == b.attributes &&
         a.inputs == b.inputs && a.result == b.result && a.offset == b.offset && a.base == b.base &&
         a.handed_on == b.handed_on && same_held(a.takes, b.takes) && same_held(a.gives, b.gives) &&
         std::ranges::equal(a.leaves, b.leaves,
                            [](const auto& x, const auto& y) { return x.get() == y.get(); });
}

std::string step_text(const Script& of, std::size_t i) {
  return "step " + std::to_string(i) + ", " + text(of, of.instructions[i]) + ",";
}

/// Whether the results and what they gave are alike.
bool same_slots(const Script& a, const Script& b, const Instruction& step) {
  const auto same = [&](std::int32_t slot) {
    const auto i = static_cast<std::size_t>(slot);
    return slot < 0 || a.slots[i] == b.slots[i];
  };
  return same(step.result) &&
         std::ranges::all_of(step.gives, [&](const Held& given) { return same(given.slot); });
}

}  // namespace

std::vector<std::byte> bytes_of(const Tensor& tensor) {
  const Unwatched quiet;
  const NoGradGuard off;
  const Tensor dense = tensor.detach().contiguous();
  const auto* from = dense.body().data;
  return {from, from + static_cast<std::size_t>(dense.size()) * size_of(dense.dtype())};
}

bool was_there(const Instruction& a, const Instruction& b) {
  return &a.outside.body() == &b.outside.body() && !b.outside.body().fixed;
}

std::string difference(const Script& a, const Script& b) {
  using Kind = Instruction::Kind;
  const std::size_t n = std::min(a.instructions.size(), b.instructions.size());
  for (std::size_t i = 0; i < n; ++i) {
    const Instruction &x = a.instructions[i], &y = b.instructions[i];
    if (!same_step(x, y) || !same_slots(a, b, y)) return step_text(b, i) + " was " + text(a, x);
    const bool changes = y.kind == Kind::assign || y.kind == Kind::gradient;
    if (changes && !was_there(x, y)) return step_text(b, i) + " concerns a tensor that it made";
    if (y.kind != Kind::outside || was_there(x, y) || same_bytes(x.outside, y.outside)) continue;
    return step_text(b, i) + " has another value than before (what changes must be an argument)";
  }
  if (a.instructions.size() != b.instructions.size()) {
    const bool more = b.instructions.size() > n;
    return step_text(more ? b : a, n) + (more ? " is new" : " is missing");
  }
  return a.outputs == b.outputs ? "" : "the results are others";
}

}  // namespace xtape::detail
