#include <algorithm>
#include <limits>

#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::exporting {
namespace {

using std::string;

void identity(OnnxStep& s) { s.give(s.in(0)); }
void reshape(OnnxStep& s) { s.give(s.reshaped(s.in(0), s.y().shape)); }
void transpose(OnnxStep& s) {
  if (s.rank(0) == 0) return identity(s);  // an empty list would be read as the default
  s.give(s.node("Transpose", {s.in(0)}, {{"perm", s.attributes().integers("axes")}}));
}
void broadcast_to(OnnxStep& s) { s.give(s("Expand", s.in(0), s.extents(s.y().shape))); }

/// Without parts of nothing, whose shapes an Expand may not tell.
void concatenate(OnnxStep& s) {
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  std::vector<string> parts;
  for (std::size_t i = 0; i < s.count(); ++i)
    if (s.x(i).shape[axis] != Extent{} || (parts.empty() && i + 1 == s.count()))
      parts.push_back(s.in(i, s.y().dtype));
  s.give(s.node("Concat", parts, {{"axis", s.attributes().integer("axis")}}));
}

/// Of all states of a recurrent net [1 or 2, steps + 1, batch, width]: first states or cells, then
/// a step or the outputs.
void slice_states(OnnxStep& s, const OnnxStates& states) {
  const std::vector<Part> parts = s.attributes().parts("at");
  const Extent first{0, states.reverse ? 0 : 1}, last = states.reverse ? Extent{} : states.steps;
  const Extent end{states.steps.each, states.steps.more + first.more};
  const bool one = parts.size() == 1 && !parts[0].whole;
  if (one && parts[0].single && parts[0].start == last)
    return s.give(states.of_cell ? states.last_cell : states.last);
  const bool every = one && !parts[0].single && parts[0].start == first && parts[0].step == 1 &&
                     parts[0].stop == end;
  if (every && !states.of_cell) return s.give(states.every);
  s.refuse("of the states of a recurrent net outputs and last states can be taken");
}

void slice(OnnxStep& s) {
  if (OnnxStates* states = s.states(0)) {
    const std::vector<Part> parts = s.attributes().parts("at");
    if (std::ssize(s.y().shape) == 3 && parts.size() == 1 && s.rank(0) == 4) {
      OnnxStates part = *states;
      part.of_cell = parts[0].start == Extent{0, 1};
      return s.give(part);
    }
    return slice_states(s, *states);
  }
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  std::vector<Extent> starts, stops;
  std::vector<std::int64_t> axes, steps, dropped;
  const std::vector<Part> parts = s.attributes().parts("at");
  for (std::size_t axis = 0; axis < parts.size(); ++axis) {
    const Part& part = parts[axis];
    if (part.whole) continue;
    const bool to_end = part.stop == s.x(0).shape[axis] && part.step > 0;
    if (to_end && part.start == Extent{} && part.step == 1) continue;
    axes.push_back(static_cast<std::int64_t>(axis));
    steps.push_back(part.step);
    starts.push_back(part.start);
    const Extent none{0, part.step > 0 ? end : -end};
    stops.push_back(part.single ? Extent{part.start.each, part.start.more + 1}
                    : to_end    ? none
                                : part.stop.value_or(none));
    if (part.single) dropped.push_back(axes.back());
  }
  string y = s.in(0);
  if (!axes.empty())
    y = s("Slice", y, s.extents(starts), s.extents(stops), s.integers(axes), s.integers(steps));
  if (!dropped.empty()) y = s("Squeeze", y, s.integers(dropped));
  s.give(y);
}

/// x with values in a region: where a constant mask says so, those are taken, spread over the
/// whole.
string placed(OnnxStep& s, const string& x, std::size_t operand) {
  const std::vector<Part> parts = s.attributes().parts("at");
  const std::vector<Extent>& shape = s.y().shape;
  std::vector<std::int64_t> dropped;
  for (std::size_t axis = 0; axis < parts.size(); ++axis)
    if (parts[axis].single) dropped.push_back(static_cast<std::int64_t>(axis));
  string values = s.in(operand);
  if (!dropped.empty()) values = s("Unsqueeze", values, s.integers(dropped));

  Tensor mask = ones({}, Dtype::boolean);
  std::int64_t own = 0;  // the axis of the values
  for (std::size_t axis = 0; axis < parts.size(); ++axis) {
    const Part& part = parts[axis];
    const std::int64_t given = part.single ? -1 : own++;
    if (part.whole) continue;
    if (!shape[axis].fixed() || !part.start.fixed())
      s.refuse("a region that depends on the batch has no rule");
    const std::int64_t count = part.single ? 1 : s.extent(operand, given);
    if (count == 0) return x;
    const auto extent = static_cast<std::size_t>(shape[axis].more);
    std::vector<std::int64_t> places(extent), among(extent);
    for (std::int64_t k = 0; k < count; ++k) {
      const auto at = static_cast<std::size_t>(part.start.more + k * part.step);
      places[at] = k;
      among[at] = 1;
    }
    values =
        s.node("Gather", {values, s.integers(places)}, {{"axis", static_cast<std::int64_t>(axis)}});
    Shape beside{shape[axis].more};
    while (beside.rank() + static_cast<int>(axis) < static_cast<int>(shape.size()))
      beside.push_back(1);
    mask = logical_and(mask, from_vector(among, beside) != 0);
  }
  return s.where(s.constant(mask.contiguous()), values, x);
}
void set(OnnxStep& s) { s.give(placed(s, s.in(0), 1)); }

/// Zeros around.
void embed(OnnxStep& s) {
  const std::vector<Part> parts = s.attributes().parts("at");
  if (std::ranges::all_of(parts, &Part::whole)) return identity(s);
  if (s.x(0).empty()) return s.give(s("Expand", s.number(0), s.extents(s.y().shape)));
  std::vector<Extent> before(s.y().shape.size()), after(before);
  for (std::size_t axis = 0; axis < parts.size(); ++axis) {
    const Part& part = parts[axis];
    if (part.whole) continue;
    if (part.single || part.step != 1 || !part.stop) return s.give(placed(s, s.number(0), 0));
    const Extent& all = s.y().shape[axis];
    before[axis] = part.start;
    after[axis] = {all.each - part.stop->each, all.more - part.stop->more};
  }
  before.insert(before.end(), after.begin(), after.end());
  s.give(s("Pad", s.in(0), s.extents(before), s.number(0)));
}

void one_hot(OnnxStep& s) {
  const Extent classes = s.y().shape.back();
  const string values = s.constant(tensor({0, 1}, Dtype::int64).to(s.y().dtype));
  s.give(s.node("OneHot", {s.in(0), s.extents({classes}), values}, {{"axis", std::int64_t{-1}}}));
}
/// tril and triu
template <std::int64_t upper>
void triangle(OnnxStep& s) {
  s.give(s.node("Trilu", {s.in(0), s.constant(tensor(s.attributes().integer("k")))},
                {{"upper", upper}}));
}

constexpr OnnxRule rules[] = {
    {"contiguous", identity},
    {"clone", identity},
    {"variable", identity},
    {"on_gradient", identity},
    {"embedding", identity},
    {"reshape", reshape},
    {"transpose", transpose},
    {"broadcast_to", broadcast_to},
    {"concatenate", concatenate},
    {"slice", slice},
    {"embed", embed},
    {"set", set},
    {"one_hot", one_hot},
    {"tril", triangle<0>},
    {"triu", triangle<1>},
};

}  // namespace

std::span<const OnnxRule> onnx_layout() { return rules; }

}  // namespace xtape::exporting
