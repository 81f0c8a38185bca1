#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Integers = std::vector<std::int64_t>;

Tensor counted(const Shape& shape) { return reshape(arange(shape.size()), shape); }
Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

/// A matrix by what stands at each place.
template <class F>
Integers matrix(std::int64_t rows, std::int64_t columns, F at) {
  Integers values;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) values.push_back(at(i, j));
  return values;
}

constexpr std::int64_t most = INT64_MAX, least = INT64_MIN;

}  // namespace

TEST_CASE("moveaxis: shapes and elements of a transpose") {
  const Tensor x = counted({2, 3, 4});
  CHECK(moveaxis(x, 0, 2).shape() == Shape{3, 4, 2});
  CHECK(moveaxis(x, -1, 0).shape() == Shape{4, 2, 3});
  CHECK(integers(moveaxis(x, 0, -1)) == integers(transpose(x, {1, 2, 0})));
  CHECK(integers(moveaxis(x, 1, 1)) == integers(x));
}

TEST_CASE("roll: element i comes from i - shift, around the ends") {
  const Tensor x = counted({5, 3});
  for (const std::int64_t shift : {0L, 1L, 4L, 5L, 7L, -1L, -5L, -13L, most, least}) {
    const std::int64_t by = (shift % 5 + 5) % 5;
    CHECK(integers(roll(x, shift, 0)) ==
          matrix(5, 3, [&](auto i, auto j) { return (i - by + 5) % 5 * 3 + j; }));
  }
  CHECK(integers(roll(x, 1, -1)) ==
        matrix(5, 3, [](auto i, auto j) { return i * 3 + (j + 2) % 3; }));
  CHECK(roll(zeros({0, 2}), 3, 0).shape() == Shape{0, 2});
}

TEST_CASE("tile: copies side by side along each axis") {
  const Tensor x = counted({2, 3});
  CHECK(integers(tile(x, {2, 3})) ==
        matrix(4, 9, [](auto i, auto j) { return i % 2 * 3 + j % 3; }));
  CHECK(integers(tile(x, {2})) == matrix(2, 6, [](auto i, auto j) { return i * 3 + j % 3; }));
  CHECK(tile(x, {2, 1, 1}).shape() == Shape{2, 2, 3});
  CHECK(integers(tile(x, {2, 1, 1})) == matrix(4, 3, [](auto i, auto j) { return i % 2 * 3 + j; }));
  CHECK(integers(tile(transpose(x), {1, 2})) ==
        matrix(3, 4, [](auto i, auto j) { return j % 2 * 3 + i; }));
  CHECK(tile(x, {0, 2}).shape() == Shape{0, 6});
  CHECK(tile(zeros({2, 0}), {3, 2}).shape() == Shape{6, 0});
  CHECK(integers(tile(tensor(7), {3})) == Integers{7, 7, 7});
  CHECK(tile(ones({1, 1, 1, 1, 1, 1, 1, 2}), {1, 1, 1, 1, 1, 1, 2, 2}).size() == 8);
}

TEST_CASE("pad: a margin of one value around x") {
  const Tensor x = counted({2, 3});
  CHECK(integers(pad(x, {{1, 2}, {0, 1}}, -5)) == matrix(5, 4, [](auto i, auto j) {
          return i >= 1 && i < 3 && j < 3 ? (i - 1) * 3 + j : -5;
        }));
  CHECK(integers(pad(x, {{0, 0}, {0, 0}})) == integers(x));
  CHECK(pad(x.to(Dtype::float32), {{1, 0}, {0, 0}}).dtype() == Dtype::float32);
  CHECK(pad(zeros({0, 2}), {{1, 1}, {0, 0}}, 3).to_vector<float>() ==
        std::vector<float>{3, 3, 3, 3});
  CHECK(pad(tensor(2.0), {}).item() == 2);
  CHECK(pad(x > 2, {{0, 1}, {0, 0}}, true).to_vector<bool>() ==
        std::vector<bool>{false, false, false, true, true, true, true, true, true});
}

TEST_CASE("tril, triu, diagonal and trace: every diagonal of matrices of any shape") {
  for (const Shape& shape : {Shape{3, 3}, Shape{2, 4}, Shape{4, 2}, Shape{1, 3}}) {
    const std::int64_t n = shape[0], m = shape[1];
    const Tensor x = counted(shape) + 1;
    for (const std::int64_t k : {0L, 1L, -1L, 2L, -2L, 5L, -5L, most, least}) {
      CAPTURE(x.describe());
      CAPTURE(k);
      const auto kept = [&](bool lower) {
        return matrix(n, m, [&](auto i, auto j) {
          const bool in = lower ? j - i <= k : j - i >= k;
          return in ? i * m + j + 1 : 0;
        });
      };
      CHECK(integers(tril(x, k)) == kept(true));
      CHECK(integers(triu(x, k)) == kept(false));
      Integers on;
      std::int64_t total = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < m; ++j) {
          if (j - i != k) continue;
          on.push_back(i * m + j + 1);
          total += on.back();
        }
      }
      CHECK(integers(diagonal(x, k)) == on);
      CHECK(integers(diagonal(transpose(transpose(x).contiguous()), k)) == on);
      CHECK(trace(x, k).item() == total);
      CHECK(integers(diagonal(stack({x, 2 * x}), k)).size() == 2 * on.size());
      CHECK(integers(trace(stack({x, 2 * x}), k)) == Integers{total, 2 * total});
    }
  }
  CHECK(diagonal(zeros({0, 4, 5})).shape() == Shape{0, 4});
  CHECK(diagonal(zeros({3, 0})).shape() == Shape{0});
  CHECK(trace(zeros({2, 0, 3})).shape() == Shape{2});
  CHECK(tril(zeros({0, 3})).shape() == Shape{0, 3});
}

TEST_CASE("rearranging: what cannot be is an error that names the function") {
  const Tensor x = zeros({2, 3});
  CHECK(error_of<ShapeError>([&] {
          return pad(x, {{1, 1}});
        }) == "pad: a width is needed for each axis; got 1 for float32[2, 3]");
  CHECK(error_of<ValueError>([&] {
          return pad(x, {{1, 1}, {0, -1}});
        }) == "pad: widths must be at least 0; got -1");
  CHECK(error_of<ValueError>([&] {
          return pad(x.to(Dtype::int64), {{1, 1}, {0, 1}}, HUGE_VAL);
        }).starts_with("pad: a number must fit in int64"));
  CHECK(error_of<ValueError>([&] {
          return tile(x, {2, -1});
        }) == "tile: repeats must be at least 0; got -1");
  CHECK(error_of<ShapeError>([&] {
          return tile(x, {1, 1, 1, 1, 1, 1, 1, 1, 1});
        }) == "tile: at most 8 axes; got 9");
  CHECK(error_of<ShapeError>([&] { return diagonal(ones({3})); }) ==
        "diagonal: at least two axes are needed, of a matrix; got float32[3]");
  CHECK(error_of<ShapeError>([&] { return trace(ones({})); }).starts_with("trace: "));
  CHECK(error_of<ShapeError>([&] { return tril(ones({3})); }).starts_with("tril: "));
}

TEST_CASE("pad by edges, mirrors and turns, as NumPy's modes of these names") {
  const Tensor x = tensor({1, 2, 3});
  CHECK(integers(pad(x, {{2, 1}}, PadMode::edge)) == Integers{1, 1, 1, 2, 3, 3});
  CHECK(integers(pad(x, {{2, 1}}, PadMode::reflect)) == Integers{3, 2, 1, 2, 3, 2});
  CHECK(integers(pad(x, {{2, 1}}, PadMode::wrap)) == Integers{2, 3, 1, 2, 3, 1});
  const Tensor square = counted({2, 3});
  CHECK(integers(pad(square, {{1, 0}, {0, 2}}, PadMode::reflect)) ==
        Integers{3, 4, 5, 4, 3, 0, 1, 2, 1, 0, 3, 4, 5, 4, 3});
  CHECK(integers(pad(square, {{0, 0}, {0, 0}}, PadMode::wrap)) == integers(square));
  for (const PadMode mode : {PadMode::reflect, PadMode::wrap})
    CHECK_THROWS_AS(static_cast<void>(pad(x, {{4, 0}}, mode)), ShapeError);
  CHECK_THROWS_WITH(static_cast<void>(pad(x, {{0, 3}}, PadMode::reflect)),
                    "pad: the margin must have elements to show; got 3 for axis 0 of int64[3]");
  CHECK_THROWS_AS(static_cast<void>(pad(zeros({0}), {{1, 0}}, PadMode::edge)), ShapeError);
}

TEST_CASE("repeat, flatten, ravel, unbind, split_with_sizes") {
  const Tensor x = counted({2, 3});
  CHECK(integers(repeat(x, 2, 1)) == Integers{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5});
  CHECK(integers(repeat(x, 2, 0)) == Integers{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(repeat(x, 0, 0).shape() == Shape{0, 3});
  CHECK(repeat(zeros({0, 3}), 2, 1).shape() == Shape{0, 6});
  CHECK(flatten(counted({2, 3, 4, 5}), 1, 2).shape() == Shape{2, 12, 5});
  CHECK(flatten(counted({2, 3, 4}), -2).shape() == Shape{2, 12});
  CHECK(flatten(zeros({2, 0, 4}), 1).shape() == Shape{2, 0});
  CHECK(flatten(tensor(5)).shape() == Shape{1});
  CHECK(integers(ravel(transpose(x))) == Integers{0, 3, 1, 4, 2, 5});
  const std::vector<Tensor> columns = unbind(x, -1);
  REQUIRE(columns.size() == 3);
  CHECK(integers(columns[1]) == Integers{1, 4});
  CHECK(unbind(zeros({0, 2})).empty());
  const std::vector<Tensor> parts = split_with_sizes(x, {1, 0, 2}, 1);
  CHECK(parts[1].shape() == Shape{2, 0});
  CHECK(integers(parts[2]) == Integers{1, 2, 4, 5});
  CHECK_THROWS_WITH(static_cast<void>(split_with_sizes(x, {1, 1}, 1)),
                    "split_with_sizes: the sizes must add up to 3 for axis 1 of int64[2, 3]; got "
                    "[1 1]");
  CHECK_THROWS_AS(static_cast<void>(split_with_sizes(x, {4, -1}, 1)), ValueError);
  CHECK_THROWS_AS(static_cast<void>(split_with_sizes(x, {most, most}, 1)), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(flatten(x, 1, 0)), ValueError);
}

TEST_CASE("rot90, meshgrid and diag are NumPy's") {
  const Tensor x = counted({2, 3});
  CHECK(integers(rot90(x)) == Integers{2, 5, 1, 4, 0, 3});
  CHECK(integers(rot90(x, 2)) == Integers{5, 4, 3, 2, 1, 0});
  CHECK(integers(rot90(x, -1)) == Integers{3, 0, 4, 1, 5, 2});
  CHECK(integers(rot90(x, 7)) == integers(rot90(x, -1)));
  CHECK(integers(rot90(x, least)) == integers(x));
  CHECK(integers(rot90(x, 1, 1, 0)) == integers(rot90(x, -1)));
  CHECK_THROWS_AS(static_cast<void>(rot90(x, 1, 0, -2)), ValueError);

  const Tensor a = tensor({1, 2, 3}), b = tensor({4, 5});
  const std::vector<Tensor> plot = meshgrid({a, b}), own = meshgrid({a, b}, Indexing::ij);
  CHECK(plot[0].shape() == Shape{2, 3});
  CHECK(integers(plot[0]) == Integers{1, 2, 3, 1, 2, 3});
  CHECK(integers(plot[1]) == Integers{4, 4, 4, 5, 5, 5});
  CHECK(own[1].shape() == Shape{3, 2});
  CHECK(integers(own[1]) == Integers{4, 5, 4, 5, 4, 5});
  CHECK(meshgrid({a, b, b})[2].shape() == Shape{2, 3, 2});
  CHECK(meshgrid({a})[0].shape() == Shape{3});
  CHECK_THROWS_AS(static_cast<void>(meshgrid({x})), ShapeError);

  CHECK(integers(diag(b)) == Integers{4, 0, 0, 5});
  CHECK(integers(diag(b, 1)) == Integers{0, 4, 0, 0, 0, 5, 0, 0, 0});
  CHECK(integers(diag(b, -1)) == Integers{0, 0, 0, 4, 0, 0, 0, 5, 0});
  CHECK(integers(diag(x, 1)) == Integers{1, 5});
  CHECK(diag(zeros({0}), 2).shape() == Shape{2, 2});
  CHECK_THROWS_AS(static_cast<void>(diag(counted({1, 2, 3}))), ShapeError);
}

TEST_CASE("set, add_at and masked_fill change a copy") {
  const Tensor x = counted({2, 3});
  CHECK(integers(set(x, {Slice::all, 1}, 9)) == Integers{0, 9, 2, 3, 9, 5});
  CHECK(integers(set(x, {1, range(0, 2)}, tensor({7, 8}))) == Integers{0, 1, 2, 7, 8, 5});
  CHECK(integers(add_at(x, {Slice::all, range({}, {}, 2)}, tensor({10, 20}))) ==
        Integers{10, 1, 22, 13, 4, 25});
  CHECK(integers(x) == Integers{0, 1, 2, 3, 4, 5});
  CHECK(integers(masked_fill(x, x > 3, -1)) == Integers{0, 1, 2, 3, -1, -1});
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor far = tensor({infinity, 1.0}).set_requires_grad(true);
  const Tensor value = tensor(3.0).set_requires_grad(true);
  const Tensor y = set(far, {0}, value * 2);
  CHECK(y.detach().to_vector<double>() == std::vector<double>{6, 1});  // not inf - inf
  const auto [dx, dv] = grad(sum(y * tensor({5.0, 7.0})), {far, value});
  CHECK(dx.to_vector<double>() == std::vector<double>{0, 7});
  CHECK(dv.item() == 10);
  CHECK_THROWS_AS(static_cast<void>(set(x, {0}, 0.5)), Error);
  CHECK_THROWS_AS(static_cast<void>(set(x, {0}, tensor({0.5}))), DtypeError);
  CHECK_THROWS_AS(static_cast<void>(set(x, {0}, tensor({1, 2}))), ShapeError);
  CHECK_THROWS_WITH(static_cast<void>(set(x, {0, 1}, tensor({1, 2}))),
                    "set: the values must broadcast to their place, []; got int64[2]");
  CHECK_THROWS_WITH(static_cast<void>(add_at(x, {range(0, 1)}, ones({2, 3}, Dtype::int64))),
                    "add_at: the values must broadcast to their place, [1, 3]; got int64[2, 3]");
  CHECK_THROWS_AS(static_cast<void>(set(x, {5}, 1)), IndexError);
  CHECK_THROWS_AS(static_cast<void>(masked_fill(x, x, 1)), DtypeError);
}

TEST_CASE("block: blocks side by side and rows one below the other") {
  const Tensor eye = tensor({{1, 0}, {0, 1}}), row = tensor({5, 6}), column = tensor({{7}, {8}});
  CHECK(mismatch(block({{eye, column}, {row, tensor(9)}}),
                 tensor({{1, 0, 7}, {0, 1, 8}, {5, 6, 9}})) == "");
  CHECK(mismatch(block({{ones({2, 1, 3}), zeros({2, 1, 1})}, {ones({2, 2, 4})}}),
                 concatenate({concatenate({ones({2, 1, 3}), zeros({2, 1, 1})}, 2), ones({2, 2, 4})},
                             1)) == "");
  const std::vector<std::vector<Tensor>> rows{{eye}, {eye}};
  CHECK(block(rows).shape() == Shape{4, 2});
  CHECK(block({{row, ones({2}, Dtype::float64)}}).dtype() == Dtype::float64);
  CHECK(
      error_of<ShapeError>([&] {
        return block({{eye, row}});
      }) ==
      "block: the blocks of row 0 must agree but along axis 1; got int64[1, 2] beside int64[2, 2]");
  CHECK(error_of<ShapeError>([&] {
          return block({{eye}, {row, row}});
        }) == "block: rows must agree but along axis 0; got int64[1, 4] beside int64[2, 2]");
  CHECK(error_of<ValueError>([&] { return block(std::vector<std::vector<Tensor>>{}); }) ==
        "block: at least one row of blocks is needed; got none");
  CHECK(error_of<ValueError>([&] {
          return block({{eye}, {}});
        }) == "block: a row needs at least one block; got none in row 1");
}
