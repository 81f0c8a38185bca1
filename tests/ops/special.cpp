// The functions of special.def against mpmath and SciPy: digits of values and of derivatives, poles,
// ends of domains.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
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
    std::string name;
    std::function<Tensor(const Tensor&)> f;
    Values at, values, slopes;
  };
  const double nan = quiet_nan;
  const std::vector<End> ends{
      {"lgamma",
       [](auto& x) { return lgamma(x); },
       {0.0, -0.0, -1, -2, 1, 2, inf, -inf},
       {inf, inf, inf, inf, 0, 0, inf, inf},
       {-inf, inf, nan, nan, -0.57721566490153286, 0.42278433509846714, inf, nan}},
      {"digamma",
       [](auto& x) { return digamma(x); },
       {0.0, -0.0, -1, -2, inf, -inf},
       {-inf, inf, nan, nan, inf, nan},
       {inf, inf, inf, inf, 0, nan}},
      {"trigamma",
       [](auto& x) { return polygamma(1, x); },
       {0.0, -1, inf, -1e16},
       {inf, inf, 0, inf},
       {-inf, -inf, 0, -inf}},
      {"no order", [](auto& x) { return polygamma(-1, x); }, {0.5, 1}, {nan, nan}, {nan, nan}},
      {"a half of an order", [](auto& x) { return iv(0.5, x); }, {0.5, 1}, {nan, nan}, {nan, nan}},
      {"erfinv",
       [](auto& x) { return erfinv(x); },
       {1, -1, 1.5, -2, inf},
       {inf, -inf, nan, nan, nan},
       {inf, inf, nan, nan, nan}},
      {"ndtri",
       [](auto& x) { return ndtri(x); },
       {0.0, 1, 0.5, -1, 2},
       {-inf, inf, 0, nan, nan},
       {inf, inf, 2.5066282746310005, nan, nan}},
      {"logit",
       [](auto& x) { return logit(x); },
       {0.0, 1, 0.5, -1, 2},
       {-inf, inf, 0, nan, nan},
       {inf, inf, 4, nan, nan}},
      {"ndtr", [](auto& x) { return ndtr(x); }, {inf, -inf}, {1, 0}, {0, 0}},
      {"log_ndtr", [](auto& x) { return log_ndtr(x); }, {inf, -inf}, {0, -inf}, {0, inf}},
      {"erfcx", [](auto& x) { return erfcx(x); }, {inf, -inf, -40}, {0, inf, inf}, {0, -inf, -inf}},
      {"sinc",
       [](auto& x) { return sinc(x); },
       {0.0, -0.0, 1, 2, inf},
       {1, 1, 0, 0, nan},
       {0, 0, -1, 0.5, nan}},
      {"i0", [](auto& x) { return i0(x); }, {0.0, inf, -inf}, {1, inf, inf}, {0, inf, -inf}},
      {"i1", [](auto& x) { return i1(x); }, {0.0, inf, -inf}, {0, inf, -inf}, {0.5, inf, inf}},
      {"i0e", [](auto& x) { return i0e(x); }, {0.0, inf, -inf}, {1, 0, 0}, {0, 0, 0}},
      {"i1e", [](auto& x) { return i1e(x); }, {0.0, inf, -inf}, {0, 0, 0}, {0.5, 0, 0}},
      {"iv", [](auto& x) { return iv(2, x); }, {0.0, inf, -inf}, {0, inf, inf}, {0, inf, -inf}},
      {"spherical_jn",
       [](auto& x) { return spherical_jn(1, x); },
       {0.0, inf, -inf},
       {0, 0, 0},
       {1. / 3, 0, 0}},
      {"beta",
       [](auto& x) { return beta(x, 2); },
       {0.0, inf, -1.5, 1},
       {inf, 0, 4. / 3, 0.5},
       {-inf, 0, 32. / 9, -0.75}},
      {"log_beta",
       [](auto& x) { return log_beta(x, 1); },
       {0.0, inf, 1},
       {inf, -inf, 0},
       {-inf, 0, -1}},
  };
  for (const End& end : ends) {
    CAPTURE(end.name);
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      CHECK(mismatch(end.f(of(end.at).to(dtype)), of(end.values).to(dtype), tolerance_of(dtype)) ==
            "");
    }
    CHECK(mismatch(slope(end.f, end.at), of(end.slopes), tolerance_of(Dtype::float32)) == "");
  }
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
