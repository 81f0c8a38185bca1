#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// f of the elements of each row of a matrix, by the C library.
Tensor of_rows(const Tensor& x, const std::function<double(const Values&)>& f) {
  const Values values = x.to_vector<double>();
  const auto n = static_cast<std::size_t>(x.extent(1));
  Values results;
  for (std::size_t row = 0; row < static_cast<std::size_t>(x.extent(0)); ++row)
    results.push_back(f({values.begin() + static_cast<std::ptrdiff_t>(row * n),
                         values.begin() + static_cast<std::ptrdiff_t>((row + 1) * n)}));
  return from_vector(std::move(results));
}

double variance(const Values& x, double correction) {
  long double total = 0, squares = 0;
  for (const double value : x) total += value;
  const long double mean = total / static_cast<long double>(x.size());
  for (const double value : x) squares += (value - mean) * (value - mean);
  return static_cast<double>(squares / (static_cast<long double>(x.size()) - correction));
}

double p_norm(const Values& x, double p) {
  long double total = 0;
  for (const double value : x)
    total = p == inf ? std::fmax(total, std::fabs(value)) : total + std::pow(std::fabs(value), p);
  return static_cast<double>(p == inf ? total : std::pow(total, 1 / p));
}

}  // namespace

TEST_CASE("var and stddev are those of plain loops, along either axis, in every dtype") {
  const Tensor x = drawn({4, 7}, -3, 5);
  for (const double correction : {0.0, 1.0, 1.5}) {
    const Tensor expected = of_rows(x, [&](const Values& v) { return variance(v, correction); });
    CHECK(mismatch(var(x, 1, {.correction = correction}), expected, 1e-14) == "");
    CHECK(mismatch(var(transpose(x), 0, {.correction = correction}), expected, 1e-14) == "");
    CHECK(mismatch(stddev(x, -1, {.correction = correction}), sqrt(expected), 1e-14) == "");
    CHECK(mismatch(var(x, 1, {.correction = correction, .keep_dims = true}),
                   reshape(expected, {4, 1}), 1e-14) == "");
    CHECK(mismatch(var(x.to(Dtype::float32), 1, {.correction = correction}),
                   expected.to(Dtype::float32), 1e-5) == "");
  }
  CHECK(var(reshape(x, {2, 2, 7})).item() ==
        doctest::Approx(variance(x.to_vector<double>(), 0)).epsilon(1e-14));
  CHECK(mismatch(var(tensor({1, 2, 3, 4})), tensor(1.25, Dtype::float64)) == "");
  CHECK(mismatch(stddev(tensor({1, 5})), tensor(2.0, Dtype::float64)) == "");
}

TEST_CASE("var keeps its digits far from 0, and is exactly 0 for equal elements") {
  const Tensor small = drawn({1000}, -0.5, 0.5).to(Dtype::float32);
  const Tensor far = small + 30000.0f;  // rounded to 1/512
  const double expected = variance(far.to_vector<double>(), 0);
  CHECK(var(far).item() == doctest::Approx(expected).epsilon(1e-6));
  for (const double value : {0.1, 1e-30, 12345.678, -1e30}) {
    const Tensor x = full({1001}, value).set_requires_grad(true);
    CHECK(var(x).item() == 0);
    CHECK(stddev(x).item() == 0);
    for (const auto& f : {+[](const Tensor& at) { return var(at); },
                          +[](const Tensor& at) { return stddev(at); }}) {
      CHECK(amax(abs(grad(f)(x))).item() == 0);
    }
  }
}

TEST_CASE("stddev and norms: slopes are the closed forms, and 0 where there are none") {
  const Tensor x = drawn({6}, -2, 3);
  const double n = 6, s = stddev(x).item();
  CHECK(mismatch(grad([](const Tensor& at) { return stddev(at); })(x), (x - mean(x)) / (n * s),
                 1e-14) == "");
  const auto slope = [](double p) {
    return grad([p](const Tensor& at) { return norm(at, {}, {.order = p}); });
  };
  for (const double p : {1.0, 1.5, 2.0, 3.0, 10.0}) {
    const double y = norm(x, {}, {.order = p}).item();
    CHECK(mismatch(slope(p)(x), sign(x) * pow(abs(x) / y, p - 1), 1e-13) == "");
  }
  for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, inf}) {
    CHECK(mismatch(slope(p)(zeros({3})), zeros({3})) == "");
    CHECK(mismatch(grad([&](const Tensor& at) { return sum(square(slope(p)(at))); })(zeros({3})),
                   zeros({3})) == "");
  }
}

TEST_CASE("norm is that of plain loops for every order, without overflow but for p = 2") {
  const Tensor x = drawn({4, 5}, -2, 3);
  for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, 7.5, inf}) {
    const Tensor expected = of_rows(x, [&](const Values& v) { return p_norm(v, p); });
    CHECK(mismatch(norm(x, 1, {.order = p}), expected, 1e-14) == "");
    CHECK(mismatch(norm(transpose(x), 0, {.order = p, .keep_dims = true}),
                   reshape(expected, {1, 4}), 1e-14) == "");
    CHECK(mismatch(norm(x.to(Dtype::float32), 1, {.order = p}), expected.to(Dtype::float32),
                   1e-5) == "");
  }
  CHECK(norm(x).item() == doctest::Approx(p_norm(x.to_vector<double>(), 2)).epsilon(1e-14));
  CHECK(norm(full({8}, 1e30), {}, {.order = 3}).item() == doctest::Approx(2e30));
  CHECK(norm(full({8}, 1e-30), {}, {.order = 3}).item() == doctest::Approx(2e-30).scale(0));
  CHECK(norm(tensor({3, 4})).dtype() == Dtype::float64);
  CHECK(norm(tensor({3, 4})).item() == 5);
  for (const double p : {1.0, 2.0, 3.0}) {
    CHECK(norm(zeros({0}), {}, {.order = p}).item() == 0);
    CHECK(mismatch(norm(zeros({2, 0}), 1, {.order = p}), zeros({2})) == "");
    CHECK(norm(tensor({1.0, -inf}), {}, {.order = p}).item() == inf);
    CHECK(std::isnan(norm(tensor({1.0, quiet_nan}), {}, {.order = p}).item()));
  }
  CHECK_THROWS_AS(norm(zeros({0}), {}, {.order = inf}), ValueError);
}

TEST_CASE(
    "norm: however the elements lie, the bits are those of the sum of their squares, and the slope "
    "x / y") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = drawn({3, 5, 700}, -2, 2, 3).to(dtype);
    for (const Axes& axes : {Axes{-1}, Axes{1, 2}, Axes{}}) {
      const Tensor y = norm(x, axes, {.keep_dims = true});
      CHECK(mismatch(y, sqrt(sum(square(x), axes, {.keep_dims = true}))) == "");
      CHECK(mismatch(grad([&](const Tensor& at) { return sum(norm(at, axes)); })(x), x / y,
                     dtype == Dtype::float32 ? 1e-6 : 1e-15) == "");
    }
    for (const std::int64_t axis : {0, 2})
      CHECK(mismatch(norm(transpose(x), axis), norm(transpose(x).contiguous(), axis)) == "");
  }
}

TEST_CASE("any, all and count_nonzero over axes") {
  const Tensor x = tensor({{0.0, 2.0, quiet_nan}, {0.0, 0.0, -0.0}, {1.0, -1.0, 3.0}});
  CHECK(any(x, 1).to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK(all(x, 1).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(count_nonzero(x, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0, 3});
  CHECK(count_nonzero(x, 0, {.keep_dims = true}).shape() == Shape{1, 3});
  CHECK(count_nonzero(x).item() == 5);
  CHECK(any(x > 2).item() == 1);
  CHECK(all(x.to(Dtype::boolean)).item() == 0);
  CHECK(any(zeros({0})).item() == 0);
  CHECK(all(zeros({0})).item() == 1);
  CHECK(all(zeros({2, 0}), 1).to_vector<bool>() == std::vector<bool>{true, true});
  CHECK(any(tensor({0, 7})).dtype() == Dtype::boolean);
  CHECK(count_nonzero(tensor({true, false, true})).item() == 2);
  CHECK_FALSE(any(ones({2}).set_requires_grad(true)).requires_grad());
}

TEST_CASE("statistics: what cannot be is an error that names the function") {
  CHECK(error_of<ValueError>([] { return var(ones({1}), {}, {.correction = 1}); }) ==
        "var: more elements than the correction are needed; got 1 with the correction 1");
  CHECK(error_of<ValueError>([] {
          return stddev(ones({3, 0}), 1);
        }) == "stddev: more elements than the correction are needed; got 0 with the correction 0");
  CHECK(error_of<ValueError>([] { return var(ones({3}), {}, {.correction = -1}); }) ==
        "var: correction must be finite and not negative; got -1");
  CHECK(error_of<ValueError>([] { return norm(ones({3}), {}, {.order = 0}); }) ==
        "norm: order must be positive; got 0");
  CHECK(error_of<IndexError>([] { return var(ones({3}), 1); }).starts_with("var: "));
  CHECK(std::isnan(var(tensor({1.0, quiet_nan})).item()));
  CHECK(std::isnan(stddev(tensor({1.0, inf})).item()));
}
