#include <cmath>
#include <limits>
#include <numbers>

#include <xtape/core/dtype.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;

/// The node of the table, of operands in the dtype of the result.
void same(OnnxStep& s) {
  std::vector<string> inputs;
  for (std::size_t i = 0; i < s.count(); ++i) inputs.push_back(s.in(i, s.y().dtype));
  s.give(s.node(s.onnx, inputs));
}
/// Integers stay as they are.
void rounded(OnnxStep& s) { is_floating(s.y().dtype) ? same(s) : s.give(s.in(0, s.y().dtype)); }
/// Truths are ordered as numbers.
void compared(OnnxStep& s) {
  const bool equals = string(s.onnx) == "Equal";
  const Dtype both = promote(s.x(0).dtype, s.x(1).dtype);
  const Dtype dtype = both == Dtype::boolean && !equals ? Dtype::int64 : both;
  s.give(s(s.onnx, s.in(0, dtype), s.in(1, dtype)));
}
void not_equal(OnnxStep& s) {
  const Dtype dtype = promote(s.x(0).dtype, s.x(1).dtype);
  s.give(s("Not", s("Equal", s.in(0, dtype), s.in(1, dtype))));
}
void of_truths(OnnxStep& s) { s.give(s(s.onnx, s.in(0, Dtype::boolean), s.in(1, Dtype::boolean))); }
void cast(OnnxStep& s) { s.give(s.in(0, s.y().dtype)); }

/// A formula of the first operand, or of two.
template <auto formula>
void of_one(OnnxStep& s) {
  s.give(formula(s, s.in(0, s.y().dtype)));
}
template <auto formula>
void of_two(OnnxStep& s) {
  s.give(formula(s, s.in(0, s.y().dtype), s.in(1, s.y().dtype)));
}

string square(OnnxStep& s, const string& x) { return s("Mul", x, x); }
string relu(OnnxStep& s, const string& x) {
  return is_floating(s.y().dtype) ? s("Relu", x) : s("Max", x, s.number(0));
}
/// tanh(x / 2) (exp(x) + 1), where exp(x) - 1 would lose the digits of a small x.
string expm1(OnnxStep& s, const string& x) {
  return s("Mul", s("Tanh", s("Mul", x, s.number(0.5))), s("Add", s("Exp", x), s.number(1)));
}
/// What 1 + x rounds off shows in the u that it is: log(u) x / (u - 1).
/// Source: Kahan, in Goldberg, What Every Computer Scientist Should Know About Floating-Point
/// Arithmetic (1991)
string log1p(OnnxStep& s, const string& x) {
  const string one = s.number(1), u = s("Add", x, one), log = s("Log", u);
  const string near = s("Mul", log, s("Div", x, s("Sub", u, one)));
  return s("Where", s("Less", x, one), s("Where", s("Equal", u, one), x, near), log);
}
string erfc(OnnxStep& s, const string& x) { return s("Sub", s.number(1), s("Erf", x)); }
string log_sigmoid(OnnxStep& s, const string& x) { return s("Neg", s("Softplus", s("Neg", x))); }
string silu(OnnxStep& s, const string& x) { return s("Mul", x, s("Sigmoid", x)); }
string gelu(OnnxStep& s, const string& x) {
  const string twice =
      s("Add", s("Erf", s("Mul", x, s.number(1 / std::numbers::sqrt2))), s.number(1));
  return s("Mul", s("Mul", x, s.number(0.5)), twice);
}
string gelu_tanh(OnnxStep& s, const string& x) {
  const string cubic = s("Mul", s("Mul", s("Mul", x, x), x), s.number(0.044715));
  const string u = s("Mul", s("Add", x, cubic), s.number(std::sqrt(2 / std::numbers::pi)));
  return s("Mul", s("Mul", x, s.number(0.5)), s("Add", s("Tanh", u), s.number(1)));
}
string trunc(OnnxStep& s, const string& x) {
  return is_floating(s.y().dtype) ? s("Mul", s("Sign", x), s("Floor", s("Abs", x))) : x;
}
string exp2(OnnxStep& s, const string& x) { return s("Pow", s.number(2), x); }
string log2(OnnxStep& s, const string& x) {
  return s("Mul", s("Log", x), s.number(std::numbers::log2e));
}
string log10(OnnxStep& s, const string& x) {
  return s("Mul", s("Log", x), s.number(std::numbers::log10e));
}
string rsqrt(OnnxStep& s, const string& x) { return s("Reciprocal", s("Sqrt", x)); }
string mish(OnnxStep& s, const string& x) { return s("Mul", x, s("Tanh", s("Softplus", x))); }
string relu6(OnnxStep& s, const string& x) {
  return s("Min", s("Max", x, s.number(0)), s.number(6));
}
string hardsigmoid(OnnxStep& s, const string& x) {
  return s("Div", relu6(s, s("Add", x, s.number(3))), s.number(6));
}
string hardswish(OnnxStep& s, const string& x) { return s("Mul", hardsigmoid(s, x), x); }

string cbrt(OnnxStep& s, const string& x) {
  return s("Mul", s("Sign", x), s("Pow", s("Abs", x), s.number(1.0 / 3)));
}
/// log(x / (1 - x)), which near 1/2 is log(1 + (2x - 1) / (1 - x)).
string logit(OnnxStep& s, const string& x) {
  const string rest = s("Sub", s.number(1), x);
  const string near = log1p(s, s("Div", s("Sub", s("Add", x, x), s.number(1)), rest));
  return s("Where", s("Less", x, s.number(0.25)), s("Log", s("Div", x, rest)), near);
}
string ndtr(OnnxStep& s, const string& x) {
  const string part = s("Erf", s("Mul", x, s.number(1 / std::numbers::sqrt2)));
  return s("Mul", s("Add", part, s.number(1)), s.number(0.5));
}
string sinc(OnnxStep& s, const string& x) {
  const string angle = s("Mul", x, s.number(std::numbers::pi)), none = s("Equal", x, s.number(0));
  return s("Where", none, s.number(1), s("Div", s("Sin", angle), angle));
}

/// 0 times what is not finite is 0 too.
string times(OnnxStep& s, const string& a, const string& b) {
  return s("Where", s("Equal", a, s.number(0)), s.number(0), s("Mul", a, b));
}
string over(OnnxStep& s, const string& a, const string& b) {
  return s("Where", s("Equal", a, s.number(0)), s.number(0), s("Div", a, b));
}
string where_positive(OnnxStep& s, const string& a, const string& b) {
  const string none = s.number(0), lost = s("And", s("IsNaN", b), s("Not", s("Equal", a, none)));
  return s("Where", s("Greater", b, none), a, s("Where", lost, b, none));
}
string heaviside(OnnxStep& s, const string& a, const string& b) {
  const string none = s.number(0), step = s("Where", s("Greater", a, none), s.number(1), none);
  return s("Where", s("Equal", a, none), b, s("Where", s("IsNaN", a), a, step));
}
/// log(1 + exp(-|x|))
string softplus_tail(OnnxStep& s, const string& x) {
  return log1p(s, s("Exp", s("Neg", s("Abs", x))));
}
string logaddexp(OnnxStep& s, const string& a, const string& b) {
  const string apart = s("Add", s("Max", a, b), softplus_tail(s, s("Sub", a, b)));
  return s("Where", s("Equal", a, b), s("Add", a, s.number(std::numbers::ln2)), apart);
}
/// a log(b), or log(1 + b), which nothing times anything is not.
template <bool one_more>
string xlogy(OnnxStep& s, const string& a, const string& b) {
  const string nothing = s("And", s("Equal", a, s.number(0)), s("Not", s("IsNaN", b)));
  return s("Where", nothing, s.number(0), s("Mul", a, one_more ? log1p(s, b) : s("Log", b)));
}
string sigmoid_cross_entropy(OnnxStep& s, const string& a, const string& b) {
  const string positive = s("Greater", a, s.number(0));
  const string factor = s("Where", positive, s("Sub", s.number(1), b), s("Neg", b));
  return s("Add", times(s, factor, a), softplus_tail(s, a));
}
/// Below 0, or -0, whose inverse is.
string negative(OnnxStep& s, const string& x) {
  const string none = s.number(0);
  return s("Or", s("Less", x, none), s("Less", s("Reciprocal", x), none));
}
string copysign(OnnxStep& s, const string& a, const string& b) {
  const string size = s("Abs", a);
  return s("Where", negative(s, b), s("Neg", size), size);
}
string atan2(OnnxStep& s, const string& a, const string& b) {
  const string none = s.number(0), half = copysign(s, s.number(std::numbers::pi / 2), a);
  const string beyond = s("Where", negative(s, b), s("Add", half, half), none);
  const string diagonal = s("Equal", s("Abs", a), s("Abs", b));  // so are two infinities
  const string other = s("Where", diagonal, s("Mul", s("Sign", a), s("Sign", b)), s("Div", a, b));
  const string ratio = s("Where", s("Equal", a, none), s("Mul", a, none), other);
  const string angle = s("Add", s("Atan", ratio), beyond);
  const string upright = s("And", s("Equal", b, none), s("Not", s("Equal", a, none)));
  const string unknown = s.number(std::numeric_limits<double>::quiet_NaN());
  return s("Where", s("Or", s("IsNaN", a), s("IsNaN", b)), unknown,
           s("Where", upright, half, angle));
}
/// The second where the first is positive, else the third.
string by_sign(OnnxStep& s, const string& x, const string& positive, const string& other) {
  return s("Where", s("Greater", x, s.number(0)), positive, other);
}
string leaky_relu(OnnxStep& s, const string& a, const string& b) {
  return by_sign(s, a, a, s("Mul", a, b));
}
string elu(OnnxStep& s, const string& a, const string& b) {
  return by_sign(s, a, a, s("Mul", b, expm1(s, a)));
}
/// Selu itself has exp(x) - 1.
string selu(OnnxStep& s, const string& x) {
  return s("Mul", elu(s, x, s.number(1.6732632423543772)), s.number(1.0507009873554805));
}
/// By the larger, whose square may overflow; infinite if one of them is, whatever the other.
string hypot(OnnxStep& s, const string& a, const string& b) {
  const string x = s("Abs", a), y = s("Abs", b), more = s("Max", x, y), less = s("Min", x, y);
  const string part = s("Where", s("Equal", less, more), s.number(1), s("Div", less, more));
  const string size = s("Mul", more, s("Sqrt", s("Add", square(s, part), s.number(1))));
  const string infinity = s.number(std::numeric_limits<double>::infinity());
  return s("Where", s("Or", s("Equal", x, infinity), s("Equal", y, infinity)), infinity, size);
}
/// What fmod leaves, and whether it has not the sign of the divisor.
struct Rest {
  Rest(OnnxStep& s, const string& a, const string& b)
      : rest(s.node("Mod", {a, b}, {{"fmod", std::int64_t{1}}})),
        opposite(s("Less", s("Mul", s("Sign", rest), s("Sign", b)), s.number(0))) {}
  string rest, opposite;
};
string remainder(OnnxStep& s, const string& a, const string& b) {
  if (!is_floating(s.y().dtype)) return s("Mod", a, b);
  const Rest of(s, a, b);
  return s("Where", of.opposite, s("Add", of.rest, b), of.rest);
}
/// By 0 a / b; of integers 0.
string floor_divide(OnnxStep& s, const string& a, const string& b) {
  const string zero = s.number(0), by_zero = s("Equal", b, zero);
  if (!is_floating(s.y().dtype)) {
    const string divisor = s("Where", by_zero, s.number(1), b);
    return s("Where", by_zero, zero, s("Div", s("Sub", a, s("Mod", a, divisor)), divisor));
  }
  const Rest of(s, a, b);
  const string quotient = s("Round", s("Div", s("Sub", a, of.rest), b));
  const string floored = s("Where", of.opposite, s("Sub", quotient, s.number(1)), quotient);
  return s("Where", by_zero, s("Div", a, b), floored);
}
string fmod(OnnxStep& s, const string& a, const string& b) {
  return s.node("Mod", {a, b}, {{"fmod", std::int64_t{1}}});
}

void where(OnnxStep& s) {
  const Dtype dtype = s.y().dtype;
  s.give(s.where(s.in(0, Dtype::boolean), s.in(1, dtype), s.in(2, dtype)));
}
void clip(OnnxStep& s) {
  const Dtype dtype = s.y().dtype;
  s.give(s("Min", s("Max", s.in(0, dtype), s.in(1, dtype)), s.in(2, dtype)));
}
void lerp(OnnxStep& s) { s.give(s("Add", s.in(0), s("Mul", s.in(2), s("Sub", s.in(1), s.in(0))))); }
void replaced(OnnxStep& s) {
  const string x = s.in(0, s.y().dtype);
  const auto by = [&](const char* name) { return s.number(s.attributes().number(name)); };
  const double inf = std::numeric_limits<double>::infinity();
  const string below = s("Where", s("Equal", x, s.number(-inf)), by("neginf"), x);
  const string above = s("Where", s("Equal", x, s.number(inf)), by("posinf"), below);
  s.give(s("Where", s("IsNaN", x), by("nan"), above));
}
void is_infinite(OnnxStep& s) {
  is_floating(s.x(0).dtype) ? s.give(s("IsInf", s.in(0, Dtype::float32)))
                            : s.refuse("floating numbers are needed");
}
void is_finite(OnnxStep& s) {
  if (!is_floating(s.x(0).dtype)) s.refuse("floating numbers are needed");
  s.give(s("Not", s("Or", s("IsInf", s.in(0, Dtype::float32)), s("IsNaN", s.in(0)))));
}

constexpr OnnxRule rules[] = {
    {"negative", same, "Neg"},
    {"abs", same, "Abs"},
    {"sign", same, "Sign"},
    {"square", of_one<square>},
    {"sqrt", same, "Sqrt"},
    {"rsqrt", of_one<rsqrt>},
    {"exp", same, "Exp"},
    {"exp2", of_one<exp2>},
    {"expm1", of_one<expm1>},
    {"log", same, "Log"},
    {"log1p", of_one<log1p>},
    {"log2", of_one<log2>},
    {"log10", of_one<log10>},
    {"sin", same, "Sin"},
    {"cos", same, "Cos"},
    {"tan", same, "Tan"},
    {"asin", same, "Asin"},
    {"acos", same, "Acos"},
    {"atan", same, "Atan"},
    {"sinh", same, "Sinh"},
    {"cosh", same, "Cosh"},
    {"tanh", same, "Tanh"},
    {"asinh", same, "Asinh"},
    {"acosh", same, "Acosh"},
    {"atanh", same, "Atanh"},
    {"floor", rounded, "Floor"},
    {"ceil", rounded, "Ceil"},
    {"round", rounded, "Round"},
    {"trunc", of_one<trunc>},
    {"sigmoid", same, "Sigmoid"},
    {"log_sigmoid", of_one<log_sigmoid>},
    {"softplus", same, "Softplus"},
    {"softsign", same, "Softsign"},
    {"relu", of_one<relu>},
    {"relu6", of_one<relu6>},
    {"hardsigmoid", of_one<hardsigmoid>},
    {"hardswish", of_one<hardswish>},
    {"selu", of_one<selu>},
    {"silu", of_one<silu>},
    {"mish", of_one<mish>},
    {"gelu", of_one<gelu>},
    {"gelu_tanh", of_one<gelu_tanh>},
    {"cbrt", of_one<cbrt>},
    {"logit", of_one<logit>},
    {"ndtr", of_one<ndtr>},
    {"sinc", of_one<sinc>},
    {"nan_to_num", replaced},
    {"nansum", replaced},
    {"erf", same, "Erf"},
    {"erfc", of_one<erfc>},
    {"add", same, "Add"},
    {"subtract", same, "Sub"},
    {"multiply", same, "Mul"},
    {"divide", same, "Div"},
    {"maximum", same, "Max"},
    {"minimum", same, "Min"},
    {"pow", same, "Pow"},
    {"times", of_two<times>},
    {"over", of_two<over>},
    {"where_positive", of_two<where_positive>},
    {"heaviside", of_two<heaviside>},
    {"logaddexp", of_two<logaddexp>},
    {"xlogy", of_two<xlogy<false>>},
    {"xlog1py", of_two<xlogy<true>>},
    {"sigmoid_cross_entropy", of_two<sigmoid_cross_entropy>},
    {"copysign", of_two<copysign>},
    {"atan2", of_two<atan2>},
    {"leaky_relu", of_two<leaky_relu>},
    {"elu", of_two<elu>},
    {"hypot", of_two<hypot>},
    {"floor_divide", of_two<floor_divide>},
    {"remainder", of_two<remainder>},
    {"fmod", of_two<fmod>},
    {"where", where},
    {"clip", clip},
    {"lerp", lerp},
    {"less", compared, "Less"},
    {"less_equal", compared, "LessOrEqual"},
    {"greater", compared, "Greater"},
    {"greater_equal", compared, "GreaterOrEqual"},
    {"equal", compared, "Equal"},
    {"not_equal", not_equal},
    {"logical_and", of_truths, "And"},
    {"logical_or", of_truths, "Or"},
    {"logical_xor", of_truths, "Xor"},
    {"isinf", is_infinite},
    {"isfinite", is_finite},
    {"to", cast},
};

}  // namespace

std::span<const OnnxRule> onnx_elementwise() { return rules; }

}  // namespace xtape::exporting
