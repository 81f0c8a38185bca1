// The functions of special.def against mpmath and SciPy: digits of values and of derivatives,
// poles, ends of domains.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/special.hpp>

#include "support/compare.hpp"
#include "support/greatest_errors.hpp"
#include "support/rows.hpp"
#include "support/slope.hpp"
#include "support/special_values.hpp"
#include "support/ulps.hpp"

using namespace xtape;

namespace {

/// The column of a table of numbers.
Values column(const SpecialValues& of, std::size_t place) {
  const std::size_t width = of.inputs + 3;
  Values result;
  for (std::size_t i = place; i < of.numbers.size(); i += width) result.push_back(of.numbers[i]);
  return result;
}

template <class T>
double worst(const Tensor& got, const Values& exact) {
  const std::vector<T> numbers = got.detach().to_vector<T>();
  double most = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    most = std::max(most, ulps(numbers[i], static_cast<long double>(exact[i])));
  return most;
}

template <class T>
void check_digits(const SpecialValues& of, const Row& row) {
  const GreatestErrors::OfDtype bound = greatest_errors_of<T>(of.name);
  const double bounds[] = {bound.value, bound.slope, bound.second};
  std::vector<Tensor> x;
  for (std::size_t i = 0; i < of.inputs; ++i) {
    const Values at = column(of, i);
    x.push_back(from_vector(std::vector<T>(at.begin(), at.end())));
  }
  x.back().set_requires_grad(true);
  const Tensor y = row.apply(x);
  const auto [slope] = grad(sum(y), {x.back()});
  const auto [recorded] = grad(sum(row.apply(x)), {x.back()}, {.create_graph = true});
  const auto [second] = grad(sum(recorded), {x.back()});
  const Tensor got[] = {y, slope, second};
  for (std::size_t k = 0; k < 3; ++k) {
    const double error = worst<T>(got[k], column(of, of.inputs + k));
    CAPTURE(k);
    CHECK(error <= bounds[k]);
    MESSAGE(of.name << (sizeof(T) == 8 ? " float64 " : " float32 ") << k << ": " << error);
  }
}

}  // namespace

TEST_CASE("special functions: digits of values and of two derivatives at mpmath's points") {
  const std::vector<Row> rows = elementwise_rows();
  for (const SpecialValues& of : special_values) {
    CAPTURE(of.name);
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.name == of.name; });
    REQUIRE(row != rows.end());
    CHECK(column(of, 0).size() >= 40);
    check_digits<double>(of, *row);
    check_digits<float>(of, *row);
  }
}

TEST_CASE(
    "special functions at poles, ends of domains and infinities: SciPy's values, and slopes") {
  struct End {
    std::string call;
    std::function<Tensor(const Tensor&)> f;
    double at, value, slope;
  };
  const double nan = quiet_nan;
  const std::vector<End> ends{
#define XTAPE_END(name, call, at, value, slope) \
  {#call, [](const Tensor& x) { return call; }, at, value, slope},
#include "support/special_ends.def"
#undef XTAPE_END
  };
  for (const End& end : ends) {
    CAPTURE(end.call);
    CAPTURE(end.at);
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      CHECK(mismatch(end.f(of({end.at}).to(dtype)), of({end.value}).to(dtype),
                     tolerance_of(dtype)) == "");
    }
    CHECK(mismatch(slope(end.f, {end.at}), of({end.slope}), tolerance_of(Dtype::float32)) == "");
  }
}

TEST_CASE("ndtri: slopes where they overflow, and second derivatives at the ends") {
  // 1 / density(ndtri(p)) is near 1 / (p |ndtri(p)|): by mpmath
  for (const auto& [dtype, finite, beyond] :
       {std::tuple{Dtype::float64, Values{1e-309, 2e-310}, Values{1e-310, 1e-320, 5e-324}},
        std::tuple{Dtype::float32, Values{1e-38, 1e-39}, Values{1e-40, 1e-42, 1e-45}}}) {
    const auto slopes = grad([](const Tensor& p) { return sum(ndtri(p)); });
    const Values near = values(slopes(of(Values(finite)).to(dtype)));
    for (std::size_t i = 0; i < finite.size(); ++i) {
      const double p = finite[i], y = ndtri(tensor(p, Dtype::float64)).item();
      const double mills =
          1 - 1 / (y * y) + 3 / (y * y * y * y);  // p = density(y) / |y| times this
      CHECK(near[i] == doctest::Approx(mills / (-y * p)).epsilon(1e-4));
    }
    for (const double at : values(slopes(of(Values(beyond)).to(dtype)))) CHECK(at == inf);
  }
  const auto second = grad(
      [](const Tensor& p) { return sum(grad([](const Tensor& q) { return sum(ndtri(q)); })(p)); });
  CHECK(values(second(of({0, 1}))) == Values{-inf, inf});
  CHECK(values(second(of({0.5})))[0] == 0);
}

TEST_CASE("special functions where they overflow or nearly do") {
  CHECK(values(i0(of({713, -713, 714})))[2] == inf);
  CHECK(values(i0(of({713})))[0] == doctest::Approx(6.705128263671e307).epsilon(1e-6));
  CHECK(values(polygamma(100, of({1e4})))[0] ==
        doctest::Approx(-9.377e-245).scale(0).epsilon(1e-3));
  // mpmath's
  CHECK(values(polygamma(160, of({110})))[0] ==
        doctest::Approx(-1.33330625951e-44).scale(0).epsilon(1e-10));
  CHECK(values(polygamma(165, of({130})))[0] ==
        doctest::Approx(9.18726973674e-56).scale(0).epsilon(1e-10));
  CHECK(values(polygamma(200, of({100})))[0] ==
        doctest::Approx(-9.1254246911e-28).scale(0).epsilon(1e-10));
  CHECK(values(ive(20000, of({3.9e8})))[0] ==
        doctest::Approx(1.2096581151e-5).scale(0).epsilon(1e-9));
  CHECK(values(ndtri(of({5e-324})))[0] == doctest::Approx(-38.467405617144344).epsilon(1e-14));
  CHECK(values(log_ndtr(of({-1e10, -1e150})))[0] == doctest::Approx(-5e19).epsilon(1e-14));
  const Tensor far = slope([](auto& x) { return log_ndtr(x); }, {-1e10, -1e15});
  CHECK(mismatch(far, of({1e10, 1e15}), tolerance_of(Dtype::float32)) == "");
}

TEST_CASE(
    "beta and trigamma: the recurrences of their arguments, over the ends of their formulas") {
  const Tensor x = linspace(0.01, 25, 2500, Dtype::float64);  // by 0.01: 1, 2, 10 and 20 too
  for (const double b : {0.003, 0.7, 1.0, 2.0, 7.5, 9.99, 10.0, 12.0}) {
    CAPTURE(b);
    const Tensor y = tensor(b, Dtype::float64);
    const Tensor quotient = beta(x + 1, y) / beta(x, y) * ((x + y) / x);
    CHECK(amax(abs(quotient - 1)).item() < 2e-14);
    const Tensor difference = log_beta(x, y) - log_beta(x + 1, y) - log((x + y) / x);
    CHECK(amax(abs(difference) / (1 + abs(log_beta(x, y)))).item() < 2e-14);
    CHECK(amax(abs(beta(x, y) - beta(y, x))).item() == 0);
  }
  const Tensor order = tensor(1.0, Dtype::float64), value = polygamma(order, x);
  const Tensor lost = value - polygamma(order, x + 1) - 1 / (x * x);
  CHECK(amax(abs(lost) / value).item() < 2e-15);
}
