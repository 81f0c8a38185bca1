// The functions of functions.def where they make cases: signs, ends of domains, infinities,
// integers; accuracy.cpp measures their digits.
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/functions.hpp>

#include "support/compare.hpp"
#include "support/slope.hpp"

using namespace xtape;

namespace {

constexpr Dtype floating[] = {Dtype::float32, Dtype::float64};

/// Both operands from all pairs of the numbers.
template <class F, class Exact>
void check_pairs(F f, Exact exact, const Values& numbers, double tolerance = 0) {
  for (const Dtype dtype : floating) {
    Values a, b, expected;
    for (const double x : numbers) {
      for (const double y : numbers) {
        a.push_back(x);
        b.push_back(y);
        expected.push_back(exact(x, y));
      }
    }
    CAPTURE(to_string(dtype));
    CHECK(mismatch(f(of(a).to(dtype), of(b).to(dtype)), of(expected).to(dtype),
                   tolerance > 0 ? tolerance_of(dtype) : 0) == "");
  }
}

const Values numbers{0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 7.5, -7.5, inf, -inf, quiet_nan};

}  // namespace

TEST_CASE("rounding: signs of zero, halves to even, numbers without a fraction") {
  const Values at{0.0,  -0.0, 0.3,  -0.3,  0.5, -0.5, 0.7,       -0.7,      1.5,        2.5,
                  -1.5, -2.5, 1e30, -1e30, inf, -inf, quiet_nan, 4194305.5, -4194305.5, 8388609};
  const auto check = [&](auto f, auto exact) {
    for (const Dtype dtype : floating) {
      Values expected;
      for (const double x : at) expected.push_back(exact(x));
      const Tensor y = f(of(at).to(dtype));
      CHECK(mismatch(y, of(expected).to(dtype)) == "");  // bits: also the sign of 0
    }
  };
  std::fesetround(FE_TONEAREST);
  check([](auto x) { return floor(x); }, [](double x) { return std::floor(x); });
  check([](auto x) { return ceil(x); }, [](double x) { return std::ceil(x); });
  check([](auto x) { return trunc(x); }, [](double x) { return std::trunc(x); });
  check([](auto x) { return round(x); }, [](double x) { return std::nearbyint(x); });
  // the last numbers with a fraction
  const double last = 4503599627370495.5;
  CHECK(values(floor(of({last, -last})))[0] == 4503599627370495);
  CHECK(values(ceil(of({last, -last})))[1] == -4503599627370495);
  CHECK(values(round(of({last, last - 1})))[0] == 4503599627370496);
  const Tensor whole = tensor({std::int64_t{7}, std::numeric_limits<std::int64_t>::min()});
  for (const Tensor& y : {floor(whole), ceil(whole), trunc(whole), round(whole)})
    CHECK(mismatch(y, whole) == "");
  CHECK(values(slope([](auto& x) { return floor(x) + round(x); }, {0.3, 1, -2.5})) ==
        Values{0, 0, 0});
}

TEST_CASE("remainder, fmod and floor_divide are exact, with the signs of Python and of C") {
  check_pairs([](auto a, auto b) { return fmod(a, b); },
              [](double a, double b) { return std::fmod(a, b); }, numbers);
  // NumPy 1.24 on the same pairs
  CHECK(mismatch(remainder(of({7, -7, 7, -7, 5.5}), of({3, 3, -3, -3, -inf})),
                 of({1, 2, -2, -1, -inf})) == "");
  CHECK(mismatch(floor_divide(of({7, -7, 7, -7, 5.5, -5.5, 1, -1, 0}),
                              of({3, 3, -3, -3, inf, inf, 0, 0, 0})),
                 of({2, -3, -3, 2, 0, -1, inf, -inf, quiet_nan})) == "");
  CHECK(std::signbit(values(remainder(of({-3}), of({3})))[0]) == false);
  CHECK(std::signbit(values(remainder(of({3}), of({-3})))[0]) == true);

  std::mt19937_64 bits(3);
  Values a, b, rest;
  std::vector<float> a32, b32, rest32;
  for (int i = 0; i < 20'000; ++i) {
    const double x =
        std::ldexp(static_cast<double>(bits()), static_cast<int>(bits() % 2000) - 1100);
    const double y = i % 2 == 0 ? x / static_cast<double>(bits() % 1000 + 1)
                                : std::ldexp(static_cast<double>(bits()), -60);
    a.push_back(x);
    b.push_back(y);
    rest.push_back(std::fmod(x, y));
    a32.push_back(static_cast<float>(static_cast<double>(bits()) * 1e-15));
    b32.push_back(static_cast<float>(static_cast<double>(bits()) * (i % 3 == 0 ? 1e-22 : 1e-17)));
    rest32.push_back(std::fmod(a32.back(), b32.back()));
  }
  CHECK(mismatch(fmod(of(a), of(b)), of(rest)) == "");
  CHECK(mismatch(fmod(from_vector(a32), from_vector(b32)), from_vector(rest32)) == "");
}

TEST_CASE("remainder, fmod and floor_divide of integers: exact, and never by 0") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> a{7, -7, 7, -7, least, least, most, 5, 0},
      b{3, 3, -3, -3, -1, 3, least, most, -4};
  const auto check = [&](const Tensor& y, const std::vector<std::int64_t>& expected) {
    CHECK(y.to_vector<std::int64_t>() == expected);
  };
  const Tensor x = from_vector(a), z = from_vector(b);
  check(fmod(x, z), {1, -1, 1, -1, 0, -2, most, 5, 0});
  check(remainder(x, z), {1, 2, -2, -1, 0, 1, -1, 5, 0});
  check(floor_divide(x, z), {2, -3, -3, 2, least, -3074457345618258603, -1, 0, 0});
  CHECK(floor_divide(tensor({7, 8}), 2).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{3, 4});
  for (auto f : {fmod, remainder, floor_divide}) {
    CHECK_THROWS_AS(static_cast<void>(f(tensor({7, 8}), tensor({1, 0}))), ValueError);
    CHECK_THROWS_AS(static_cast<void>(f(tensor({true}), tensor({true}))), DtypeError);
    CHECK(f(zeros({0}, Dtype::int64), 0).shape() == Shape{0});
  }
  CHECK_THROWS_WITH(static_cast<void>(remainder(tensor({7}), 0)),
                    "remainder: integers have no quotient by 0; got a divisor 0");
}

TEST_CASE("powers of 2 and 10 and their logarithms are exact") {
  for (const Dtype dtype : floating) {
    const int most = dtype == Dtype::float32 ? 127 : 1023, least = most == 127 ? -149 : -1074;
    Values powers, exponents;
    for (int n = least; n <= most; ++n) {
      powers.push_back(std::ldexp(1.0, n));
      exponents.push_back(n);
    }
    CHECK(mismatch(log2(of(powers).to(dtype)), of(exponents).to(dtype)) == "");
    CHECK(mismatch(exp2(of(exponents).to(dtype)), of(powers).to(dtype)) == "");
    Values tens, places;
    for (int n = 0; n <= (most == 127 ? 10 : 22); ++n) {
      tens.push_back(std::pow(10.0, n));
      places.push_back(n);
    }
    CHECK(mismatch(log10(of(tens).to(dtype)), of(places).to(dtype)) == "");
  }
  CHECK(values(log2(of({0, -0.0, inf}))) == Values{-inf, -inf, inf});
  CHECK(values(exp2(of({-inf, inf, 2000, -2000}))) == Values{0, inf, inf, 0});
}

TEST_CASE("angles: quadrants, zeros and infinities as in C") {
  check_pairs([](auto a, auto b) { return atan2(a, b); },
              [](double a, double b) { return std::atan2(a, b); }, numbers, 1);
  const double huge = 1e308, tiny = 5e-324;
  CHECK(values(atan2(of({huge, tiny, huge, tiny}), of({huge, tiny, tiny, -huge}))) ==
        Values{std::numbers::pi / 4, std::numbers::pi / 4, std::numbers::pi / 2, std::numbers::pi});
  CHECK(std::signbit(values(asin(of({-0.0})))[0]));
  CHECK(values(acos(of({1, -1}))) == Values{0, std::numbers::pi});
  CHECK(values(atan(of({inf, -inf}))) == Values{std::numbers::pi / 2, -std::numbers::pi / 2});
  for (const double outside : {1.5, -1.5, inf}) {
    CHECK(std::isnan(values(asin(of({outside})))[0]));
    CHECK(std::isnan(values(acos(of({outside})))[0]));
    CHECK(std::isnan(values(atanh(of({outside})))[0]));
    CHECK(std::isnan(values(acosh(of({-std::abs(outside)})))[0]));
  }
  CHECK(std::isnan(values(tan(of({inf})))[0]));
}

TEST_CASE("further functions at the ends of their domains: values and slopes") {
  struct End {
    std::string name;
    std::function<Tensor(const Tensor&)> f;
    Values at, values, slopes;
  };
  const std::vector<End> ends{
      {"asin",
       [](auto& x) { return asin(x); },
       {1, -1},
       {std::numbers::pi / 2, -std::numbers::pi / 2},
       {inf, inf}},
      {"acos", [](auto& x) { return acos(x); }, {1, -1}, {0, std::numbers::pi}, {-inf, -inf}},
      {"acosh", [](auto& x) { return acosh(x); }, {1, inf}, {0, inf}, {inf, 0}},
      {"atanh", [](auto& x) { return atanh(x); }, {1, -1}, {inf, -inf}, {inf, inf}},
      {"sinh", [](auto& x) { return sinh(x); }, {inf, -inf, 0}, {inf, -inf, 0}, {inf, inf, 1}},
      {"cosh", [](auto& x) { return cosh(x); }, {inf, -inf, 0}, {inf, inf, 1}, {inf, -inf, 0}},
      {"asinh", [](auto& x) { return asinh(x); }, {inf, -inf, 0}, {inf, -inf, 0}, {0, 0, 1}},
      {"rsqrt", [](auto& x) { return rsqrt(x); }, {0, inf, 4}, {inf, 0, 0.5}, {-inf, 0, -0.0625}},
      {"cbrt", [](auto& x) { return cbrt(x); }, {0, -8, inf}, {0, -2, inf}, {inf, 1. / 12, 0}},
      {"log2", [](auto& x) { return log2(x); }, {0, inf}, {-inf, inf}, {inf, 0}},
      {"exp2", [](auto& x) { return exp2(x); }, {-inf, inf}, {0, inf}, {0, inf}},
      {"xlogy by x at y = 0", [](auto& x) { return xlogy(x, 0); }, {0, 1}, {0, -inf}, {0, -inf}},
      {"xlogy by y", [](auto& y) { return xlogy(0, y); }, {0, 2}, {0, 0}, {0, 0}},
      {"logaddexp", [](auto& x) { return logaddexp(x, -inf); }, {-inf, 3}, {-inf, 3}, {0.5, 1}},
      {"hypot", [](auto& x) { return hypot(x, 0); }, {0, -2}, {0, 2}, {0, -1}},
      {"atan2",
       [](auto& x) { return atan2(x, 0); },
       {0, 2, inf},
       {0, std::numbers::pi / 2, std::numbers::pi / 2},
       {0, 0, 0}},
      {"copysign", [](auto& x) { return copysign(x, -1); }, {2, -3, 0}, {-2, -3, -0.0}, {-1, 1, 0}},
      {"heaviside", [](auto& x) { return heaviside(x, 0.5); }, {-2, 0, 3}, {0, 0.5, 1}, {0, 0, 0}},
  };
  for (const End& end : ends) {
    CAPTURE(end.name);
    for (const Dtype dtype : floating) {
      CHECK(mismatch(end.f(of(end.at).to(dtype)), of(end.values).to(dtype), tolerance_of(dtype)) ==
            "");
    }
    CHECK(mismatch(slope(end.f, end.at), of(end.slopes), tolerance_of(Dtype::float32)) == "");
  }
}

TEST_CASE("hypot and logaddexp neither overflow nor lose an infinity") {
  const Tensor far = hypot(of({3e300, 3e-300}), of({4e300, 4e-300}));
  CHECK(mismatch(far / of({5e300, 5e-300}), of({1, 1}), tolerance_of(Dtype::float64)) == "");
  CHECK(values(hypot(of({inf, quiet_nan, 5e-324}), of({quiet_nan, -inf, 0}))) ==
        Values{inf, inf, 5e-324});
  CHECK(mismatch(hypot(tensor({3e30, 3e-30}), tensor({4e30, 4e-30})), tensor({5e30, 5e-30}),
                 1e-7) == "");
  CHECK(values(logaddexp(of({-inf, inf, 1000, -inf}), of({-inf, inf, 1000, inf}))) ==
        Values{-inf, inf, 1000 + std::log(2.0), inf});
}

TEST_CASE("nan_to_num, isinf, lerp, degrees and exclusive or") {
  const Tensor x = of({1, quiet_nan, inf, -inf});
  CHECK(values(isinf(x)) == Values{0, 0, 1, 1});
  const double greatest = std::numeric_limits<double>::max();
  CHECK(values(nan_to_num(x)) == Values{1, 0, greatest, -greatest});
  CHECK(values(nan_to_num(x.to(Dtype::float32)))[2] == std::numeric_limits<float>::max());
  CHECK(values(nan_to_num(x, {.nan = 5, .posinf = 6, .neginf = 7})) == Values{1, 5, 6, 7});
  CHECK(values(slope([](auto& v) { return nan_to_num(v) * 3; }, {1, quiet_nan, inf, -inf})) ==
        Values{3, 0, 0, 0});
  CHECK(mismatch(nan_to_num(tensor({1, 2})), tensor({1, 2})) == "");
  CHECK_THROWS_WITH_AS(static_cast<void>(nan_to_num(tensor({1.0}), {.nan = 1e300})),
                       "nan_to_num: a number must fit in float32; got 1e+300", ValueError);
  CHECK(values(lerp(of({0, 10}), of({10, 20}), 0.25)) == Values{2.5, 12.5});
  CHECK(lerp(of({1e16}), 1, 1).item() == 1);
  CHECK(values(rad2deg(deg2rad(of({180, -90})))) == Values{180, -90});
  CHECK(values(logical_xor(of({0, 0, 2, 3}), of({0, 5, 0, 7}))) == Values{0, 1, 1, 0});
  CHECK(values(logical_not(of({0, 2, quiet_nan}))) == Values{1, 0, 0});
  CHECK(values(reciprocal(of({4, -0.5}))) == Values{0.25, -2});
}

TEST_CASE("slopes at infinity and where the value overflows are limits, and NaN only beside NaN") {
  struct Point {
    std::string name;
    std::function<Tensor(const Tensor&, const Tensor&)> f;
    double a, b, by_a, by_b;
  };
  const double r = std::sqrt(0.5), nan = quiet_nan;
  const auto distance = [](auto& a, auto& b) { return hypot(a, b); };
  const auto angle = [](auto& a, auto& b) { return atan2(a, b); };
  const auto rest = [](auto& a, auto& b) { return remainder(a, b); };
  const auto c_rest = [](auto& a, auto& b) { return fmod(a, b); };
  const auto product = [](auto& a, auto& b) { return xlogy(a, b); };
  const auto product_of_next = [](auto& a, auto& b) { return xlog1py(a, b); };
  const std::vector<Point> points{
      {"hypot", distance, inf, 3, 1, 0},
      {"hypot", distance, -inf, 3, -1, 0},
      {"hypot", distance, 0, -inf, 0, -1},
      {"hypot", distance, inf, -inf, r, -r},
      {"hypot", distance, nan, 1, nan, nan},
      {"hypot", distance, inf, nan, 1, 0},  // infinite whatever the other is
      {"atan2", angle, inf, inf, 0, 0},
      {"atan2", angle, -inf, inf, 0, 0},
      {"atan2", angle, inf, -inf, 0, 0},
      {"atan2", angle, inf, 2, 0, 0},
      {"atan2", angle, 2, -inf, 0, 0},
      {"atan2", angle, nan, inf, nan, nan},
      {"remainder", rest, 5.5, inf, 1, 0},
      {"remainder", rest, 5.5, -inf, 1, 1},
      {"remainder", rest, -5.5, inf, 1, 1},
      {"remainder", rest, -5.5, -inf, 1, 0},
      {"fmod", c_rest, 5.5, inf, 1, 0},
      {"fmod", c_rest, -5.5, inf, 1, 0},
      {"xlogy", product, 0, nan, nan, nan},
      {"xlog1py", product_of_next, 0, nan, nan, nan},
      {"xlogy", product, 0, 2, std::log(2.0), 0},
  };
  const auto check = [](const Point& at, Dtype dtype) {
    const Tensor a = of({at.a}).to(dtype).set_requires_grad(true);
    const Tensor b = of({at.b}).to(dtype).set_requires_grad(true);
    CAPTURE(at.name);
    CAPTURE(at.a);
    CAPTURE(at.b);
    for (const bool recorded : {false, true}) {
      const auto [by_a, by_b] = grad(sum(at.f(a, b)), {a, b}, {.create_graph = recorded});
      CHECK(mismatch(by_a, of({at.by_a}).to(dtype), tolerance_of(dtype)) == "");
      CHECK(mismatch(by_b, of({at.by_b}).to(dtype), tolerance_of(dtype)) == "");
    }
  };
  for (const Dtype dtype : floating) {
    for (const Point& point : points) check(point, dtype);
    const double huge = dtype == Dtype::float32 ? 3e38 : 1.5e308;
    check({"hypot", distance, huge, -huge, r, -r}, dtype);
    check({"hypot", distance, huge, huge / 2, 2 / std::sqrt(5.0), 1 / std::sqrt(5.0)}, dtype);
  }
}

TEST_CASE("floor_divide has all digits of great quotients, atan2 those of the smallest numbers") {
  std::mt19937_64 bits(5);
  std::vector<float> a, b, quotients;
  for (int i = 0; i < 50'000; ++i) {
    b.push_back(std::ldexp(static_cast<float>(bits() % 16'777'216 + 1), -24));
    const double whole = static_cast<double>(bits() % 12'582'912 + 4'194'304);
    a.push_back(static_cast<float>(whole * static_cast<double>(b.back())));
    const double rest = std::fmod(static_cast<double>(a.back()), static_cast<double>(b.back()));
    const double quotient = (static_cast<double>(a.back()) - rest) / static_cast<double>(b.back());
    quotients.push_back(static_cast<float>(std::nearbyint(quotient)));
  }
  CHECK(mismatch(floor_divide(from_vector(a), from_vector(b)), from_vector(quotients)) == "");

  Values height, width, angles;
  for (int n = 1; n < 40; ++n) {
    for (const double w : {0.7, 1.0, 1.25, 1.5, 3.0, 100.0}) {
      height.push_back(n * 5e-324);
      width.push_back(w);
      angles.push_back(std::atan2(height.back(), w));
    }
  }
  CHECK(mismatch(atan2(of(height), of(width)), of(angles)) == "");
}
