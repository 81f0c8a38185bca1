// The fused normalizations against the formulas in operations, wherever the kernels take another
// way.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;
using Function = std::function<Tensor(const Tensors&)>;

struct Use {
  std::string name;
  std::vector<Shape> shapes;  // of x, weight, bias
  Function fused, formula;
};

/// (x - mean) / sqrt(variance + eps), or without the mean, in operations.
Tensor by_formula(const Tensor& x, const Axes& axes, bool centred = true) {
  const Tensor apart = centred ? x - mean(x, axes, {.keep_dims = true}) : x;
  return apart / sqrt(mean(square(apart), axes, {.keep_dims = true}) + 1e-5);
}

Use layer(const Shape& x, const Shape& last) {
  std::vector<std::int64_t> axes;
  for (int axis = -last.rank(); axis < 0; ++axis) axes.push_back(axis);
  return {"layer_norm " + to_string(x),
          {x, last, last},
          [](const Tensors& v) { return layer_norm(v[0], v[1], v[2]); },
          [axes](const Tensors& v) { return by_formula(v[0], axes) * v[1] + v[2]; }};
}
Use layer_alone(const Shape& x) {
  return {"layer_norm alone " + to_string(x),
          {x},
          [n = x[x.rank() - 1]](const Tensors& v) { return layer_norm(v[0], Shape{n}); },
          [](const Tensors& v) { return by_formula(v[0], -1); }};
}
Use root_mean_square(const Shape& x) {
  const Shape last{x[x.rank() - 1]};
  return {"rms_norm " + to_string(x),
          {x, last},
          [](const Tensors& v) { return rms_norm(v[0], v[1]); },
          [](const Tensors& v) { return by_formula(v[0], -1, false) * v[1]; }};
}
Use batch(const Shape& x) {
  std::vector<std::int64_t> axes{0};
  Shape beside{x[1]};
  for (int axis = 2; axis < x.rank(); ++axis) axes.push_back(axis), beside.push_back(1);
  return {"batch_norm " + to_string(x),
          {x, {x[1]}, {x[1]}},
          [](const Tensors& v) { return batch_norm(v[0], v[1], v[2]).y; },
          [axes, beside](const Tensors& v) {
            return by_formula(v[0], axes) * reshape(v[1], beside) + reshape(v[2], beside);
          }};
}
Use group(const Shape& x, std::int64_t groups) {
  const std::int64_t together = x.size() / x[0] / groups;
  Shape beside{x[1]};
  for (int axis = 2; axis < x.rank(); ++axis) beside.push_back(1);
  return {"group_norm " + to_string(x),
          {x, {x[1]}, {x[1]}},
          [groups](const Tensors& v) { return group_norm(v[0], groups, v[1], v[2]); },
          [=](const Tensors& v) {
            const Tensor rows = reshape(v[0], {x[0], groups, together});
            return reshape(by_formula(rows, -1), x) * reshape(v[1], beside) + reshape(v[2], beside);
          }};
}

std::vector<Use> uses() {
  return {layer({5, 7}, {7}),       layer({200, 67}, {67}), layer({3, 4, 5}, {4, 5}),
          layer({2, 5000}, {5000}), layer_alone({70, 33}),  root_mean_square({150, 40}),
          batch({300, 37}),         batch({5, 3, 4}),       batch({4, 3, 9, 15}),
          batch({3, 2, 5000}),      batch({130, 1}),        group({3, 4, 5}, 2),
          group({3, 4, 5}, 1),      group({5, 6}, 3),       group({70, 6}, 2),
          group({2, 3, 40, 50}, 3)};
}

Tensors inputs(const Use& use, Dtype dtype) {
  Rng rng(5);
  Tensors made;
  for (const Shape& shape : use.shapes)
    made.push_back((rng.normal(shape, 3, 2, Dtype::float64)).to(dtype).set_requires_grad(true));
  return made;
}

/// dL/d(each) of L = sum(weights y), first order, by the fused rule.
Tensors gradients(const Function& f, const Tensors& v, const Tensor& weights) {
  return grad(sum(f(v) * weights), v);
}

}  // namespace

TEST_CASE("normalization: kernels and formulas give the same, in value and first derivative") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    const Tensors v = inputs(use, Dtype::float64), narrow = inputs(use, Dtype::float32);
    const Tensor weights = Rng(6).normal(use.shapes[0], 0, 1, Dtype::float64);
    const Tensor y = use.formula(v).detach();
    CHECK(mismatch(use.fused(v).detach(), y, 1e-12) == "");
    CHECK(mismatch(use.fused(narrow).detach().to(Dtype::float64), y, 1e-5) == "");
    const Tensors expected = gradients(use.formula, v, weights);
    const Tensors got = gradients(use.fused, v, weights);
    const Tensors of_narrow = gradients(use.fused, narrow, weights.to(Dtype::float32));
    for (std::size_t i = 0; i < v.size(); ++i) {
      CAPTURE(i);
      CHECK(mismatch(got[i], expected[i], 1e-10) == "");
      CHECK(mismatch(of_narrow[i].to(Dtype::float64), expected[i], 1e-4) == "");
    }
  }
}

TEST_CASE("normalization: second derivatives and tangents are those of the formulas") {
  for (const Use& use : uses()) {
    if (use.shapes[0].size() > 3000) continue;
    CAPTURE(use.name);
    const Tensors v = inputs(use, Dtype::float64);
    const Tensor weights = Rng(6).normal(use.shapes[0], 0, 1, Dtype::float64);
    const auto second = [&](const Function& f) {
      Tensor along;
      for (const Tensor& g : grad(sum(f(v) * weights), v, {.create_graph = true})) {
        const Tensor part = sum(g * sin(reshape(arange(g.size()).to(Dtype::float64), g.shape())));
        along = along.defined() ? along + part : part;
      }
      return grad(along, v, {.allow_unused = true});
    };
    const Tensors expected = second(use.formula), got = second(use.fused);
    for (std::size_t i = 0; i < v.size(); ++i) {
      REQUIRE(got[i].defined() == expected[i].defined());
      if (got[i].defined()) CHECK(mismatch(got[i], expected[i], 1e-9) == "");
    }
    Tensors direction;
    for (const Tensor& x : v) direction.push_back(cos(x.detach()));
    CHECK(mismatch(jvp(use.fused, v, direction).second, jvp(use.formula, v, direction).second,
                   1e-11) == "");
  }
}

TEST_CASE("normalization: numbers far from 0 keep the digits that they have") {
  // Of 4096 + k / 256 the mean and the variance are exact in float64; sums of squares would lose
  // all.
  const Tensor k = arange(1000).to(Dtype::float64);
  const Tensor x = reshape((4096 + k / 256).to(Dtype::float32), {1, 1000});
  const Tensor expected = reshape((k - 499.5) / std::sqrt((1000.0 * 1000 - 1) / 12), {1, 1000});
  CHECK(mismatch(layer_norm(x, Shape{1000}, {.eps = 0}).to(Dtype::float64), expected, 2e-4) == "");
  const Tensor columns = reshape(x, {1000, 1}), runs = reshape(x, {1, 1, 1000});
  CHECK(mismatch(batch_norm(columns, {.eps = 0}).y.to(Dtype::float64), reshape(expected, {1000, 1}),
                 2e-4) == "");
  CHECK(mismatch(batch_norm(runs, {.eps = 0}).y.to(Dtype::float64), reshape(expected, {1, 1, 1000}),
                 2e-4) == "");
}

TEST_CASE("batch_norm: the statistics are those of the batch, and constants") {
  const Tensor x = Rng(1).normal({4, 3, 5}, 2, 3, Dtype::float64).set_requires_grad(true);
  const BatchNormResult result = batch_norm(x);
  CHECK(mismatch(result.mean, mean(x.detach(), {0, 2}), 1e-13) == "");
  CHECK(mismatch(result.variance, var(x.detach(), {0, 2}), 1e-13) == "");
  CHECK_FALSE(result.mean.requires_grad());
  CHECK_FALSE(result.variance.requires_grad());
}

TEST_CASE("normalization: empty, strided, of mixed dtypes, with NaN, and within vmap") {
  CHECK(layer_norm(zeros({0, 4}), ones({4}), zeros({4})).shape() == Shape{0, 4});
  CHECK(batch_norm(zeros({2, 3, 0})).y.shape() == Shape{2, 3, 0});
  CHECK(batch_norm(zeros({0, 3})).y.shape() == Shape{0, 3});
  CHECK(all(isnan(batch_norm(zeros({0, 3})).mean)).item() == 1);
  const auto of_each = vmap([](const Tensor& each) { return batch_norm(each).variance; });
  CHECK(all(isnan(of_each(zeros({2, 0, 3})))).item() == 1);
  CHECK(group_norm(zeros({0, 4, 2}), 2).shape() == Shape{0, 4, 2});
  const Tensor x = Rng(2).normal({6, 5}, 0, 1, Dtype::float64);
  CHECK(mismatch(layer_norm(transpose(x), Shape{6}),
                 layer_norm(transpose(x).contiguous(), Shape{6})) == "");
  CHECK(layer_norm(x.to(Dtype::float32), ones({5}, Dtype::float64), zeros({5})).dtype() ==
        Dtype::float64);
  const Tensor w = Rng(3).normal({6, 5}, 0, 1, Dtype::float64), b = zeros({5}, Dtype::float64);
  const Tensor mapped =
      vmap([&](const Tensors& v) { return layer_norm(v[0], v[1], b); })(Tensors{x, w});
  CHECK(mismatch(mapped, layer_norm(x, Shape{5}) * w, 1e-13) == "");
  const Tensor bad = set(x, {2, 3}, std::numeric_limits<double>::quiet_NaN());
  const BatchNormResult columns = batch_norm(bad),
                        runs = batch_norm(broadcast_to(expand_dims(bad, -1), {6, 5, 200}));
  for (const Tensor& statistic : {columns.mean, columns.variance, runs.mean, runs.variance}) {
    CHECK(std::isnan(statistic[3].item()));
    CHECK_FALSE(std::isnan(statistic[2].item()));
  }
  CHECK(all(isnan(batch_norm(zeros({0, 2, 200})).variance)).item() == 1);
  const Tensor y = layer_norm(bad, Shape{5});
  CHECK(all(isnan(y[2])).item() == 1);
  CHECK(any(isnan(y[1])).item() == 0);
  CHECK_THROWS_AS(static_cast<void>(group_norm(x, 1, ones({4}), zeros({4}))), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(batch_norm(x, ones({4}), zeros({4}))), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(batch_norm(ones({4}))), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(batch_norm(arange(4))), DtypeError);
}
