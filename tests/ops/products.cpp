#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/numpy_products.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

Tensor apply(const NumpyProduct& use, const Tensors& x) {
  const std::string name = use.name;
  if (name == "tensordot") {
    return use.arguments.size() == 1 ? tensordot(x[0], x[1], use.arguments[0][0])
                                     : tensordot(x[0], x[1], use.arguments[0], use.arguments[1]);
  }
  if (name == "cross") return cross(x[0], x[1], use.arguments[0][0]);
  static const std::map<std::string, std::function<Tensor(const Tensor&, const Tensor&)>> plain{
      {"dot", dot}, {"vdot", vdot}, {"inner", inner}, {"outer", outer}, {"kron", kron}};
  return plain.at(name)(x[0], x[1]);
}

std::vector<std::int64_t> integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE(
    "products are NumPy's, of scalars to five axes and of nothing, in every dtype and layout") {
  for (const NumpyProduct& use : numpy_products) {
    const Tensors x = use.operands();
    CAPTURE(use.name);
    CAPTURE(x[0].describe());
    CAPTURE(x[1].describe());
    const Tensor expected = from_vector(use.values, use.shape);
    CHECK(mismatch(apply(use, x), expected) == "");
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {  // integers are exact in both
      const Tensor a = x[0].to(dtype), b = x[1].to(dtype);
      CHECK(mismatch(apply(use, {a, b}) + 0, expected.to(dtype)) == "");  // no -0
      CHECK(mismatch(apply(use, {transpose(transpose(a).contiguous()), b}) + 0,
                     expected.to(dtype)) == "");
    }
  }
}

TEST_CASE("products: integers are exact and wrap, of booleans any is asked for, numbers adapt") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  const Tensor a = from_vector(std::vector<std::int64_t>{large, 3}),
               b = from_vector(std::vector<std::int64_t>{1, large});
  for (const auto& sums : {dot, vdot, inner}) CHECK(integers(sums(a, b))[0] == 4 * large);
  CHECK(integers(tensordot(a, b, 1))[0] == 4 * large);
  for (const auto& all : {outer, kron})
    CHECK(integers(reshape(all(a, b), {4})) == integers(reshape(a, {2, 1}) * b));
  const Tensor half = from_vector(std::vector<std::int64_t>{std::int64_t{1} << 62});
  CHECK(integers(dot(half, tensor({4})))[0] == 0);
  const Tensor x = from_vector(std::vector<std::int64_t>{large, 1, 0}), y = tensor({0, 0, 1});
  CHECK(integers(cross(x, y)) == std::vector<std::int64_t>{1, -large, 0});

  const Tensor truths = tensor({true, false});
  for (const auto& any_true : {dot, vdot, inner}) {
    CHECK(any_true(truths, truths).dtype() == Dtype::boolean);
    CHECK(any_true(truths, truths).item() == 1);
    CHECK(any_true(truths, tensor({false, true})).item() == 0);
  }
  CHECK(kron(truths, truths).to_vector<bool>() == std::vector<bool>{true, false, false, false});
  CHECK(outer(truths, truths).dtype() == Dtype::boolean);
  CHECK(dot(tensor({1, 2}), ones({2})).dtype() == Dtype::float64);
  CHECK(kron(truths, ones({2})).dtype() == Dtype::float32);
  for (const auto& scaled : {dot, inner, kron}) {
    CHECK(scaled(2, ones({2})).dtype() == Dtype::float32);
    CHECK(mismatch(scaled(0.1, ones({2}, Dtype::float64)), full({2}, 0.1, Dtype::float64)) == "");
  }
  CHECK(mismatch(tensordot(0.1, ones({2}, Dtype::float64), 0), full({2}, 0.1, Dtype::float64)) ==
        "");
}

TEST_CASE("kron: (a x b)(c x d) is ac x bd, with any number of axes") {
  const Tensor a = drawn({2, 3}, -1, 1), b = drawn({4, 2}, -1, 1, 1), c = drawn({3, 2}, -1, 1, 2),
               d = drawn({2, 5}, -1, 1, 3);
  CHECK(mismatch(matmul(kron(a, b), kron(c, d)), kron(matmul(a, c), matmul(b, d)), 1e-14) == "");
  CHECK(trace(kron(matmul(a, c), matmul(d, transpose(d)))).item() ==
        doctest::Approx(trace(matmul(a, c)).item() * trace(matmul(d, transpose(d))).item()));
  const Tensor wide = drawn({2, 1, 2, 1, 2, 1, 1, 2}, -1, 1), tall = drawn({1, 3, 1, 2, 2}, -1, 1);
  CHECK(kron(wide, tall).shape() == Shape{2, 1, 2, 1, 6, 1, 2, 4});
  CHECK(sum(kron(wide, tall)).item() == doctest::Approx((sum(wide) * sum(tall)).item()));
  CHECK(kron(wide, tall)(0, 0, 1, 0, 5, 0, 1, 3).item() ==
        (wide(0, 0, 1, 0, 1, 0, 0, 1) * tall(0, 2, 0, 1, 1)).item());
}

TEST_CASE("cross: perpendicular to both, as long as their parallelogram is large") {
  const Tensor a = drawn({5, 1, 3}, -1, 1), b = drawn({4, 3}, -1, 1, 1), y = cross(a, b);
  CHECK(y.shape() == Shape{5, 4, 3});
  CHECK(mismatch(einsum("...i,...i", {y, a}), zeros({5, 4}, Dtype::float64), 1e-15) == "");
  CHECK(mismatch(einsum("...i,...i", {y, b}), zeros({5, 4}, Dtype::float64), 1e-15) == "");
  const Tensor area = sum(square(a), -1) * sum(square(b), -1) - square(sum(a * b, -1));
  CHECK(mismatch(sum(square(y), -1), area, 1e-14) == "");
  CHECK(mismatch(cross(b, a), -y) == "");
  CHECK(mismatch(moveaxis(cross(moveaxis(a, -1, 0), transpose(b), 0), 0, -1), y) == "");
  CHECK(integers(cross(tensor({1, 0, 0}), tensor({0, 1, 0}))) ==
        std::vector<std::int64_t>{0, 0, 1});
}

TEST_CASE("products: gradients are the products of their documentation") {
  const Tensor a = drawn({2, 3, 4}, -1, 1).set_requires_grad(true);
  const Tensor b = drawn({5, 4, 2}, -1, 1, 1).set_requires_grad(true);
  const Tensor y = dot(a, b), g = drawn(y.shape(), -1, 1, 2);
  const auto slopes = grad(sum(y * g), {a, b});
  CHECK(mismatch(slopes[0], tensordot(g, b, {2, 3}, {0, 2}), 1e-14) == "");
  CHECK(mismatch(slopes[1], transpose(tensordot(a, g, {0, 1}, {0, 1}), {1, 0, 2}), 1e-14) == "");
  const Tensor p = drawn({3}, -1, 1).set_requires_grad(true);
  const Tensor q = drawn({3}, -1, 1, 1).set_requires_grad(true), h = drawn({3}, -1, 1, 2);
  const auto turned = grad(sum(cross(p, q) * h), {p, q});
  CHECK(mismatch(turned[0], cross(q, h), 1e-15) == "");
  CHECK(mismatch(turned[1], cross(h, p), 1e-15) == "");
}

TEST_CASE(
    "products: lists of axes may be of any integers, and calls with numbers say what they are") {
  const Tensor a = drawn({2, 3, 4}, -1, 1), b = drawn({4, 3, 5}, -1, 1, 1);
  const Tensor expected = einsum("ijk,kjl->il", {a, b});
  CHECK(mismatch(tensordot(a, b, {1, 2}, {1, 0}), expected, 1e-14) == "");
  CHECK(mismatch(tensordot(a, b, std::vector<int>{1, 2}, std::vector<std::int64_t>{1, 0}), expected,
                 1e-14) == "");
  CHECK(mismatch(tensordot(a, b, std::array{-2, -1}, std::array{-2, 0}), expected, 1e-14) == "");
}

TEST_CASE("products: what cannot be is an error that names the function") {
  const Tensor v = ones({3}), m = ones({2, 3}), wide = ones({1, 1, 1, 1, 1, 2});
  const std::string differ = ": extents that are summed over must be equal; got ";
  CHECK(error_of<ShapeError>([&] { return dot(m, m); }) ==
        "dot" + differ + "[3] and [2] of float32[2, 3] and float32[2, 3]");
  CHECK(error_of<ShapeError>([&] {
          return inner(m, ones({2, 1}));
        }) == "inner" + differ + "[3] and [1] of float32[2, 3] and float32[2, 1]");
  CHECK(error_of<ShapeError>([&] {
          return tensordot(m, ones({3, 2}));
        }) == "tensordot" + differ + "[2, 3] and [3, 2] of float32[2, 3] and float32[3, 2]");
  CHECK(error_of<ShapeError>([&] { return vdot(m, v); }) ==
        "vdot: there must be as many elements in both; got float32[2, 3] and float32[3]");
  CHECK(error_of<ShapeError>([&] { return inner(wide, wide); }) ==
        "inner: a result may have at most 8 axes; got 10 for float32[1, 1, 1, 1, 1, 2] and "
        "float32[1, 1, 1, 1, 1, 2]");
  CHECK(error_of<ValueError>([&] {
          return tensordot(m, m, {0, 1}, {0});
        }) == "tensordot: as many axes of one as of the other are needed; got 2 and 1");
  CHECK(error_of<ValueError>([&] {
          return tensordot(m, m, {0, -2}, {0, 1});
        }) == "tensordot: each axis may be named once; got -2 twice for float32[2, 3]");
  CHECK(error_of<ShapeError>([&] { return cross(m, ones({2})); }) ==
        "cross: vectors must have 3 components; got 2 along axis -1 of float32[2]");
  CHECK(error_of<ShapeError>([&] {
          return cross(ones({2, 3}), ones({4, 3}));
        }).starts_with("cross: "));
  CHECK(error_of<DtypeError>([&] { return cross(v > 0, v > 0); }) ==
        "cross: numbers are needed; got boolean[3] and boolean[3]");
  for (const auto& product : {dot, vdot, inner, outer, kron}) {
    CHECK(error_of<ValueError>([&] {
            return product(v, Tensor());
          }).ends_with(": operands must be defined; got an undefined tensor"));
    CHECK_THROWS_AS(product(Tensor(), v), ValueError);
  }
  CHECK(error_of<ValueError>([&] { return tensordot(Tensor(), v, 0); }).starts_with("tensordot: "));
  CHECK(error_of<ValueError>([&] { return cross(v, Tensor()); }).starts_with("cross: "));
}
