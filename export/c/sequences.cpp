#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;

/// The operands, in this order.
enum Operand : std::size_t { input, hidden, weight_ih, weight_hh, bias_ih, bias_hh, cell };

/// All states [1 or 2, steps + 1, batch, width], step by step. The formula has the lines of one
/// unit: of its sums a by the input and b by the last state, gate by gate, and the last state h.
void recurrent(CStep& s) {
  const CView y = s.y(), x = s.x(input), w = s.x(weight_ih), u = s.x(weight_hh);
  const CView biases[] = {s.x(bias_ih), s.x(bias_hh)};
  const std::int64_t steps = x.extents[0], width = u.extents[1], gates = u.extents[0] / width;
  const bool reverse = s.attributes().flag("reverse"), has_cell = gates == 4;
  const std::size_t lengths = has_cell ? cell + 1 : cell;
  const string type = c_type(y.dtype), gate_row = "g * " + std::to_string(width) + " + j";
  const string first = std::to_string(reverse ? steps : 0);
  const auto state = [&](const string& part, const string& step, const string& unit) {
    return y.at({part, step, "n", unit});
  };

  s.open("for (int n = 0; n < $n; ++n)", {{"n", std::to_string(x.extents[1])}});
  s.open("for (int j = 0; j < $n; ++j)", {{"n", std::to_string(width)}});
  s.line("$y = $h;", {{"y", state("0", first, "j")}, {"h", s.x(hidden).at({"n", "j"})}});
  if (has_cell)
    s.line("$y = $c;", {{"y", state("1", first, "j")}, {"c", s.x(cell).at({"n", "j"})}});
  s.close();
  reverse ? s.open("for (int t = $t - 1; t >= 0; --t)", {{"t", std::to_string(steps)}})
          : s.open("for (int t = 0; t < $t; ++t)", {{"t", std::to_string(steps)}});
  s.line("const int before = t + $b, behind = t + $a;",
         {{"b", reverse ? "1" : "0"}, {"a", reverse ? "0" : "1"}});
  s.open("for (int j = 0; j < $n; ++j)", {{"n", std::to_string(width)}});
  if (s.count() > lengths) {  // behind its end a sequence keeps its state
    s.open("if (t >= $n)", {{"n", s.x(lengths).at({"n"})}});
    s.line("$h = $last;", {{"h", state("0", "behind", "j")}, {"last", state("0", "before", "j")}});
    if (has_cell)
      s.line("$c = $last;",
             {{"c", state("1", "behind", "j")}, {"last", state("1", "before", "j")}});
    s.line("continue;");
    s.close();
  }
  s.line("$t a[$g], b[$g];", {{"t", type}, {"g", std::to_string(gates)}});
  s.open("for (int g = 0; g < $n; ++g)", {{"n", std::to_string(gates)}});
  s.line("a[g] = $b;", {{"b", biases[0].at({gate_row})}});
  s.line("b[g] = $b;", {{"b", biases[1].at({gate_row})}});
  s.line("for (int k = 0; k < $n; ++k) a[g] += $x * $w;", {{"n", std::to_string(x.extents[2])},
                                                           {"x", x.at({"t", "n", "k"})},
                                                           {"w", w.at({gate_row, "k"})}});
  s.line("for (int k = 0; k < $n; ++k) b[g] += $h * $u;", {{"n", std::to_string(width)},
                                                           {"h", state("0", "before", "k")},
                                                           {"u", u.at({gate_row, "k"})}});
  s.close();
  const string h = state("0", "behind", "j"), last = state("0", "before", "j");
  if (gates == 1) {
    const bool relu = s.attributes().has("nonlinearity");
    s.line("$h = $f;", {{"h", h},
                        {"f", relu ? "a[0] + b[0] <= 0 ? 0 : a[0] + b[0]"
                                   : s.spelt("@tanh(a[0] + b[0])", {})}});
  } else if (gates == 3) {
    s.line("const $t r = @sigmoid(a[0] + b[0]), z = @sigmoid(a[1] + b[1]);", {{"t", type}});
    s.line("const $t fresh = @tanh(a[2] + r * b[2]);", {{"t", type}});
    s.line("$h = fresh + z * ($last - fresh);", {{"h", h}, {"last", last}});
  } else {
    s.line("const $t kept = @sigmoid(a[1] + b[1]) * $c;",
           {{"t", type}, {"c", state("1", "before", "j")}});
    s.line("const $t c = kept + @sigmoid(a[0] + b[0]) * @tanh(a[2] + b[2]);", {{"t", type}});
    s.line("$c = c;", {{"c", state("1", "behind", "j")}});
    s.line("$h = @sigmoid(a[3] + b[3]) * @tanh(c);", {{"h", h}});
  }
  s.close(3);
}

constexpr CRule rules[] = {{"rnn", recurrent}, {"gru", recurrent}, {"lstm", recurrent}};

}  // namespace

std::span<const CRule> c_sequences() { return rules; }

}  // namespace xtape::exporting
