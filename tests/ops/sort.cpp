#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Integers = std::vector<std::int64_t>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// Where the elements in order come from, by the standard library's stable sort.
Integers places_in_order(const Doubles& x, bool descending) {
  Integers places(x.size());
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(), [&](std::int64_t a, std::int64_t b) {
    const double left = x[static_cast<std::size_t>(descending ? b : a)];
    const double right = x[static_cast<std::size_t>(descending ? a : b)];
    return left < right || (std::isnan(right) && !std::isnan(left));
  });
  return places;
}

Tensor expected_of(const Tensor& x, bool descending) {  // of each row
  Integers all;
  for (std::int64_t i = 0; i < x.extent(0); ++i) {
    const Integers row = places_in_order(values(x[i]), descending);
    all.insert(all.end(), row.begin(), row.end());
  }
  return from_vector(std::move(all), x.shape());
}

/// Numbers with ties, infinities, NaN and zeros of both signs among them.
Tensor mixed(const Shape& shape, std::uint64_t seed) {
  const double special[] = {inf,  -inf,   quiet_nan, -quiet_nan, 0.0,
                            -0.0, 1e-320, -5e-324,   1e300,      -1e300};
  Doubles numbers = drawn(shape, -8, 8, seed).to_vector<double>();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % 3 == 0) numbers[i] = std::round(numbers[i]);
    if (i % 7 == 3) numbers[i] = special[i % 10];
  }
  return from_vector(std::move(numbers), shape);
}

}  // namespace

TEST_CASE("argsort is the standard library's stable sort, of rows of any length and dtype") {
  for (const std::int64_t n : {1, 2, 3, 17, 255, 256, 257, 1000, 5000}) {
    CAPTURE(n);
    const Tensor x = mixed({2, n}, static_cast<std::uint64_t>(n));
    const Tensor rounded = where(isfinite(x), clip(x, -100, 100), 0).to(Dtype::int64);
    for (const bool descending : {false, true}) {
      CAPTURE(descending);
      for (const Tensor& given :
           {x, x.to(Dtype::float32), rounded, rounded * 123456789, x.to(Dtype::boolean)}) {
        CAPTURE(given.describe());
        const Tensor expected = expected_of(given, descending);
        CHECK(mismatch(argsort(given, -1, descending), expected) == "");
        CHECK(mismatch(argsort(transpose(given), 0, descending), transpose(expected)) == "");
        CHECK(mismatch(argsort(flip(given, 1), 1, descending),
                       expected_of(flip(given, 1).contiguous(), descending)) == "");
        CHECK(mismatch(sort(given, 1, descending), take_along_axis(given, expected)) == "");
        CHECK(mismatch(sort(transpose(given), 0, descending),
                       transpose(take_along_axis(given, expected))) == "");
      }
    }
  }
}

TEST_CASE(
    "sort: of each length, and however the elements lie, the bits of the standard library's") {
  const auto bits_of = [](const Tensor& x) {
    std::vector<std::uint64_t> bits;
    for (const double value : values(x)) bits.push_back(std::bit_cast<std::uint64_t>(value));
    return bits;
  };
  const auto check = [&](const Tensor& x) {
    CAPTURE(x.describe());
    for (const bool descending : {false, true}) {
      const Tensor expected = take_along_axis(x, expected_of(x, descending));
      CHECK(bits_of(sort(x, 1, descending)) == bits_of(expected));
      const Tensor recorded = x.clone().set_requires_grad(is_floating(x.dtype()));
      CHECK(bits_of(sort(recorded, 1, descending).detach()) == bits_of(expected));
    }
  };
  for (std::int64_t n = 1; n <= 300; ++n) check(mixed({1, n}, static_cast<std::uint64_t>(n)));
  for (const std::int64_t n : {64, 127, 1000, 4097}) {
    const Tensor up = arange(n).to(Dtype::float64), down = flip(up, 0);
    const Tensor rows = stack({up, down, minimum(up, down), maximum(up, down), remainder(up, 3.0),
                               zeros_like(up), remainder(up * 7919, 101.0) - 50});
    for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::int64}) check(rows.to(dtype));
  }
}

TEST_CASE("sort: the values of NumPy's, along each axis") {  // tests/reference/order.py
  const Tensor x = tensor({{{3, -1, 2}, {0, 5, 2}}, {{-7, 4, 4}, {1, -1, 0}}});
  CHECK(mismatch(sort(x), tensor({{{-1, 2, 3}, {0, 2, 5}}, {{-7, 4, 4}, {-1, 0, 1}}})) == "");
  CHECK(mismatch(sort(x, 1), tensor({{{0, -1, 2}, {3, 5, 2}}, {{-7, -1, 0}, {1, 4, 4}}})) == "");
  CHECK(mismatch(sort(x, 0), tensor({{{-7, -1, 2}, {0, -1, 0}}, {{3, 4, 4}, {1, 5, 2}}})) == "");
  CHECK(mismatch(argsort(x), tensor({{{1, 2, 0}, {0, 2, 1}}, {{0, 1, 2}, {1, 2, 0}}})) == "");
}

TEST_CASE("sort: whole range of int64, exact") {
  const std::int64_t most = INT64_MAX, least = INT64_MIN;
  const Tensor x = from_vector(Integers{0, most, least, -1, most - 1, least + 1});
  CHECK(sort(x).to_vector<std::int64_t>() == Integers{least, least + 1, -1, 0, most - 1, most});
}

TEST_CASE("topk is the beginning of a descending sort, for every k") {
  const Tensor x = mixed({2, 3, 70}, 5);
  for (const std::int64_t k : {0, 1, 2, 4, 5, 35, 69, 70}) {
    CAPTURE(k);
    for (const std::int64_t axis : {2, -1, 0}) {
      const Tensor given = axis == 0 ? moveaxis(x, 2, 0) : x;
      const auto [values, indices] = topk(given, k, axis);
      std::vector<Slice> first(axis == 0 ? 1 : 3);
      first.back() = range(0, k);
      CHECK(mismatch(values, slice(sort(given, axis, true), first)) == "");
      CHECK(mismatch(indices, slice(argsort(given, axis, true), first)) == "");
    }
  }
  CHECK(mismatch(topk(x, 1).values, amax(x, -1, {.keep_dims = true})) == "");
}

TEST_CASE("sort and topk: each gradient goes where its element came from, ties in their order") {
  const Tensor x = tensor({3.0, 1.0, 2.0, 1.0}, Dtype::float64);
  const Tensor weights = tensor({10.0, 20.0, 30.0, 40.0}, Dtype::float64);
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(weights * sort(at)); })(x),
                 tensor({40.0, 10.0, 30.0, 20.0}, Dtype::float64)) == "");
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(weights * sort(at, 0, true)); })(x),
                 tensor({10.0, 30.0, 20.0, 40.0}, Dtype::float64)) == "");
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(square(topk(at, 2).values)); })(x),
                 tensor({6.0, 0.0, 4.0, 0.0}, Dtype::float64)) == "");
  CHECK_FALSE(argsort(x.clone().set_requires_grad(true)).requires_grad());
  // The hessian of the sum of w_k y_k^2 is diagonal, 2 w_k at the place of y_k.
  CHECK(mismatch(hessian([&](const Tensor& at) { return sum(weights * square(sort(at))); }, x),
                 eye(4, Dtype::float64) * tensor({80.0, 20.0, 60.0, 40.0}, Dtype::float64)) == "");
}

TEST_CASE("sort and topk within vmap are those of each example") {
  const Tensor x = mixed({3, 4, 5}, 2);
  CHECK(mismatch(vmap([](const Tensor& at) { return sort(at, 0); })(x), sort(x, 1)) == "");
  CHECK(mismatch(vmap([](const Tensor& at) { return argsort(at, -1, true); })(x),
                 argsort(x, -1, true)) == "");
  CHECK(mismatch(vmap([](const Tensor& at) { return topk(at, 2, 0).values; })(x),
                 topk(x, 2, 1).values) == "");
}

TEST_CASE("sort, argsort and topk: no elements, and what cannot be") {
  CHECK(sort(zeros({0})).shape() == Shape{0});
  CHECK(argsort(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK(argsort(zeros({0, 3})).dtype() == Dtype::int64);
  CHECK(topk(zeros({2, 0}), 0).values.shape() == Shape{2, 0});
  CHECK(error_of<ValueError>([] { return sort(Tensor()); }) ==
        "sort: x must be defined; got an undefined tensor");
  CHECK(error_of<ValueError>([] { return topk(Tensor(), 1).values; }) ==
        "topk: x must be defined; got an undefined tensor");
  CHECK(error_of<ValueError>([] {
          return topk(zeros({2, 0}), 1).values;
        }) == "topk: k must lie in [0, 0]; got 1");
  CHECK(error_of<IndexError>([] {
          return argsort(tensor(1.0));
        }).starts_with("argsort: axis must exist"));
}

TEST_CASE(
    "max_with_indices and min_with_indices: the first among equals, alone, has the gradient") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor({{1.0, 7.0, 7.0}, {-2.0, nan, nan}, {5.0, 5.0, -1.0}});
  const auto [values, indices] = max_with_indices(x, 1);
  CHECK(mismatch(values, tensor({7.0, nan, 5.0})) == "");
  CHECK(mismatch(indices, tensor({1, 1, 0})) == "");
  CHECK(mismatch(min_with_indices(x, 0, {.keep_dims = true}).indices, tensor({{1, 1, 1}})) == "");
  CHECK(mismatch(min_with_indices(x, -1).values, tensor({1.0, nan, -1.0})) == "");
  const Tensor slope =
      grad([](const Tensor& at) { return sum(max_with_indices(at, 1).values); })(x);
  CHECK(mismatch(slope, tensor({{0.0, 1.0, 0.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}})) == "");
  CHECK(error_of<ValueError>([] {
          return max_with_indices(zeros({2, 0}), 1).values;
        }).find("max_with_indices: no elements") == 0);
  CHECK(error_of<ValueError>([] {
          return min_with_indices(zeros({2, 0}), 1).values;
        }).find("min_with_indices: no elements") == 0);
  CHECK(max_with_indices(zeros({0, 0}), 1).values.shape() == Shape{0});
}

TEST_CASE("cummax_with_indices and cummin_with_indices are cummax and cummin, and their places") {
  const Tensor x = tensor({{3, 1, 4, 1}, {5, 9, 2, 9}});
  const auto [greatest, up] = cummax_with_indices(x, 1);
  const auto [smallest, down] = cummin_with_indices(x, 1);
  CHECK(mismatch(greatest, cummax(x, 1)) == "");
  CHECK(mismatch(smallest, cummin(x, 1)) == "");
  CHECK(mismatch(up, tensor({{0, 0, 2, 2}, {0, 1, 1, 1}})) == "");
  CHECK(mismatch(down, tensor({{0, 1, 1, 1}, {0, 0, 2, 2}})) == "");
}
