#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/masked.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

const Tensor rows = tensor({{2, 0}, {-1, 1}}), columns = tensor({1, -2});

}  // namespace

TEST_CASE("take_at, set, add_at: what NumPy gives, of every dtype") {  // tests/reference/search.py
  const Tensor x = reshape(arange(12), {3, 2, 2});
  const Tensor tens = reshape(arange(8), {2, 2, 2}) * 10;
  for (const Dtype dtype : {Dtype::int64, Dtype::float32, Dtype::float64}) {
    CAPTURE(to_string(dtype));
    const Tensor of = x.to(dtype);
    CHECK(mismatch(take_at(of, {rows, columns}),
                   tensor({{{10, 11}, {0, 1}}, {{10, 11}, {4, 5}}}).to(dtype)) == "");
    CHECK(
        mismatch(set(of, {rows, columns}, tens.to(dtype)),
                 tensor({{{20, 30}, {2, 3}}, {{60, 70}, {6, 7}}, {{8, 9}, {40, 50}}}).to(dtype)) ==
        "");
    CHECK(
        mismatch(
            add_at(of, {rows, columns}, tensor({100, 200}).to(dtype)),
            tensor({{{100, 201}, {2, 3}}, {{104, 205}, {6, 7}}, {{8, 9}, {210, 411}}}).to(dtype)) ==
        "");
    const Tensor strided = transpose(transpose(of).contiguous());
    CHECK(mismatch(take_at(strided, {rows, columns}), take_at(of, {rows, columns})) == "");
  }
  const Tensor flags = tensor({true, false, false});
  CHECK(mismatch(set(flags, {tensor({0, 2})}, tensor({false, true})),
                 tensor({false, false, true})) == "");
  CHECK(mismatch(take_at(x, {rows}), take(x, rows)) == "");
  CHECK(take_at(x, {tensor(1), tensor(0), tensor(-1)}).item() == 5);
  CHECK(take_at(zeros({0, 3}), {zeros({0}, Dtype::int64)}).shape() == Shape{0, 3});
  CHECK(set(zeros({0, 3}), {zeros({0}, Dtype::int64)}, 1).shape() == Shape{0, 3});
  CHECK(std::signbit(set(ones({2}), {tensor({1})}, -0.0)[1].item()));
}

TEST_CASE("put_along_axis and index_add: what NumPy gives, and along other axes") {
  const Tensor x = tensor({{3, 1, 2}, {6, 5, 4}});
  const Tensor places = tensor({{0, -1, 0}}), put = tensor({{10, 20, 30}});
  const Tensor expected = tensor({{30, 1, 20}, {30, 5, 20}});
  CHECK(mismatch(put_along_axis(x, places, put), expected) == "");
  CHECK(mismatch(put_along_axis(transpose(x), transpose(places), transpose(put), 0),
                 transpose(expected)) == "");
  CHECK(mismatch(put_along_axis(x, argsort(x), take_along_axis(x, argsort(x))), x) == "");
  CHECK(mismatch(index_add(x, tensor({1, -1, 0}), tensor({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})),
                 tensor({{10, 9, 11}, {11, 12, 13}})) == "");
  CHECK(mismatch(index_add(x, tensor({2, 2}), 10, 1), tensor({{3, 1, 22}, {6, 5, 24}})) == "");
}

TEST_CASE("set and put_along_axis: only what was taken has a gradient") {
  const Tensor x = sixteenths({3}), put = tensor({1.0, 2.0, 3.0}, Dtype::float64);
  const Tensor weights = tensor({10.0, 20.0, 30.0}, Dtype::float64), at = tensor({2, 0, 2});
  const auto check = [&](auto f) {
    CHECK(mismatch(grad([&](const Tensor& of) { return sum(weights * f(of, put)); })(x),
                   tensor({0.0, 20.0, 0.0}, Dtype::float64)) == "");
    CHECK(mismatch(grad([&](const Tensor& of) { return sum(weights * f(x, of)); })(put),
                   tensor({0.0, 10.0, 30.0}, Dtype::float64)) == "");
  };
  check([&](const Tensor& a, const Tensor& b) { return set(a, {at}, b); });
  check([&](const Tensor& a, const Tensor& b) { return put_along_axis(a, at, b); });
}

TEST_CASE("masked_select, argwhere, nonzero: places in row-major order") {
  const Tensor x = tensor({{0.0, 2.0, -1.0}, {quiet_nan, -0.0, 4.0}}, Dtype::float64);
  CHECK(mismatch(argwhere(x), tensor({{0, 1}, {0, 2}, {1, 0}, {1, 2}})) == "");
  CHECK(mismatch(take_at(x, nonzero(x)), tensor({2.0, -1.0, quiet_nan, 4.0}, Dtype::float64)) ==
        "");
  CHECK(mismatch(masked_select(x, x > 0), tensor({2.0, 4.0}, Dtype::float64)) == "");
  CHECK(mismatch(masked_select(transpose(x), transpose(x) > 0),
                 tensor({2.0, 4.0}, Dtype::float64)) == "");
  CHECK(mismatch(masked_select(x, tensor({false, true})), slice(x, {range(1, 2)})) == "");
  CHECK(masked_select(x, x > 9).shape() == Shape{0});
  CHECK(masked_select(tensor(3.0), tensor(true)).shape() == Shape{1});
  CHECK(argwhere(tensor(3.0)).shape() == Shape{1, 0});
  CHECK(argwhere(zeros({2, 0})).shape() == Shape{0, 2});
  const Tensor many = drawn({7, 11, 5}, -1, 1);
  CHECK(mismatch(masked_select(many, many > 0), take_at(many, nonzero(many > 0))) == "");
  CHECK(
      mismatch(grad([](const Tensor& at) { return sum(square(masked_select(at, at > 0))); })(many),
               2 * relu(many)) == "");
}

TEST_CASE("masked reductions: those of the elements that are chosen, for every mask") {
  const Tensor x = tensor({1.5, -2.0, quiet_nan, 4.0}, Dtype::float64);
  for (int bits = 0; bits < 16; ++bits) {
    const Tensor mask =
        tensor({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
    const Tensor chosen = masked_select(x, mask);
    CAPTURE(bits);
    CHECK(mismatch(masked_sum(x, mask), sum(chosen)) == "");
    CHECK(mismatch(masked_mean(x, mask), mean(chosen)) == "");
    const bool any = chosen.size() > 0;
    CHECK(mismatch(masked_amax(x, mask), any ? amax(chosen) : tensor(-inf, Dtype::float64)) == "");
    CHECK(mismatch(masked_amin(x, mask), any ? amin(chosen) : tensor(inf, Dtype::float64)) == "");
    const Tensor soft = masked_softmax(x, mask);
    CHECK(mismatch(masked_select(soft, mask), softmax(chosen), 4e-15) == "");
    CHECK(sum(abs(masked_select(soft, mask == false))).item() == 0);
    const Tensor slopes = grad([&](const Tensor& at) { return masked_sum(square(at), mask); })(x);
    CHECK(mismatch(slopes + 0, where(mask, 2 * x, 0)) == "");
  }
  const Tensor counts = tensor({{3, -1}, {5, 2}}), odd = tensor({true, false});
  CHECK(mismatch(masked_amax(counts, odd, 1), tensor({3, 5})) == "");
  CHECK(mismatch(masked_mean(counts, odd), tensor(4.0, Dtype::float64)) == "");
  CHECK(masked_amax(counts, tensor(false)).to_vector<std::int64_t>()[0] == INT64_MIN);
  CHECK(mismatch(masked_amin(tensor({true, false}), odd), tensor(true)) == "");
}

TEST_CASE("places within vmap are those of each example") {
  const Tensor x = drawn({3, 4, 2}, -1, 1), at = tensor({{0, 3}, {-1, 1}, {2, 2}});
  const Tensor put = drawn({3, 2, 2}, 0, 1, 1);
  const auto each = [&](auto f) {
    return stack({f(x[0], at[0], put[0]), f(x[1], at[1], put[1]), f(x[2], at[2], put[2])});
  };
  const auto check = [&](auto f) {
    const auto mapped = vmap([&](const std::vector<Tensor>& of) { return f(of[0], of[1], of[2]); });
    CHECK(mismatch(mapped({x, at, put}), each(f)) == "");
  };
  check([](const Tensor& a, const Tensor& i, const Tensor&) { return take_at(a, {i, tensor(1)}); });
  check([](const Tensor& a, const Tensor& i, const Tensor& v) { return set(a, {i}, v); });
  check([](const Tensor& a, const Tensor& i, const Tensor& v) { return add_at(a, {i}, v); });
  check([](const Tensor& a, const Tensor& i, const Tensor& v) { return index_add(a, i, v); });
  check([](const Tensor& a, const Tensor& i, const Tensor& v) {
    return put_along_axis(a, expand_dims(i, 1), v, 0);
  });
  CHECK(error_of<ValueError>(
            [&] { return vmap([](const Tensor& a) { return masked_select(a, a > 0); })(x); }) ==
        "masked_select: within vmap what chooses the places must be the same in each example, else "
        "the results would have different shapes");
  const Tensor mask = tensor({true, false, true, true});
  CHECK(mismatch(vmap([&](const Tensor& a) { return masked_select(a, mask); })(x),
                 take(x, tensor({0, 2, 3}), 1)) == "");
}

TEST_CASE("places: what cannot be") {
  const Tensor x = ones({3, 2}), at = tensor({0, 1});
  CHECK(error_of<ValueError>([&] { return take_at(x, std::vector<Tensor>{}); }) ==
        "take_at: at least one tensor of indices is needed; got none");
  CHECK(error_of<IndexError>([&] {
          return take_at(x, {at, at, at});
        }) ==
        "take_at: at most one tensor of indices an axis is possible; got 3 for float32[3, 2]");
  CHECK(error_of<IndexError>([&] {
          return set(x, {at, tensor({0, 2})}, 1);
        }) == "set: index must lie in [-2, 2); got 2 at position 1");
  CHECK(error_of<DtypeError>([&] { return add_at(x, {ones({2})}, 1); }) ==
        "add_at: indices must be int64; got float32[2]");
  CHECK(error_of<ShapeError>([&] {
          return take_at(x, {at, tensor({0, 1, 0})});
        }).starts_with("take_at: "));
  CHECK(error_of<ShapeError>([&] { return set(x, {at}, ones({3})); }).starts_with("set: "));
  CHECK(error_of<DtypeError>([&] {
          return index_add(at, at, ones({2}));
        }).starts_with("index_add: the values must fit in x's dtype; got float32[2]"));
  CHECK(error_of<ShapeError>([&] {
          return put_along_axis(x, tensor({{0}, {0}}), 1);
        }) ==
        "put_along_axis: shapes must broadcast (be equal or 1, axis by axis from the last); got "
        "[2, 1] and [3, 1]");
  CHECK(error_of<DtypeError>([&] { return masked_select(x, x); }) ==
        "masked_select: the mask must be boolean; got float32[3, 2]");
  CHECK(error_of<ShapeError>([&] {
          return masked_select(x, tensor({true, false}));
        }) ==
        "masked_select: the mask must have the extents of the first axes of x; got boolean[2] for "
        "float32[3, 2]");
  CHECK(error_of<ShapeError>([&] { return nonzero(tensor(1.0)); }) ==
        "nonzero: an axis is needed; got float32[]");
  CHECK(error_of<DtypeError>([&] { return masked_sum(x, x); }) ==
        "masked_sum: the mask must be boolean; got float32[3, 2]");
  CHECK(error_of<DtypeError>([&] { return masked_softmax(at, at == 0); }) ==
        "masked_softmax: floating numbers are needed; got int64[2]");
  CHECK(error_of<ValueError>([&] { return take_at(Tensor(), {at}); }) ==
        "take_at: x must be defined; got an undefined tensor");
}

TEST_CASE("x[i] with a tensor is take, with a mask masked_select, and gradients come along") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), index = tensor({2, 0, -1});
  CHECK(mismatch(x[index], take(x, index)) == "");
  CHECK(mismatch(x[x > 2.5], tensor({3.0, 4.0, 5.0, 6.0})) == "");
  CHECK(mismatch(x[tensor({true, false, true})], tensor({{1.0, 2.0}, {5.0, 6.0}})) == "");
  CHECK(mismatch(x[tensor(1)], x[1]) == "");
  const Tensor slope = grad([&](const Tensor& at) { return sum(at[index]); })(x);
  CHECK(mismatch(slope, tensor({{1.0, 1.0}, {0.0, 0.0}, {2.0, 2.0}})) == "");
  CHECK(error_of<DtypeError>([&] { return x[tensor({1.0})]; }).find("take: ") == 0);
}
