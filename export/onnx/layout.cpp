#include <limits>

#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;

void identity(OnnxStep& s) { s.give(s.in(0)); }
void reshape(OnnxStep& s) { s.give(s.reshaped(s.in(0), s.y().shape)); }
void transpose(OnnxStep& s) {
  s.give(s.node("Transpose", {s.in(0)}, {{"perm", s.attributes().integers("axes")}}));
}
void broadcast_to(OnnxStep& s) { s.give(s("Expand", s.in(0), s.extents(s.y().shape))); }

void concatenate(OnnxStep& s) {
  std::vector<string> parts;
  for (std::size_t i = 0; i < s.count(); ++i) parts.push_back(s.in(i, s.y().dtype));
  s.give(s.node("Concat", parts, {{"axis", s.attributes().integer("axis")}}));
}

/// Of all states of a recurrent net [1 or 2, steps + 1, batch, width]: first states or cells, then a step or
/// the outputs.
void slice_states(OnnxStep& s, const OnnxStates& states) {
  const std::vector<Part> parts = s.attributes().parts("at");
  const auto is = [&](std::size_t axis, bool single, std::int64_t start) {
    return parts.size() > axis && !parts[axis].whole && parts[axis].single == single &&
           parts[axis].start == Extent{0, start};
  };
  const std::int64_t first = states.reverse ? 0 : 1, last = states.reverse ? 0 : states.steps;
  const bool whole = parts.size() == 1 && is(0, false, first) && parts[0].step == 1 &&
                     parts[0].stop == Extent{0, first + states.steps};
  if (parts.size() == 1 && is(0, true, last))
    return s.give(states.of_cell ? states.last_cell : states.last);
  if (whole && !states.of_cell) return s.give(states.every);
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

/// Zeros around: of a region that is one block.
void embed(OnnxStep& s) {
  const std::vector<Part> parts = s.attributes().parts("at");
  std::vector<Extent> before(s.y().shape.size()), after(before);
  for (std::size_t axis = 0; axis < parts.size(); ++axis) {
    const Part& part = parts[axis];
    if (part.whole) continue;
    if (part.single || part.step != 1 || !part.stop) s.refuse("a block is needed");
    const Extent& all = s.y().shape[axis];
    before[axis] = part.start;
    after[axis] = {all.each - part.stop->each, all.more - part.stop->more};
  }
  before.insert(before.end(), after.begin(), after.end());
  s.give(s("Pad", s.in(0), s.extents(before), s.number(0)));
}

/// Of one operand, what resolves indices: ONNX counts from the end too.
void take(OnnxStep& s) {
  if (s.count() == 1) return identity(s);
  s.give(s.node("Gather", {s.in(0), s.in(1)}, {{"axis", s.attributes().integer("axis")}}));
}
void take_along_axis(OnnxStep& s) {
  if (s.count() == 1) return identity(s);
  s.give(s.node("GatherElements", {s.in(0), s.in(1)}, {{"axis", s.attributes().integer("axis")}}));
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
    {"take", take},
    {"take_along_axis", take_along_axis},
    {"one_hot", one_hot},
    {"tril", triangle<0>},
    {"triu", triangle<1>},
};

}  // namespace

std::span<const OnnxRule> onnx_layout() { return rules; }

}  // namespace xtape::exporting
