#include <xtape/export/c/writer.hpp>

// What goes along one axis, element by element.
namespace xtape::exporting {
namespace {

using std::string;

/// The axis of the attributes, in x and in what has its shape.
std::int64_t axis_of(CStep& s) { return s.attributes().integer("axis"); }

/// Opens the loop over the elements along the axis, or back from the last one.
void open_scan(CStep& s, std::int64_t count, bool backwards) {
  const string n = std::to_string(count);
  backwards ? s.open("for (int k = $n - 1; k >= 0; --k)", {{"n", n}})
            : s.open("for (int k = 0; k < $n; ++k)", {{"n", n}});
}

/// Sums or products: the formula says which, and where they begin.
void running(CStep& s) {
  const CReduced x(s.x(0), {axis_of(s)}), y(s.y(), {axis_of(s)});
  const bool backwards = s.attributes().has("backwards") && s.attributes().flag("backwards");
  const string type = s.sum_type(), sum = s.formula;
  const CLoops outer = s.loops("i", y.stay);
  s.line("$t sum = $first;", {{"t", type}, {"first", sum == "+" ? "0" : "1"}});
  open_scan(s, x.over[0], backwards);
  s.line("sum " + sum + "= ($t)$x;", {{"t", type}, {"x", x.at(outer.at, {"k"})}});
  s.line("$y = ($t)sum;", {{"y", y.at(outer.at, {"k"})}, {"t", c_type(s.result().dtype)}});
  s.close();
  s.close(outer);
}
/// y_k = b_k + a_k y_(k - 1)
void recurrence(CStep& s) {
  const CReduced a(s.x(0), {axis_of(s)}), b(s.x(1), {axis_of(s)}), y(s.y(), {axis_of(s)});
  const bool backwards = s.attributes().flag("backwards");
  const CLoops outer = s.loops("i", y.stay);
  s.line("$t last = 0;", {{"t", c_type(s.result().dtype)}});
  open_scan(s, y.over[0], backwards);
  const string first = backwards ? std::to_string(y.over[0] - 1) : "0";
  s.line("last = k == $f ? $b : $b + $a * last;",
         {{"f", first}, {"a", a.at(outer.at, {"k"})}, {"b", b.at(outer.at, {"k"})}});
  s.line("$y = last;", {{"y", y.at(outer.at, {"k"})}});
  s.close();
  s.close(outer);
}
/// Where the greatest (smallest) element so far stands, or a NaN.
void running_place(CStep& s) {
  const CReduced x(s.x(0), {axis_of(s)}), y(s.y(), {axis_of(s)});
  const CLoops outer = s.loops("i", y.stay);
  s.line("int best = 0;");
  open_scan(s, x.over[0], false);
  const bool may_be_nan = is_floating(x.x.dtype);
  s.line(string(may_be_nan ? "if (($x $than $best || $x != $x) && $best == $best)"
                           : "if ($x $than $best)") +
             " best = k;",
         {{"x", x.at(outer.at, {"k"})}, {"best", x.at(outer.at, {"best"})}, {"than", s.formula}});
  s.line("$y = best;", {{"y", y.at(outer.at, {"k"})}});
  s.close();
  s.close(outer);
}

constexpr CRule rules[] = {
    {"cumsum", running, "+"},
    {"cumprod", running, "*"},
    {"recurrence", recurrence},
    {"cummax", running_place, ">"},
    {"cummin", running_place, "<"},
    {"cummax_with_indices", running_place, ">"},
    {"cummin_with_indices", running_place, "<"},
};

}  // namespace

std::span<const CRule> c_scans() { return rules; }

}  // namespace xtape::exporting
