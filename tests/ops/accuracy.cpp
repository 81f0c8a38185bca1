// Relative errors of the elementwise functions and their slopes over the whole range of float32 and
// float64, against the C library's long double.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/checked.hpp"
#include "support/greatest_errors.hpp"
#include "support/rows.hpp"
#include "support/ulps.hpp"

using namespace xtape;

namespace {

using Real = long double;

template <class T>
std::vector<T> arguments() {
  std::mt19937_64 bits(1);
  std::vector<T> values;
  for (int i = 0; i < tried(100'000); ++i) {  // of any size
    const std::uint64_t word = bits();
    T value;
    std::memcpy(&value, &word, sizeof(T));
    values.push_back(value);
  }
  constexpr double ends[] = {1.5, 4, 30, sizeof(T) == 4 ? 110.0 : 760.0};
  for (const double end : ends) {
    for (int i = 0; i < tried(20'000); ++i)
      values.push_back(static_cast<T>(std::uniform_real_distribution(-end, end)(bits)));
  }
  for (int i = 1; i < tried(10'000); ++i)
    values.push_back(static_cast<T>(i * std::acos(-1.0L) / 2));
  return values;
}

struct Function {
  std::string name;
  std::function<Tensor(const Tensor&)> apply;
  std::function<Real(Real)> value, slope;
};

Real logistic(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Real normal_below(Real x) { return std::erfc(-x / std::sqrt(Real{2})) / 2; }
Real normal_density(Real x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Real{-1})); }
Real sech(Real x) { return std::fabs(x) > 11000 ? 0 : 1 / std::cosh(x); }
Real sech_squared(Real x) { return sech(x) * sech(x); }
Real tanh_argument(Real x) {
  return std::sqrt(2 / std::acos(Real{-1})) * 2 * x * (1 + 0.044715L * x * x);
}

const std::vector<Function>& functions() {
  const Real pi = std::acos(Real{-1});
  static const std::vector<Function> table{
      {"exp", [](auto& x) { return exp(x); }, [](Real x) { return std::exp(x); },
       [](Real x) { return std::exp(x); }},
      {"expm1", [](auto& x) { return expm1(x); }, [](Real x) { return std::expm1(x); },
       [](Real x) { return std::exp(x); }},
      {"log", [](auto& x) { return log(x); }, [](Real x) { return std::log(x); },
       [](Real x) { return x < 0 ? NAN : 1 / x; }},
      {"log1p", [](auto& x) { return log1p(x); }, [](Real x) { return std::log1p(x); },
       [](Real x) { return x < -1 ? NAN : 1 / (1 + x); }},
      {"sin", [](auto& x) { return sin(x); }, [](Real x) { return std::sin(x); },
       [](Real x) { return std::cos(x); }},
      {"cos", [](auto& x) { return cos(x); }, [](Real x) { return std::cos(x); },
       [](Real x) { return -std::sin(x); }},
      {"sqrt", [](auto& x) { return sqrt(x); }, [](Real x) { return std::sqrt(x); },
       [](Real x) { return 1 / (2 * std::sqrt(x)); }},
      {"tanh", [](auto& x) { return tanh(x); }, [](Real x) { return std::tanh(x); }, sech_squared},
      {"sigmoid", [](auto& x) { return sigmoid(x); }, logistic,
       [](Real x) { return logistic(x) * logistic(-x); }},
      {"softplus", [](auto& x) { return softplus(x); },
       [](Real x) { return std::fmax(x, Real{0}) + std::log1p(std::exp(-std::fabs(x))); },
       logistic},
      {"log_sigmoid", [](auto& x) { return log_sigmoid(x); },
       [](Real x) { return std::fmin(x, Real{0}) - std::log1p(std::exp(-std::fabs(x))); },
       [](Real x) { return logistic(-x); }},
      {"erf", [](auto& x) { return erf(x); }, [](Real x) { return std::erf(x); },
       [pi](Real x) { return 2 / std::sqrt(pi) * std::exp(-x * x); }},
      {"erfc", [](auto& x) { return erfc(x); }, [](Real x) { return std::erfc(x); },
       [pi](Real x) { return -2 / std::sqrt(pi) * std::exp(-x * x); }},
      {"silu", [](auto& x) { return silu(x); }, [](Real x) { return x * logistic(x); },
       [](Real x) { return logistic(x) * (1 + x * logistic(-x)); }},
      {"gelu", [](auto& x) { return gelu(x); }, [](Real x) { return x * normal_below(x); },
       [](Real x) { return normal_below(x) + x * normal_density(x); }},
      {"gelu_tanh", [](auto& x) { return gelu_tanh(x); },
       [](Real x) { return x * logistic(tanh_argument(x)); },
       [](Real x) {
         if (std::fabs(x) > 1000) return x < 0 ? Real{0} : Real{1};
         const Real u = tanh_argument(x), k = std::sqrt(8 / std::acos(Real{-1}));
         return logistic(u) * (1 + x * logistic(-u) * k * (1 + 3 * 0.044715L * x * x));
       }},
      {"tan", [](auto& x) { return tan(x); }, [](Real x) { return std::tan(x); },
       [](Real x) { return 1 + std::tan(x) * std::tan(x); }},
      {"asin", [](auto& x) { return asin(x); }, [](Real x) { return std::asin(x); },
       [](Real x) { return 1 / std::sqrt((1 - x) * (1 + x)); }},
      {"acos", [](auto& x) { return acos(x); }, [](Real x) { return std::acos(x); },
       [](Real x) { return -1 / std::sqrt((1 - x) * (1 + x)); }},
      {"atan", [](auto& x) { return atan(x); }, [](Real x) { return std::atan(x); },
       [](Real x) { return 1 / (1 + x * x); }},
      {"sinh", [](auto& x) { return sinh(x); }, [](Real x) { return std::sinh(x); },
       [](Real x) { return std::cosh(x); }},
      {"cosh", [](auto& x) { return cosh(x); }, [](Real x) { return std::cosh(x); },
       [](Real x) { return std::sinh(x); }},
      {"asinh", [](auto& x) { return asinh(x); }, [](Real x) { return std::asinh(x); },
       [](Real x) { return 1 / std::hypot(x, Real{1}); }},
      {"acosh", [](auto& x) { return acosh(x); }, [](Real x) { return std::acosh(x); },
       [](Real x) { return x < 1 ? NAN : 1 / (std::sqrt(x - 1) * std::sqrt(x + 1)); }},
      {"atanh", [](auto& x) { return atanh(x); }, [](Real x) { return std::atanh(x); },
       [](Real x) { return std::fabs(x) > 1 ? NAN : 1 / ((1 - x) * (1 + x)); }},
      {"exp2", [](auto& x) { return exp2(x); }, [](Real x) { return std::exp2(x); },
       [](Real x) { return std::log(Real{2}) * std::exp2(x); }},
      {"log2", [](auto& x) { return log2(x); }, [](Real x) { return std::log2(x); },
       [](Real x) { return x < 0 ? NAN : 1 / (x * std::log(Real{2})); }},
      {"log10", [](auto& x) { return log10(x); }, [](Real x) { return std::log10(x); },
       [](Real x) { return x < 0 ? NAN : 1 / (x * std::log(Real{10})); }},
      {"rsqrt", [](auto& x) { return rsqrt(x); }, [](Real x) { return 1 / std::sqrt(x); },
       [](Real x) { return -1 / (2 * x * std::sqrt(x)); }},
      {"cbrt", [](auto& x) { return cbrt(x); }, [](Real x) { return std::cbrt(x); },
       [](Real x) { return 1 / (3 * std::cbrt(x) * std::cbrt(x)); }},
  };
  return table;
}

/// Beside the only zero of these slopes long double has no digits left to compare with.
bool beside_zero(const std::string& name, double x) {
  const double zero = name == "silu"        ? -1.278464542761074
                      : name == "gelu"      ? -0.751791524693564
                      : name == "gelu_tanh" ? -0.752461422071016
                                            : INFINITY;
  return std::fabs(x - zero) < 1e-4;
}

template <class T>
void check_all() {
  const std::vector<T> at = arguments<T>();
  for (const Function& f : functions()) {
    const Tensor x = from_vector(at).set_requires_grad(true);
    const Tensor y = f.apply(x);
    const Tensor dx = grad(sum(y), {x})[0];
    const Tensor value = y.detach();
    double worst = 0, worst_slope = 0;
    T worst_at = 0, worst_slope_at = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (!std::isfinite(at[i])) continue;
      const double error = ulps(value.data<T>()[i], f.value(at[i]));
      if (error > worst) worst = error, worst_at = at[i];
      if (sizeof(T) == 8 && beside_zero(f.name, static_cast<double>(at[i]))) continue;
      const double slope_error = ulps(dx.data<T>()[i], f.slope(at[i]));
      if (slope_error > worst_slope) worst_slope = slope_error, worst_slope_at = at[i];
    }
    CAPTURE(f.name);
    CAPTURE(worst_at);
    CAPTURE(worst_slope_at);
    CHECK(worst <= greatest_errors_of<T>(f.name).value);
    CHECK(worst_slope <= greatest_errors_of<T>(f.name).slope);
    MESSAGE(f.name << ": " << worst << ", slope " << worst_slope);
  }
}

struct Pairs {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&)> apply;
  std::function<Real(Real, Real)> value, by_a, by_b;
  std::function<bool(double, double)> asked;  // pairs that the bound holds for
};

Real excess(Real x) { return std::fmax(x, Real{0}) + std::log1p(std::exp(-std::fabs(x))); }

const std::vector<Pairs>& functions_of_two() {
  const auto everywhere = [](double, double) { return true; };
  const auto moderate = [](double a, double b) {
    return std::fabs(std::log(std::fabs(a))) < 40 && std::fabs(std::log(std::fabs(b))) < 40;
  };
  static const std::vector<Pairs> table{
      {"multiply", [](auto& a, auto& b) { return a * b; }, [](Real a, Real b) { return a * b; },
       [](Real, Real b) { return b; }, [](Real a, Real) { return a; }, everywhere},
      // A quotient that is subnormal has lost digits before it is divided again.
      {"divide", [](auto& a, auto& b) { return a / b; }, [](Real a, Real b) { return a / b; },
       [](Real, Real b) { return 1 / b; }, [](Real a, Real b) { return -a / b / b; },
       [](double a, double b) { return std::fabs(a) >= std::fabs(b) * 1e-37; }},
      {"pow", [](auto& a, auto& b) { return pow(a, b); },
       [](Real a, Real b) { return std::pow(a, b); },
       [](Real a, Real b) { return b * std::pow(a, b - 1); },
       [](Real a, Real b) { return std::pow(a, b) * std::log(a); },
       [](double a, double) { return a > 0; }},
      {"leaky_relu", [](auto& a, auto& b) { return leaky_relu(a, b); },
       [](Real a, Real b) { return a > 0 ? a : a * b; },
       [](Real a, Real b) { return a > 0 ? 1 : b; }, [](Real a, Real) { return a > 0 ? 0 : a; },
       everywhere},
      // Where expm1 is subnormal, or exp(a) far below that, only huge factors make it count.
      {"elu", [](auto& a, auto& b) { return elu(a, b); },
       [](Real a, Real b) { return a > 0 ? a : b * std::expm1(a); },
       [](Real a, Real b) { return a > 0 ? 1 : b * std::exp(a); },
       [](Real a, Real) { return a > 0 ? 0 : std::expm1(a); },
       [](double a, double b) { return std::fabs(a) > 1e-30 && std::fabs(b) < 1000; }},
      // The slope has a zero where the probability is the target: no digits are promised there.
      {"sigmoid_cross_entropy", [](auto& a, auto& b) { return sigmoid_cross_entropy(a, b); },
       [](Real a, Real b) { return b * excess(-a) + (1 - b) * excess(a); },
       [](Real a, Real b) { return (1 - b) * logistic(a) - b * logistic(-a); },
       [](Real a, Real) { return -a; }, [](double, double b) { return b == 0 || b == 1; }},
      {"atan2", [](auto& a, auto& b) { return atan2(a, b); },
       [](Real a, Real b) { return std::atan2(a, b); },
       [](Real a, Real b) { return b / std::hypot(a, b) / std::hypot(a, b); },
       [](Real a, Real b) { return -a / std::hypot(a, b) / std::hypot(a, b); }, moderate},
      {"hypot", [](auto& a, auto& b) { return hypot(a, b); },
       [](Real a, Real b) { return std::hypot(a, b); },
       [](Real a, Real b) { return a / std::hypot(a, b); },
       [](Real a, Real b) { return b / std::hypot(a, b); }, moderate},
      {"remainder", [](auto& a, auto& b) { return remainder(a, b); },
       [](Real a, Real b) {
         const Real rest = std::fmod(a, b);
         return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
       },
       [](Real, Real) { return 1; }, [](Real a, Real b) { return -std::floor(a / b); },
       [](double a, double b) { return std::fabs(a) < 1000 && std::fabs(b) > 1e-3; }},
      {"fmod", [](auto& a, auto& b) { return fmod(a, b); },
       [](Real a, Real b) { return std::fmod(a, b); }, [](Real, Real) { return 1; },
       [](Real a, Real b) { return -std::trunc(a / b); },
       [](double a, double b) { return std::fabs(a) < 1000 && std::fabs(b) > 1e-3; }},
  };
  return table;
}

/// Pairs of any size, pairs of moderate size, and pairs whose powers are of any size.
template <class T>
std::pair<std::vector<T>, std::vector<T>> pairs() {
  std::mt19937_64 bits(2);
  const auto between = [&](double low, double high) {
    return std::uniform_real_distribution(low, high)(bits);
  };
  const std::vector<T> any = arguments<T>();
  const double largest = std::log(static_cast<double>(std::numeric_limits<T>::max()));
  std::vector<T> a, b;
  for (int i = 0; i < tried(100'000); ++i) {
    a.push_back(any[static_cast<std::size_t>(i)]);
    b.push_back(any[bits() % any.size()]);
    a.push_back(static_cast<T>(between(-20, 20)));
    b.push_back(static_cast<T>(i % 2 == 0 ? between(-20, 20) : i / 2 % 2));
    const T base = static_cast<T>(std::exp(between(-largest, largest) * (i % 2 == 0 ? 1 : 1e-2)));
    a.push_back(base);
    b.push_back(static_cast<T>(between(-largest, largest) / std::log(static_cast<double>(base))));
  }
  return {a, b};
}

template <class T>
void check_pairs() {
  const auto points = pairs<T>();
  const std::vector<T>&at_a = points.first, &at_b = points.second;
  for (const Pairs& f : functions_of_two()) {
    const Tensor a = from_vector(at_a).set_requires_grad(true);
    const Tensor b = from_vector(at_b).set_requires_grad(true);
    const Tensor y = f.apply(a, b);
    const auto [by_a, by_b] = grad(sum(y), {a, b});
    const Tensor results[] = {y.detach(), by_a.contiguous(), by_b.contiguous()};
    const std::function<Real(Real, Real)> exact[] = {f.value, f.by_a, f.by_b};
    double worst[] = {0, 0, 0};
    CAPTURE(f.name);
    for (std::size_t k = 0; k < 3; ++k) {
      std::size_t worst_at = 0;
      for (std::size_t i = 0; i < at_a.size(); ++i) {
        const T x = at_a[i], z = at_b[i];
        if (!std::isfinite(x) || !std::isfinite(z)) continue;
        if (!f.asked(static_cast<double>(x), static_cast<double>(z))) continue;
        const double error = ulps(results[k].data<T>()[i], exact[k](x, z));
        if (error > worst[k]) worst[k] = error, worst_at = i;
      }
      CAPTURE(k);
      CAPTURE(at_a[worst_at]);
      CAPTURE(at_b[worst_at]);
      const auto bound = greatest_errors_of<T>(f.name);
      CHECK(worst[k] <= (k == 0 ? bound.value : bound.slope));
    }
    MESSAGE(f.name << ": " << worst[0] << ", slopes " << worst[1] << " and " << worst[2]);
  }
}

/// The values of the rows that are measured nowhere else.
template <class T>
void check_values() {
  const auto points = pairs<T>();
  for (const Row& row : elementwise_rows()) {
    if (!greatest_errors().contains(row.name)) continue;  // comparisons
    if (greatest_errors_of<T>(row.name).slope > 0) continue;
    std::vector<Tensor> x;
    std::vector<const std::vector<T>*> at;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      at.push_back(i % 2 == 0 ? &points.first : &points.second);
      x.push_back(from_vector(*at.back()));
    }
    const Tensor y = row.apply(x);
    double worst = 0;
    for (std::size_t i = 0; i < points.first.size(); ++i) {
      std::vector<Real> arguments;
      for (const auto* values : at) arguments.push_back((*values)[i]);
      if (!std::all_of(arguments.begin(), arguments.end(), [](Real v) { return std::isfinite(v); }))
        continue;
      const Real exact = scalar_references().at(row.name)(arguments);
      // exp(a) + exp(b) beside 1, whose logarithm is the difference of two numbers; where it is all
      // of the smaller exponential, the rounded a - b loses digits too
      const bool cancels = row.name == "logaddexp" &&
                           2 * std::fabs(exact) < std::fabs(std::fmax(arguments[0], arguments[1]));
      if (!cancels) worst = std::max(worst, ulps(y.data<T>()[i], exact));
    }
    CAPTURE(row.name);
    CHECK(worst <= greatest_errors_of<T>(row.name).value);
    MESSAGE(row.name << ": " << worst);
  }
}

}  // namespace

TEST_CASE("float32: values and slopes to the greatest errors that are stated") {
  check_all<float>();
  check_pairs<float>();
  check_values<float>();
}
TEST_CASE("float64: values and slopes to the greatest errors that are stated") {
  check_all<double>();
  check_pairs<double>();
  check_values<double>();
}
