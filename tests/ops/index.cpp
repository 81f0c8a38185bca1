#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Integers = std::vector<std::int64_t>;

Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("take along each axis, with repeated and negative indices, against slices") {
  const Tensor x = sixteenths({3, 4, 5});
  const Integers chosen{2, 0, -1, 1, -3, 2};
  const Tensor index = from_vector(chosen, {2, 3});
  for (const std::int64_t axis : {0, 1, 2, -1}) {
    for (const Tensor& given :
         {x, transpose(transpose(x).contiguous()), flip(flip(x, 1).contiguous(), 1)}) {
      const Tensor y = take(given, index, axis);
      Shape shape = x.shape();
      const int along = static_cast<int>(axis < 0 ? axis + 3 : axis);
      shape[along] = 2;
      shape.insert(along + 1, 3);
      REQUIRE(y.shape() == shape);
      for (std::int64_t i = 0; i < 6; ++i) {
        std::vector<Slice> of_y(static_cast<std::size_t>(along)), of_x = of_y;
        of_y.emplace_back(i / 3);
        of_y.emplace_back(i % 3);
        of_x.emplace_back(chosen[static_cast<std::size_t>(i)]);
        CHECK(mismatch(slice(y, of_y), slice(x, of_x)) == "");
      }
    }
  }
}

TEST_CASE("take: every dtype, one index, no index, no rows") {
  const Tensor index = tensor({1, 1, 0});
  CHECK(take(tensor({true, false}), index).to_vector<bool>() == std::vector{false, false, true});
  CHECK(integers(take(tensor({5, 7}), index)) == Integers{7, 7, 5});
  CHECK(take(tensor({5.0, 7.0}), index).to_vector<float>() == std::vector{7.0F, 7.0F, 5.0F});
  CHECK(integers(take(tensor({{1, 2}, {3, 4}}), tensor(-1))) == Integers{3, 4});
  CHECK(take(ones({3, 2}), zeros({0}, Dtype::int64)).shape() == Shape{0, 2});
  CHECK(take(ones({0, 2}), zeros({0}, Dtype::int64)).shape() == Shape{0, 2});
  CHECK(take(ones({2, 0}), index).shape() == Shape{3, 0});
}

TEST_CASE("scatter_add adds repeated rows, as the derivative of take, which is its own") {
  const Tensor x = tensor({{1.0, 2.0}, {4.0, 8.0}, {16.0, 32.0}}), index = tensor({1, -1, 1});
  CHECK(mismatch(scatter_add(x, index, {4, 2}),
                 tensor({{0.0, 0.0}, {17.0, 34.0}, {0.0, 0.0}, {4.0, 8.0}})) == "");
  CHECK(mismatch(scatter_add(transpose(x), index, {2, 4}, 1),
                 tensor({{0.0, 17.0, 0.0, 4.0}, {0.0, 34.0, 0.0, 8.0}})) == "");
  CHECK(integers(scatter_add(tensor({1, 2, 3}), tensor({0, 0, 0}), {2})) == Integers{6, 0});
  CHECK(mismatch(scatter_add(zeros({0, 2}), zeros({0}, Dtype::int64), {3, 2}), zeros({3, 2})) ==
        "");
  const Tensor table = ones({4, 2}).set_requires_grad(true);
  sum(take(table, index) * x).backward();
  CHECK(mismatch(table.grad(), scatter_add(x, index, {4, 2})) == "");
}

TEST_CASE("one_hot") {
  CHECK(mismatch(one_hot(tensor({2, 0}), 3), tensor({{0.0, 0.0, 1.0}, {1.0, 0.0, 0.0}})) == "");
  CHECK(integers(one_hot(tensor({{1}, {0}}), 2, Dtype::int64)) == Integers{0, 1, 1, 0});
  CHECK(one_hot(tensor(1), 2, Dtype::boolean).to_vector<bool>() == std::vector{false, true});
  CHECK(one_hot(transpose(tensor({{0, 1}, {1, 1}})), 2).shape() == Shape{2, 2, 2});
  CHECK(one_hot(zeros({0}, Dtype::int64), 3).shape() == Shape{0, 3});
}

TEST_CASE("errors of indices") {
  const Tensor x = ones({3, 2});
  CHECK(error_of<IndexError>([&] {
          return take(x, tensor({0, 3}));
        }) == "take: index must lie in [-3, 3); got 3 at position 1");
  CHECK(error_of<IndexError>([&] {
          return take(x, tensor({{0}, {-3}}), 1);
        }) == "take: index must lie in [-2, 2); got -3 at position 1");
  CHECK(error_of<IndexError>([&] { return take(zeros({0}), tensor({0})); }) ==
        "take: index must exist, and there is none; got 0 at position 0");
  CHECK(error_of<IndexError>([&] { return take(x, tensor({0}), 2); }) ==
        "take: axis must lie in [-2, 2); got 2");
  CHECK(error_of<DtypeError>([&] { return take(x, tensor({0.0})); }) ==
        "take: indices must be int64; got float32[1]");
  CHECK(error_of<IndexError>([&] {
          return scatter_add(x, tensor({0, 1, 4}), {4, 2});
        }) == "scatter_add: index must lie in [-4, 4); got 4 at position 2");
  CHECK(error_of<ShapeError>([&] {
          return scatter_add(x, tensor({0, 1}), {4, 2});
        }) == "scatter_add: the values must have the shape [2, 2] of the rows; got float32[3, 2]");
  CHECK(error_of<DtypeError>([&] {
          return scatter_add(x, x, {4, 2});
        }) == "scatter_add: indices must be int64; got float32[3, 2]");
  CHECK(error_of<DtypeError>([&] { return one_hot(x, 3); }) ==
        "one_hot: labels must be int64; got float32[3, 2]");
  CHECK(error_of<IndexError>([&] {
          return one_hot(tensor({0, 1, 3}), 3);
        }) == "one_hot: labels must lie in [0, 3); got 3 in row 2");
  CHECK(error_of<IndexError>([&] {
          return one_hot(tensor({0, -1}), 3);
        }) == "one_hot: labels must lie in [0, 3); got -1 in row 1");
  CHECK(error_of<ValueError>([] { return one_hot(tensor({0}), -1); }) ==
        "one_hot: classes must not be negative; got -1");
}
