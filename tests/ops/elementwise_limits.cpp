// Kinks, poles, NaN and infinity, and what `where` must keep out.
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/slope.hpp"

using namespace xtape;

TEST_CASE("kinks") {
  using Function = std::function<Tensor(const Tensor&)>;
  struct Kink {
    std::string name;
    Function f;
    Values at, slopes;
  };
  const Tensor zero = zeros({});
  const std::vector<Kink> kinks{
      {"abs", [](auto& x) { return abs(x); }, {0, -0.0, 1, -1}, {0, 0, 1, -1}},
      {"relu", [](auto& x) { return relu(x); }, {0, -0.0, 1, -1}, {0, 0, 1, 0}},
      {"sign", [](auto& x) { return sign(x) + x; }, {0, 2, -2}, {1, 1, 1}},
      {"clip", [](auto& x) { return clip(x, -1, 2); }, {-1, 2, -1.5, 0, 2.5}, {1, 1, 0, 1, 0}},
      {"clip by tensors",
       [](auto& x) {
         return clip(x, of({0, 1}), 1);
       },
       {0, 1},
       {1, 1}},
      {"maximum tie", [](auto& x) { return maximum(x, 1); }, {1, 2, 0}, {0.5, 1, 0}},
      {"minimum tie", [](auto& x) { return minimum(1, x); }, {1, 2, 0}, {0.5, 0, 1}},
      {"maximum(x, x)", [](auto& x) { return maximum(x, x); }, {3, -1, 0}, {1, 1, 1}},
      {"minimum(x, x)", [](auto& x) { return minimum(x, x); }, {3, -1, 0}, {1, 1, 1}},
      {"leaky_relu",
       [](auto& x) { return leaky_relu(x, 0.2); },
       {0, -0.0, 1, -1},
       {0.2, 0.2, 1, 0.2}},
      {"leaky_relu by its slope",
       [](auto& s) {
         return leaky_relu(of({0, -3, 3}), s);
       },
       {1, 1, 1},
       {0, -3, 0}},
      {"elu", [](auto& x) { return elu(x, 2); }, {0, -0.0, 1, -1}, {2, 2, 1, 2 / std::exp(1.0)}},
      {"elu by its alpha",
       [](auto& a) {
         return elu(of({0, -1000, 3}), a);
       },
       {1, 1, 1},
       {0, -1, 0}},
      {"sqrt", [](auto& x) { return sqrt(x); }, {0, 4}, {inf, 0.25}},
      {"log", [](auto& x) { return log(x); }, {0, 2}, {inf, 0.5}},
      {"x^0", [](auto& x) { return pow(x, 0); }, {0, 1, -2}, {0, 0, 0}},
      {"x^1", [](auto& x) { return pow(x, 1); }, {0, 1, -2}, {1, 1, 1}},
      {"x^2", [](auto& x) { return pow(x, 2); }, {0, 1, -2}, {0, 2, -4}},
      {"x^0.5", [](auto& x) { return pow(x, 0.5); }, {0, 4}, {inf, 0.25}},
      {"x^x", [](auto& x) { return pow(x, x); }, {1, 2}, {1, 4 * (1 + std::log(2))}},
      {"0^b", [](auto& b) { return pow(0, b); }, {0, 2, 0.5}, {0, 0, 0}},
      {"inf^b", [](auto& b) { return pow(inf, b); }, {-1, -0.5, 2}, {0, 0, inf}},
      {"1^b", [](auto& b) { return pow(1, b); }, {0, 2, -3}, {0, 0, 0}},
      {"(-2)^b", [](auto& b) { return pow(-2, b); }, {2, 0.5}, {quiet_nan, quiet_nan}},
  };
  for (const Kink& kink : kinks) {
    CAPTURE(kink.name);
    CHECK(mismatch(slope(kink.f, kink.at), of(kink.slopes), tolerance_of(Dtype::float32)) == "");
  }
  CHECK(pow(tensor({0.0}), 0).item() == 1);
}

TEST_CASE("norm of a constant by where: gradient 0, not NaN") {
  const auto norm = [](const Tensor& x) {
    const Tensor square_sum = sum(x * x);
    return where(square_sum > 0, sqrt(where(square_sum > 0, square_sum, 1)), 0);
  };
  CHECK(mismatch(slope(norm, {0, 0}), of({0, 0})) == "");
  CHECK(mismatch(slope(norm, {3, 4}), of({0.6, 0.8}), tolerance_of(Dtype::float32)) == "");
}

TEST_CASE("where keeps NaN and infinity of the unselected side out, to the second order") {
  using Function = std::function<Tensor(const Tensor&)>;
  struct Guarded {
    std::string name;
    Function f;
    double beside;  // the selection does not look here
  };
  const std::vector<Guarded> table{
      {"log(0)", [](auto& x) { return log(x); }, 0},
      {"log(-1)", [](auto& x) { return log(x); }, -1},
      {"log1p(-1)", [](auto& x) { return log1p(x); }, -1},
      {"sqrt(0)", [](auto& x) { return sqrt(x); }, 0},
      {"sqrt(-1)", [](auto& x) { return sqrt(x); }, -1},
      {"1 / 0", [](auto& x) { return 1 / x; }, 0},
      {"0 / 0", [](auto& x) { return x / x; }, 0},
      {"x log(x)", [](auto& x) { return x * log(x); }, 0},
      {"exp(1000)", [](auto& x) { return exp(x); }, 1000},
      {"expm1(1000)", [](auto& x) { return expm1(x); }, 1000},
      {"exp(exp(1000))", [](auto& x) { return exp(exp(x)); }, 1000},
      {"0^-1", [](auto& x) { return pow(x, -1); }, 0},
      {"0^0.5", [](auto& x) { return pow(x, 0.5); }, 0},
      {"(-1)^0.5", [](auto& x) { return pow(x, 0.5); }, -1},
      {"(-1)^x", [](auto& x) { return pow(-x, x); }, 2.5},
      {"square(inf)", [](auto& x) { return square(x); }, inf},
      {"sin(inf)", [](auto& x) { return sin(x); }, inf},
      {"cos(inf)", [](auto& x) { return cos(x); }, inf},
      {"tanh(NaN)", [](auto& x) { return tanh(x); }, quiet_nan},
      {"sigmoid(NaN)", [](auto& x) { return sigmoid(x); }, quiet_nan},
      {"softplus(NaN)", [](auto& x) { return softplus(x); }, quiet_nan},
      {"erf(NaN)", [](auto& x) { return erf(x); }, quiet_nan},
      {"gelu(NaN)", [](auto& x) { return gelu(x); }, quiet_nan},
      {"gelu_tanh(inf)", [](auto& x) { return gelu_tanh(x); }, inf},
      {"silu(inf)", [](auto& x) { return silu(x); }, inf},
      {"elu(1000)", [](auto& x) { return elu(x, 1) * x; }, 1000},
      {"leaky_relu(-inf)", [](auto& x) { return leaky_relu(x, 0) * x; }, -inf},
      {"log_sigmoid(-inf)", [](auto& x) { return log_sigmoid(x) * x; }, -inf},
      {"log(sqrt(x) / (x - 2))", [](auto& x) { return log(sqrt(x) / (x - 2)); }, 2},
      {"inf - inf", [](auto& x) { return x - x; }, inf},
      {"inf * 0", [](auto& x) { return x * (1 / x); }, inf},
  };
  for (const Guarded& row : table) {
    CAPTURE(row.name);
    const Tensor selected = tensor({false, true, false});
    const auto guarded = [&](const Tensor& x) { return where(selected, row.f(x), 3); };
    const Tensor x = of({row.beside, 0.5, row.beside}).set_requires_grad(true);
    const Tensor y = guarded(x);
    CHECK(values(y)[0] == 3);
    CHECK(values(y)[2] == 3);
    const Values fused = slope(guarded, {row.beside, 0.5, row.beside}).to_vector<double>();
    CHECK(fused[0] == 0);
    CHECK(fused[2] == 0);
    const auto [first] = grad(sum(y), {x}, {.create_graph = true});
    const Values second =
        first.requires_grad() ? grad(sum(first), {x})[0].to_vector<double>() : Values(3);
    CHECK(second[0] == 0);
    CHECK(second[2] == 0);
    const Tensor side = slope([&](const Tensor& z) { return where(!selected, -1, row.f(z)); },
                              {row.beside, 0.5, row.beside});
    CHECK(mismatch(side, of(fused)) == "");
  }
}

TEST_CASE("NaN comes through, whichever operand holds it and wherever it lies") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t n : {1, 3, 8, 37}) {
      for (std::int64_t at = 0; at < n; ++at) {
        Values values(static_cast<std::size_t>(n), 0.25);
        values[static_cast<std::size_t>(at)] = quiet_nan;
        const Tensor x = of(values).to(dtype), number = full({n}, 0.5, dtype);
        const Tensor expected = isnan(x);
        for (const Tensor& y : {relu(x),
                                maximum(x, number),
                                maximum(number, x),
                                minimum(x, number),
                                minimum(number, x),
                                clip(x, 0, 1),
                                clip(number, x, 1),
                                clip(number, 0, x),
                                x + 1,
                                sign(x),
                                abs(x),
                                exp(x),
                                log(x),
                                tanh(x),
                                sigmoid(x),
                                softplus(x),
                                erf(x),
                                erfc(x),
                                leaky_relu(x),
                                leaky_relu(-number, x),
                                elu(x),
                                gelu(x),
                                gelu_tanh(x),
                                silu(x),
                                log_sigmoid(x),
                                sqrt(x),
                                sin(x),
                                pow(x, 2),
                                pow(2, x),
                                where(number > 0, x, number)}) {
          CHECK(mismatch(isnan(y), expected) == "");
        }
        CHECK(mismatch(isfinite(x), !expected) == "");
        CHECK(sum(x == x).item() == static_cast<double>(n - 1));
        CHECK(sum(x != x).item() == 1);
        CHECK(sum((x < number) | (x >= number)).item() == static_cast<double>(n - 1));
      }
    }
  }
  CHECK(isfinite(of({inf, -inf, 0, 1e308})).to_vector<bool>() ==
        std::vector{false, false, true, true});
  CHECK(isnan(tensor({1, 2})).to_vector<bool>() == std::vector{false, false});
}

namespace {

const Values special{0.0,  -0.0,  0.25, -0.25, 1,    -1,   2,        -2,   3,
                     -3,   88,    -87,  100,   -100, 709,  -708,     1000, -1000,
                     1e-8, -1e-8, 1e30, -1e30, inf,  -inf, quiet_nan};

/// Every special value through f and through the C library's own, as double or float.
template <class T, class F, class G>
std::string wrong_at_special_values(F f, G reference, double tolerance) {
  std::vector<T> x(special.begin(), special.end()), y;
  for (const T value : x) y.push_back(reference(value));
  return mismatch(f(from_vector(std::vector<T>(x))), from_vector(std::move(y)), tolerance);
}

}  // namespace

#define CHECK_AS(f, reference)                                                             \
  CHECK(wrong_at_special_values<double>([](const Tensor& x) { return f(x); },              \
                                        [](double x) { return reference; }, 1e-14) == ""); \
  CHECK(wrong_at_special_values<float>([](const Tensor& x) { return f(x); },               \
                                       [](float x) { return reference; }, 2e-6) == "")

TEST_CASE("at the limits the functions are the C library's") {
  CHECK_AS(exp, std::exp(x));
  CHECK_AS(expm1, std::expm1(x));
  CHECK_AS(log, std::log(x));
  CHECK_AS(log1p, std::log1p(x));
  CHECK_AS(sqrt, std::sqrt(x));
  CHECK_AS(tanh, std::tanh(x));
  CHECK_AS(abs, std::fabs(x));
  CHECK_AS(square, x * x);
  CHECK_AS(negative, -x);
}

TEST_CASE("sin and cos of large arguments") {
  const Tensor x = of({10, 100.5, 1e4, 1e6, 1e9, -1e5, 1e15});
  Values sines, cosines;
  for (const double value : x.to_vector<double>()) {
    sines.push_back(std::sin(value));
    cosines.push_back(std::cos(value));
  }
  CHECK(mismatch(sin(x), of(sines), tolerance_of(Dtype::float64)) == "");
  CHECK(mismatch(cos(x), of(cosines), tolerance_of(Dtype::float64)) == "");
  CHECK(mismatch(isnan(sin(of({inf, -inf}))), tensor({true, true})) == "");
}

TEST_CASE("log1p and expm1 keep the digits of small numbers") {
  for (const double x : {1e-3, 1e-5, 1e-10, 1e-15, -1e-9}) {
    CHECK(log1p(of({x})).item() == doctest::Approx(std::log1p(x)).epsilon(1e-14));
    CHECK(expm1(of({x})).item() == doctest::Approx(std::expm1(x)).epsilon(1e-14));
    CHECK(tanh(of({x})).item() == doctest::Approx(std::tanh(x)).epsilon(1e-14));
    CHECK(std::abs(log1p(of({x})).item() / std::log1p(x) - 1) < 1e-14);
    CHECK(std::abs(expm1(of({x})).item() / std::expm1(x) - 1) < 1e-14);
    CHECK(std::abs(tanh(of({x})).item() / std::tanh(x) - 1) < 1e-14);
  }
}

TEST_CASE("activations at +-1000 and infinity, with their gradients") {
  using Function = std::function<Tensor(const Tensor&)>;
  struct Far {
    std::string name;
    Function f;
    Values values, slopes;
  };
  const Values far{1000, -1000, inf, -inf};
  const std::vector<Far> table{
      {"erf", [](auto& x) { return erf(x); }, {1, -1, 1, -1}, {0, 0, 0, 0}},
      {"erfc", [](auto& x) { return erfc(x); }, {0, 2, 0, 2}, {0, 0, 0, 0}},
      {"log_sigmoid", [](auto& x) { return log_sigmoid(x); }, {0, -1000, 0, -inf}, {0, 1, 0, 1}},
      {"leaky_relu",
       [](auto& x) { return leaky_relu(x, 0.25); },
       {1000, -250, inf, -inf},
       {1, 0.25, 1, 0.25}},
      {"elu", [](auto& x) { return elu(x, 0.5); }, {1000, -0.5, inf, -0.5}, {1, 0, 1, 0}},
      {"gelu", [](auto& x) { return gelu(x); }, {1000, 0, inf, 0}, {1, 0, 1, 0}},
      {"gelu_tanh", [](auto& x) { return gelu_tanh(x); }, {1000, 0, inf, 0}, {1, 0, 1, 0}},
      {"silu", [](auto& x) { return silu(x); }, {1000, 0, inf, 0}, {1, 0, 1, 0}},
  };
  for (const Far& row : table) {
    CAPTURE(row.name);
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      CHECK(mismatch(row.f(of(far).to(dtype)) + 0, of(row.values).to(dtype)) == "");  // 0 for -0
    }
    CHECK(mismatch(slope(row.f, far) + 0, of(row.slopes)) == "");
  }
}

TEST_CASE("the error function and gelu keep their digits, also in the tails") {
  const auto worst = [](const Tensor& got, const Values& expected) {
    const Tensor exact = of(expected);
    return amax(abs((got.to(Dtype::float64) - exact) / exact)).item();
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const bool wide = dtype == Dtype::float64;
    const Tensor x = linspace(wide ? -26 : -9, wide ? 26 : 9, 20000, dtype);
    Values erfs, erfcs, gelus;
    for (const double at : x.to_vector<double>()) {
      const long double z = at;
      erfs.push_back(static_cast<double>(std::erf(z)));
      erfcs.push_back(static_cast<double>(std::erfc(z)));
      gelus.push_back(static_cast<double>(z * std::erfc(-z / std::sqrt(2.0L)) / 2));
    }
    CHECK(worst(erf(x), erfs) < (wide ? 1e-15 : 5e-7));
    CHECK(worst(erfc(x), erfcs) < (wide ? 4e-15 : 2e-6));
    // the argument x / sqrt(2) is rounded: an error of up to x² units
    CHECK(worst(gelu(x), gelus) < (wide ? 2e-13 : 1e-5));
  }
  for (const double x : {1e-3, 1e-10, -1e-300}) {
    CHECK(std::abs(erf(of({x})).item() / std::erf(x) - 1) < 1e-15);
  }
  // Abramowitz & Stegun, Handbook of Mathematical Functions (1964), table 7.1, and table 26.1
  CHECK(worst(erf(of({0.5, 1, 2})), {0.5204998778, 0.8427007929, 0.9953222650}) < 1e-10);
  CHECK(worst(gelu(of({1, -1})), {0.841344746068543, -0.158655253931457}) < 1e-14);
}

TEST_CASE("pow at the edges is std::pow") {
  const Values numbers{0.0, -0.0, 1,     -1,     2,   -2,   0.5,      -0.5,
                       3,   -3,   1e300, 1e-300, inf, -inf, quiet_nan};
  for (const double a : numbers) {
    Values expected;
    std::vector<float> expected32;
    for (const double b : numbers) {
      expected.push_back(std::pow(a, b));
      expected32.push_back(std::pow(static_cast<float>(a), static_cast<float>(b)));
    }
    CAPTURE(a);
    CHECK(mismatch(pow(of({a}), of(numbers)), of(expected)) == "");
    CHECK(mismatch(pow(of({a}).to(Dtype::float32), of(numbers).to(Dtype::float32)),
                   from_vector(std::move(expected32))) == "");
  }
}

TEST_CASE("sign has gradient 0, also where the incoming one is infinite") {
  const Tensor x = tensor({-2.0, 0.0, 3.0}, Dtype::float64).set_requires_grad(true);
  sum(sign(x) * tensor({1.0, 2.0, inf}, Dtype::float64)).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0, 0});
}
