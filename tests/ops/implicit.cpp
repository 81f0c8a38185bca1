// Implicit differentiation, against closed forms.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;
const Tensor start = tensor({1.0, 1.0}, Dtype::float64);

/// Newton's step towards the square root: x = (x + a / x) / 2.
Tensor babylonian(const Tensor& x, const Tensor& a) { return 0.5 * (x + a / x); }

Tensor square_root(const Tensor& a) {
  return root([](const Tensor& x, const Tensor& t) { return x * x - t; }, start, a);
}

}  // namespace

TEST_CASE("fixed_point and root: the square root, and its derivatives to order three") {
  const Tensor a = tensor({4.0, 2.25}, Dtype::float64);
  const auto by_iteration = [](const Tensor& t) { return fixed_point(babylonian, start, t); };
  const auto check = [&](auto f) {
    const auto order = [](auto g) { return grad([=](const Tensor& t) { return sum(g(t)); }); };
    CHECK(mismatch(f(a), sqrt(a), 1e-12) == "");
    CHECK(mismatch(order(f)(a), 0.5 * pow(a, -0.5), 1e-11) == "");
    CHECK(mismatch(order(order(f))(a), -0.25 * pow(a, -1.5), 1e-10) == "");
    CHECK(mismatch(order(order(order(f)))(a), 0.375 * pow(a, -2.5), 1e-9) == "");
    CHECK(mismatch(jvp(f, a, ones({2}, Dtype::float64)).second, 0.5 * pow(a, -0.5), 1e-11) == "");
  };
  check(by_iteration);
  check(square_root);
}

TEST_CASE("fixed_point: of a linear map, with a list of parameters") {  // x = A x + b
  const Tensor a = tensor({{0.5, 0.2}, {-0.1, 0.3}}, Dtype::float64),
               b = tensor({1.0, 2.0}, Dtype::float64);
  const auto f = [](const Tensor& x, const Tensors& p) { return matmul(p[0], x) + p[1]; };
  const auto [value, gradients] = value_and_grad(
      [&](const Tensors& p) { return sum(fixed_point(f, start, p)); })(Tensors{a, b});
  // (1 - A) x = b and (1 - A)^T u = 1, by hand; determinant 0.5 0.7 + 0.2 0.1
  const double det = 0.5 * 0.7 + 0.02;
  const Tensor x = tensor({(0.7 * 1 + 0.2 * 2) / det, (-0.1 * 1 + 0.5 * 2) / det}, Dtype::float64);
  const Tensor u = tensor({(0.7 - 0.1) / det, (0.2 + 0.5) / det}, Dtype::float64);
  CHECK(std::abs(value.item() - sum(x).item()) < 1e-10);
  CHECK(mismatch(gradients[1], u, 1e-10) == "");
  CHECK(mismatch(gradients[0], expand_dims(u, 1) * x, 1e-10) == "");
}

TEST_CASE("fixed_point and root: bad input") {
  const auto twice = [](const Tensor& x, const Tensor& t) { return 2 * x + t; };
  const Tensor theta = tensor(1.0, Dtype::float64);
  CHECK(error_of<ValueError>([&] {
          return fixed_point(twice, start, theta, {.max_iterations = 3});
        }).starts_with("fixed_point: no solution within 3 iterations; the last moved x by "));
  CHECK(error_of<ShapeError>([&] {
          return fixed_point([](const Tensor& x, const Tensor&) { return sum(x); }, start, theta);
        }) == "fixed_point: the function must give what is like x; got float64[] for float64[2]");
  CHECK(error_of<ValueError>([&] {
          return root([](const Tensor& x, const Tensor& t) { return 0 * x + t; }, start, theta);
        }) == "root: the jacobian is singular at x, which Newton's method cannot go on from");
  CHECK(error_of<DtypeError>([&] { return root(twice, tensor({1}), theta); }) ==
        "root: x0 must be floating; got int64[1]");
  CHECK(error_of<ValueError>([&] { return root(twice, start, theta, {.tolerance = 0}); }) ==
        "root: tolerance must be finite and above 0; got 0");
  const Tensor captured = tensor(0.5, Dtype::float64).set_requires_grad(true);
  CHECK(
      error_of<GradError>([&] {
        return fixed_point([&](const Tensor& x, const Tensor& t) { return captured * x + t; },
                           start, theta);
      }) ==
      "fixed_point: what is differentiated must be an input of the function; it captures a tensor "
      "that requires a gradient");
}

TEST_CASE("fixed_point and root: within jacobian and hessian") {
  const Tensor a = tensor({4.0, 2.25}, Dtype::float64),
               unit = one_hot(arange(2), 2, Dtype::float64);
  const auto by_iteration = [](const Tensor& t) { return fixed_point(babylonian, start, t); };
  CHECK(mismatch(jacobian(by_iteration, a), unit * (0.5 * pow(a, -0.5)), 1e-11) == "");
  CHECK(mismatch(jacobian(square_root, a), unit * (0.5 * pow(a, -0.5)), 1e-11) == "");
  const auto total = [](const Tensor& t) { return sum(square_root(t)); };
  CHECK(mismatch(hessian(total, a), unit * (-0.25 * pow(a, -1.5)), 1e-10) == "");
}

TEST_CASE("root: of any shape, and its derivatives") {
  const auto f = [](const Tensor& y, const Tensor& t) { return y * y - t; };
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}, Shape{2, 2}, Shape{3, 1, 2}, Shape{0},
                             Shape{2, 0}, Shape{1, 1, 1, 1, 2}, Shape{1, 1, 1, 1, 1, 1, 1, 2}}) {
    CAPTURE(shape);
    const Tensor t = reshape(linspace(1, 4, shape.size(), Dtype::float64), shape);
    const Tensor from = ones(shape, Dtype::float64);
    const auto solution = [&](const Tensor& at) { return root(f, from, at); };
    CHECK(mismatch(solution(t), sqrt(t), 1e-12) == "");
    const auto slopes = grad([&](const Tensor& at) { return sum(solution(at)); });
    CHECK(mismatch(slopes(t), 0.5 * pow(t, -0.5), 1e-11) == "");
    const auto curvature = grad([&](const Tensor& at) { return sum(slopes(at)); });
    CHECK(mismatch(curvature(t), -0.25 * pow(t, -1.5), 1e-10) == "");
  }
}

TEST_CASE("root: elements of a matrix that depend on one another") {  // 2 x + x upside down = t
  const auto f = [](const Tensor& x, const Tensor& t) { return 2 * x + flip(x, 0) - t; };
  const Tensor t = tensor({{3.0, 1.0}, {0.0, 5.0}}, Dtype::float64);
  const Tensor x = (2 * t - flip(t, 0)) / 3;
  CHECK(mismatch(root(f, zeros({2, 2}, Dtype::float64), t), x, 1e-14) == "");
  CHECK(mismatch(root(f, x, t), x, 1e-14) == "");  // where nothing moves
  const auto weighted = [&](const Tensor& at) { return sum(t * root(f, zeros_like(at), at)); };
  CHECK(mismatch(grad(weighted)(t), (2 * t - flip(t, 0)) / 3, 1e-14) == "");
}
