#include <algorithm>
#include <cmath>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;

/// Neighbouring axes that lie in all views as one become one; axes of extent 1 go.
void coalesce(std::vector<CView>& views) {
  std::vector<std::size_t> axes;
  const std::vector<std::int64_t> extents = views[0].extents;
  std::vector<CView> merged = views;
  for (CView& view : merged) view.extents.clear(), view.strides.clear();
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 1) continue;
    bool joins = !merged[0].extents.empty();
    for (std::size_t i = 0; joins && i < views.size(); ++i)
      joins = merged[i].strides.back() == views[i].strides[axis] * extents[axis];
    for (std::size_t i = 0; i < views.size(); ++i) {
      CView& view = merged[i];
      if (joins) {
        view.extents.back() *= extents[axis];
        view.strides.back() = views[i].strides[axis];
      } else {
        view.extents.push_back(extents[axis]);
        view.strides.push_back(views[i].strides[axis]);
      }
    }
  }
  views = std::move(merged);
}

/// y = formula of a, b, c, which are the operands in a dtype, or numbers of C of another type.
void by_formula(CStep& s, Dtype computed_in, const string& formula, string type = "") {
  if (type.empty()) type = c_type(computed_in);
  std::vector<CView> views{s.y_in_place()};
  for (std::size_t i = 0; i < s.count(); ++i) views.push_back(s.x(i).broadcast(views[0].extents));
  coalesce(views);
  const CLoops loops = s.loops("i", views[0].extents);
  for (std::size_t i = 1; i < views.size(); ++i) {
    const string cast = c_type(views[i].dtype) == type ? "" : "(" + type + ")";
    s.line("const $t $name = $x;", {{"t", type},
                                    {"name", string(1, static_cast<char>('a' + i - 1))},
                                    {"x", cast + views[i].at(loops.at)}});
  }
  const string value = s.spelt(formula, {}, computed_in), made = c_type(views[0].dtype);
  s.line("$y = $v;", {{"y", views[0].at(loops.at)},
                      {"v", made == type ? value : "(" + made + ")(" + value + ")"}});
  s.close(loops);
}

void elementwise(CStep& s) { by_formula(s, s.result().dtype, s.formula); }
/// int64 wraps around, which only the unsigned numbers of C do.
void arithmetic(CStep& s) {
  const Dtype dtype = s.result().dtype;
  by_formula(s, dtype, s.formula, dtype == Dtype::int64 ? "uint64_t" : "");
}
void absolute(CStep& s) {
  if (is_floating(s.result().dtype)) return elementwise(s);
  by_formula(s, Dtype::int64, "a < 0 ? (int64_t)(0 - (uint64_t)a) : a");
}
/// Integers are whole.
void rounded(CStep& s) {
  by_formula(s, s.result().dtype, is_floating(s.result().dtype) ? s.formula : "a");
}
void remainder_of_c(CStep& s) {
  const Dtype dtype = s.result().dtype;
  by_formula(s, dtype, is_floating(dtype) ? s.formula : "b == 0 || b == -1 ? 0 : a % b");
}
/// The bounds in their order; NaN, if one of the three is.
void clip(CStep& s) {
  const Dtype dtype = s.result().dtype;
  by_formula(s, dtype, is_floating(dtype) ? s.formula : "a < b ? (b > c ? c : b) : a > c ? c : a");
}
/// NaN, if one of the two is.
void extremum(CStep& s) {
  const Dtype dtype = s.result().dtype;
  by_formula(s, dtype, s.formula + string(is_floating(dtype) ? " || a != a" : "") + " ? a : b");
}
/// In the dtype of the operands, of truths as numbers.
void compared(CStep& s) {
  Dtype dtype = Dtype::int64;
  for (std::size_t i = 0; i < s.count(); ++i) dtype = promote(dtype, s.value(i).dtype);
  by_formula(s, dtype, s.formula);
}
void cast(CStep& s) {
  const Dtype from = s.value(0).dtype, to = s.result().dtype;
  const bool whole = is_floating(from) && to == Dtype::int64;
  by_formula(s, from, to == Dtype::boolean ? "a != 0" : whole ? "@whole(a)" : "a");
}
/// Of integers, and of truths as integers.
void of_bits(CStep& s) { by_formula(s, Dtype::int64, s.formula); }
void power(CStep& s) {
  const Dtype dtype = s.result().dtype;
  by_formula(s, dtype, is_floating(dtype) ? s.formula : "@power(a, b)");
}
void replaced(CStep& s) {
  const auto by = [&](const char* name) {
    return c_number(s.attributes().number(name), s.result().dtype);
  };
  const string infinity = c_number(HUGE_VAL, s.result().dtype);
  by_formula(s, s.result().dtype,
             filled("a != a ? $nan : a == $most ? $above : a == -$most ? $below : a",
                    {{"nan", by("nan")},
                     {"most", infinity},
                     {"above", by("posinf")},
                     {"below", by("neginf")}}));
}
/// The condition as it is.
void where(CStep& s) {
  std::vector<CView> views{s.y_in_place()};
  for (std::size_t i = 0; i < 3; ++i) views.push_back(s.x(i).broadcast(views[0].extents));
  coalesce(views);
  const CLoops loops = s.loops("i", views[0].extents);
  const string type = "(" + string(c_type(views[0].dtype)) + ")";
  const auto operand = [&](std::size_t i) {
    return (views[i].dtype == views[0].dtype ? "" : type) + views[i].at(loops.at);
  };
  s.line("$y = $c != 0 ? $a : $b;", {{"y", views[0].at(loops.at)},
                                     {"c", views[1].at(loops.at)},
                                     {"a", operand(2)},
                                     {"b", operand(3)}});
  s.close(loops);
}

constexpr CRule rules[] = {
    {"negative", arithmetic, "-a"},
    {"abs", absolute, "@fabs(a)"},
    {"sign", elementwise, "a > 0 ? #1 : a < 0 ? -#1 : a"},
    {"square", arithmetic, "a * a"},
    {"sqrt", elementwise, "@sqrt(a)"},
    {"rsqrt", elementwise, "#1 / @sqrt(a)"},
    {"cbrt", elementwise, "@cbrt(a)"},
    {"exp", elementwise, "@exp(a)"},
    {"exp2", elementwise, "@exp2(a)"},
    {"expm1", elementwise, "@expm1(a)"},
    {"log", elementwise, "@log(a)"},
    {"log1p", elementwise, "@log1p(a)"},
    {"log2", elementwise, "@log2(a)"},
    {"log10", elementwise, "@log10(a)"},
    {"sin", elementwise, "@sin(a)"},
    {"cos", elementwise, "@cos(a)"},
    {"tan", elementwise, "@tan(a)"},
    {"asin", elementwise, "@asin(a)"},
    {"acos", elementwise, "@acos(a)"},
    {"atan", elementwise, "@atan(a)"},
    {"sinh", elementwise, "@sinh(a)"},
    {"cosh", elementwise, "@cosh(a)"},
    {"tanh", elementwise, "@tanh(a)"},
    {"asinh", elementwise, "@asinh(a)"},
    {"acosh", elementwise, "@acosh(a)"},
    {"atanh", elementwise, "@atanh(a)"},
    {"floor", rounded, "@floor(a)"},
    {"ceil", rounded, "@ceil(a)"},
    {"trunc", rounded, "@trunc(a)"},
    {"round", rounded, "@rint(a)"},
    {"erf", elementwise, "@erf(a)"},
    {"erfc", elementwise, "@erfc(a)"},
    {"lgamma", elementwise, "@lgamma(a)"},
    {"logit", elementwise, "@log(a) - @log1p(-a)"},
    {"ndtr", elementwise, "#0.5 * @erfc(-a * #0.7071067811865476)"},
    {"log_ndtr", elementwise, "@log_ndtr(a)"},
    {"sinc", elementwise, "a == 0 ? #1 : @sin(#3.141592653589793 * a) / (#3.141592653589793 * a)"},
    {"nan_to_num", replaced},
    {"nansum", replaced},
    {"sigmoid", elementwise, "@sigmoid(a)"},
    {"log_sigmoid", elementwise, "(a < 0 ? a : #0) - @log1p(@exp(a < 0 ? a : -a))"},
    {"softplus", elementwise, "(a > 0 ? a : #0) + @log1p(@exp(a < 0 ? a : -a))"},
    {"softsign", elementwise, "@fabs(a) > #1e30 ? @copysign(#1, a) : a / (#1 + @fabs(a))"},
    {"relu", elementwise, "a <= 0 ? #0 : a"},
    {"relu6", elementwise, "a < 0 ? #0 : a > 6 ? #6 : a"},
    {"hardsigmoid", elementwise, "a < -3 ? #0 : a > 3 ? #1 : (a + #3) / #6"},
    {"hardswish", elementwise, "a < -3 ? #0 : a > 3 ? a : a * (a + #3) / #6"},
    {"selu", elementwise, "a > 0 ? #1.0507009873554805 * a : #1.7580993408473766 * @expm1(a)"},
    {"silu", elementwise, "a < -#1000 ? #0 : a * @sigmoid(a)"},
    {"mish", elementwise,
     "a < -#1000 ? #0 : a * @tanh((a > 0 ? a : #0) + @log1p(@exp(a < 0 ? a : -a)))"},
    {"gelu", elementwise, "a < -#1000 ? #0 : #0.5 * a * @erfc(-a * #0.7071067811865476)"},
    {"gelu_tanh", elementwise,
     "a < -#1000 ? #0 : a * @sigmoid(#1.5957691216057308 * a * (#1 + #0.044715 * a * a))"},
    {"add", arithmetic, "a + b"},
    {"subtract", arithmetic, "a - b"},
    {"multiply", arithmetic, "a * b"},
    {"divide", elementwise, "a / b"},
    {"maximum", extremum, "a > b"},
    {"minimum", extremum, "a < b"},
    {"pow", power, "@pow(a, b)"},
    {"times", elementwise, "a == 0 && !(b - b == 0) ? #0 : a * b"},
    {"over", elementwise, "a == 0 && !(@fabs(b) > 0) ? #0 : a / b"},
    {"where_positive", elementwise, "b > 0 ? a : b == b || a == 0 ? #0 : b"},
    {"heaviside", elementwise, "a == 0 ? b : a > 0 ? #1 : a < 0 ? #0 : a"},
    {"logaddexp", elementwise,
     "a == b ? a + #0.6931471805599453 : (a > b ? a : b) + @log1p(@exp(-@fabs(a - b)))"},
    {"xlogy", elementwise, "a == 0 && b == b ? #0 : a * @log(b)"},
    {"xlog1py", elementwise, "a == 0 && b == b ? #0 : a * @log1p(b)"},
    {"sigmoid_cross_entropy", elementwise,
     "((a > 0 ? #1 - b : -b) == 0 ? #0 : (a > 0 ? #1 - b : -b) * a) + "
     "@log1p(@exp(a < 0 ? a : -a))"},
    {"atan2", elementwise, "@atan2(a, b)"},
    {"hypot", elementwise, "@hypot(a, b)"},
    {"copysign", elementwise, "@copysign(a, b)"},
    {"fmod", remainder_of_c, "@fmod(a, b)"},
    {"floor_divide", elementwise, "@floored_quotient(a, b)"},
    {"remainder", elementwise, "@floored_remainder(a, b)"},
    {"leaky_relu", elementwise, "a > 0 ? a : a * b"},
    {"elu", elementwise, "a > 0 ? a : b * @expm1(a)"},
    {"clip", clip, "a < b || b != b ? (b > c || c != c ? c : b) : a > c || c != c ? c : a"},
    {"lerp", elementwise, "a + c * (b - a)"},
    {"where", where},
    {"less", compared, "a < b"},
    {"less_equal", compared, "a <= b"},
    {"greater", compared, "a > b"},
    {"greater_equal", compared, "a >= b"},
    {"equal", compared, "a == b"},
    {"not_equal", compared, "a != b"},
    {"logical_and", compared, "a != 0 && b != 0"},
    {"logical_or", compared, "a != 0 || b != 0"},
    {"logical_xor", compared, "(a != 0) != (b != 0)"},
    {"bitwise_and", of_bits, "a & b"},
    {"bitwise_or", of_bits, "a | b"},
    {"bitwise_xor", of_bits, "a ^ b"},
    {"left_shift", of_bits, "b >= 0 && b < 64 ? (int64_t)((uint64_t)a << b) : 0"},
    {"right_shift", of_bits, "b >= 0 && b < 64 ? a >> b : a < 0 ? -1 : 0"},
    {"isfinite", compared, "a - a == 0"},
    {"isinf", compared, "a == a && a - a != 0"},
    {"to", cast},
};

}  // namespace

std::span<const CRule> c_elementwise() { return rules; }

}  // namespace xtape::exporting
