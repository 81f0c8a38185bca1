#include <algorithm>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

void identity(CStep& s) { s.give(s.x(0)); }

void reshape(CStep& s) {
  const CView x = s.x(0);
  if (x.dense()) return s.give(x.reshaped(s.extents()));
  const CView y = s.y();
  s.copy(y.reshaped(x.extents), x);
}
void contiguous(CStep& s) {
  const CView x = s.x(0);
  x.dense() ? s.give(x) : s.copy(s.y(), x);
}

void transpose(CStep& s) {
  const CView x = s.x(0);
  CView y = x;
  const Integers axes = s.attributes().integers("axes");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    y.extents[i] = x.extents[static_cast<std::size_t>(axes[i])];
    y.strides[i] = x.strides[static_cast<std::size_t>(axes[i])];
  }
  s.give(y);
}
void broadcast_to(CStep& s) { s.give(s.x(0).broadcast(s.extents())); }

/// The part of a view that a slice takes; axes of one index go.
CView part_of(const CView& x, const std::vector<Part>& parts, const Integers& extents) {
  CView y = x;
  y.extents = extents;
  y.strides.clear();
  for (std::size_t axis = 0; axis < x.extents.size(); ++axis) {
    const bool whole = axis >= parts.size() || parts[axis].whole;
    if (!whole) y.offset += parts[axis].start.more * x.strides[axis];
    if (!whole && parts[axis].single) continue;
    y.strides.push_back(x.strides[axis] * (whole ? 1 : parts[axis].step));
  }
  return y;
}
void slice(CStep& s) { s.give(part_of(s.x(0), s.attributes().parts("at"), s.extents())); }

void concatenate(CStep& s) {
  const CView y = s.y();
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  CView part = y;
  for (std::size_t i = 0; i < s.count(); ++i) {
    const CView x = s.x(i);
    part.extents = x.extents;
    if (x.size() > 0) s.copy(part, x);
    part.offset += x.extents[axis] * y.strides[axis];
  }
}
void embed(CStep& s) {
  const CView y = s.y(), x = s.x(0);
  s.fill(y, "0");
  s.copy(part_of(y, s.attributes().parts("at"), x.extents), x);
}
/// x, and other values in a region.
void set(CStep& s) {
  const CView y = s.y(), values = s.x(1);
  s.copy(y, s.x(0));
  if (values.size() > 0) s.copy(part_of(y, s.attributes().parts("at"), values.extents), values);
}

void one_hot(CStep& s) {
  const CView x = s.x(0), y = s.y();
  const CLoops all = s.loops("i", y.extents);
  const std::span<const string> at(all.at.data(), all.at.size() - 1);
  s.line("$y = $x == $i;", {{"y", y.at(all.at)}, {"x", x.at(at)}, {"i", all.at.back()}});
  s.close(all);
}
void triangle(CStep& s) {
  const CView x = s.x(0), y = s.y();
  const CLoops all = s.loops("i", y.extents);
  s.line("$y = $column - ($row) $above $k ? $x : 0;", {{"y", y.at(all.at)},
                                                       {"x", x.at(all.at)},
                                                       {"column", all.at[all.at.size() - 1]},
                                                       {"row", all.at[all.at.size() - 2]},
                                                       {"above", s.formula},
                                                       {"k", s.attributes().text("k")}});
  s.close(all);
}

constexpr CRule rules[] = {
    {"contiguous", contiguous}, {"clone", contiguous},
    {"variable", identity},     {"on_gradient", identity},
    {"embedding", identity},    {"reshape", reshape},
    {"transpose", transpose},   {"broadcast_to", broadcast_to},
    {"slice", slice},           {"concatenate", concatenate},
    {"embed", embed},           {"set", set},
    {"one_hot", one_hot},       {"tril", triangle, "<="},
    {"triu", triangle, ">="},
};

}  // namespace

std::span<const CRule> c_layout() { return rules; }

}  // namespace xtape::exporting
