#include <algorithm>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

CReduced reduced(CStep& s) {
  return {s.x(0), s.attributes().integers("axes"), s.attributes().flag("keep_dims")};
}

/// `into` begins as the first text and goes on by the second for each element x.
void fold(CStep& s, const CReduced& of, const CLoops& outer, const string& into,
          const string& first, const string& next, const string& type = "") {
  s.line("$t $into = $first;",
         {{"t", type.empty() ? c_type(s.result().dtype) : type}, {"into", into}, {"first", first}});
  const CLoops inner = s.loops("k", of.over);
  s.line(next, {{"x", of.at(outer.at, inner.at)}});
  s.close(inner);
}

/// The formula says how x joins the sum so far, from where it begins.
void folded(CStep& s) {
  const CReduced of = reduced(s);
  const CView y = s.y();
  const CLoops outer = s.loops("i", y.extents);
  const string operation = s.formula;
  const bool sum = operation[0] == '+' || operation[0] == '*';
  const std::vector<string> zeros(of.over.size(), "0");
  fold(s, of, outer, "sum",
       operation[0] == '+' ? "0"
       : sum               ? "1"
                           : of.at(outer.at, zeros),
       sum ? "sum " + operation + "= (" + s.sum_type() + ")$x;"
           : "if ($x " + operation + " sum" + (is_floating(y.dtype) ? " || $x != $x" : "") +
                 ") sum = $x;",
       sum ? s.sum_type() : "");
  s.line("$y = ($t)sum;", {{"y", y.at(outer.at)}, {"t", c_type(y.dtype)}});
  s.close(outer);
}
/// To a shape that broadcasts to that of x.
void sum_to(CStep& s) {
  const CView x = s.x(0), y = s.y();
  const std::int64_t beyond = x.rank() - y.rank();
  Integers axes;
  for (std::int64_t i = 0; i < x.rank(); ++i) {
    const std::int64_t extent = x.extents[static_cast<std::size_t>(i)];
    if (i < beyond || y.extents[static_cast<std::size_t>(i - beyond)] != extent) axes.push_back(i);
  }
  const CReduced of(x, axes);
  const CView sums = y.reshaped(of.stay);
  const CLoops outer = s.loops("i", of.stay);
  fold(s, of, outer, "sum", "0", "sum += (" + s.sum_type() + ")$x;", s.sum_type());
  s.line("$y = ($t)sum;", {{"y", sums.at(outer.at)}, {"t", c_type(y.dtype)}});
  s.close(outer);
}
void logsumexp(CStep& s) {
  const CReduced of = reduced(s);
  const CView y = s.y();
  const CLoops outer = s.loops("i", y.extents);
  fold(s, of, outer, "most", "-INFINITY", "most = $x > most ? $x : most;");
  s.line("if (isinf(most)) most = 0;");  // infinity less infinity is none
  fold(s, of, outer, "sum", "0", "sum += @exp($x - most);");
  s.line("$y = most + @log(sum);", {{"y", y.at(outer.at)}});
  s.close(outer);
}
/// Of so many last axes.
void norm(CStep& s) {
  const CView x = s.x(0);
  Integers axes;
  for (std::int64_t i = x.rank() - s.attributes().integer("axes"); i < x.rank(); ++i)
    axes.push_back(i);
  const CReduced of(x, axes, false);
  const CView y = s.y();
  const CLoops outer = s.loops("i", y.extents);
  fold(s, of, outer, "sum", "0", "sum += $x * $x;");
  s.line("$y = sum;", {{"y", y.at(outer.at)}});
  s.close(outer);
}
void argument(CStep& s) {
  const std::int64_t axis = s.attributes().integer("axis");
  const CReduced of(s.x(0), {axis}, s.attributes().flag("keep_dims"));
  const CView y = s.y();
  const CLoops outer = s.loops("i", y.extents);
  s.line("int best = 0;");
  s.open("for (int k = 1; k < $n; ++k)", {{"n", std::to_string(of.over[0])}});
  const bool may_be_nan = is_floating(of.x.dtype);
  s.line(string("if ($x $than $best") + (may_be_nan ? " || ($x != $x && $best == $best)" : "") +
             ") best = k;",
         {{"x", of.at(outer.at, {"k"})}, {"best", of.at(outer.at, {"best"})}, {"than", s.formula}});
  s.close();
  s.line("$y = best;", {{"y", y.at(outer.at)}});
  s.close(outer);
}
/// Along the last axis; the formula is that of an element, of most and sum, which is 0 of a row of
/// -infinity.
void softmax(CStep& s) {
  const std::int64_t last = s.x(0).rank() - 1;
  const CReduced x(s.x(0), {last}, false), y(s.y(), {last}, false);
  const CLoops outer = s.loops("i", y.stay);
  fold(s, x, outer, "most", "-INFINITY", "most = $x > most ? $x : most;");
  s.line("if (most == ($t)-INFINITY) most = 0;", {{"t", c_type(s.result().dtype)}});
  fold(s, x, outer, "sum", "0", "sum += @exp($x - most);");
  const CLoops inner = s.loops("k", y.over);
  s.line(string("$y = ") + s.formula + ";",
         {{"y", y.at(outer.at, inner.at)}, {"x", x.at(outer.at, inner.at)}});
  s.close(inner);
  s.close(outer);
}

/// What is normalized together lies along `axes` of x; y of the same form; a weight and a bias, if
/// given, have the extents of the axes from `channel` on, `of_channel` of them.
void normalize(CStep& s, const CView& x, const CView& y, const Integers& axes, bool centred,
               std::size_t channel, std::size_t of_channel) {
  const CReduced from(x, axes, false), to(y, axes, false);
  std::int64_t count = 1;
  for (const std::int64_t extent : from.over) count *= extent;
  const string n = c_number(static_cast<double>(count), y.dtype);
  const CLoops outer = s.loops("i", from.stay);
  if (centred) {
    fold(s, from, outer, "sum", "0", "sum += $x;");
    s.line("const $t mean = sum / $n;", {{"t", c_type(y.dtype)}, {"n", n}});
  }
  const string apart = centred ? "($x - mean)" : "$x";
  fold(s, from, outer, "squares", "0", "squares += " + apart + " * " + apart + ";");
  s.line(
      "const $t scale = 1 / @sqrt(squares / $n + $eps);",
      {{"t", c_type(y.dtype)}, {"n", n}, {"eps", c_number(s.attributes().number("eps"), y.dtype)}});
  const CLoops inner = s.loops("k", from.over);
  std::vector<string> all;
  std::size_t i = 0, k = 0;
  for (const bool gone : from.flags) all.push_back(gone ? inner.at[k++] : outer.at[i++]);
  const std::span<const string> own(all.data() + channel, of_channel);
  const auto affine = [&](std::size_t operand) {
    CView view = s.x(operand);
    if (view.rank() == 1 && of_channel == 2)  // of a group and a channel in it
      view.strides = {view.strides[0] * y.extents[channel + 1], view.strides[0]};
    return view.at(own);
  };
  s.line("$y = " + apart + " * scale" + (s.count() > 1 ? " * $w" : "") +
             (s.count() > 2 ? " + $b;" : ";"),
         {{"y", to.at(outer.at, inner.at)},
          {"x", from.at(outer.at, inner.at)},
          {"w", s.count() > 1 ? affine(1) : ""},
          {"b", s.count() > 2 ? affine(2) : ""}});
  s.close(inner);
  s.close(outer);
}
void by_rows(CStep& s) {
  const CView x = s.x(0);
  std::int64_t axis = x.rank();
  Integers axes;
  const std::int64_t channels = s.attributes().integer("channels");
  for (std::int64_t count = 1; axis > 0; axes.insert(axes.begin(), axis)) {
    if (s.count() > 1 ? std::ssize(axes) == s.x(1).rank() : !axes.empty() && count >= channels)
      break;
    count *= x.extents[static_cast<std::size_t>(--axis)];
  }
  normalize(s, x, s.y(), axes, string(s.formula) == "centred", static_cast<std::size_t>(axis),
            axes.size());
}
/// [n, groups, channels of a group, elements]
void group_norm(CStep& s) {
  CView x = s.dense(s.x(0)), y = s.y();
  const std::int64_t groups = s.attributes().has("groups") ? s.attributes().integer("groups") : 1;
  const std::int64_t channels = x.extents[1], inner = x.size() / (x.extents[0] * channels);
  const Integers extents{x.extents[0], groups, channels / groups, inner};
  const Integers strides{channels * inner, channels / groups * inner, inner, 1};
  for (CView* view : {&x, &y}) view->extents = extents, view->strides = strides;
  normalize(s, x, y, {2, 3}, true, 1, 2);
}
void batch_norm(CStep& s) {
  const CView x = s.x(0);
  Integers axes{0};
  for (std::int64_t axis = 2; axis < x.rank(); ++axis) axes.push_back(axis);
  normalize(s, x, s.y(), axes, true, 1, 1);
}

constexpr CRule rules[] = {
    {"sum", folded, "+"},
    {"prod", folded, "*"},
    {"sum_to", sum_to},
    {"amax", folded, ">"},
    {"amin", folded, "<"},
    {"logsumexp", logsumexp},
    {"norm", norm},
    {"argmax", argument, ">"},
    {"argmin", argument, "<"},
    {"softmax", softmax, "sum == 0 ? 0 : @exp($x - most) / sum"},
    {"log_softmax", softmax, "sum == 0 ? $x : $x - most - @log(sum)"},
    {"layer_norm", by_rows, "centred"},
    {"rms_norm", by_rows, ""},
    {"group_norm", group_norm},
    {"batch_norm", batch_norm},
};

}  // namespace

std::span<const CRule> c_reductions() { return rules; }

}  // namespace xtape::exporting
