#include <cmath>
#include <numbers>

#include <xtape/core/create.hpp>
#include <xtape/export/c/writer.hpp>

// Signals: correlations and Fourier transforms. Complex numbers are pairs along the last axis.
namespace xtape::exporting {
namespace {

using std::string;

/// y_i = sum over j of x_(i + j - before) v_j, x being 0 outside.
void correlate(CStep& s) {
  const std::int64_t last = s.x(0).rank() - 1;
  const CReduced x(s.x(0), {last}), v(s.x(1), {last}), y(s.y(), {last});
  const CLoops outer = s.loops("i", y.stay);
  s.open("for (int k = 0; k < $n; ++k)", {{"n", std::to_string(y.over[0])}});
  s.line("$t sum = 0;", {{"t", s.sum_type()}});
  s.open("for (int j = 0; j < $n; ++j)", {{"n", std::to_string(v.over[0])}});
  s.line("const int place = k + j - $before;",
         {{"before", std::to_string(s.attributes().integer("before"))}});
  s.line("if (place >= 0 && place < $n) sum += ($t)$x * ($t)$v;", {{"n", std::to_string(x.over[0])},
                                                                   {"t", s.sum_type()},
                                                                   {"x", x.at(outer.at, {"place"})},
                                                                   {"v", v.at(outer.at, {"j"})}});
  s.close();
  s.line("$y = ($t)sum;", {{"y", y.at(outer.at, {"k"})}, {"t", c_type(s.result().dtype)}});
  s.close();
  s.close(outer);
}

/// cos and sin of 2 pi i / n as pairs.
CView turns(CStep& s, std::int64_t n) {
  std::vector<double> pairs;
  for (std::int64_t i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    pairs.insert(pairs.end(), {std::cos(angle), std::sin(angle)});
  }
  return s.constant("turns", from_vector(pairs, {n, 2}).to(s.result().dtype));
}

/// Along an axis of [..., n, ..., 2], each number by its definition.
void fourier(CStep& s) {
  const std::int64_t axis = s.attributes().integer("axis"), last = s.x(0).rank() - 1;
  const CReduced x(s.x(0), {axis, last}), y(s.y(), {axis, last});
  const CView turn = turns(s, x.over[0]);
  const CLoops outer = s.loops("i", y.stay);
  const string n = std::to_string(x.over[0]), type = c_type(s.result().dtype);
  s.open("for (int k = 0; k < $n; ++k)", {{"n", n}});
  s.line("$t real = 0, imaginary = 0;", {{"t", type}});
  s.open("for (int j = 0; j < $n; ++j)", {{"n", n}});
  s.line("const int at = (int)((int64_t)j * k % $n);", {{"n", n}});
  s.line("const $t c = $c, s = $sign$s, a = $a, b = $b;",
         {{"t", type},
          {"c", turn.at({"at", "0"})},
          {"sign", s.attributes().flag("inverse") ? "" : "-"},
          {"s", turn.at({"at", "1"})},
          {"a", x.at(outer.at, {"j", "0"})},
          {"b", x.at(outer.at, {"j", "1"})}});
  s.line("real += a * c - b * s;");
  s.line("imaginary += a * s + b * c;");
  s.close();
  s.line("$y = real;", {{"y", y.at(outer.at, {"k", "0"})}});
  s.line("$y = imaginary;", {{"y", y.at(outer.at, {"k", "1"})}});
  s.close();
  s.close(outer);
}
/// Of real rows the first n / 2 + 1 numbers; `doubled`, twice those that stand for two.
void real_fourier(CStep& s) {
  const std::int64_t n = s.attributes().integer("n"), last = s.x(0).rank() - 1;
  const CReduced x(s.x(0), {last}), y(s.y(), {last, last + 1});
  const CView turn = turns(s, n);
  const CLoops outer = s.loops("i", x.stay);
  const string count = std::to_string(n), type = c_type(s.result().dtype);
  s.open("for (int k = 0; k < $m; ++k)", {{"m", std::to_string(n / 2 + 1)}});
  s.line("$t real = 0, imaginary = 0;", {{"t", type}});
  s.open("for (int j = 0; j < $n; ++j)", {{"n", count}});
  s.line("const int at = (int)((int64_t)j * k % $n);", {{"n", count}});
  s.line("real += $x * $c;", {{"x", x.at(outer.at, {"j"})}, {"c", turn.at({"at", "0"})}});
  s.line("imaginary -= $x * $s;", {{"x", x.at(outer.at, {"j"})}, {"s", turn.at({"at", "1"})}});
  s.close();
  if (s.attributes().flag("doubled"))
    s.line("if (k > 0 && 2 * k < $n) real *= 2, imaginary *= 2;", {{"n", count}});
  s.line("$y = real;", {{"y", y.at(outer.at, {"k", "0"})}});
  s.line("$y = imaginary;", {{"y", y.at(outer.at, {"k", "1"})}});
  s.close();
  s.close(outer);
}
/// The transpose of that.
void back_to_real(CStep& s) {
  const std::int64_t n = s.attributes().integer("n"), last = s.x(0).rank() - 1;
  const CReduced x(s.x(0), {last - 1, last}), y(s.y(), {last - 1});
  const CView turn = turns(s, n);
  const CLoops outer = s.loops("i", y.stay);
  const string count = std::to_string(n), type = c_type(s.result().dtype);
  s.open("for (int j = 0; j < $n; ++j)", {{"n", count}});
  s.line("$t sum = 0;", {{"t", type}});
  s.open("for (int k = 0; k < $m; ++k)", {{"m", std::to_string(n / 2 + 1)}});
  s.line("const int at = (int)((int64_t)j * k % $n);", {{"n", count}});
  s.line("const $t term = $a * $c - $b * $s;", {{"t", type},
                                                {"a", x.at(outer.at, {"k", "0"})},
                                                {"c", turn.at({"at", "0"})},
                                                {"b", x.at(outer.at, {"k", "1"})},
                                                {"s", turn.at({"at", "1"})}});
  s.line(s.attributes().flag("doubled") ? "sum += k > 0 && 2 * k < $n ? 2 * term : term;"
                                        : "sum += term;",
         {{"n", count}});
  s.close();
  s.line("$y = sum;", {{"y", y.at(outer.at, {"j"})}});
  s.close();
  s.close(outer);
}

/// Of complex numbers, the second conjugate if it says so.
void complex_multiply(CStep& s) {
  const CView out = s.y();
  const std::int64_t last = out.rank() - 1;
  const CReduced a(s.x(0).broadcast(out.extents), {last}), b(s.x(1).broadcast(out.extents), {last}),
      y(out, {last});
  const string plus = s.attributes().flag("conjugate") ? "-" : "";
  const CLoops outer = s.loops("i", y.stay);
  s.line("const $t a = $a, b = $b, c = $c, d = $sign$d;", {{"t", c_type(out.dtype)},
                                                           {"a", a.at(outer.at, {"0"})},
                                                           {"b", a.at(outer.at, {"1"})},
                                                           {"c", b.at(outer.at, {"0"})},
                                                           {"sign", plus},
                                                           {"d", b.at(outer.at, {"1"})}});
  s.line("$y = a * c - b * d;", {{"y", y.at(outer.at, {"0"})}});
  s.line("$y = a * d + b * c;", {{"y", y.at(outer.at, {"1"})}});
  s.close(outer);
}
/// Of vectors along the last axis.
void cross(CStep& s) {
  const CView out = s.y();
  const std::int64_t last = out.rank() - 1;
  const CReduced a(s.x(0).broadcast(out.extents), {last}), b(s.x(1).broadcast(out.extents), {last}),
      y(out, {last});
  const CLoops outer = s.loops("i", y.stay);
  for (std::int64_t i = 0; i < 3; ++i) {
    const string j = std::to_string((i + 1) % 3), k = std::to_string((i + 2) % 3);
    s.line("$y = ($made)(($t)$aj * ($t)$bk - ($t)$ak * ($t)$bj);",
           {{"y", y.at(outer.at, {std::to_string(i)})},
            {"made", c_type(out.dtype)},
            {"t", s.sum_type()},
            {"aj", a.at(outer.at, {j})},
            {"bk", b.at(outer.at, {k})},
            {"ak", a.at(outer.at, {k})},
            {"bj", b.at(outer.at, {j})}});
  }
  s.close(outer);
}

constexpr CRule rules[] = {
    {"correlate", correlate},
    {"fft", fourier},
    {"rfft", real_fourier},
    {"irfft", back_to_real},
    {"complex_multiply", complex_multiply},
    {"cross", cross},
};

}  // namespace

std::span<const CRule> c_signals() { return rules; }

}  // namespace xtape::exporting
