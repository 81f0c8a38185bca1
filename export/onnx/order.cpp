#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>

// Order, what is found by it, and elements by their indices, which ONNX counts from the end too.
namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

/// The dtype that an operand is ordered in: truths as numbers.
Dtype ordered(OnnxStep& s, std::size_t i) {
  return s.x(i).dtype == Dtype::boolean ? Dtype::int64 : s.x(i).dtype;
}

/// The elements in order, or the places of those chosen.
void sorted(OnnxStep& s) {
  const std::int64_t axis = s.attributes().integer("axis");
  const std::int64_t descending = s.attributes().flag("descending") ? 1 : 0;
  const Extent chosen = s.y().shape[static_cast<std::size_t>(axis)];
  const std::size_t output = s.attributes().has("chosen") ? 1 : 0;
  const string y =
      s.nodes("TopK", {s.in(0, ordered(s, 0)), s.extents({chosen})},
              {{"axis", axis}, {"largest", descending}, {"sorted", std::int64_t{1}}}, 2)[output];
  s.give(s.y().dtype == Dtype::boolean ? s.cast(y, Dtype::boolean) : y);
}

/// NaN counts as greatest.
string below(OnnxStep& s, const string& a, const string& b, Dtype dtype) {
  string less = s("Less", a, b);
  if (!is_floating(dtype)) return less;
  return s("Or", less, s("And", s("IsNaN", b), s("Not", s("IsNaN", a))));
}
/// How many of the truths along the last axis hold.
string count_of(OnnxStep& s, const string& truths) {
  return s.node("ReduceSum", {s.cast(truths, Dtype::int64), s.integers({-1})},
                {{"keepdims", std::int64_t{0}}});
}
/// How many elements lie before each value: of what ascends, or by the rule's name may descend.
template <bool either>
void searched(OnnxStep& s) {
  const Dtype dtype = ordered(s, 0);
  const bool right = s.attributes().flag("right");
  const string values = s("Unsqueeze", s.in(1, dtype), s.integers({-1}));
  string row = s.in(0, dtype);
  const auto end = [&](std::int64_t place) { return s("Gather", row, s.integers({place})); };
  const string descends =
      either && s.extent(0, -1) > 0 ? below(s, end(-1), end(0), dtype) : string();
  if (s.rank(0) > 1) row = s("Unsqueeze", row, s.integers({-2}));
  const string less = below(s, row, values, dtype), more = below(s, values, row, dtype);
  const string up = right ? s("Not", more) : less;
  if (descends.empty()) return s.give(count_of(s, up));
  const string down = right ? more : s("Not", less);
  s.give(count_of(s, s("Or", s("And", descends, down), s("And", s("Not", descends), up))));
}
void is_among(OnnxStep& s) {
  const Dtype dtype = ordered(s, 0);
  const string found = s("Equal", s("Unsqueeze", s.in(1, dtype), s.integers({-1})), s.in(0, dtype));
  s.give(s("Greater", count_of(s, found), s.number(0, Dtype::int64)));
}

OnnxAttribute axis_of(OnnxStep& s) { return {"axis", s.attributes().integer("axis")}; }

void take(OnnxStep& s) { s.give(s.node("Gather", {s.in(0), s.in(1)}, {axis_of(s)})); }
void take_along_axis(OnnxStep& s) {
  s.give(s.node("GatherElements", {s.in(0), s.in(1)}, {axis_of(s)}));
}
string zeros_like_result(OnnxStep& s) { return s("Expand", s.number(0), s.extents(s.y().shape)); }
/// Values are added to the rows that the indices name, an index for each element of theirs.
void scatter(OnnxStep& s) {
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  const std::vector<Extent>&values = s.x(0).shape, &index = s.x(1).shape;
  const std::vector<Extent>& result = s.y().shape;
  std::int64_t rows = 1;
  for (std::int64_t i = 0; i < s.rank(1); ++i) {
    if (!index[static_cast<std::size_t>(i)].fixed() && s.rank(1) > 1)
      s.refuse("a list of indices is needed, where their number depends on the batch");
    rows *= index[static_cast<std::size_t>(i)].more;
  }
  const Extent count = s.rank(1) == 1 ? index[0] : Extent{0, rows};
  std::vector<Extent> flat = result, column(result.size(), Extent{0, 1});
  flat[axis] = column[axis] = count;
  string x = s.in(0, s.y().dtype), at = s.in(1);
  if (values != flat) x = s.reshaped(x, flat);
  at = s("Expand", s.reshaped(at, column), s.extents(flat));
  s.give(s.node("ScatterElements", {zeros_like_result(s), at, x},
                {axis_of(s), {"reduction", string("add")}}));
}
void scatter_along_axis(OnnxStep& s) {
  s.give(s.node("ScatterElements", {zeros_like_result(s), s.in(1), s.in(0, s.y().dtype)},
                {axis_of(s), {"reduction", string("add")}}));
}
void put_along_axis(OnnxStep& s) {
  s.give(s.node("ScatterElements", {s.in(0), s.in(1), s.in(2)}, {axis_of(s)}));
}

constexpr OnnxRule rules[] = {
    {"sort", sorted},
    {"argsort", sorted},
    {"topk", sorted},
    {"searchsorted", searched<false>},
    {"interp", searched<false>},
    {"digitize", searched<true>},
    {"isin", is_among},
    {"take", take},
    {"scatter_add", scatter},
    {"take_along_axis", take_along_axis},
    {"scatter_add_along_axis", scatter_along_axis},
    {"put_along_axis", put_along_axis},
};

}  // namespace

std::span<const OnnxRule> onnx_order() { return rules; }

}  // namespace xtape::exporting
