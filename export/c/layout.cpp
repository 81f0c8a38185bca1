#include <algorithm>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

void identity(CStep& s) { s.give(s.x(0)); }

CView with_shape(const CView& dense, const Integers& extents) {
  CView view = dense;
  view.extents = extents;
  view.strides.assign(extents.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t axis = extents.size(); axis > 0; stride *= extents[axis])
    view.strides[--axis] = stride;
  return view;
}
void reshape(CStep& s) {
  const CView x = s.x(0);
  if (x.dense()) return s.give(with_shape(x, s.extents()));
  const CView y = s.y();
  s.copy(with_shape(y, x.extents), x);
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

/// The part of a view that a slice takes; axes of one index go if `drops`.
CView part_of(const CView& x, const std::vector<Part>& parts, const Integers& extents, bool drops) {
  CView y = x;
  y.extents = extents;
  y.strides.clear();
  for (std::size_t axis = 0; axis < x.extents.size(); ++axis) {
    const bool whole = axis >= parts.size() || parts[axis].whole;
    if (!whole) y.offset += parts[axis].start.more * x.strides[axis];
    if (!whole && parts[axis].single && drops) continue;
    y.strides.push_back(x.strides[axis] * (whole || parts[axis].single ? 1 : parts[axis].step));
  }
  return y;
}
void slice(CStep& s) { s.give(part_of(s.x(0), s.attributes().parts("at"), s.extents(), true)); }

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
  const CLoops all = s.loops("i", y.extents);
  s.line("$y = 0;", {{"y", y.at(all.at)}});
  s.close(all);
  CView region = part_of(y, s.attributes().parts("at"), x.extents, false);
  if (region.strides.size() != x.extents.size()) s.refuse("a region of ranges is needed");
  s.copy(region, x);
}

/// An index in range, which those out of it become too: a program that reads nothing else.
string index_in(const string& index, std::int64_t extent) {
  return filled("(int)($i < 0 ? ($i + $n < 0 ? 0 : $i + $n) : $i >= $n ? $n - 1 : $i)",
                {{"i", index}, {"n", std::to_string(extent)}});
}
void take(CStep& s) {
  if (s.count() == 1) return identity(s);
  const CView x = s.x(0), index = s.x(1), y = s.y();
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  const auto width = static_cast<std::size_t>(index.rank());
  const CLoops all = s.loops("i", y.extents);
  const auto begin = all.at.begin() + static_cast<std::ptrdiff_t>(axis);
  const auto end = begin + static_cast<std::ptrdiff_t>(width);
  std::vector<string> at(all.at.begin(), begin);
  at.emplace_back("row");
  at.insert(at.end(), end, all.at.end());
  s.line("const int row = $i;",
         {{"i", index_in(index.at(std::vector<string>(begin, end)), x.extents[axis])}});
  s.line("$y = $x;", {{"y", y.at(all.at)}, {"x", x.at(at)}});
  s.close(all);
}
void take_along_axis(CStep& s) {
  if (s.count() == 1) return identity(s);
  const CView x = s.x(0), index = s.x(1), y = s.y();
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  const CLoops all = s.loops("i", y.extents);
  std::vector<string> at = all.at;
  at[axis] = "row";
  s.line("const int row = $i;", {{"i", index_in(index.at(all.at), x.extents[axis])}});
  s.line("$y = $x;", {{"y", y.at(all.at)}, {"x", x.at(at)}});
  s.close(all);
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
    {"contiguous", contiguous},
    {"clone", contiguous},
    {"variable", identity},
    {"on_gradient", identity},
    {"embedding", identity},
    {"reshape", reshape},
    {"transpose", transpose},
    {"broadcast_to", broadcast_to},
    {"slice", slice},
    {"concatenate", concatenate},
    {"embed", embed},
    {"take", take},
    {"take_along_axis", take_along_axis},
    {"one_hot", one_hot},
    {"tril", triangle, "<="},
    {"triu", triangle, ">="},
};

}  // namespace

std::span<const CRule> c_layout() { return rules; }

}  // namespace xtape::exporting
