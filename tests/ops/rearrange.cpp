#include <cstdint>
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
