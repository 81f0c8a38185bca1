// Operations written in xtensor.
#include <cmath>
#include <tuple>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#include "xmath.hpp"

#include <xtape/core/body.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// y = a sin(b)
Tensor swing(const Tensor& a, const Tensor& b) {
  return custom_op(
      "swing", [](const auto& x, const auto& t) { return x * xt::sin(t); },
      [](const auto& g, const auto& x, const auto& t) {
        return std::make_tuple(g * xt::sin(t), g * x * xt::cos(t));
      },
      a, b);
}

Tensor squash(const Tensor& input) {
  return custom_op(
      "squash", [](const auto& x) { return x / (1 + xt::abs(x)); },
      [](const auto& g, const auto& x) { return g / xt::square(1.0 + xt::abs(x)); }, input);
}

/// The same, differentiable to any order: by a backward function that takes tensors too, and
/// without.
Tensor generic_squash(const Tensor& input) {
  return custom_op(
      "squash", [](const auto& x) { return x / (1 + xt::abs(x)); },
      generic([](const auto& g, const auto& x) { return g / xt::square(1.0 + xt::abs(x)); }),
      input);
}
Tensor derived_squash(const Tensor& input) {
  return custom_op([](const auto& x) { return x / (1 + xt::abs(x)); }, input);
}

/// The gradient of the sum of the gradient: for a function of each element alone, its second
/// derivative.
template <class F>
Tensor hessian_diagonal_of(const F& f, const Tensor& x) {
  return hvp(f, x, ones_like(x));
}
template <class F>
Tensor grad_of(const F& f, const Tensor& x) {
  return value_and_grad(f)(x).second;
}

}  // namespace

TEST_CASE("custom_op: value and gradients") {
  const Tensor a = from_vector(Doubles{2, 3}).set_requires_grad(true),
               b = from_vector(Doubles{0, 1}).set_requires_grad(true);
  const Tensor y = swing(a, b);
  CHECK(values(y) == Doubles{0, 3 * std::sin(1.0)});
  y.backward(from_vector(Doubles{1, 10}));
  CHECK(values(a.grad()) == Doubles{0, 10 * std::sin(1.0)});
  CHECK(values(b.grad())[0] == 2);
  CHECK(values(b.grad())[1] == doctest::Approx(30 * std::cos(1.0)).epsilon(1e-15));
}

TEST_CASE("custom_op: one input, both floating dtypes, any layout") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({{-3.0, 0.0}, {1.0, 3.0}}, dtype).set_requires_grad(true);
    const Tensor y = squash(x);
    CHECK(y.dtype() == dtype);
    CHECK(values(y) == Doubles{-0.75, 0, 0.5, 0.75});
    y.backward(ones({2, 2}, dtype));
    CHECK(x.grad().dtype() == dtype);
    CHECK(values(x.grad()) == Doubles{0.0625, 1, 0.25, 0.0625});
  }
  const Tensor base = from_vector(Doubles{1, 3, 7, 15});
  CHECK(values(squash(detail::make_view(base, {2}, {-2}, 3))) == Doubles{15.0 / 16, 0.75});
  CHECK(values(squash(zeros({0}))).empty());
  CHECK(squash(full({}, 3)).item() == 0.75);
}

TEST_CASE("custom_op: a function may return containers") {
  const auto normalized = [](const Tensor& input) {
    return custom_op(
        "scaled",
        [](const auto& x) {
          xt::xarray<double> twice = 2 * x;
          return twice;
        },
        [](const auto& g, const auto&) {
          xt::xarray<double> dx = 2 * g;
          return std::make_tuple(dx);
        },
        input);
  };
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  const Tensor y = normalized(x);
  CHECK(y.describe() == "float32[2]");
  y.backward(tensor({1.0, 10.0}));
  CHECK(values(x.grad()) == Doubles{2, 20});
}

TEST_CASE("custom_op: saved values, constants, recording") {
  const Tensor a = from_vector(Doubles{2}).set_requires_grad(true), b = from_vector(Doubles{1});
  const Tensor y = swing(a, b);
  a.assign(from_vector(Doubles{100}));
  b.assign(from_vector(Doubles{200}));
  CHECK(y.node()->saved_bytes() == 16);
  y.backward(from_vector(Doubles{1}));
  CHECK(values(a.grad()) == Doubles{std::sin(1.0)});
  CHECK(!swing(b, b).requires_grad());
  const NoGradGuard guard;
  CHECK(!swing(a, b).requires_grad());
}

TEST_CASE("custom_op: second order throws, naming the operation") {
  const Tensor x = full({}, 3, Dtype::float64).set_requires_grad(true);
  const Tensor dx = grad(squash(x), {x}, {.create_graph = true})[0];
  CHECK(dx.item() == 0.0625);
  CHECK(error_of<GradError>([&] { return grad(dx, {x}); }) ==
        "squash: its rule is once differentiable; the derivative of its gradient is not known");
}

TEST_CASE("custom_op may be used in the rule of another operation, at first order") {
  const Tensor x = full({}, 3, Dtype::float64).set_requires_grad(true);
  const Tensor y =
      record("outer", x.detach(), {x},
             [x = SavedInput(x)](const Tensor&, const Send& send) { send(0, squash(x.get())); });
  const Tensor dx = grad(y, {x}, {.create_graph = true})[0];
  CHECK(dx.item() == 0.75);
  CHECK(grad(dx, {x})[0].item() == 0.0625);
}

TEST_CASE("custom_op: errors") {
  const Tensor f = ones({2}).set_requires_grad(true), d = ones({2}, Dtype::float64);
  CHECK(error_of<DtypeError>([&] { return swing(f, d); }) ==
        "swing: the inputs must be all float32 or all float64; got float32[2] and float64[2]");
  CHECK(error_of<DtypeError>([&] { return squash(arange(2)); }) ==
        "squash: the inputs must be all float32 or all float64; got int64[2] and int64[2]");
  // A broadcast input needs its gradient summed: forgotten, it is refused.
  const Tensor one = ones({1}).set_requires_grad(true);
  const Tensor y = swing(one, f);
  CHECK(y.shape() == Shape{2});
  CHECK(
      error_of<GradError>([&] { return y.backward(ones({2})), 0; }) ==
      "swing: the gradient of input 0 must be float32[1], as the input; the rule sent float32[2]");
}

TEST_CASE("custom_op: generic functions have derivatives of every order") {
  const Doubles at{-3, -0.5, 1, 2};
  for (const auto& squash_of : {generic_squash, derived_squash}) {
    const Tensor x = from_vector(Doubles(at));
    const auto f = [&](const Tensor& input) { return sum(squash_of(input)); };
    const auto [value, first] = value_and_grad(f)(x);
    const Tensor second = hessian_diagonal_of(f, x);
    const Tensor third =
        grad_of([&](const Tensor& y) { return sum(hessian_diagonal_of(f, y)); }, x);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double u = 1 + std::abs(at[i]), sign = at[i] < 0 ? -1 : 1;
      CHECK(values(squash_of(x))[i] == doctest::Approx(at[i] / u).epsilon(1e-15));
      CHECK(values(first)[i] == doctest::Approx(1 / (u * u)).epsilon(1e-14));
      CHECK(values(second)[i] == doctest::Approx(-2 * sign / (u * u * u)).epsilon(1e-14));
      CHECK(values(third)[i] == doctest::Approx(6 / (u * u * u * u)).epsilon(1e-14));
    }
    CHECK(values(jvp([&](const Tensor& y) { return squash_of(y); }, x, ones_like(x)).second) ==
          values(first));
  }
  const Tensor a = from_vector(Doubles{2, 3}), b = from_vector(Doubles{0, 1});
  const auto product = [](const std::vector<Tensor>& x) {
    return sum(custom_op([](const auto& u, const auto& v) { return u * xt::sin(v); }, x[0], x[1]));
  };
  const auto gradients = value_and_grad(product)(std::vector<Tensor>{a, b}).second;
  CHECK(values(gradients[0]) == Doubles{0, std::sin(1.0)});
  CHECK(values(gradients[1])[1] == doctest::Approx(3 * std::cos(1.0)).epsilon(1e-15));
}

TEST_CASE("an operation in xtensor's words has no values to view within vmap, and says so") {
  const auto twice = [](const Tensor& x) {
    return custom_op(
        "twice", [](const auto& a) { return 2 * a; },
        [](const auto& g, const auto&) { return 2 * g; }, x);
  };
  CHECK(error_of<ValueError>([&] {
          return vmap(twice)(ones({2, 3}));
        }) ==
        "twice: inside vmap a tensor stands for the values of all examples, which cannot be read; "
        "got float32[3]");
}
