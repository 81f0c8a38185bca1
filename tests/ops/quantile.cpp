#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

double quantile_of(Doubles x, double q) {
  std::sort(x.begin(), x.end());
  const double place = q * static_cast<double>(x.size() - 1), part = place - std::floor(place);
  const auto below = static_cast<std::size_t>(place);
  if (part == 0) return x[below];
  return (1 - part) * x[below] + part * x[below + 1];
}

}  // namespace

TEST_CASE("quantile and median are those of sorted lists, over any axes, layout and dtype") {
  const Tensor x = drawn({3, 4, 5}, -3, 7);
  for (const double q : {0.0, 0.1, 0.25, 0.5, 0.7, 1.0}) {
    CAPTURE(q);
    CHECK(quantile(x, q).item() == doctest::Approx(quantile_of(values(x), q)).epsilon(1e-15));
    for (std::int64_t i = 0; i < 4; ++i) {
      const double expected = quantile_of(values(slice(x, {Slice::all, i})), q);
      CHECK(quantile(x, q, {0, 2})[i].item() == doctest::Approx(expected).epsilon(1e-15));
      if (q == 0.5) CHECK(median(x, {2, 0})[i].item() == doctest::Approx(expected).epsilon(1e-15));
    }
    CHECK(mismatch(quantile(transpose(x), q, 1), transpose(quantile(x, q, 1))) == "");
    CHECK(mismatch(quantile(x.to(Dtype::float32), q, 1), quantile(x, q, 1).to(Dtype::float32),
                   1e-6) == "");
    CHECK(quantile(x, q, -1, {.keep_dims = true}).shape() == Shape{3, 4, 1});
  }
  CHECK(mismatch(median(tensor({4, 1, 3, 2})), tensor(2.5, Dtype::float64)) == "");
  CHECK(mismatch(median(tensor({7, 1, 3}), 0, {.keep_dims = true}),
                 tensor({3.0}, Dtype::float64)) == "");
  CHECK(median(tensor(5.0)).item() == 5);
}

TEST_CASE("median and quantile: NaN, infinities and no elements") {
  const Tensor x = tensor({{1.0, quiet_nan, 2.0}, {4.0, 5.0, 9.0}}, Dtype::float64);
  CHECK(mismatch(median(x, 1), tensor({quiet_nan, 5.0}, Dtype::float64)) == "");
  CHECK(mismatch(quantile(x, 0.25, 1), tensor({quiet_nan, 4.5}, Dtype::float64)) == "");
  const Tensor slope = grad([](const Tensor& at) { return sum(median(at, 1)); })(x);
  CHECK(std::isnan(slope(0, 1).item()));
  CHECK(mismatch(slope[1], tensor({0.0, 1.0, 0.0}, Dtype::float64)) == "");
  CHECK(median(tensor({inf, inf})).item() == inf);
  CHECK(quantile(tensor({-inf, -inf}), 0.3).item() == -inf);
  CHECK(std::isnan(median(zeros({0})).item()));
  CHECK(mismatch(median(zeros({2, 0}), 1), full({2}, quiet_nan)) == "");
  CHECK(median(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(error_of<ValueError>([] {
          return quantile(zeros({2, 0}), 0.5, 1);
        }) == "quantile: no elements to compare; got float32[2, 0]");
}

TEST_CASE("ptp, nansum and nanmean") {
  const Tensor x = tensor({{1.0, quiet_nan, 2.0}, {4.0, -5.0, 9.0}}, Dtype::float64);
  CHECK(mismatch(ptp(x, 1), tensor({quiet_nan, 14.0}, Dtype::float64)) == "");
  CHECK(ptp(tensor({3, -4, 10})).item() == 14);
  CHECK(mismatch(nansum(x, 1), tensor({3.0, 8.0}, Dtype::float64)) == "");
  CHECK(mismatch(nanmean(x, 0), tensor({2.5, -5.0, 5.5}, Dtype::float64)) == "");
  CHECK(nanmean(tensor({1, 2})).item() == 1.5);
  CHECK(nansum(tensor({true, true})).item() == 2);
  CHECK(nansum(full({2}, quiet_nan)).item() == 0);
  CHECK(std::isnan(nanmean(full({2}, quiet_nan)).item()));
  CHECK(mismatch(grad([](const Tensor& at) { return sum(nanmean(at, 1)); })(x),
                 tensor({{0.5, 0.0, 0.5}, {1.0 / 3, 1.0 / 3, 1.0 / 3}}, Dtype::float64)) == "");
  CHECK(error_of<DtypeError>([] { return ptp(tensor({true})); }) ==
        "ptp: numbers are needed; got boolean[1]");
  CHECK(error_of<ValueError>([] {
          return ptp(zeros({2, 0}), 1);
        }) == "ptp: no elements to compare; got float32[2, 0]");
  CHECK(error_of<ValueError>([] { return nansum(Tensor()); }).starts_with("nansum: x must be"));
}

TEST_CASE("diff and trapezoid: differences of neighbours, and the integral of straight lines") {
  const Tensor x = tensor({{1, 4, 9, 16}, {2, 3, 5, 9}});
  CHECK(mismatch(diff(x), tensor({{3, 5, 7}, {1, 2, 4}})) == "");
  CHECK(mismatch(diff(x, 2), tensor({{2, 2}, {1, 2}})) == "");
  CHECK(mismatch(diff(x, 1, 0), tensor({{1, -1, -4, -7}})) == "");
  CHECK(mismatch(diff(x, 0), x) == "");
  CHECK(diff(x, 5).shape() == Shape{2, 0});
  CHECK(mismatch(diff(tensor({true, false})), tensor({-1})) == "");
  CHECK(mismatch(trapezoid(x), tensor({21.5, 13.5}, Dtype::float64)) == "");
  CHECK(mismatch(trapezoid(x, 0.5, 0), tensor({0.75, 1.75, 3.5, 6.25}, Dtype::float64)) == "");
  CHECK(trapezoid(tensor({1.0})).item() == 0);
  const Tensor points = tensor({0.0, 1.0, 3.0, 3.5}, Dtype::float64);
  const Tensor line = 2 * points + 1;  // its integral is p^2 + p
  CHECK(trapezoid(line, points).item() == doctest::Approx(3.5 * 3.5 + 3.5).epsilon(1e-15));
  CHECK(mismatch(trapezoid(stack({line, -line}, 1), points, 0),
                 tensor({15.75, -15.75}, Dtype::float64), 1e-15) == "");
  CHECK(mismatch(trapezoid(stack({line, -line}), stack({points, 2 * points})),
                 tensor({15.75, -31.5}, Dtype::float64), 1e-15) == "");
  CHECK(error_of<ShapeError>([&] {
          return trapezoid(line, tensor({1.0, 2.0}));
        }) ==
        "trapezoid: x must be a point for each sample along axis 0; got float32[2] for float64[4]");
  CHECK(error_of<ValueError>([&] {
          return trapezoid(Tensor());
        }).starts_with("trapezoid: the samples must be defined"));
}

TEST_CASE("several quantiles at once are each by itself, along an axis in front") {
  const Tensor x = drawn({3, 4, 5}, -3, 7);
  const std::vector<double> q{0, 0.3, 0.5, 1};
  const Tensor some = quantile(x, q, {0, 2}),
               kept = quantile(x, {0.3, 0.9}, 1, {.keep_dims = true});
  REQUIRE(some.shape() == Shape{4, 4});
  REQUIRE(kept.shape() == Shape{2, 3, 1, 5});
  for (std::int64_t i = 0; i < 4; ++i)
    CHECK(mismatch(some[i], quantile(x, q[static_cast<std::size_t>(i)], {0, 2})) == "");
  CHECK(mismatch(kept[1], quantile(x, 0.9, 1, {.keep_dims = true})) == "");
  CHECK(quantile(x, std::vector<double>{}).shape() == Shape{0});
  CHECK(quantile(zeros({0, 3}), {0.5, 1}, 1).shape() == Shape{2, 0});
  CHECK(error_of<ValueError>([&] {
          return quantile(x, {0.5, 1.5});
        }) == "quantile: q must lie in [0, 1]; got 1.5");
  // Both read the elements: the gradients add up.
  const Tensor slope = grad([](const Tensor& at) {
    return sum(quantile(at, {0, 1}));
  })(tensor({3.0, 1.0, 2.0}));
  CHECK(mismatch(slope, tensor({1.0, 1.0, 0.0})) == "");
}
