// Compiled once, for all tests of rows.
#include "rows.hpp"

#include <cmath>
#include <map>
#include <string_view>

#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>

#include "special_references.hpp"

namespace {

/// The rows of three arguments, as functions of three tensors.
namespace of_three {
xtape::Tensor where(const xtape::Tensor& a, const xtape::Tensor& b, const xtape::Tensor& c) {
  return xtape::where(a > 0.5, b, c);
}
xtape::Tensor clip(const xtape::Tensor& x, const xtape::Tensor& low, const xtape::Tensor& high) {
  return xtape::clip(x, low, high);
}
}  // namespace of_three

}  // namespace

std::vector<Row> elementwise_rows() {
  constexpr auto any = [](std::string_view domain) { return domain != "floating"; };
  constexpr auto has = [](std::string_view derivative) { return derivative != "none"; };
  std::vector<Row> rows;
#define XTAPE_UNARY(name, domain, value, dx, low, high)                             \
  rows.push_back({#name, any(#domain), {{low, high, has(#dx)}}, [](const auto& x) { \
                    return xtape::name(x[0]);                                       \
                  }});
#define XTAPE_BINARY(name, domain, value, da, db, a_low, a_high, b_low, b_high)      \
  rows.push_back({#name,                                                             \
                  any(#domain),                                                      \
                  {{a_low, a_high, has(#da), !has(#da)}, {b_low, b_high, has(#db)}}, \
                  [](const auto& x) { return xtape::name(x[0], x[1]); }});
#define XTAPE_TERNARY(name, domain, value, da, db, dc, a_low, a_high, b_low, b_high, c_low, \
                      c_high)                                                               \
  rows.push_back(                                                                           \
      {#name,                                                                               \
       any(#domain),                                                                        \
       {{a_low, a_high, has(#da)}, {b_low, b_high, has(#db)}, {c_low, c_high, has(#dc)}},   \
       [](const auto& x) { return of_three::name(x[0], x[1], x[2]); }});
#define XTAPE_COMPARE(name, value)                                                           \
  rows.push_back({#name, true, {{-2.0, 2.0, false}, {-2.0, 2.0, false}}, [](const auto& x) { \
                    return xtape::name(x[0], x[1]);                                          \
                  }});
#include <xtape/ops/elementwise.def>
#include <xtape/ops/functions.def>
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE
  return rows;
}

const std::map<std::string, Reference>& scalar_references() {
  static const std::map<std::string, Reference> references{
      {"negative", [](const auto& x) { return -x[0]; }},
      {"abs", [](const auto& x) { return std::fabs(x[0]); }},
      {"sign", [](const auto& x) { return x[0] == 0 ? 0 : std::copysign(1.0L, x[0]); }},
      {"square", [](const auto& x) { return std::pow(x[0], 2.0L); }},
      {"sqrt", [](const auto& x) { return std::sqrt(x[0]); }},
      {"exp", [](const auto& x) { return std::exp(x[0]); }},
      {"expm1", [](const auto& x) { return std::expm1(x[0]); }},
      {"log", [](const auto& x) { return std::log(x[0]); }},
      {"log1p", [](const auto& x) { return std::log1p(x[0]); }},
      {"sin", [](const auto& x) { return std::sin(x[0]); }},
      {"cos", [](const auto& x) { return std::cos(x[0]); }},
      {"tanh", [](const auto& x) { return std::tanh(x[0]); }},
      {"sigmoid", [](const auto& x) { return 0.5L + 0.5L * std::tanh(x[0] / 2); }},
      {"softplus", [](const auto& x) { return std::log1p(std::exp(x[0])); }},
      {"relu", [](const auto& x) { return std::fdim(x[0], 0.0L); }},
      {"erf", [](const auto& x) { return std::erf(x[0]); }},
      {"erfc", [](const auto& x) { return std::erfc(x[0]); }},
      {"log_sigmoid", [](const auto& x) { return std::log(1 / (1 + std::exp(-x[0]))); }},
      {"silu", [](const auto& x) { return x[0] / (1 + std::exp(-x[0])); }},
      {"gelu", [](const auto& x) { return x[0] * (1 + std::erf(x[0] / std::sqrt(2.0L))) / 2; }},
      {"gelu_tanh",
       [](const auto& x) {  // Hendrycks & Gimpel, section 2
         const long double pi = std::acos(-1.0L);
         const long double u = std::sqrt(2 / pi) * (x[0] + 0.044715L * std::pow(x[0], 3.0L));
         return 0.5L * x[0] * (1 + std::tanh(u));
       }},
      {"leaky_relu", [](const auto& x) { return x[0] < 0 ? x[1] * x[0] : x[0]; }},
      {"elu", [](const auto& x) { return x[0] < 0 ? x[1] * (std::exp(x[0]) - 1) : x[0]; }},
      {"add", [](const auto& x) { return x[0] + x[1]; }},
      {"subtract", [](const auto& x) { return x[0] - x[1]; }},
      {"multiply", [](const auto& x) { return x[0] * x[1]; }},
      {"divide", [](const auto& x) { return x[0] / x[1]; }},
      {"times", [](const auto& x) { return x[0] == 0 ? 0 : x[0] * x[1]; }},
      {"where_positive", [](const auto& x) { return x[1] > 0 ? x[0] : 0; }},
      {"over", [](const auto& x) { return x[0] == 0 ? 0 : x[0] / x[1]; }},
      {"maximum", [](const auto& x) { return std::fmax(x[0], x[1]); }},
      {"minimum", [](const auto& x) { return std::fmin(x[0], x[1]); }},
      {"pow", [](const auto& x) { return std::pow(x[0], x[1]); }},
      {"sigmoid_cross_entropy",
       [](const auto& x) {
         const long double p = 1 / (1 + std::exp(-x[0]));
         return -x[1] * std::log(p) - (1 - x[1]) * std::log(1 - p);
       }},
      {"where", [](const auto& x) { return x[0] > 0.5L ? x[1] : x[2]; }},
      {"clip", [](const auto& x) { return std::fmin(std::fmax(x[0], x[1]), x[2]); }},
      {"less", [](const auto& x) { return x[0] < x[1]; }},
      {"less_equal", [](const auto& x) { return x[0] <= x[1]; }},
      {"greater", [](const auto& x) { return x[0] > x[1]; }},
      {"greater_equal", [](const auto& x) { return x[0] >= x[1]; }},
      {"equal", [](const auto& x) { return x[0] == x[1]; }},
      {"not_equal", [](const auto& x) { return x[0] != x[1]; }},
      {"logical_and", [](const auto& x) { return x[0] != 0 && x[1] != 0; }},
      {"logical_or", [](const auto& x) { return x[0] != 0 || x[1] != 0; }},
      {"logical_xor", [](const auto& x) { return (x[0] != 0) != (x[1] != 0); }},
      {"floor", [](const auto& x) { return std::floor(x[0]); }},
      {"ceil", [](const auto& x) { return std::ceil(x[0]); }},
      {"trunc", [](const auto& x) { return std::trunc(x[0]); }},
      {"round", [](const auto& x) { return std::nearbyint(x[0]); }},
      {"tan", [](const auto& x) { return std::tan(x[0]); }},
      {"asin", [](const auto& x) { return std::asin(x[0]); }},
      {"acos", [](const auto& x) { return std::acos(x[0]); }},
      {"atan", [](const auto& x) { return std::atan(x[0]); }},
      {"sinh", [](const auto& x) { return std::sinh(x[0]); }},
      {"cosh", [](const auto& x) { return std::cosh(x[0]); }},
      {"asinh", [](const auto& x) { return std::asinh(x[0]); }},
      {"acosh", [](const auto& x) { return std::acosh(x[0]); }},
      {"atanh", [](const auto& x) { return std::atanh(x[0]); }},
      {"exp2", [](const auto& x) { return std::exp2(x[0]); }},
      {"log2", [](const auto& x) { return std::log2(x[0]); }},
      {"log10", [](const auto& x) { return std::log10(x[0]); }},
      {"rsqrt", [](const auto& x) { return 1 / std::sqrt(x[0]); }},
      {"cbrt", [](const auto& x) { return std::cbrt(x[0]); }},
      {"atan2", [](const auto& x) { return std::atan2(x[0], x[1]); }},
      {"hypot", [](const auto& x) { return std::hypot(x[0], x[1]); }},
      {"logaddexp",
       [](const auto& x) {
         return std::fmax(x[0], x[1]) + std::log1p(std::exp(-std::fabs(x[0] - x[1])));
       }},
      {"xlogy", [](const auto& x) { return x[0] == 0 ? 0 : x[0] * std::log(x[1]); }},
      {"xlog1py", [](const auto& x) { return x[0] * std::log1p(x[1]); }},
      {"copysign", [](const auto& x) { return std::copysign(x[0], x[1]); }},
      {"remainder", [](const auto& x) { return x[0] - x[1] * std::floor(x[0] / x[1]); }},
      {"fmod", [](const auto& x) { return std::fmod(x[0], x[1]); }},
      {"floor_divide", [](const auto& x) { return std::floor(x[0] / x[1]); }},
      {"heaviside", [](const auto& x) { return x[0] == 0 ? x[1] : x[0] > 0; }},
      {"mish", [](const auto& x) { return x[0] * std::tanh(std::log1p(std::exp(x[0]))); }},
      {"selu",
       [](const auto& x) {  // Klambauer et al., appendix A1.1
         constexpr long double scale = 1.05070098735548049L, alpha = 1.67326324235437728L;
         return scale * (x[0] < 0 ? alpha * std::expm1(x[0]) : x[0]);
       }},
      {"softsign", [](const auto& x) { return x[0] / (1 + std::fabs(x[0])); }},
      {"relu6", [](const auto& x) { return std::fmin(std::fdim(x[0], 0.0L), 6.0L); }},
      {"hardsigmoid", [](const auto& x) { return std::fmin(std::fdim(x[0] + 3, 0.0L), 6.0L) / 6; }},
      {"hardswish",
       [](const auto& x) { return x[0] * (std::fmin(std::fdim(x[0] + 3, 0.0L), 6.0L) / 6); }},
      {"lgamma", [](const auto& x) { return std::lgamma(x[0]); }},
      {"digamma", [](const auto& x) { return of_number::polygamma(0, x[0]); }},
      {"erfinv", [](const auto& x) { return of_number::erfinv(x[0]); }},
      {"ndtri", [](const auto& x) { return std::sqrt(2.0L) * of_number::erfinv(2 * x[0] - 1); }},
      {"logit", [](const auto& x) { return std::log(x[0] / (1 - x[0])); }},
      {"ndtr", [](const auto& x) { return std::erfc(-x[0] / std::sqrt(2.0L)) / 2; }},
      {"log_ndtr", [](const auto& x) { return std::log(std::erfc(-x[0] / std::sqrt(2.0L)) / 2); }},
      {"erfcx", [](const auto& x) { return std::exp(x[0] * x[0]) * std::erfc(x[0]); }},
      {"sinc",
       [](const auto& x) {
         const long double angle = std::acos(-1.0L) * x[0];
         return x[0] == 0 ? 1 : std::sin(angle) / angle;
       }},
      {"i0", [](const auto& x) { return of_number::bessel(0, x[0]); }},
      {"i1", [](const auto& x) { return of_number::bessel(1, x[0]); }},
      {"i0e",
       [](const auto& x) { return std::exp(-std::fabs(x[0])) * of_number::bessel(0, x[0]); }},
      {"i1e",
       [](const auto& x) { return std::exp(-std::fabs(x[0])) * of_number::bessel(1, x[0]); }},
      {"beta", [](const auto& x) { return std::exp(of_number::log_beta(x[0], x[1])); }},
      {"log_beta", [](const auto& x) { return of_number::log_beta(x[0], x[1]); }},
      {"polygamma", [](const auto& x) { return of_number::polygamma(x[0], x[1]); }},
      {"repeated_erfcx", [](const auto& x) { return of_number::repeated_erfcx(x[0], x[1]); }},
      {"iv", [](const auto& x) { return of_number::bessel(x[0], x[1]); }},
      {"ive",
       [](const auto& x) { return std::exp(-std::fabs(x[1])) * of_number::bessel(x[0], x[1]); }},
      {"spherical_jn", [](const auto& x) { return of_number::spherical_jn(x[0], x[1]); }},
  };
  return references;
}
