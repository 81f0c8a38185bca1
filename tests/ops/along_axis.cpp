#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Integers = std::vector<std::int64_t>;

/// x lying otherwise in memory: transposed, and backwards.
std::vector<Tensor> layouts(const Tensor& x) {
  return {x, transpose(transpose(x).contiguous()), flip(flip(x, 1).contiguous(), 1)};
}

/// Places along an axis of extent n, from either end, some of them twice.
Tensor places(const Shape& shape, std::int64_t n) {
  Integers values;
  for (std::int64_t i = 0; i < shape.size(); ++i) values.push_back(i * 7 % (2 * n) - n);
  return from_vector(std::move(values), shape);
}

}  // namespace

TEST_CASE("take_along_axis and its derivative, along each axis, are loops over places") {
  const Tensor x = sixteenths({2, 3, 4});
  for (int axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    const std::int64_t n = x.extent(axis);
    Shape shape = x.shape();
    shape[axis] = 5;
    const Tensor index = places(shape, n), values = sixteenths(shape, 1);
    const auto chosen = index.to_vector<std::int64_t>();
    Doubles taken;
    Tensor sums = zeros(x.shape(), Dtype::float64);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      auto rest = static_cast<std::int64_t>(i);
      std::int64_t at[3];
      for (int k = 2; k >= 0; --k) {
        at[k] = rest % shape[k];
        rest /= shape[k];
      }
      at[axis] = chosen[i] < 0 ? chosen[i] + n : chosen[i];
      taken.push_back(x(at[0], at[1], at[2]).item());
      sums = sums + embed(reshape(values, {-1})[i], x.shape(), {at[0], at[1], at[2]});
    }
    for (const Tensor& given : layouts(x)) {
      for (const Tensor& where : layouts(index)) {
        CHECK(mismatch(take_along_axis(given, where, axis), from_vector(taken, shape)) == "");
        CHECK(mismatch(take_along_axis(given, where, axis - 3), from_vector(taken, shape)) == "");
      }
    }
    for (const Tensor& given : layouts(values))
      CHECK(mismatch(scatter_add_along_axis(given, index, x.shape(), axis), sums) == "");
  }
}

TEST_CASE("take_along_axis: the other axes broadcast, as NumPy's") {
  const Tensor x = tensor({{10, 30, 20}, {60, 40, 50}});
  const auto taken = [&](const Tensor& from, const Tensor& at, std::int64_t axis) {
    return take_along_axis(from, at, axis);
  };
  CHECK(mismatch(taken(x, tensor({{2, -3}}), 1), tensor({{20, 10}, {50, 60}})) == "");
  CHECK(mismatch(taken(x, tensor({{1}}), 0), tensor({{60, 40, 50}})) == "");
  CHECK(mismatch(taken(tensor({{7, 8}}), tensor({{1}, {0}, {1}}), 1), tensor({{8}, {7}, {8}})) ==
        "");
  CHECK(mismatch(taken(x, expand_dims(argmax(x, 1), 1), 1), tensor({{30}, {60}})) == "");
}

TEST_CASE("take_along_axis: every dtype, no elements") {
  const Tensor index = tensor({1, 1, 0});
  CHECK(mismatch(take_along_axis(tensor({true, false}), index), tensor({false, false, true})) ==
        "");
  CHECK(mismatch(take_along_axis(tensor({5.0, 7.0}), index), tensor({7.0, 7.0, 5.0})) == "");
  const std::int64_t large = (std::int64_t{1} << 62) + 1;
  CHECK(take_along_axis(tensor({large}), tensor({0})).to_vector<std::int64_t>() == Integers{large});
  CHECK(take_along_axis(ones({2, 3}), zeros({2, 0}, Dtype::int64)).shape() == Shape{2, 0});
  CHECK(take_along_axis(ones({2, 0}), zeros({2, 0}, Dtype::int64)).shape() == Shape{2, 0});
  CHECK(take_along_axis(ones({0, 3}), zeros({1, 2}, Dtype::int64)).shape() == Shape{0, 2});
  CHECK(mismatch(scatter_add_along_axis(ones({0}), zeros({0}, Dtype::int64), {2}), zeros({2})) ==
        "");
  CHECK(mismatch(scatter_add_along_axis(tensor({true, true}), tensor({1, 1}), {2}),
                 tensor({0, 2})) == "");
}

TEST_CASE("scatter_add_along_axis: a long float32 sum keeps its digits") {
  const std::int64_t n = 1000000;
  const Tensor tenth = full({n}, 0.1F), place = zeros({n}, Dtype::int64);
  CHECK(scatter_add_along_axis(tenth, place, {1}).item() == doctest::Approx(1e5).epsilon(1e-7));
  const Tensor x = full({1}, 2).set_requires_grad(true);
  sum(take_along_axis(x, place) * tenth).backward();
  CHECK(x.grad().item() == doctest::Approx(1e5).epsilon(1e-7));
}

TEST_CASE("take_along_axis within vmap, of one or both inputs, is that of each example") {
  const Tensor x = sixteenths({3, 2, 4}), index = places({3, 2, 5}, 4);
  const auto take = [](const Tensor& a, const Tensor& b) { return take_along_axis(a, b); };
  const auto of_both = [&](const std::vector<Tensor>& v) { return take(v[0], v[1]); };
  CHECK(mismatch(vmap(of_both)({x, index}), take_along_axis(x, index)) == "");
  const Tensor of_x = vmap([&](const Tensor& a) { return take(a, index[1]); })(x);
  const Tensor of_index = vmap([&](const Tensor& b) { return take(x[1], b); })(index);
  for (std::int64_t i = 0; i < 3; ++i) {
    CHECK(mismatch(of_x[i], take(x[i], index[1])) == "");
    CHECK(mismatch(of_index[i], take(x[1], index[i])) == "");
  }
}

TEST_CASE("take_along_axis: what cannot be is an error that names the function") {
  const Tensor x = ones({2, 3}), index = zeros({2, 1}, Dtype::int64);
  CHECK(error_of<DtypeError>([&] {
          return take_along_axis(x, ones({2, 1}));
        }) == "take_along_axis: indices must be int64; got float32[2, 1]");
  CHECK(error_of<ShapeError>([&] { return take_along_axis(x, tensor({0})); }) ==
        "take_along_axis: the indices must have as many axes as x; got int64[1] for float32[2, 3]");
  CHECK(error_of<ShapeError>([&] {
          return take_along_axis(x, zeros({3, 1}, Dtype::int64));
        }).starts_with("take_along_axis: "));
  CHECK(error_of<ValueError>([&] { return take_along_axis(Tensor(), index); }) ==
        "take_along_axis: x must be defined; got an undefined tensor");
  CHECK(error_of<ValueError>([&] { return take_along_axis(x, Tensor()); }) ==
        "take_along_axis: indices must be defined; got an undefined tensor");
  CHECK(error_of<IndexError>([&] {
          return take_along_axis(zeros({2, 0}), index);
        }).starts_with("take_along_axis: index must exist"));
  CHECK(error_of<ShapeError>([&] {
          return scatter_add_along_axis(x, index, {2, 3});
        }) ==
        "scatter_add_along_axis: the values must have the shape [2, 1] of the indices; got "
        "float32[2, 3]");
  CHECK(error_of<ShapeError>([&] {
          return scatter_add_along_axis(ones({2, 1}), index, {3, 3});
        }) ==
        "scatter_add_along_axis: the indices must have the shape [3, 3] but along axis 1; got "
        "int64[2, 1]");
}
