#include <cmath>
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
void compared(OnnxStep& s) {
  const Dtype dtype = promote(s.x(0).dtype, s.x(1).dtype);
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
string expm1(OnnxStep& s, const string& x) { return s("Sub", s("Exp", x), s.number(1)); }
string log1p(OnnxStep& s, const string& x) { return s("Log", s("Add", x, s.number(1))); }
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
string selu(OnnxStep& s, const string& x) {
  return s.node("Selu", {x}, {{"alpha", 1.6732632423543772F}, {"gamma", 1.0507009873554805F}});
}
string relu6(OnnxStep& s, const string& x) {
  return s("Min", s("Max", x, s.number(0)), s.number(6));
}
string hardsigmoid(OnnxStep& s, const string& x) {
  return s("Div", relu6(s, s("Add", x, s.number(3))), s.number(6));
}
string hardswish(OnnxStep& s, const string& x) { return s("Mul", hardsigmoid(s, x), x); }

string times(OnnxStep& s, const string& a, const string& b) { return s("Mul", a, b); }
string over(OnnxStep& s, const string& a, const string& b) { return s("Div", a, b); }
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
string hypot(OnnxStep& s, const string& a, const string& b) {
  return s("Sqrt", s("Add", square(s, a), square(s, b)));
}
string floor_divide(OnnxStep& s, const string& a, const string& b) {
  if (!is_floating(s.y().dtype)) s.refuse("integers are divided towards 0 there");
  return s("Floor", s("Div", a, b));
}
string remainder(OnnxStep& s, const string& a, const string& b) {
  return is_floating(s.y().dtype) ? s("Sub", a, s("Mul", s("Floor", s("Div", a, b)), b))
                                  : s("Mod", a, b);
}
string fmod(OnnxStep& s, const string& a, const string& b) {
  return s.node("Mod", {a, b}, {{"fmod", std::int64_t{1}}});
}

void where(OnnxStep& s) {
  const Dtype dtype = s.y().dtype;
  s.give(s("Where", s.in(0, Dtype::boolean), s.in(1, dtype), s.in(2, dtype)));
}
void clip(OnnxStep& s) {
  const Dtype dtype = s.y().dtype;
  s.give(s("Min", s("Max", s.in(0, dtype), s.in(1, dtype)), s.in(2, dtype)));
}
void lerp(OnnxStep& s) { s.give(s("Add", s.in(0), s("Mul", s.in(2), s("Sub", s.in(1), s.in(0))))); }
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
