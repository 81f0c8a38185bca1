// Derivatives of functions, against closed forms and against each other.

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

const Tensor point = tensor({0.5, -1.5, 2.0}, Dtype::float64);

/// x0^2 x1 + x1^3 x2, whose derivatives are polynomials too.
Tensor polynomial(const Tensor& x) {
  const Tensor a = slice(x, {0}), b = slice(x, {1}), c = slice(x, {2});
  return a * a * b + b * b * b * c;
}
Values polynomial_gradient(double a, double b, double c) {
  return {2 * a * b, a * a + 3 * b * b * c, b * b * b};
}
Values polynomial_hessian(double a, double b, double c) {
  return {2 * b, 2 * a, 0, 2 * a, 6 * b * c, 3 * b * b, 0, 3 * b * b, 0};
}

/// 2 x, with an error of its own within vmap.
struct Alone {
  static constexpr OpInfo info{"alone"};

  Tensor run(const Tensor& x) const { return 2 * x.detach(); }
  void vjp(const Tensor& g, const Send& send) const { send(0, apply(Alone(), g)); }
  Tensor jvp(const Tangents& t) const { return apply(Alone(), t[0]); }
  Tensor batch(const Examples&) const { throw ShapeError("alone: one example is needed"); }
};

}  // namespace

TEST_CASE("derivatives: value_and_grad and grad give plain values") {
  const auto [y, dx] = value_and_grad(polynomial)(point);
  CHECK(y.item() == 0.25 * -1.5 + -1.5 * -1.5 * -1.5 * 2);
  CHECK(values(dx) == polynomial_gradient(0.5, -1.5, 2));
  CHECK_FALSE(y.requires_grad());
  CHECK_FALSE(point.requires_grad());
  CHECK(values(grad(polynomial)(point)) == values(dx));
  const NoGradGuard off;
  CHECK(values(grad(polynomial)(point)) == values(dx));
  CHECK_FALSE(recording());
}

TEST_CASE("derivatives: functions of lists") {
  const auto f = [](const std::vector<Tensor>& x) { return sum(x[0] * x[1] * x[1]); };
  const Tensor a = tensor({2.0, 3.0}, Dtype::float64), b = tensor({5.0, 7.0}, Dtype::float64),
               unused = tensor({1.0}, Dtype::float64);
  const auto [y, dx] = value_and_grad(f)({a, b, unused});
  CHECK(y.item() == 2 * 25 + 3 * 49);
  CHECK(values(dx[0]) == Values{25, 49});
  CHECK(values(dx[1]) == Values{20, 42});
  CHECK(values(dx[2]) == Values{0});
  CHECK(values(grad(f)({a, b})[1]) == Values{20, 42});
  CHECK(values(vjp(f, {a, b}).second(full({}, 2, Dtype::float64))[0]) == Values{50, 98});
}

TEST_CASE("derivatives: vjp answers as often as it is asked") {
  const auto [y, pull] = vjp([](const Tensor& x) { return x * x; }, point);
  CHECK(values(y) == Values{0.25, 2.25, 4});
  for (const double scale : {1.0, 3.0}) {
    const Tensor seed = full({3}, scale, Dtype::float64);
    CHECK(values(pull(seed)) == Values{scale, -3 * scale, 4 * scale});
  }
}

TEST_CASE("derivatives: jacobian has the outputs' axes, then the inputs'") {
  const Tensor w = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, Dtype::float64);
  const Tensor j = jacobian([&](const Tensor& x) { return matmul(w, x); }, point);
  CHECK(mismatch(j, w) == "");
  const Tensor outer = jacobian(
      [](const Tensor& x) { return expand_dims(x, 1) * expand_dims(slice(x, {range(0, 2)}), 0); },
      point);
  CHECK(outer.shape() == Shape{3, 2, 3});
  CHECK(slice(outer, {2, 1, 2}).item() == -1.5);  // d(x2 x1)/dx2
  CHECK(slice(outer, {0, 0, 0}).item() == 1);     // d(x0^2)/dx0
  CHECK(slice(outer, {0, 1, 2}).item() == 0);
  CHECK(jacobian([](const Tensor& x) { return slice(x, {range(0, 0)}); }, point).shape() ==
        Shape{0, 3});
  CHECK(values(jacobian([](const Tensor&) { return ones({2}, Dtype::float64); }, point)) ==
        Values(6, 0));
}

TEST_CASE("derivatives: what is made of several names itself in errors") {
  const auto vector = [](const Tensor& x) { return 2 * x; };
  const Tensor x = ones({2}, Dtype::float64);
  const auto wanted = [](const char* name) {
    return std::string(name) + ": the function must give a scalar; got float64[2]";
  };
  CHECK(error_of<ShapeError>([&] { return grad(vector)(x); }) == wanted("grad"));
  CHECK(error_of<ShapeError>([&] { return hessian(vector, x); }) == wanted("hessian"));
  CHECK(error_of<ShapeError>([&] { return hvp(vector, x, x); }) == wanted("hvp"));
  CHECK(error_of<ShapeError>([&] { return hessian_diagonal(vector, x); }) ==
        wanted("hessian_diagonal"));
  CHECK(error_of<DtypeError>([&] { return hessian(vector, ones({2}, Dtype::int64)); }) ==
        "hessian: the inputs must be floating; got int64[2]");
}

TEST_CASE("derivatives: hvp of a list") {
  const auto f = [](const std::vector<Tensor>& x) { return sum(x[0] * x[0] * x[1]); };
  const Tensor a = tensor({1.0, 2.0}, Dtype::float64), b = tensor({3.0, -1.0}, Dtype::float64);
  const std::vector<Tensor> v{tensor({1.0, 0.5}, Dtype::float64),
                              tensor({2.0, 1.0}, Dtype::float64)};
  const std::vector<Tensor> hv = hvp(f, {a, b}, v);
  CHECK(mismatch(hv[0], 2 * b * v[0] + 2 * a * v[1], 1e-15) == "");
  CHECK(mismatch(hv[1], 2 * a * v[0], 1e-15) == "");
  CHECK(error_of<ValueError>([&] {
          return hvp(f, {a, b}, {a});
        }) == "hvp: one v is needed for each input; got 1 for 2");
  CHECK(error_of<ShapeError>([&] {
          return hvp(f, {a, b}, {a, ones({3}, Dtype::float64)});
        }) == "hvp: v must be like x; got float64[3] for float64[2]");
}

TEST_CASE("derivatives: hessian and hvp") {
  const Tensor h = hessian(polynomial, point);
  CHECK(h.shape() == Shape{3, 3});
  CHECK(values(h) == polynomial_hessian(0.5, -1.5, 2));
  const Tensor v = tensor({1.0, -2.0, 3.0}, Dtype::float64);
  CHECK(values(hvp(polynomial, point, v)) == values(matmul(h, v)));
  const Tensor linear = hessian([](const Tensor& x) { return sum(3.0 * x); }, point);
  CHECK(values(linear) == Values(9, 0));
  CHECK(values(hvp([](const Tensor& x) { return sum(3.0 * x); }, point, v)) == Values(3, 0));
}

TEST_CASE("derivatives: they nest to any order") {
  const auto f = [](const Tensor& x) { return sum(exp(2.0 * x)); };
  const Tensor x = tensor({0.25}, Dtype::float64);
  const auto order = [&](const auto& g) {
    return [g](const Tensor& t) { return sum(grad(g)(t)); };
  };
  const auto third = grad(order(order(f)))(x);
  CHECK(third.detach().item() == doctest::Approx(8 * std::exp(0.5)).epsilon(1e-14));
  CHECK_FALSE(third.requires_grad());
  // A tensor with a gradient of its own outside: the gradient penalty of what f captures.
  const Tensor w = tensor({3.0}, Dtype::float64).set_requires_grad(true);
  const auto [y, dx] = value_and_grad([&](const Tensor& t) { return sum(w * t * t); })(x);
  sum(dx * dx).backward();  // (2 w x)^2, so 8 w x^2
  CHECK(values(w.grad()) == Values{8 * 3 * 0.0625});
  // And of its input.
  const Tensor z = tensor({2.0}, Dtype::float64).set_requires_grad(true);
  sum(grad([](const Tensor& t) { return sum(t * t * t); })(z * z)).backward();  // 3 z^4
  CHECK(values(z.grad()) == Values{12 * 8});
}

TEST_CASE("derivatives: of the identity, and results that are not differentiated further") {
  const auto same = [](const Tensor& x) { return x; };
  CHECK(values(jacobian(same, point)) == Values{1, 0, 0, 0, 1, 0, 0, 0, 1});
  const Tensor w = tensor({2.0, 3.0, 4.0}, Dtype::float64).set_requires_grad(true);
  const auto [y, pull] = vjp([&](const Tensor& x) { return w * x; }, point);
  CHECK(y.requires_grad());
  CHECK(pull(ones({3}, Dtype::float64)).requires_grad());
  const NoGradGuard off;
  CHECK_FALSE(pull(ones({3}, Dtype::float64)).requires_grad());
  CHECK_FALSE(grad([&](const Tensor& x) { return sum(w * x); })(point).requires_grad());
}

TEST_CASE("derivatives: stop_gradient") {
  const auto f = [](const Tensor& x) { return sum(x * stop_gradient(x)); };
  CHECK(values(grad(f)(point)) == values(point));
}

TEST_CASE("derivatives: bad input names the function, and leaves everything as it was") {
  const auto square_of = [](const Tensor& x) { return x * x; };
  const Tensor integers = arange(3);
  CHECK(error_of<DtypeError>([&] { return grad(square_of)(integers); }) ==
        "grad: the inputs must be floating; got int64[3]");
  CHECK(error_of<ShapeError>([&] { return grad(square_of)(point); }) ==
        "grad: the function must give a scalar; got float64[3]");
  CHECK(error_of<ShapeError>([&] { return value_and_grad(square_of)(point).second; }) ==
        "value_and_grad: the function must give a scalar; got float64[3]");
  CHECK(error_of<DtypeError>([&] {
          return jacobian([](const Tensor& x) { return x > 0; }, point);
        }) == "jacobian: the result of the function must be floating; got boolean[3]");
  CHECK(error_of<ShapeError>([&] { return vjp(square_of, point).second(ones({2})); }) ==
        "vjp: the seed must be like the result; got float32[2] for float64[3]");
  CHECK(error_of<DtypeError>([&] { return hvp(polynomial, point, ones({3})); }) ==
        "hvp: v must be like x; got float32[3] for float64[3]");
  struct Thrown {};
  CHECK_THROWS_AS(static_cast<void>(grad([](const Tensor& x) -> Tensor {
                    static_cast<void>(x);
                    throw Thrown();
                  })(point)),
                  Thrown);
  CHECK(recording());
  CHECK_FALSE(point.requires_grad());
}

TEST_CASE("derivatives: undefined tensors are named by function and part") {
  const Tensor x = tensor({1.0, 2.0}), none;
  const auto f = [](const Tensor& at) { return sum(at * at); };
  const auto nothing = [](const Tensor&) { return Tensor(); };
  const auto wanted = [](const std::string& start) {
    return start + " must be defined; got an undefined tensor";
  };
  CHECK(error_of<ValueError>([&] { return grad(f)(none); }) == wanted("grad: the inputs"));
  CHECK(error_of<ValueError>([&] { return grad(nothing)(x); }) ==
        wanted("grad: the result of the function"));
  CHECK(error_of<ValueError>([&] { return jvp(f, x, none); }) == wanted("jvp: v"));
  CHECK(error_of<ValueError>([&] { return vjp(f, x).second(none); }) == wanted("vjp: the seed"));
  CHECK(error_of<ValueError>([&] { return vmap(f)(none); }) == wanted("vmap: the inputs"));
  CHECK(error_of<ValueError>([&] { return checkpoint(f, none); }) ==
        wanted("checkpoint: the inputs"));
  CHECK(error_of<ValueError>([&] { return checkpoint(nothing, x); }) ==
        wanted("checkpoint: the result of the function"));
  const auto implicit = [](const Tensor& at, const Tensor& theta) { return at - theta; };
  CHECK(error_of<ValueError>([&] { return root(implicit, none, x); }) == wanted("root: x0"));
  CHECK(error_of<ValueError>([&] { return fixed_point(implicit, x, none); }) ==
        wanted("fixed_point: theta"));
  CHECK(error_of<ValueError>([&] { return on_gradient(none, [](const Tensor&) {}); }) ==
        wanted("on_gradient: the input"));
  CHECK(error_of<ValueError>([&] { return on_leaf_gradient(none, [](const Tensor&) {}); }) ==
        wanted("on_leaf_gradient: the leaf"));
  const Tensor w = ones({2}).set_requires_grad(true), y = sum(w);
  const auto said = [](auto call) {
    return error_of<ValueError>([&] {
      call();
      return 0;
    });
  };
  CHECK(said([&] { w.assign(none); }) == wanted("assign: the value"));
  CHECK(said([&] { none.backward(); }) == wanted("backward: the output"));
  CHECK(said([&] { y.backward(none); }) == wanted("backward: the seed"));
  CHECK(said([&] { static_cast<void>(grad(none, {w})); }) == wanted("grad: the output"));
  CHECK(said([&] { static_cast<void>(grad(y, {none})); }) == wanted("grad: the inputs"));
  CHECK(said([&] { static_cast<void>(grad({y}, {w}, {.seeds = {none}})); }) ==
        wanted("grad: the seeds"));
  y.backward();  // nothing was swept
  CHECK(values(w.grad()) == Doubles{1, 1});
}

TEST_CASE("jacobian and hessian: more axes than a tensor can have") {
  const Tensor x = ones({1, 1, 1, 1, 2}, Dtype::float64);
  CHECK(
      error_of<ShapeError>([&] { return jacobian([](const Tensor& at) { return 2 * at; }, x); }) ==
      "jacobian: the result and x may have 8 axes together; got float64[1, 1, 1, 1, 2] for "
      "float64[1, 1, 1, 1, 2]");
  CHECK(error_of<ShapeError>(
            [&] { return hessian([](const Tensor& at) { return sum(at * at); }, x); }) ==
        "hessian: the result and x may have 8 axes together; got float64[1, 1, 1, 1, 2] for "
        "float64[1, 1, 1, 1, 2]");
  const Tensor wide = ones({1, 1, 1, 1, 1, 1, 1, 2}, Dtype::float64);
  CHECK(jacobian([](const Tensor& at) { return sum(at); }, wide).shape() == wide.shape());
  const auto within = [](const Tensor& at) {
    return ravel(square(reshape(at, {1, 1, 1, 1, 1, 1, 3, 1})));
  };
  CHECK(mismatch(jacobian(within, point), one_hot(arange(3), 3, Dtype::float64) * 2 * point) == "");
}

TEST_CASE("jacobian and hessian_diagonal: errors of a rule within vmap are told") {
  const auto f = [](const Tensor& x) { return apply(Alone(), x); };
  const std::string wanted = "alone: one example is needed";
  CHECK(error_of<ShapeError>([&] { return jacobian(f, point); }) == wanted);
  CHECK(error_of<ShapeError>([&] {
          return hessian_diagonal([&](const Tensor& x) { return sum(square(f(x))); }, point);
        }) == wanted);
}

TEST_CASE("derivatives of plain inputs are plain, also where rows are taken together") {
  const auto f = [](const Tensor& x) { return sum(sin(x) * x); };
  const auto g = [](const Tensor& x) { return stack({sum(x), sum(x * x), sum(sin(x))}); };
  CHECK_FALSE(hessian(f, point).requires_grad());
  CHECK_FALSE(jacobian(g, point).requires_grad());
  CHECK_FALSE(
      jacobian([](const Tensor& x) { return expand_dims(x, 1) * x; }, point).requires_grad());
  CHECK_FALSE(hvp(f, point, point).requires_grad());
  CHECK_FALSE(jvp(f, point, point).second.requires_grad());
  CHECK_FALSE(vmap(vjp(g, point).second)(ones({2, 3}, Dtype::float64)).requires_grad());
  const Tensor x = point.clone().set_requires_grad(true);
  CHECK(hessian(f, x).requires_grad());
  CHECK(jacobian(g, x).requires_grad());
}

TEST_CASE("forward mode: a rule that reads values past the tape throws instead of giving 0") {
  const auto f = [](const Tensor& x) {
    return record("reads", 2 * x.detach(), {x}, [](const Tensor& g, const Send& send) {
      send(0, 2 * from_vector(g.to_vector<double>()));
    });
  };
  CHECK(error_of<GradError>([&] { return jvp(f, point, point); }).starts_with("to_vector: "));
  CHECK(mismatch(vjp(f, point).second(point), 2 * point) == "");
  CHECK(mismatch(jacobian(f, point), 2 * one_hot(arange(3), 3, Dtype::float64)) == "");
}

TEST_CASE(
    "hessian_diagonal and hessian_trace: exact for a diagonal hessian, an estimate for others") {
  const auto quartic = [](const Tensor& x) { return sum(pow(x, 4)); };
  Rng rng(1);
  const Tensor exact = 12 * point * point;
  CHECK(mismatch(hessian_diagonal(quartic, point, {.samples = 1}, rng), exact, 1e-14) == "");
  CHECK(mismatch(hessian_trace(quartic, point, {.samples = 1}, rng), sum(exact), 1e-14) == "");
  // x^T A x / 2 with A[i, j] = 1 off the diagonal: v_i (A v)_i = A[i, i] + v_i v_j + v_i v_k, whose
  // deviation is the root of 2; of the mean of n, sqrt(2 / n), and no more than 5 of these.
  const Tensor a = tensor({{2.0, 1.0, 1.0}, {1.0, 3.0, 1.0}, {1.0, 1.0, 4.0}}, Dtype::float64);
  const auto form = [&](const Tensor& x) { return 0.5 * sum(x * matmul(a, x)); };
  const Tensor estimate = hessian_diagonal(form, point, {.samples = 2000}, rng);
  const Tensor error = abs(estimate - tensor({2.0, 3.0, 4.0}, Dtype::float64));
  CHECK(amax(error).item() < 5 * std::sqrt(2.0 / 2000));
  CHECK(amax(error).item() > 0);
}

TEST_CASE("vjp: the gradient depends on the seed too, and can be differentiated by it") {
  const auto f = [](const Tensor& x) { return sin(x); };
  const auto weighed = [&](const Tensor& seed) { return sum(square(vjp(f, point).second(seed))); };
  const Tensor seed = tensor({1.0, 2.0, -3.0}, Dtype::float64);
  CHECK(mismatch(grad(weighed)(seed), 2 * seed * square(cos(point)), 1e-14) == "");
}
