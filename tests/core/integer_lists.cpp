// Lists of integers, such as vectors, are shapes and axes.
#include <doctest/doctest.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr Dtype float64 = Dtype::float64;

// Lists of integers are shapes and axes; texts and lists of other things are not.
static_assert(std::convertible_to<std::vector<int>, Shape> &&
              std::convertible_to<std::vector<std::int64_t>, Shape> &&
              std::convertible_to<std::vector<std::size_t>, Axes> &&
              std::convertible_to<std::array<short, 2>, Axes> &&
              std::convertible_to<std::span<int>, Shape> &&
              std::convertible_to<std::span<const std::int64_t>, Shape>);
static_assert(!std::convertible_to<std::string, Shape> && !std::convertible_to<int, Shape> &&
              !std::convertible_to<std::vector<double>, Shape> &&
              !std::convertible_to<std::vector<bool>, Axes> &&
              !std::convertible_to<Tensor, Shape> && !std::convertible_to<std::string, Axes>);

}  // namespace

TEST_CASE("lists: vectors, arrays and spans are shapes") {
  const std::vector<int> list{2, 3};
  const std::vector<std::int64_t> wide{2, 3};
  const std::array<std::size_t, 2> array{2, 3};
  const Shape expected{2, 3};
  Rng rng(0);
  const auto check_all = [&](const auto& shape) {
    CHECK(Shape(shape) == expected);
    CHECK(zeros(shape).shape() == expected);
    CHECK(ones(shape, float64).shape() == expected);
    CHECK(full(shape, 7).shape() == expected);
    CHECK(rng.normal(shape, 0, 1).shape() == expected);
    CHECK(rng.uniform(shape).shape() == expected);
    CHECK(rng.randn(shape, float64).shape() == expected);
    CHECK(rng.integers(0, 5, shape).shape() == expected);
    CHECK(rng.binomial(4, 0.5, shape).shape() == expected);
    CHECK(reshape(arange(6), shape).shape() == expected);
    CHECK(broadcast_to(tensor(1.0), shape).shape() == expected);
    CHECK(sum_to(ones({4, 2, 3}), shape).shape() == expected);
    CHECK(embed(ones({3}), shape, {0}).shape() == expected);
    CHECK(scatter_add(ones({1, 3}), tensor({1}), shape).shape() == expected);
    CHECK(from_vector(Doubles(6), shape).shape() == expected);
    CHECK(from_span(std::span<const double>(Doubles(6)), shape).shape() == expected);
    CHECK(zeros({2, 3}).shape() == shape);
  };
  check_all(list);
  check_all(wide);
  check_all(array);
  check_all(std::span(list));
  check_all(std::span(wide));
  check_all(std::span<const std::int64_t>(wide));
  CHECK(zeros(std::vector<int>{}).shape() == Shape{});
  CHECK(reshape(arange(6), std::vector<int>{3, -1}).shape() == Shape{3, 2});
  CHECK(reshape(arange(6), std::vector<std::int64_t>{-1}).shape() == Shape{6});
  CHECK(reshape(arange(2), std::span(list).first(1)).shape() == Shape{2});
}

TEST_CASE("lists: vectors, arrays and spans are axes") {
  const Tensor x = arange(24).to(float64);
  const Tensor cube = reshape(x, {2, 3, 4});
  const auto check_all = [&](const auto& axes) {
    CHECK(values(sum(cube, axes)) == values(sum(cube, {0, 2})));
    CHECK(values(mean(cube, axes)) == values(mean(cube, {0, 2})));
    CHECK(values(prod(cube, axes)) == values(prod(cube, {0, 2})));
    CHECK(values(amax(cube, axes)) == values(amax(cube, {0, 2})));
    CHECK(values(amin(cube, axes)) == values(amin(cube, {0, 2})));
    CHECK(values(logsumexp(cube, axes)) == values(logsumexp(cube, {0, 2})));
    CHECK(sum(cube, axes, {.keep_dims = true}).shape() == Shape{1, 3, 1});
  };
  check_all(std::vector<int>{0, 2});
  check_all(std::vector<std::int64_t>{0, -1});
  check_all(std::array<unsigned, 2>{2, 0});
  const std::vector<std::int64_t> axes{2, 0, 1};
  check_all(std::span(axes).first(2));
  CHECK(values(sum(cube, std::vector<int>{})) == values(x));  // none is named
  CHECK(transpose(cube, axes).shape() == Shape{4, 2, 3});
  CHECK(transpose(cube, std::vector<int>{2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(transpose(cube, std::span(axes)).shape() == Shape{4, 2, 3});
  CHECK(transpose(cube, std::array<short, 3>{-1, 0, 1}).shape() == Shape{4, 2, 3});
}

TEST_CASE("lists: bad values are told as those in braces are") {
  const Tensor x = zeros({2, 3});
  CHECK(error_of<ShapeError>([] {
          return zeros(std::vector<int>{2, -1});
        }) == "shape: extents must not be negative; got [2, -1]");
  CHECK(error_of<ShapeError>([] { return zeros(std::vector<int>(9, 1)); }) ==
        "shape: at most 8 axes are possible; got 9");
  CHECK(error_of<ValueError>([] { return zeros(std::vector<std::uint64_t>{UINT64_MAX}); }) ==
        "shape: a number must fit in int64; got 18446744073709551615");
  CHECK(error_of<ShapeError>([&] {
          return reshape(x, std::vector<int>{-1, -1});
        }) == "reshape: at most one extent may be -1");
  CHECK_THROWS_AS(static_cast<void>(reshape(x, std::vector<int>(9, 1))), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(reshape(x, std::vector<int>{5})), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(reshape(x, std::vector<std::uint64_t>{UINT64_MAX})),
                  ValueError);
  CHECK_THROWS_AS(static_cast<void>(sum(x, std::vector<int>{2})), IndexError);
  CHECK_THROWS_AS(static_cast<void>(sum(x, std::vector<int>{1, -1})), ValueError);
  CHECK_THROWS_AS(static_cast<void>(sum(x, std::vector<int>(9, 0))), ValueError);
  CHECK_THROWS_AS(static_cast<void>(transpose(x, std::vector<int>{0})), ValueError);
  CHECK_THROWS_AS(static_cast<void>(transpose(x, std::vector<int>{0, 0})), ValueError);
  CHECK_THROWS_AS(static_cast<void>(transpose(x, std::vector<int>{0, 2})), IndexError);
}
