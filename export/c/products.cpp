#include <xtape/export/c/quantize.hpp>
#include <xtape/export/c/writer.hpp>
#include <xtape/export/kernels/constants.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

string sized(std::int64_t n) { return std::to_string(n); }

/// Leading axes as those of the result, the last `own` as they are.
CView beside(const CView& x, const Integers& result, std::size_t own) {
  Integers extents(result.begin(), result.end() - static_cast<std::ptrdiff_t>(own));
  extents.insert(extents.end(), x.extents.end() - static_cast<std::ptrdiff_t>(own),
                 x.extents.end());
  CView view = x.broadcast(extents);
  for (std::size_t i = 0; i < own; ++i)  // an inner extent of 1 broadcasts nothing
    view.strides[view.strides.size() - 1 - i] = x.strides[x.strides.size() - 1 - i];
  return view;
}

/// Element by element, in integers.
void product_of_bytes(CStep& s, const CBytes& of) {
  const CView y = s.y();
  const std::int64_t inner = of.x.extents.back();
  const CLoops rows = s.loops("i", Integers(y.extents.begin(), y.extents.end() - 1));
  std::vector<string> at = rows.at, of_x = rows.at;
  at.emplace_back("j");
  of_x.emplace_back("k");
  const string each_output = "for (int j = 0; j < " + sized(y.extents.back()) + "; ++j)",
               each_term = "for (int k = 0; k < " + sized(inner) + "; ++k)";
  s.open(each_output);
  s.line("int32_t sum = 0;");
  s.line(each_term + " sum += ($x - 128) * $w;",
         {{"x", of.x.at(of_x)}, {"w", of.weights.at({"j", "k"})}});
  s.line("$y = (float)sum * $scale$bias;",
         {{"y", y.at(at)},
          {"scale", of.scales.at({"j"})},
          {"bias", s.count() == 3 ? " + " + s.x(2).broadcast(y.extents).at(at) : ""}});
  s.close();
  s.close(rows);
  s.open("if (lost)");
  const CLoops again = s.loops("i", Integers(y.extents.begin(), y.extents.end() - 1));
  s.open(each_term);
  s.line("if ($x != 0) continue;", {{"x", of.x.at(of_x)}});
  s.line(each_output + " $y = NAN;", {{"y", y.at(at)}});
  s.close();
  s.close(again);
  s.close();
}

/// A row of the result at a time, for which rows of the right matrix are added up: they are dense.
void product(CStep& s) {
  if (const std::optional<CBytes> bytes = quantized(s)) return product_of_bytes(s, *bytes);
  const CView y = s.y();
  const bool one = s.count() == 3 && s.x(1).rank() == 2;  // matrix for all rows
  const CView a = beside(s.x(0), y.extents, one ? 1 : 2);
  const CView b = one ? s.x(1) : beside(s.x(1), y.extents, 2);
  const std::int64_t columns = y.extents.back(), inner = a.extents.back();
  const CLoops rows = s.loops("i", Integers(y.extents.begin(), y.extents.end() - 1));
  std::vector<string> at = rows.at, of_a = rows.at, of_b = rows.at;
  at.emplace_back("j");
  of_a.emplace_back("k");
  one ? of_b.clear() : of_b.pop_back();
  of_b.insert(of_b.end(), {"k", "j"});
  const string bias = s.count() == 3 ? s.x(2).broadcast(y.extents).at(at) : "0";
  s.line("for (int j = 0; j < $n; ++j) $y = $b;",
         {{"n", sized(columns)}, {"y", y.at(at)}, {"b", bias}});
  s.open("for (int k = 0; k < $n; ++k)", {{"n", sized(inner)}});
  // int64 wraps around, which only the unsigned numbers of C do.
  const bool wraps = y.dtype == Dtype::int64;
  s.line("const $t a = $a;", {{"t", wraps ? "uint64_t" : c_type(y.dtype)},
                              {"a", (wraps ? "(uint64_t)" : "") + a.at(of_a)}});
  s.line(wraps ? "for (int j = 0; j < $n; ++j) $y = (int64_t)((uint64_t)$y + a * (uint64_t)$b);"
               : "for (int j = 0; j < $n; ++j) $y += a * $b;",
         {{"n", sized(columns)}, {"y", y.at(at)}, {"b", b.at(of_b)}});
  s.close();
  s.close(rows);
}

/// Query by query: scores, their softmax, the sum of the values.
void attention(CStep& s) {
  const CView y = s.y();
  const CView q = beside(s.x(0), y.extents, 2), k = beside(s.x(1), y.extents, 2),
              v = beside(s.x(2), y.extents, 2);
  const std::int64_t keys = k.extents[k.extents.size() - 2];
  const CView scores = s.room(y.dtype, {keys});
  const CLoops rows = s.loops("i", Integers(y.extents.begin(), y.extents.end() - 1));
  const auto with = [&](const string& row, const string& column) {
    std::vector<string> at(rows.at.begin(), rows.at.end() - 1);
    at.insert(at.end(), {row, column});
    return at;
  };
  const string query = rows.at.back(), type = c_type(y.dtype);
  s.line("$t most = -INFINITY;", {{"t", type}});
  s.open("for (int k = 0; k < $n; ++k)", {{"n", sized(keys)}});
  s.line("$t sum = 0;", {{"t", type}});
  s.line(
      "for (int j = 0; j < $n; ++j) sum += $q * $k;",
      {{"n", sized(q.extents.back())}, {"q", q.at(with(query, "j"))}, {"k", k.at(with("k", "j"))}});
  s.line("sum *= $s;", {{"s", c_number(s.attributes().number("scale"), y.dtype)}});
  if (!all_true(s.value(3).constant)) {
    Integers all = y.extents;
    all.back() = keys;
    const string mask = s.x(3).broadcast(all).at(with(query, "k"));
    s.value(3).dtype == Dtype::boolean
        ? s.line("sum = $m != 0 ? sum : ($t)-INFINITY;", {{"m", mask}, {"t", type}})
        : s.line("sum += $m;", {{"m", mask}});
  }
  if (s.attributes().flag("causal"))
    s.line("sum = k <= $i ? sum : ($t)-INFINITY;", {{"i", query}, {"t", type}});
  s.line("$p = sum;", {{"p", scores.at({"k"})}});
  s.line("most = sum > most ? sum : most;");
  s.close();
  s.line("if (most == ($t)-INFINITY) most = 0;", {{"t", type}});  // all is masked: 0
  s.line("$t sum = 0;", {{"t", type}});
  s.open("for (int k = 0; k < $n; ++k)", {{"n", sized(keys)}});
  s.line("$p = @exp($p - most);", {{"p", scores.at({"k"})}});
  s.line("sum += $p;", {{"p", scores.at({"k"})}});
  s.close();
  s.open("for (int j = 0; j < $n; ++j)", {{"n", sized(y.extents.back())}});
  s.line("$t value = 0;", {{"t", type}});
  s.line("for (int k = 0; k < $n; ++k) value += $p * $v;",
         {{"n", sized(keys)}, {"p", scores.at({"k"})}, {"v", v.at(with("k", "j"))}});
  s.line("$y = sum == 0 ? 0 : value / sum;", {{"y", y.at(with(query, "j"))}});
  s.close();
  s.close(rows);
}

constexpr CRule rules[] = {
    {"matmul", product},
    {"linear", product},
    {"scaled_dot_product_attention", attention},
};

}  // namespace

std::span<const CRule> c_products() { return rules; }

}  // namespace xtape::exporting
