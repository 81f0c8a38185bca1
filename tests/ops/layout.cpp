#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Bound = std::optional<std::int64_t>;
using Integers = std::vector<std::int64_t>;

/// 0, 1, 2, ... in row-major order: each value is its place.
Tensor places(const Shape& shape) { return reshape(arange(shape.size()), shape); }

XTAPE_WRAPS std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  return hash * 1000003 + value + 1;
}

Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

bool is_view(const Tensor& y, const Tensor& x) {
  return y.body().storage.get() == x.body().storage.get();
}

}  // namespace

TEST_CASE("slices of one axis are Python's, for every start, stop and step") {
  // for n in range(0, 6): for a in [None, *range(-7, 8)]: for b in [None, *range(-7, 8)]:
  //   for c in (-100, -3, -2, -1, 1, 2, 3, 100): hash list(range(n)[a:b:c])
  std::uint64_t hash = 0;
  std::vector<Bound> bounds{std::nullopt};
  for (std::int64_t bound = -7; bound < 8; ++bound) bounds.emplace_back(bound);
  for (std::int64_t n = 0; n < 6; ++n) {
    const Tensor x = arange(n);
    for (const Bound start : bounds) {
      for (const Bound stop : bounds) {
        for (const std::int64_t step : {-100, -3, -2, -1, 1, 2, 3, 100}) {
          const Integers taken = integers(slice(x, {range(start, stop, step)}));
          hash = mixed(hash, taken.size());
          for (const std::int64_t value : taken) {
            hash = mixed(hash, static_cast<std::uint64_t>(value));
          }
        }
      }
    }
  }
  CHECK(hash == 0x9db28103c01c5fc6);
}

TEST_CASE("slices of several axes, against index arithmetic") {
  const Tensor x = places({4, 5, 6});
  Integers expected;
  for (std::int64_t i = 3; i >= 0; i -= 2) {
    for (std::int64_t k = 1; k < 6; k += 2) expected.push_back(30 * i + 6 * 4 + k);
  }
  const Tensor y = slice(x, {range({}, {}, -2), -1, range(1, {}, 2)});
  CHECK(y.shape() == Shape{2, 3});
  CHECK(integers(y) == expected);
  CHECK(is_view(y, x));
  CHECK(integers(slice(slice(x, {2}), {range(1, 3), 0})) == Integers{66, 72});
  CHECK(integers(slice(x, {range(1, 2), range(0, 1)})) == integers(slice(x, {1, 0})));
  CHECK(slice(x, {}).shape() == x.shape());
  CHECK(slice(x, {1, 2, 3}).shape() == Shape{});
  CHECK(slice(x, {1, 2, 3}).item() == 45);
  CHECK(integers(slice(transpose(x), {5, range({}, {}, -1), 0})) == Integers{29, 23, 17, 11, 5});
}

TEST_CASE("slices with extreme bounds and steps") {
  constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const Tensor x = places({2, 3});
  CHECK(integers(slice(x, {Slice::all, range(lowest, highest, highest)})) == Integers{0, 3});
  CHECK(integers(slice(x, {Slice::all, range(highest, lowest, lowest)})) == Integers{2, 5});
  CHECK(integers(slice(x, {{}, range(lowest, highest)})) == integers(x));
}

template <class T>
concept TakesBracesForRanges = requires(const T& x) {
  slice(x, {{0, 2}});
}
|| requires(const T& x) { slice(x, {Slice::all, {0, 2}}); };

TEST_CASE("braces around two numbers are two indices, and never a range") {
  static_assert(!TakesBracesForRanges<Tensor>);
  const Tensor x = sixteenths({4, 5});
  CHECK(slice(x, {0, 2}).rank() == 0);
  CHECK(slice(x, {range(0, 2)}).shape() == Shape{2, 5});
}

TEST_CASE("a range is not spelt with braces, but for a whole axis in steps") {
  static_assert(!std::is_constructible_v<Slice, int, int>);
  static_assert(!std::is_constructible_v<Slice, int, int, int>);
  static_assert(!std::is_constructible_v<Slice, Slice::End, int>);
  const Tensor x = sixteenths({4, 5});
  CHECK(mismatch(slice(x, {{{}, {}, -1}}), flip(x, 0)) == "");
  CHECK(mismatch(slice(x, {0, 2}), tensor(values(x)[2], Dtype::float64)) == "");
}

TEST_CASE("embed puts back what slice takes, zeros elsewhere") {
  const Tensor x = sixteenths({4, 5});
  const std::vector<std::vector<Slice>> table{{},
                                              {range(1, 3)},
                                              {Slice::all, -1},
                                              {range({}, {}, -1)},
                                              {range({}, {}, 2), range({}, {}, -2)},
                                              {2, 3},
                                              {range(3, 1)}};
  for (const auto& slices : table) {
    const Tensor part = slice(x, slices);
    const Tensor whole = embed(part, x.shape(), slices);
    CHECK(mismatch(slice(whole, slices), part) == "");
    CHECK(sum(whole != 0).item() == static_cast<double>(part.size()));
    CHECK(mismatch(where(whole != 0, x, 0), whole) == "");
  }
}

TEST_CASE("reshape: the same order of elements, a view where strides allow it") {
  const Tensor x = places({2, 3, 4});
  for (const Shape& shape : {Shape{24}, Shape{6, 4}, Shape{2, 12}, Shape{1, 2, 1, 3, 4, 1},
                             Shape{3, 8}, Shape{4, 3, 2}}) {
    const Tensor y = reshape(x, shape);
    CHECK(y.shape() == shape);
    CHECK(integers(y) == integers(x));
    CHECK(is_view(y, x));
    const Tensor turned = transpose(x);
    CHECK(integers(reshape(turned, shape)) == integers(turned));
    const Tensor reversed = flip(x, 2);
    CHECK(integers(reshape(reversed, shape)) == integers(reversed));
    const Tensor repeated = broadcast_to(places({4}), {2, 3, 4});
    CHECK(integers(reshape(repeated, shape)) == integers(repeated));
  }
  CHECK(reshape(x, {-1}).shape() == Shape{24});
  CHECK(reshape(x, {4, -1, 2}).shape() == Shape{4, 3, 2});
  CHECK(reshape(zeros({0, 3}), {3, -1}).shape() == Shape{3, 0});
  CHECK(reshape(zeros({0, 3}), {0}).shape() == Shape{0});
  CHECK(reshape(tensor(5), {1, 1}).shape() == Shape{1, 1});
  CHECK(reshape(places({1, 1}), Shape{}).item() == 0);
  CHECK(is_view(reshape(transpose(x, {1, 0, 2}), {3, 2, 2, 2}), x));  // splits an axis
  CHECK(!is_view(reshape(transpose(x), {24}), x));
  const Tensor part = slice(x, {Slice::all, range(0, 2)});
  CHECK(is_view(reshape(part, {2, 8}), x));  // two rows lie together
}

TEST_CASE("transpose: views, against index arithmetic") {
  const Tensor x = places({2, 3, 4});
  const std::vector<Integers> orders{{0, 1, 2}, {0, 2, 1}, {1, 0, 2},  {1, 2, 0},
                                     {2, 0, 1}, {2, 1, 0}, {-1, 0, -2}};
  for (const Integers& order : orders) {
    const Tensor y = transpose(x, order);
    CHECK(is_view(y, x));
    Integers expected;
    const auto extent = [&](std::size_t axis) { return x.extent(order[axis]); };
    const std::int64_t steps[] = {12, 4, 1};
    const auto step = [&](std::size_t axis) { return steps[(order[axis] + 3) % 3]; };
    for (std::int64_t i = 0; i < extent(0); ++i) {
      for (std::int64_t j = 0; j < extent(1); ++j) {
        for (std::int64_t k = 0; k < extent(2); ++k) {
          expected.push_back(i * step(0) + j * step(1) + k * step(2));
        }
      }
    }
    CHECK(integers(y) == expected);
  }
  CHECK(integers(transpose(x)) == integers(transpose(x, {2, 1, 0})));
  CHECK(integers(swapaxes(x, 0, -1)) == integers(transpose(x)));
  CHECK(transpose(tensor(1)).rank() == 0);
}

TEST_CASE("a dense copy of any view, also of one larger than a tile") {
  for (const Shape& shape : {Shape{40, 50}, Shape{3, 17, 33}, Shape{1, 100}}) {
    const Tensor x = places(shape), turned = transpose(x);
    const Tensor copy = turned.contiguous();
    CHECK(copy.is_contiguous());
    CHECK(integers(transpose(copy)) == integers(x));
    CHECK(mismatch(turned.to(Dtype::float32), copy.to(Dtype::float32)) == "");
    for (const Dtype dtype : {Dtype::float32, Dtype::float64})
      CHECK(mismatch(transpose(x.to(dtype)).contiguous(), copy.to(dtype)) == "");
  }
}

TEST_CASE("broadcast_to, expand_dims, squeeze") {
  const Tensor x = places({3, 1});
  CHECK(integers(broadcast_to(x, {2, 3, 2})) == Integers{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
  CHECK(is_view(broadcast_to(x, {2, 3, 2}), x));
  CHECK(broadcast_to(x, {3, 0}).shape() == Shape{3, 0});
  CHECK(expand_dims(x, 0).shape() == Shape{1, 3, 1});
  CHECK(expand_dims(x, -1).shape() == Shape{3, 1, 1});
  CHECK(expand_dims(x, 1).shape() == Shape{3, 1, 1});
  CHECK(expand_dims(tensor(1), 0).shape() == Shape{1});
  CHECK(squeeze(zeros({1, 3, 1})).shape() == Shape{3});
  CHECK(squeeze(zeros({1, 3, 1}), -1).shape() == Shape{1, 3});
  CHECK(squeeze(zeros({1, 1})).shape() == Shape{});
}

TEST_CASE("concatenate, stack, split") {
  const Tensor a = places({2, 2}), b = 10 + places({2, 1});
  CHECK(integers(concatenate({a, b, a}, 1)) == Integers{0, 1, 10, 0, 1, 2, 3, 11, 2, 3});
  CHECK(integers(concatenate({a, transpose(a)})) == Integers{0, 1, 2, 3, 0, 2, 1, 3});
  CHECK(integers(concatenate({a, zeros({2, 0}, Dtype::int64)}, -1)) == integers(a));
  CHECK(integers(stack({a, 4 + a})) == Integers{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(integers(stack({a, 4 + a}, -1)) == Integers{0, 4, 1, 5, 2, 6, 3, 7});
  CHECK(integers(stack({tensor(1), tensor(2)})) == Integers{1, 2});
  const std::vector<Tensor> parts = split(places({2, 6}), 3, 1);
  REQUIRE(parts.size() == 3);
  CHECK(integers(parts[1]) == Integers{2, 3, 8, 9});
  CHECK(integers(concatenate(parts, 1)) == integers(places({2, 6})));
  CHECK(concatenate({a, ones({1, 2})}).dtype() == Dtype::float64);  // int64 and float32
  CHECK(integers(flip(a, 0)) == Integers{2, 3, 0, 1});
  CHECK(integers(flip(a, -1)) == Integers{1, 0, 3, 2});
}

TEST_CASE("concatenated tensors of several dtypes get gradients in their own") {
  const Tensor a = ones({2}).set_requires_grad(true);
  const Tensor b = ones({1}, Dtype::float64).set_requires_grad(true);
  const Tensor y = concatenate({a, b, a});
  sum(y * tensor({1.0, 2.0, 3.0, 4.0, 5.0})).backward();
  CHECK(mismatch(a.grad(), tensor({5.0, 7.0})) == "");
  CHECK(mismatch(b.grad(), tensor({3.0}, Dtype::float64)) == "");
}

TEST_CASE("views keep the memory of a tensor that is gone, and see no assignment") {
  Tensor x = places({2, 3}).to(Dtype::float64);
  const Tensor row = slice(x, {1});
  x.assign(zeros({2, 3}, Dtype::float64));
  x = Tensor();
  CHECK(row.to_vector<double>() == std::vector<double>{3, 4, 5});
}

TEST_CASE("errors of layout operations") {
  const Tensor x = ones({2, 3});
  const auto shape_error = [](auto f) { return error_of<ShapeError>(f); };
  const auto value_error = [](auto f) { return error_of<ValueError>(f); };
  const auto index_error = [](auto f) { return error_of<IndexError>(f); };
  CHECK(shape_error([&] { return reshape(x, {4}); }) ==
        "reshape: the number of elements must stay; got float32[2, 3] for [4]");
  CHECK(shape_error([&] {
          return reshape(x, {4, -1});
        }) == "reshape: the number of elements must stay; got float32[2, 3] for [4, -1]");
  CHECK(shape_error([&] {
          return reshape(x, {-1, -1});
        }).find("at most one extent may be -1") != std::string::npos);
  CHECK(shape_error([&] {
          return reshape(x, {-2, -3});
        }) == "shape: extents must not be negative; got [-2, -3]");
  CHECK(shape_error([&] {
          return reshape(zeros({0, 3}), {0, -1});
        }) == "reshape: -1 beside an extent of 0 could be anything; got float32[0, 3]");
  CHECK(value_error([&] { return transpose(x, {0}); }) ==
        "transpose: one entry an axis is needed; got 1 for float32[2, 3]");
  CHECK(value_error([&] {
          return transpose(x, {1, -1});
        }) == "transpose: each axis may be named once; got -1 twice");
  CHECK(index_error([&] {
          return transpose(x, {0, 2});
        }) == "transpose: axis must lie in [-2, 2); got 2");
  CHECK(index_error([&] { return swapaxes(x, 0, 2); }) ==
        "swapaxes: axis must lie in [-2, 2); got 2");
  CHECK(shape_error([&] {
          return broadcast_to(x, {3, 3});
        }) == "broadcast_to: the tensor must broadcast to [3, 3]; got float32[2, 3]");
  CHECK(shape_error([&] { return broadcast_to(x, {3}); }) ==
        "broadcast_to: the tensor must broadcast to [3]; got float32[2, 3]");
  CHECK(index_error([&] { return expand_dims(x, 3); }) ==
        "expand_dims: axis must lie in [-3, 3); got 3");
  CHECK(shape_error([&] { return squeeze(x, 1); }) ==
        "squeeze: the axis must have extent 1; got axis 1 of float32[2, 3]");
  CHECK(index_error([&] {
          return slice(x, {Slice::all, 3});
        }) == "slice: index must lie in [-3, 3); got 3");
  CHECK(index_error([&] {
          return slice(x, {Slice::all, Slice::all, Slice::all});
        }) == "slice: at most one slice an axis; got 3 for float32[2, 3]");
  CHECK(value_error([&] { return slice(x, {range(0, 1, 0)}); }) == "slice: step must not be 0");
  CHECK(shape_error([&] {
          return embed(x, {4, 3}, {range(0, 3)});
        }) == "embed: the place has the shape [3, 3]; got float32[2, 3]");
  CHECK(index_error([&] { return flip(x, -3); }) == "flip: axis must lie in [-2, 2); got -3");
  CHECK(value_error([&] { return concatenate(std::vector<Tensor>{}); }) ==
        "concatenate: at least one tensor is needed; got none");
  CHECK(shape_error([&] {
          return concatenate({x, ones({3, 2})});
        }) ==
        "concatenate: extents but along axis 0 must be equal; got float32[2, 3] and float32[3, 2]");
  CHECK(shape_error([&] {
          return concatenate({x, ones({3})});
        }) ==
        "concatenate: extents but along axis 0 must be equal; got float32[2, 3] and float32[3]");
  CHECK(index_error([&] { return concatenate({x}, 2); }) ==
        "concatenate: axis must lie in [-2, 2); got 2");
  CHECK(value_error([&] { return stack(std::vector<Tensor>{}); }) ==
        "stack: at least one tensor is needed; got none");
  CHECK(shape_error([&] {
          return stack({x, ones({3, 2})});
        }) == "stack: the tensors must have one shape; got float32[2, 3] and float32[3, 2]");
  CHECK(shape_error([&] { return split(x, 2, 1); }) ==
        "split: the number of parts must divide the axis; got 2 for axis 1 of float32[2, 3]");
  const Tensor deep = zeros({1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(shape_error([&] { return expand_dims(deep, 0); }).find("at most 8 axes") !=
        std::string::npos);
  CHECK(shape_error([&] {
          return reshape(zeros({0}), {std::int64_t{1} << 62, 4});
        }) == "shape: the number of elements must fit in int64; got [4611686018427387904, 4]");
}

TEST_CASE("reshape and broadcast_to give a tensor of its own also where nothing changes") {
  const Tensor x = arange(0.0, 3.0, 1.0, Dtype::float64);
  for (const Tensor& y : {reshape(x, {3}), broadcast_to(x, {3})}) {
    x.assign(ones({3}, Dtype::float64));
    CHECK(y.to_vector<double>() == std::vector<double>{0, 1, 2});
    x.assign(arange(0.0, 3.0, 1.0, Dtype::float64));
  }
}
