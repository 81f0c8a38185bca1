// Derivatives of functions of containers.
#include <cmath>
#include <tuple>
#include <type_traits>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#include "xmath.hpp"

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

const auto sum_of_squares_less_one = [](const auto& x) {
  return xt::sum(xt::square(1 - xt::exp(x)));
};

}  // namespace

TEST_CASE("value_and_grad_xt: containers in, containers out") {
  const xt::xarray<double> a{{-0.5, 0.25}, {0.75, 1}};
  const auto check = [&](const auto& container) {
    const auto [value, g] = value_and_grad_xt(sum_of_squares_less_one)(container);
    using Container = std::decay_t<decltype(container)>;
    static_assert(std::is_same_v<std::decay_t<decltype(g)>, Container>);
    static_assert(std::is_same_v<std::decay_t<decltype(value)>, typename Container::value_type>);
    const double tolerance = tolerance_of(dtype_of<typename Container::value_type>);
    CHECK(value == doctest::Approx(sum_of_squares_less_one(a)()).epsilon(tolerance));
    CHECK(mismatch(from_xt(g).to(Dtype::float64),
                   from_xt(xt::xarray<double>(2 * (xt::exp(a) - 1) * xt::exp(a))),
                   tolerance) == "");
  };
  check(a);
  check(xt::xtensor<double, 2>(a));
  check(xt::xtensor<double, 2, xt::layout_type::column_major>(a));
  check(xt::xarray<float>(a));
  // Of an expression the gradient is an xt::xarray.
  const auto [value, g] = value_and_grad_xt(sum_of_squares_less_one)(2 * a);
  static_assert(std::is_same_v<std::decay_t<decltype(g)>, xt::xarray<double>>);
  CHECK(g(1, 1) == doctest::Approx(2 * (std::exp(2.0) - 1) * std::exp(2.0)).epsilon(1e-15));
}

TEST_CASE("value_and_grad_xt of several containers, and what they capture") {
  const xt::xarray<double> a{1, 2}, data{3, 5};
  const xt::xtensor<double, 1> b{10, 20};
  const auto f = [&](const auto& x, const auto& y) {
    return xt::sum(x * x * y) + xt::sum(x * data);
  };
  const auto [value, gradients] = value_and_grad_xt(f)(a, b);
  CHECK(value == 90 + 13);
  CHECK(std::get<0>(gradients) == xt::xarray<double>{23, 85});
  CHECK(std::get<1>(gradients) == xt::xtensor<double, 1>{1, 4});
  CHECK(std::get<0>(grad_xt(f)(a, b)) == xt::xarray<double>{23, 85});
  // A function that does not depend on its argument.
  CHECK(grad_xt([](const auto&) { return 3.0; })(a) == xt::xarray<double>{0, 0});
}

TEST_CASE("jacobian_xt, hessian_xt, hvp_xt against closed forms") {
  const xt::xarray<double> x{1, 2};
  const auto f = [](const auto& v) {
    const auto a = xt::view(v, 0), b = xt::view(v, 1);
    return a * a * a * b + xt::exp(a) * b * b;
  };
  const double e = std::exp(1.0);
  const xt::xarray<double> hessian{{12 + 4 * e, 3 + 4 * e}, {3 + 4 * e, 2 * e}};
  CHECK(xt::allclose(hessian_xt(f)(x), hessian, 1e-14));
  CHECK(xt::allclose(hvp_xt(f)(x, xt::xarray<double>{1, -1}), xt::xarray<double>{9, 3 + 2 * e},
                     1e-14));
  const auto residuals = [](const auto& v) {
    return xt::stack(xt::xtuple(v * v, 3 * v, xt::sin(v)));
  };
  const auto j = jacobian_xt(residuals)(x);
  CHECK(j.shape() == xt::xarray<double>::shape_type{3, 2, 2});
  CHECK(j(0, 0, 0) == 2);
  CHECK(j(0, 0, 1) == 0);
  CHECK(j(1, 1, 1) == 3);
  CHECK(j(2, 1, 1) == doctest::Approx(std::cos(2.0)).epsilon(1e-15));
}

TEST_CASE("derivatives of containers: errors are those of the transforms") {
  const xt::xarray<double> x{1, 2};
  const auto square = [](const auto& v) { return v * v; };
  CHECK(error_of<Error>([&] { return value_and_grad_xt(square)(x); }).find("value_and_grad: ") ==
        0);
  CHECK(error_of<Error>([&] { return hessian_xt(square)(x); }).find("hessian: ") == 0);
}
