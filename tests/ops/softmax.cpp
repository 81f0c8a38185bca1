#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// Softmax of each row, or its logarithm, by the definition, in long double.
Tensor naive(const Tensor& x, bool log) {
  std::vector<double> values = x.to_vector<double>();
  const auto columns = static_cast<std::size_t>(x.extent(-1));
  for (std::size_t row = 0; row < values.size(); row += columns) {
    long double total = 0;
    for (std::size_t j = row; j < row + columns; ++j) {
      total += std::exp(static_cast<long double>(values[j]));
    }
    for (std::size_t j = row; j < row + columns; ++j) {
      const auto value = static_cast<long double>(values[j]);
      values[j] = static_cast<double>(log ? value - std::log(total) : std::exp(value) / total);
    }
  }
  return from_vector(std::move(values), x.shape());
}

}  // namespace

TEST_CASE("rows of every length are those of the definition") {
  for (const Shape& shape : {Shape{1}, Shape{3}, Shape{5, 1}, Shape{600, 3}, Shape{300, 10},
                             Shape{7, 33}, Shape{3, 700}, Shape{2, 5000}, Shape{2, 3, 4}}) {
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      const Tensor x = drawn(shape, -6, 6).to(dtype);
      CHECK(mismatch(softmax(x), naive(x, false).to(dtype), tolerance_of(dtype)) == "");
      CHECK(mismatch(log_softmax(x), naive(x, true).to(dtype), tolerance_of(dtype)) == "");
    }
  }
}

TEST_CASE("any axis, any layout") {
  const Tensor x = drawn({4, 5, 6}, -3, 3);
  for (const std::int64_t axis : {0, 1, 2, -3}) {
    for (const Tensor& y :
         {x, transpose(transpose(x).contiguous()), flip(flip(x, 1).contiguous(), 1)}) {
      CHECK(mismatch(softmax(y, axis), swapaxes(naive(swapaxes(x, axis, -1), false), axis, -1),
                     tolerance_of(Dtype::float64)) == "");
      CHECK(mismatch(log_softmax(y, axis), swapaxes(naive(swapaxes(x, axis, -1), true), axis, -1),
                     tolerance_of(Dtype::float64)) == "");
    }
  }
  CHECK(softmax(zeros({2, 0})).shape() == Shape{2, 0});
  CHECK(softmax(zeros({0, 2})).shape() == Shape{0, 2});
  CHECK(log_softmax(zeros({2, 0}), 0).shape() == Shape{2, 0});
  CHECK(mismatch(softmax(tensor({1, 1})), tensor({0.5, 0.5}, Dtype::float64)) == "");
}

TEST_CASE("far from 0 nothing overflows, and log_softmax keeps what softmax rounds to 0") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({{1000.0, 0.0, -1000.0}, {-1000.0, -1000.0, -1001.0}}, dtype);
    const double t = 2 + std::exp(-1.0);
    CHECK(mismatch(softmax(x), tensor({{1.0, 0.0, 0.0}, {1 / t, 1 / t, std::exp(-1.0) / t}}, dtype),
                   tolerance_of(dtype)) == "");
    CHECK(mismatch(log_softmax(x),
                   tensor({{0.0, -1000.0, -2000.0}, {-std::log(t), -std::log(t), -1 - std::log(t)}},
                          dtype),
                   tolerance_of(dtype)) == "");
    const Tensor leaf = x.clone().set_requires_grad(true);
    const auto [g] = grad(sum(slice(log_softmax(leaf), {Slice::all, 2})), {leaf});
    CHECK(mismatch(g, tensor({{-1.0, 0.0, 1.0}, {-1 / t, -1 / t, 1 - std::exp(-1.0) / t}}, dtype),
                   tolerance_of(dtype)) == "");
  }
}

TEST_CASE("-inf among the elements has probability 0, and alone it gives zeros, and no gradient") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({{-inf, 2.0, 2.0}, {-inf, -inf, -inf}}, dtype).set_requires_grad(true);
    const Tensor p = softmax(x), log_p = log_softmax(x);
    CHECK(mismatch(p, tensor({{0.0, 0.5, 0.5}, {0.0, 0.0, 0.0}}, dtype)) == "");
    CHECK(mismatch(log_p,
                   tensor({{-inf, -std::log(2.0), -std::log(2.0)}, {-inf, -inf, -inf}}, dtype),
                   tolerance_of(dtype)) == "");
    const Tensor seed = tensor({{1.0, 2.0, 4.0}, {1.0, 2.0, 3.0}}, dtype);
    for (const bool recorded : {false, true}) {
      const Tensor g =
          grad(p, {x}, {.retain_graph = true, .create_graph = recorded, .seeds = {seed}})[0];
      CHECK(mismatch(g, tensor({{0.0, -0.5, 0.5}, {0.0, 0.0, 0.0}}, dtype), tolerance_of(dtype)) ==
            "");
    }
  }
}

TEST_CASE("NaN fills its row and no other") {
  for (const std::int64_t columns : {2, 11, 300}) {
    for (const std::int64_t at : {std::int64_t{0}, columns / 2, columns - 1}) {
      std::vector<double> values(static_cast<std::size_t>(3 * columns), 0.5);
      values[static_cast<std::size_t>(columns + at)] = quiet_nan;
      const Tensor x = from_vector(std::move(values), {3, columns});
      for (const Tensor& y : {softmax(x), log_softmax(x), softmax(x.to(Dtype::float32))}) {
        CHECK(sum(isnan(y), 1).to_vector<std::int64_t>() ==
              std::vector<std::int64_t>{0, columns, 0});
      }
    }
  }
}

TEST_CASE("fused gradients are those of the composition, to the second order") {
  const Tensor x = drawn({5, 7}, -2, 2).set_requires_grad(true), seed = drawn({5, 7}, -1, 1, 1);
  const auto composed = [&] {
    const Tensor e = exp(x);
    return e / sum(e, 1, {.keep_dims = true});
  };
  const auto compare = [&](const Tensor& fused, const Tensor& reference) {
    const GradOptions once{.retain_graph = true, .seeds = {seed}};
    const GradOptions twice{.create_graph = true, .seeds = {seed}};
    CHECK(mismatch(fused, reference, tolerance_of(Dtype::float64)) == "");
    const Tensor g = grad(fused, {x}, once)[0], h = grad(fused, {x}, twice)[0];
    const Tensor expected = grad(reference, {x}, twice)[0];
    CHECK(mismatch(g, expected, tolerance_of(Dtype::float64)) == "");
    CHECK(mismatch(h, expected, tolerance_of(Dtype::float64)) == "");
    CHECK(mismatch(grad(sum(h * h), {x})[0], grad(sum(expected * expected), {x})[0],
                   4 * tolerance_of(Dtype::float64)) == "");
  };
  compare(softmax(x), composed());
  compare(log_softmax(x), log(composed()));
}

TEST_CASE("errors of softmax") {
  CHECK(error_of<ShapeError>([] { return softmax(tensor(1.0)); }) ==
        "softmax: at least one axis is needed; got float32[]");
  CHECK(error_of<ShapeError>([] { return log_softmax(tensor(1.0)); }) ==
        "log_softmax: at least one axis is needed; got float32[]");
  CHECK(error_of<IndexError>([] { return softmax(ones({2}), 1); }) ==
        "softmax: axis must lie in [-1, 1); got 1");
}
