#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

Tensor of(Values values) { return from_vector(std::move(values)); }

using Axis = std::initializer_list<std::int64_t>;

/// Axes from the bits of a number.
Axes axes_of(unsigned bits) {
  switch (bits) {
    case 0: return Axes(Axis{});
    case 1: return {0};
    case 2: return {1};
    case 3: return {0, 1};
    case 4: return {2};
    case 5: return {2, 0};
    case 6: return {1, -1};
    default: return {0, 1, 2};
  }
}

/// The reduction of x over the axes in `bits`, element by element.
template <class F>
Tensor naive(const Tensor& x, unsigned bits, bool keep, double start, F combine) {
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const bool reduced = (bits >> axis & 1) != 0;
    if (!reduced || keep) shape.push_back(reduced ? 1 : x.shape()[axis]);
  }
  Values result(static_cast<std::size_t>(shape.size()), start);
  const Values values = x.to_vector<double>();
  for (std::size_t place = 0; place < values.size(); ++place) {
    auto rest = static_cast<std::int64_t>(place);
    std::int64_t target = 0, step = 1;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      if ((bits >> axis & 1) == 0) {
        target += rest % x.shape()[axis] * step;
        step *= x.shape()[axis];
      }
      rest /= x.shape()[axis];
    }
    double& to = result[static_cast<std::size_t>(target)];
    to = combine(to, values[place]);
  }
  return from_vector(std::move(result), shape);
}

/// The same values lying otherwise in memory.
std::vector<Tensor> layouts(const Tensor& x) {
  std::vector<Tensor> list{x, transpose(transpose(x).contiguous())};
  for (int axis = 0; axis < x.rank(); ++axis)
    list.push_back(flip(flip(x, axis).contiguous(), axis));
  if (x.rank() > 1) list.push_back(swapaxes(swapaxes(x, 0, 1).contiguous(), 0, 1));
  return list;
}

const std::vector<Shape> shapes{{},          {1},        {7},       {5000},      {3, 300},
                                {300, 3},    {4, 0},     {0, 4},    {5, 1},      {1, 6},
                                {2, 3, 4},   {7, 1, 9},  {2, 0, 3}, {40, 2, 33}, {2, 2500, 2},
                                {3, 2, 700}, {600, 2, 2}};

template <class Compare>
void for_each_reduction(Compare compare) {
  for (const Shape& shape : shapes) {
    for (unsigned bits = 0; bits < 1U << shape.rank(); ++bits) {
      for (const bool keep : {false, true}) compare(shape, bits, ReduceOptions{.keep_dims = keep});
    }
  }
}

}  // namespace

TEST_CASE("sums over every set of axes, every layout and dtype, are those of naive loops") {
  for_each_reduction([](const Shape& shape, unsigned bits, ReduceOptions options) {
    const Tensor numbers = sixteenths(shape);
    const Tensor expected = naive(numbers, bits, options.keep_dims, 0, std::plus<>());
    for (const Tensor& x : layouts(numbers)) {
      CAPTURE(x.describe());
      CAPTURE(bits);
      CHECK(mismatch(sum(x, axes_of(bits), options), expected) == "");
    }
    for (const Tensor& x : layouts(numbers.to(Dtype::float32))) {
      CHECK(mismatch(sum(x, axes_of(bits), options), expected.to(Dtype::float32)) == "");
    }
    const Tensor integers = (16 * expected).to(Dtype::int64);
    for (const Tensor& x : layouts((16 * numbers).to(Dtype::int64))) {
      CHECK(mismatch(sum(x, axes_of(bits), options), integers) == "");
    }
    const Tensor positive = numbers > 0;
    const Tensor count = naive(positive, bits, options.keep_dims, 0, std::plus<>());
    for (const Tensor& x : layouts(positive)) {
      CHECK(mismatch(sum(x, axes_of(bits), options), count.to(Dtype::int64)) == "");
    }
  });
}

TEST_CASE("mean, amax and amin over every set of axes are those of naive loops") {
  for_each_reduction([](const Shape& shape, unsigned bits, ReduceOptions options) {
    const Tensor numbers = sixteenths(shape);
    const Axes axes = axes_of(bits);
    const bool keep = options.keep_dims;
    const Tensor total = naive(numbers, bits, keep, 0, std::plus<>());
    const Tensor n = naive(ones_like(numbers), bits, keep, 0, std::plus<>());
    const Tensor greatest =
        naive(numbers, bits, keep, -inf, [](double a, double b) { return std::fmax(a, b); });
    const Tensor smallest =
        naive(numbers, bits, keep, inf, [](double a, double b) { return std::fmin(a, b); });
    const bool comparable = numbers.size() > 0;
    for (const Tensor& x : layouts(numbers)) {
      CAPTURE(x.describe());
      CAPTURE(bits);
      CHECK(mismatch(mean(x, axes, options), total / n, tolerance_of(Dtype::float64)) == "");
      if (!comparable) continue;
      CHECK(mismatch(amax(x, axes, options), greatest) == "");
      CHECK(mismatch(amin(x, axes, options), smallest) == "");
      CHECK(mismatch(amax(x.to(Dtype::float32), axes, options), greatest.to(Dtype::float32)) == "");
      CHECK(mismatch(amin((16 * x).to(Dtype::int64), axes, options),
                     (16 * smallest).to(Dtype::int64)) == "");
      CHECK(mismatch(amax(x > 0, axes, options), greatest > 0) == "");
    }
  });
}

TEST_CASE("prod over every set of axes is that of naive loops") {
  for_each_reduction([](const Shape& shape, unsigned bits, ReduceOptions options) {
    const Tensor numbers = where(sixteenths(shape) > 0, tensor(1.25, Dtype::float64), -0.8);
    const Tensor expected = naive(numbers, bits, options.keep_dims, 1, std::multiplies<>());
    for (const Tensor& x : layouts(numbers)) {
      CAPTURE(x.describe());
      CAPTURE(bits);
      const Tensor y = prod(x, axes_of(bits), options);
      CHECK(mismatch(y / expected, ones_like(y), 1e-12) == "");
    }
  });
  CHECK(prod(tensor({3, 7, -2})).to_vector<std::int64_t>()[0] == -42);
  CHECK(prod(tensor({true, true})).dtype() == Dtype::int64);
}

TEST_CASE("2^25 ones are 33554432 and their mean is 1, along rows and along columns") {
  constexpr std::int64_t n = std::int64_t{1} << 25;
  const Tensor x = ones({n});
  CHECK(sum(x).item() == 33554432);
  CHECK(mean(x).item() == 1);
  CHECK(amax(sum(reshape(x, {n / 2, 2}), 0)).item() == 16777216);
  CHECK(sum(sum(reshape(x, {n / 2, 2}), 0)).item() == 33554432);
  CHECK(amin(sum(reshape(x, {n / 1024, 1024}), 0)).item() == 32768);
  CHECK(sum(sum(reshape(x, {4096, 8192}), 1)).item() == 33554432);
  CHECK(sum(broadcast_to(ones({1}), {n})).item() == 33554432);
  CHECK(mean(broadcast_to(ones({2}), {n, 2}), 0).to_vector<double>() == Values{1, 1});
}

TEST_CASE("float32 sums of many numbers keep their digits") {  // added up one by one they lose four
  for (const Shape& shape : {Shape{100, 1000}, Shape{40000, 3}, Shape{30000, 150}, Shape{3, 100000},
                             Shape{5, 300, 200}}) {
    for (const Tensor& x : {drawn(shape, 0, 1).to(Dtype::float32), full(shape, 0.1)}) {
      for (const Axes& axes : {Axes(), Axes(0), Axes(1), Axes{0, 1}}) {
        const Tensor expected = sum(x.to(Dtype::float64), axes).to(Dtype::float32);
        CHECK(mismatch(sum(x, axes), expected, tolerance_of(Dtype::float32)) == "");
      }
    }
  }
  const Tensor x = full({20000, 2, 2, 8}, 0.1);  // two rows at a time
  CHECK(mismatch(sum(x, {0, 2}), full({2, 8}, 40000 * static_cast<double>(0.1F)),
                 tolerance_of(Dtype::float32)) == "");
}

TEST_CASE("counts above 2^24 and integers above 2^53 are exact") {
  const Tensor many = broadcast_to(tensor({true}), {(std::int64_t{1} << 24) + 3});
  CHECK(sum(many).item() == 16777219);
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  const Tensor x = from_vector(std::vector{big, std::int64_t{2}, -big + 5});
  CHECK(sum(x).to_vector<std::int64_t>()[0] == 7);
  CHECK(amax(x).to_vector<std::int64_t>()[0] == big);
  CHECK(amin(x).to_vector<std::int64_t>()[0] == -big + 5);
}

TEST_CASE("nothing: sum 0, prod 1, mean NaN, logsumexp -inf, and amax and amin refuse") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor none = zeros({0}, dtype), rows = zeros({2, 0}, dtype);
    CHECK(sum(none).item() == 0);
    CHECK(prod(none).item() == 1);
    CHECK(std::isnan(mean(none).item()));
    CHECK(logsumexp(none).item() == -inf);
    CHECK(sum(rows, 1).to_vector<double>() == Values{0, 0});
    CHECK(prod(rows, 1).to_vector<double>() == Values{1, 1});
    CHECK(logsumexp(rows, 1).to_vector<double>() == Values{-inf, -inf});
    CHECK(sum(rows, 0).shape() == Shape{0});
    CHECK(amax(rows, 0).shape() == Shape{0});
    CHECK(argmax(rows, 0).shape() == Shape{0});
  }
  CHECK(error_of<ValueError>([] { return amax(zeros({0})); }) ==
        "amax: no elements to compare; got float32[0]");
  CHECK(error_of<ValueError>([] {
          return amin(zeros({2, 0}), 1);
        }) == "amin: no elements to compare; got float32[2, 0]");
  CHECK(error_of<ValueError>([] {
          return argmax(zeros({2, 0}), 1);
        }) == "argmax: no elements to compare; got float32[2, 0]");
  CHECK(error_of<ValueError>([] { return argmin(zeros({0})); }) ==
        "argmin: no elements to compare; got float32[0]");
}

TEST_CASE("NaN comes through reductions wherever it lies") {
  for (const std::int64_t n : {1, 2, 9, 40, 2100}) {
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      Values values(static_cast<std::size_t>(n), 1);
      values[static_cast<std::size_t>(at)] = quiet_nan;
      for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
        const Tensor x = of(values).to(dtype);
        const Tensor column = reshape(x, {n, 1}) + zeros({300}, dtype);
        for (const auto& reduction : {sum, mean, prod, amax, amin, logsumexp}) {
          CHECK(std::isnan(reduction(x, {}, {}).item()));
          CHECK(sum(isnan(reduction(column, 0, {}))).item() == 300);
          CHECK(sum(isnan(reduction(column, 1, {}))).item() == 1);
        }
        CHECK(argmax(x).item() == static_cast<double>(at));
        CHECK(argmin(x).item() == static_cast<double>(at));
      }
    }
  }
}

TEST_CASE("amax and amin: ties share the gradient evenly") {
  const Tensor x = tensor({{1.0, 3.0, 3.0}, {2.0, 2.0, 2.0}, {5.0, 0.0, 5.0}}, Dtype::float64);
  const auto slope = [&](const Tensor& y, const Tensor& seed) {
    return grad(y, {x}, {.seeds = {seed}})[0];
  };
  x.set_requires_grad(true);
  CHECK(mismatch(slope(amax(x, 1), of({2, 3, 4})),
                 tensor({{0.0, 1.0, 1.0}, {1.0, 1.0, 1.0}, {2.0, 0.0, 2.0}}, Dtype::float64)) ==
        "");
  CHECK(mismatch(slope(amin(x, 1), of({1, 3, 1})),
                 tensor({{1.0, 0.0, 0.0}, {1.0, 1.0, 1.0}, {0.0, 1.0, 0.0}}, Dtype::float64)) ==
        "");
  const Tensor slopes = slope(amax(x), tensor(1.0, Dtype::float64));
  CHECK(sum(slopes).item() == 1);
  CHECK(slopes.to_vector<double>()[6] == 0.5);
}

TEST_CASE("infinite elements") {
  CHECK(amax(of({-inf, -inf})).item() == -inf);
  CHECK(amin(of({inf, inf})).item() == inf);
  CHECK(sum(of({inf, 1})).item() == inf);
  CHECK(argmax(of({-inf, -inf})).item() == 0);
  CHECK(argmin(of({inf, inf})).item() == 0);
}

TEST_CASE("prod: the gradient with one zero, two zeros and none") {
  const auto slope = [](Values at) {
    const Tensor x = of(std::move(at)).set_requires_grad(true);
    prod(x).backward();
    return x.grad().to_vector<double>();
  };
  CHECK(slope({0, 2, 3}) == Values{6, 0, 0});
  CHECK(slope({0, 0, 3}) == Values{0, 0, 0});
  CHECK(slope({4, 2, 3}) == Values{6, 12, 8});
  CHECK(slope({5}) == Values{1});
  CHECK(slope({2, inf, 3}) == Values{inf, 6, inf});
  const Tensor x = of({0, 2, 3}).set_requires_grad(true);
  const auto [g] = grad(prod(x), {x}, {.create_graph = true});  // x1 x2, x0 x2, x0 x1
  CHECK(grad(sum(g), {x})[0].to_vector<double>() == Values{5, 3, 2});
}

TEST_CASE("logsumexp is right far from 0, and defined for -inf") {
  for (const double shift : {0.0, 1000.0, -1000.0, 1e5}) {
    const Tensor x = of({shift, shift + 1, shift - 2}).set_requires_grad(true);
    const double below = std::log(std::exp(-1.0) + 1 + std::exp(-3.0));
    CHECK(logsumexp(x).item() == doctest::Approx(shift + 1 + below).epsilon(1e-15));
    logsumexp(x).backward();
    const double total = std::exp(-1.0) + 1 + std::exp(-3.0);
    CHECK(mismatch(x.grad(), of({std::exp(-1.0) / total, 1 / total, std::exp(-3.0) / total}),
                   tolerance_of(Dtype::float64)) == "");
  }
  const Tensor x = tensor({{-inf, 0.0, 0.0}, {-inf, -inf, -inf}}, Dtype::float64);
  const Tensor y = logsumexp(x.set_requires_grad(true), 1);
  CHECK(mismatch(y, of({std::log(2.0), -inf}), tolerance_of(Dtype::float64)) == "");
  const Tensor expected = tensor({{0.0, 0.5, 0.5}, {0.0, 0.0, 0.0}}, Dtype::float64);
  const auto [g] = grad(sum(y), {x}, {.create_graph = true});
  CHECK(mismatch(g, expected, tolerance_of(Dtype::float64)) == "");
  const Values second = grad(sum(g * g), {x})[0].to_vector<double>();
  for (const double value : second) CHECK(std::isfinite(value));
  CHECK(logsumexp(of({inf, 1})).item() == inf);
  CHECK(logsumexp(tensor({0, 0})).dtype() == Dtype::float64);
  CHECK(logsumexp(tensor({0.0, 0.0})).dtype() == Dtype::float32);
}

TEST_CASE("argmax and argmin: the first among equals, along any axis and layout") {
  const Tensor x = tensor({{1, 5, 5}, {7, 7, 2}});
  using Indices = std::vector<std::int64_t>;
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == Indices{1, 0});
  CHECK(argmax(x, 0).to_vector<std::int64_t>() == Indices{1, 1, 0});
  CHECK(argmin(x, -1).to_vector<std::int64_t>() == Indices{0, 2});
  CHECK(argmax(x).item() == 3);
  CHECK(argmin(x).item() == 0);
  CHECK(argmax(x, 1, {.keep_dims = true}).shape() == Shape{2, 1});
  for (const Tensor& y : layouts(x)) {
    CHECK(argmax(y, 0).to_vector<std::int64_t>() == Indices{1, 1, 0});
    CHECK(argmax(y).item() == 3);
  }
  CHECK(argmax(tensor({false, true, true}), 0).item() == 1);
  CHECK(argmax(tensor(3.0)).item() == 0);
}

TEST_CASE("dtypes of reductions") {
  const Tensor flags = tensor({true, false}), whole = tensor({1, 4}), single = tensor({1.0, 4.0});
  CHECK(sum(flags).dtype() == Dtype::int64);
  CHECK(sum(whole).dtype() == Dtype::int64);
  CHECK(sum(single).dtype() == Dtype::float32);
  CHECK(mean(flags).dtype() == Dtype::float64);
  CHECK(mean(whole).item() == 2.5);
  CHECK(mean(single).dtype() == Dtype::float32);
  CHECK(amax(flags).dtype() == Dtype::boolean);
  CHECK(amax(whole).dtype() == Dtype::int64);
  CHECK(argmax(single).dtype() == Dtype::int64);
}

TEST_CASE("errors of reductions") {
  const Tensor x = ones({2, 3});
  CHECK(error_of<IndexError>([&] { return sum(x, 2); }) == "sum: axis must lie in [-2, 2); got 2");
  CHECK(error_of<IndexError>([&] {
          return amax(x, {0, -3});
        }) == "amax: axis must lie in [-2, 2); got -3");
  CHECK(error_of<ValueError>([&] {
          return mean(x, {1, -1});
        }).find(": each axis may be named once; got -1 twice") != std::string::npos);
  CHECK(error_of<ValueError>([&] {
          return sum(x, {0, 0, 0, 0, 0, 0, 0, 0, 0});
        }) == "axes: at most 8 can be named; got 9");
  CHECK(error_of<IndexError>([&] { return argmax(x, 2); }) ==
        "argmax: axis must lie in [-2, 2); got 2");
  CHECK(error_of<IndexError>([&] { return logsumexp(x, -3); }) ==
        "logsumexp: axis must lie in [-2, 2); got -3");
  CHECK(error_of<ShapeError>([&] {
          return sum_to(x, {2, 2});
        }) == "sum_to: the tensor must be a broadcast of [2, 2]; got float32[2, 3]");
  CHECK(error_of<ShapeError>([&] {
          return sum_to(x, {2, 2, 3});
        }) == "sum_to: the tensor must be a broadcast of [2, 2, 3]; got float32[2, 3]");
}

TEST_CASE("sums and products of strided tensors are those of their copies, to the last bit") {
  const Tensor base = Rng(4).randn({67, 5, 33});
  const Tensor views[] = {transpose(base), swapaxes(base, 0, 1), flip(base, 2),
                          slice(base, {range({}, {}, -2), Slice::all, range(1, 30, 3)}),
                          broadcast_to(slice(base, {3}), {4, 5, 33})};
  for (const Tensor& view : views) {
    const Tensor copy = from_vector(view.to_vector<float>(), view.shape());
    for (const Axes& axes :
         {Axes(), Axes(0), Axes(1), Axes(2), Axes{0, 1}, Axes{0, 2}, Axes{1, 2}}) {
      CHECK(mismatch(sum(view, axes), sum(copy, axes)) == "");
      CHECK(mismatch(prod(view, axes), prod(copy, axes)) == "");
      CHECK(mismatch(mean(view, axes), mean(copy, axes)) == "");
      CHECK(mismatch(logsumexp(view, axes), logsumexp(copy, axes)) == "");
    }
  }
}

TEST_CASE("a wide sum over an axis without elements is 0, a product 1, and nothing is read") {
  const auto check = [](const Tensor& nothing) {  // whose data are null
    CHECK(sum(nothing, 0).to_vector<double>() == std::vector<double>(5000, 0));
    CHECK(prod(nothing, 0).to_vector<double>() == std::vector<double>(5000, 1));
  };
  check(from_vector(std::vector<float>{}, {0, 5000}));
  check(from_vector(std::vector<double>{}, {0, 5000}));
  check(from_vector(std::vector<std::int64_t>{}, {0, 5000}));
}
