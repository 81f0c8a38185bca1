#include <limits>
#include <numeric>

#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/rearrange.hpp>

// What goes along one axis, element by element: in rounds, of which each doubles how far a sum or a
// product reaches. Source: Hillis and Steele, Data Parallel Algorithms (1986).
namespace xtape::exporting {
namespace {

using std::string;

/// One axis, forwards or backwards.
struct Along {
  explicit Along(OnnxStep& s)
      : axis(s.attributes().integer("axis")),
        extent(s.extent(s.count() - 1, axis)),
        backwards(s.attributes().has("backwards") && s.attributes().flag("backwards")) {}

  /// The elements that stand so many places before, and others where there are none.
  string before(OnnxStep& s, const string& x, std::int64_t places, double others) const {
    const auto rank = static_cast<std::size_t>(s.rank(0)), at = static_cast<std::size_t>(axis);
    std::vector<std::int64_t> margins(2 * rank);
    margins[at] = backwards ? -places : places;
    margins[rank + at] = -margins[at];
    return s("Pad", x, s.integers(margins), s.number(others));
  }

  std::int64_t axis, extent;
  bool backwards;
};

void cumsum(OnnxStep& s) {
  const std::int64_t reverse = s.attributes().flag("backwards") ? 1 : 0;
  s.give(s.node("CumSum", {s.in(0), s.integers({s.attributes().integer("axis")})},
                {{"reverse", reverse}}));
}
void cumprod(OnnxStep& s) {
  const Along along(s);
  string y = s.in(0);
  for (std::int64_t reach = 1; reach < along.extent; reach *= 2)
    y = s("Mul", y, along.before(s, y, reach, 1));
  s.give(y);
}
/// y_k = b_k + a_k y_(k - 1)
void recurrence(OnnxStep& s) {
  const Along along(s);
  string a = s.in(0), b = s.in(1);
  for (std::int64_t reach = 1; reach < along.extent; reach *= 2) {
    b = s("Add", b, s("Mul", a, along.before(s, b, reach, 0)));
    a = s("Mul", a, along.before(s, a, reach, 1));
  }
  s.give(b);
}

/// Where the greatest (smallest) element so far stands: of a matrix with a row for each place,
/// whose later elements do not count.
void running_place(OnnxStep& s) {
  const Along along(s);
  const bool truths = s.x(0).dtype == Dtype::boolean, greatest = string(s.onnx) == "ArgMax";
  const Dtype dtype = truths ? Dtype::int64 : s.x(0).dtype;
  std::vector<std::int64_t> last(static_cast<std::size_t>(s.rank(0)));
  std::iota(last.begin(), last.end(), 0);
  std::swap(last[static_cast<std::size_t>(along.axis)], last.back());
  const auto moved = [&](const string& x) { return s.node("Transpose", {x}, {{"perm", last}}); };
  constexpr double inf = std::numeric_limits<double>::infinity();
  using Limits = std::numeric_limits<std::int64_t>;  // which a double does not have
  const string nothing = is_floating(dtype)
                             ? s.number(greatest ? -inf : inf, dtype)
                             : s.constant(tensor(greatest ? Limits::min() : Limits::max()));
  const Tensor seen = tril(ones({along.extent, along.extent}, Dtype::boolean));
  const string rows = s("Unsqueeze", moved(s.in(0, dtype)), s.integers({-2}));
  const string masked = s("Where", s.constant(seen), rows, nothing);
  s.give(
      moved(s.node(s.onnx, {masked}, {{"axis", std::int64_t{-1}}, {"keepdims", std::int64_t{0}}})));
}

constexpr OnnxRule rules[] = {
    {"cumsum", cumsum},
    {"cumprod", cumprod},
    {"recurrence", recurrence},
    {"cummax", running_place, "ArgMax"},
    {"cummin", running_place, "ArgMin"},
    {"cummax_with_indices", running_place, "ArgMax"},
    {"cummin_with_indices", running_place, "ArgMin"},
};

}  // namespace

std::span<const OnnxRule> onnx_scans() { return rules; }

}  // namespace xtape::exporting
