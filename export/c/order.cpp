#include <xtape/export/c/writer.hpp>

// Order, and what is found by it: of equal elements the first comes first, NaN counts as greatest.
namespace xtape::exporting {
namespace {

using std::string;

/// What elements are compared as: truths as numbers.
Dtype compared_as(Dtype dtype) { return dtype == Dtype::boolean ? Dtype::int64 : dtype; }

/// The elements in order, or their places, of which the first ones may be chosen.
void sorted(CStep& s) {
  const std::int64_t axis = s.attributes().integer("axis");
  const bool descending = s.attributes().flag("descending"), places = s.attributes().has("chosen");
  const CReduced x(s.x(0), {axis}), y(s.y(), {axis});
  const Dtype dtype = compared_as(x.x.dtype);
  const CView line = s.room(dtype, x.over), place = s.room(Dtype::int64, x.over);
  const string n = std::to_string(x.over[0]);
  const CLoops outer = s.loops("i", y.stay);
  s.line("for (int k = 0; k < $n; ++k) $line = $x;",
         {{"n", n}, {"line", line.at({"k"})}, {"x", x.at(outer.at, {"k"})}});
  s.line(s.spelt(
      "@sorted_places($line, $place, $n, $down);",
      {{"line", line.base}, {"place", place.base}, {"n", n}, {"down", descending ? "1" : "0"}},
      dtype));
  const CLoops inner = s.loops("k", y.over);
  const string at = place.at(inner.at);
  s.line("$y = $x;", {{"y", y.at(outer.at, inner.at)},
                      {"x", places               ? at
                            : x.x.dtype == dtype ? line.base + "[" + at + "]"
                                                 : line.base + "[" + at + "] != 0"}});
  s.close(inner);
  s.close(outer);
}

/// How many elements of a row lie before each value: of one that ascends, or, by the formula, may
/// descend.
void searched(CStep& s) {
  const CView from = s.x(0), values = s.x(1), y = s.y();
  const bool right = s.attributes().flag("right"), either = string(s.formula) == "either";
  const std::int64_t n = from.extents.back();
  const CLoops all = s.loops("i", y.extents);
  std::vector<string> row = all.at;
  if (from.rank() == 1) row.resize(1);
  const auto element = [&](const string& k) {
    row.back() = k;
    return from.at(row);
  };
  const Dtype dtype = compared_as(from.dtype);
  const auto below = [&](const string& a, const string& b) {
    return s.spelt("@below($a, $b)", {{"a", a}, {"b", b}}, dtype);
  };
  const string value = values.at(all.at), at = element("k");
  s.line("int64_t count = 0;");
  if (n > 0) {
    const string up = right ? "!" + below(value, at) : below(at, value);
    const string down = right ? below(value, at) : "!" + below(at, value);
    if (either)
      s.line("const int down = $d;", {{"d", below(element(std::to_string(n - 1)), element("0"))}});
    s.line("for (int k = 0; k < $n; ++k) count += $before;",
           {{"n", std::to_string(n)}, {"before", either ? "down ? " + down + " : " + up : up}});
  }
  s.line("$y = count;", {{"y", y.at(all.at)}});
  s.close(all);
}
void is_among(CStep& s) {
  const CView among = s.x(0), x = s.x(1), y = s.y();
  const CLoops all = s.loops("i", y.extents);
  s.line("int found = 0;");
  s.line("for (int k = 0; k < $n; ++k) found |= $a == $x;",
         {{"n", std::to_string(among.extents[0])}, {"a", among.at({"k"})}, {"x", x.at(all.at)}});
  s.line("$y = (unsigned char)found;", {{"y", y.at(all.at)}});
  s.close(all);
}

/// An index in range, which those out of it become too: a program that reads nothing else.
string index_in(const string& index, std::int64_t extent) {
  return filled("(int)($i < 0 ? ($i + $n < 0 ? 0 : $i + $n) : $i >= $n ? $n - 1 : $i)",
                {{"i", index}, {"n", std::to_string(extent)}});
}

void take(CStep& s) {
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
/// The same the other way: values are added to the rows that the indices name.
void scatter(CStep& s) {
  const CView x = s.x(0), index = s.x(1), y = s.y();
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  s.fill(y, "0");
  if (x.size() == 0) return;
  const CLoops all = s.loops("i", x.extents);
  const auto begin = all.at.begin() + static_cast<std::ptrdiff_t>(axis);
  const auto end = begin + static_cast<std::ptrdiff_t>(index.rank());
  std::vector<string> at(all.at.begin(), begin);
  at.emplace_back("row");
  at.insert(at.end(), end, all.at.end());
  s.line("const int row = $i;",
         {{"i", index_in(index.at(std::vector<string>(begin, end)), y.extents[axis])}});
  s.add_to(y.at(at), x.at(all.at));
  s.close(all);
}
/// By an index for each place: taken; or, the formula says how, put into x or added to zeros.
void along_axis(CStep& s) {
  const string way = s.formula;
  const CView y = s.y(), index = s.x(1), values = s.x(way == "put" ? 2 : 0);
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  if (way == "add") s.fill(y, "0");
  if (way == "put") s.copy(y, s.x(0));
  if (index.size() == 0) return;
  const CLoops all = s.loops("i", index.extents);
  std::vector<string> at = all.at;
  at[axis] = "row";
  const std::int64_t extent = (way.empty() ? values : y).extents[axis];
  s.line("const int row = $i;", {{"i", index_in(index.at(all.at), extent)}});
  if (way == "add") {
    s.add_to(y.at(at), values.at(all.at));
  } else {
    s.line("$y = $x;",
           {{"y", y.at(way.empty() ? all.at : at)}, {"x", values.at(way.empty() ? at : all.at)}});
  }
  s.close(all);
}

constexpr CRule rules[] = {
    {"sort", sorted},
    {"argsort", sorted},
    {"topk", sorted},
    {"searchsorted", searched},
    {"interp", searched},
    {"digitize", searched, "either"},
    {"isin", is_among},
    {"take", take},
    {"scatter_add", scatter},
    {"take_along_axis", along_axis},
    {"scatter_add_along_axis", along_axis, "add"},
    {"put_along_axis", along_axis, "put"},
};

}  // namespace

std::span<const CRule> c_order() { return rules; }

}  // namespace xtape::exporting
