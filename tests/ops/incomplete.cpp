// Incomplete gamma and beta functions against mpmath.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/incomplete.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/incomplete_values.hpp"

using namespace xtape;

namespace {

const double inf = std::numeric_limits<double>::infinity(), not_a_number = std::nan("");

double relative(double got, double expected) {
  return std::abs(got - expected) / std::abs(expected);
}

/// Beside what it is the change of where that is greater: a derivative may be 0.
double deviation(double got, double expected, double of) {
  return std::abs(got - expected) / std::max(std::abs(expected), std::abs(of));
}

Tensor number(double x) { return tensor(x, Dtype::float64); }

}  // namespace

TEST_CASE("gammainc and gammaincc: values and derivatives by a") {
  for (const auto& row : incomplete_gamma_values) {
    const double a = row[0], x = row[1], p = row[2], q = row[3], first = row[4], second = row[5];
    CAPTURE(a);
    CAPTURE(x);
    CHECK(relative(gammainc(number(a), number(x)).item(), p) < 4e-13);
    CHECK(relative(gammaincc(number(a), number(x)).item(), q) < 4e-13);
    const auto lower = [x](const Tensor& shape) { return gammainc(shape, number(x)); };
    const auto upper = [x](const Tensor& shape) { return gammaincc(shape, number(x)); };
    CHECK(relative(value_and_grad(lower)(number(a)).second.item(), first) < 1e-12);
    CHECK(relative(value_and_grad(upper)(number(a)).second.item(), -first) < 1e-12);
    CHECK(relative(hessian(lower, number(a)).item(), second) < 1e-9);  // beside its zeros
  }
}

TEST_CASE("gammainc and gammaincc of great parameters") {
  for (const auto& row : incomplete_gamma_far) {
    const double a = row[0], x = row[1];
    CAPTURE(a);
    CAPTURE(x);
    CHECK(relative(gammainc(number(a), number(x)).item(), row[2]) < 1e-12);
    CHECK(relative(gammaincc(number(a), number(x)).item(), row[3]) < 1e-12);
  }
  CHECK(gammainc(1e9, number(5e8)).item() == 0);
  CHECK(gammaincc(1e9, number(5e8)).item() == 1);
  CHECK(gammainc(1e300, number(2e300)).item() == 1);
}

TEST_CASE("gammainc by x is the density, to any order, and float32 is computed in double") {
  for (const double a : {0.5, 1.0, 3.5}) {
    for (const double x : {0.25, 2.0, 8.0}) {
      const auto f = [a](const Tensor& at) { return gammainc(number(a), at); };
      const double density = std::pow(x, a - 1) * std::exp(-x) / std::tgamma(a),
                   slope = (a - 1) / x - 1;
      CHECK(relative(value_and_grad(f)(number(x)).second.item(), density) < 1e-14);
      if (slope != 0) CHECK(relative(hessian(f, number(x)).item(), density * slope) < 1e-13);
    }
  }
  CHECK(gammainc(tensor(2.5), tensor(1.5)).dtype() == Dtype::float32);
  CHECK(gammainc(tensor(2.5), tensor(1.5)).item() ==
        static_cast<float>(gammainc(number(2.5), number(1.5)).item()));
  CHECK(gammainc(tensor({1, 2}), 1).dtype() == Dtype::float64);
}

TEST_CASE("gammainc and its density: an element among others has the bits that it has alone") {
  std::vector<double> shapes, places;
  for (const double a :
       {1e-300, 1e-5, 0.3, 0.5, 1.0, 9.9, 10.0, 42.0, 100.0, 101.0, 3e3, 0.0, inf, -1.0}) {
    for (const double x : {0.0, 5e-324, 1e-9, 0.4, 1.5, 2.9, 11.0, 99.0, 110.0, 600.0, 601.0, 3.1e3,
                           inf, not_a_number}) {
      shapes.push_back(a);
      places.push_back(x);
    }
  }
  const auto all = [](const Tensor& a, const Tensor& x) {
    const auto f = [&a](const Tensor& at) { return gammainc(a, at); };
    const Tensor point = x.detach().set_requires_grad(true);
    return stack({gammainc(a, x), gammaincc(a, x), grad(sum(f(point)), {point})[0]});
  };
  const Tensor together = all(from_vector(shapes), from_vector(places));
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Tensor alone =
        all(from_vector(std::vector{shapes[i]}), from_vector(std::vector{places[i]}));
    CAPTURE(shapes[i]);
    CAPTURE(places[i]);
    const auto place = static_cast<std::int64_t>(i);
    CHECK(mismatch(slice(together, {Slice::all, range(place, place + 1)}), alone) == "");
  }
  CHECK(gammainc(zeros({0}), zeros({0})).shape() == Shape{0});
}

TEST_CASE("gammainc: ends of the domain are SciPy's") {
  const auto lower = [](double a, double x) { return gammainc(number(a), number(x)).item(); };
  const auto upper = [](double a, double x) { return gammaincc(number(a), number(x)).item(); };
  CHECK(lower(2, 0) == 0);
  CHECK(upper(2, 0) == 1);
  CHECK(lower(2, inf) == 1);
  CHECK(upper(2, inf) == 0);
  CHECK(lower(0, 1) == 1);
  CHECK(upper(0, 1) == 0);
  CHECK(lower(inf, 1) == 0);
  for (const auto& [a, x] : {std::pair{-1.0, 1.0},
                             {1.0, -1.0},
                             {not_a_number, 1.0},
                             {1.0, not_a_number},
                             {0.0, 0.0},
                             {inf, inf}}) {
    CHECK(std::isnan(lower(a, x)));
    CHECK(std::isnan(upper(a, x)));
  }
  const Tensor a = number(2).set_requires_grad(true), x = number(0).set_requires_grad(true);
  const auto at_zero = grad(gammainc(a, x), {a, x});
  CHECK(at_zero[0].item() == 0);
  CHECK(at_zero[1].item() == 0);
}

TEST_CASE("betainc: values, the derivative by x, ends") {
  for (const auto& row : incomplete_beta_values) {
    const double a = row[0], b = row[1], x = row[2], y = row[3];
    CAPTURE(a);
    CAPTURE(b);
    CAPTURE(x);
    if (y > 1e-290) CHECK(relative(betainc(number(a), number(b), number(x)).item(), y) < 2e-13);
    const auto f = [a, b](const Tensor& at) { return betainc(number(a), number(b), at); };
    const double log_density = (a - 1) * std::log(x) + (b - 1) * std::log1p(-x) +
                               std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
    const double slope = value_and_grad(f)(number(x)).second.item();
    if (log_density > -600) CHECK(relative(slope, std::exp(log_density)) < 1e-12);
  }
  CHECK(betainc(2, 3, number(0)).item() == 0);
  CHECK(betainc(2, 3, number(1)).item() == 1);
  CHECK(std::isnan(betainc(number(0), 3, 0.5).item()));
  CHECK(std::isnan(betainc(2, 3, number(1.5)).item()));
  CHECK(std::isnan(betainc(2, 3, number(not_a_number)).item()));
}

TEST_CASE("betainc: derivatives by a and b, and mixed ones") {
  for (const auto& row : incomplete_beta_values) {
    const double a = row[0], b = row[1], x = row[2];
    CAPTURE(a);
    CAPTURE(b);
    CAPTURE(x);
    const auto f = [](const Tensor& at) { return betainc(at[0], at[1], at[2]); };
    const Tensor at = tensor({a, b, x}, Dtype::float64);
    const Doubles slope = values(grad(f)(at)), second = values(hessian(f, at));
    CHECK(deviation(slope[0], row[4], row[3]) < 2e-12);
    CHECK(deviation(slope[1], row[5], row[3]) < 2e-12);
    CHECK(deviation(second[0], row[6], row[4]) < 1e-11);  // aa, ab, ax; ba, bb, bx; xa, xb, xx
    CHECK(deviation(second[1], row[7], row[4]) < 1e-11);
    CHECK(deviation(second[4], row[8], row[5]) < 1e-11);
    CHECK(deviation(second[2], row[9], slope[2]) < 1e-11);
    CHECK(deviation(second[7], row[10], slope[2]) < 1e-11);
  }
}

TEST_CASE("betainc: slopes at the ends of x, and beyond order 4") {
  const auto density = [](double a, double b, double x) {
    return value_and_grad([=](const Tensor& at) { return betainc(a, b, at); })(number(x))
        .second.item();
  };
  CHECK(density(2, 3, 0) == 0);
  CHECK(density(1, 3, 0) == 3);
  CHECK(density(3, 1, 1) == 3);
  CHECK(density(0.5, 3, 0) == inf);
  CHECK(density(0.5, 3, 1) == 0);
  const Tensor a = number(2).set_requires_grad(true), b = number(3).set_requires_grad(true);
  Tensor y = betainc(a, b, number(0.5));
  for (int order = 1; order <= 4; ++order) y = grad(y, {a}, {.create_graph = true})[0];
  CHECK(error_of<GradError>([&] { return grad(y, {b}); }) ==
        "betainc: derivatives by the parameters are known to order 4; order 5 was asked for");
}

TEST_CASE("gammainc: beyond order 4 in a backward says so") {
  const Tensor a = number(2).set_requires_grad(true);
  Tensor y = gammainc(a, number(1.5));
  for (int order = 1; order <= 4; ++order) y = grad(y, {a}, {.create_graph = true})[0];
  CHECK(std::isfinite(y.item()));
  CHECK(error_of<GradError>([&] { return grad(y, {a}); }) ==
        "gammainc: derivatives by the parameters are known to order 4; order 5 was asked for");
  CHECK(error_of<ShapeError>([&] { return gammainc(ones({2}), ones({3})); }).find("gammainc: ") ==
        0);
}
