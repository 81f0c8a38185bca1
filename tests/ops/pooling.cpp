#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// 7 i mod 13, of [1, 1, 5, 6]; what PyTorch 2.13 gives of it stands below.
Tensor image() { return reshape(remainder(arange(30) * 7, 13), {1, 1, 5, 6}).to(Dtype::float32); }

Tensor plane(const Tensor& y) { return squeeze(y); }

}  // namespace

TEST_CASE("max_pool and its places are PyTorch's") {
  const auto [values, places] = max_pool_with_indices(image(), 3, {.stride = 2, .padding = 1});
  CHECK(mismatch(plane(values),
                 tensor({{10.0, 11.0, 12.0}, {10.0, 11.0, 12.0}, {12.0, 10.0, 11.0}})) == "");
  CHECK(mismatch(plane(places), tensor({{7, 9, 11}, {7, 9, 11}, {24, 20, 22}})) == "");
  CHECK(mismatch(plane(max_pool(image(), 2, {.ceil_mode = true})),
                 tensor({{10.0, 11.0, 12.0}, {9.0, 10.0, 11.0}, {12.0, 7.0, 8.0}})) == "");
  CHECK(mismatch(plane(max_pool(image(), 2, {.stride = 1, .dilation = {2, 3}})),
                 tensor({{8.0, 8.0, 9.0}, {11.0, 11.0, 12.0}, {12.0, 8.0, 8.0}})) == "");
  CHECK(max_pool(image(), 2).shape() == Shape{1, 1, 2, 3});
}

TEST_CASE("average_pool counts as PyTorch does, with padding and beyond the end") {
  const auto ninths = [](const Tensor& y) { return plane(y).to(Dtype::float64); };
  CHECK(
      mismatch(
          ninths(average_pool(image(), 3, {.stride = 2, .padding = 1})),
          tensor({{20.0, 41.0, 47.0}, {31.0, 50.0, 59.0}, {30.0, 30.0, 36.0}}, Dtype::float64) / 9,
          1e-7) == "");
  CHECK(
      mismatch(
          ninths(average_pool(image(), 3, {.stride = 2, .padding = 1, .count_include_pad = false})),
          tensor({{5.0, 41.0 / 6, 47.0 / 6}, {31.0 / 6, 50.0 / 9, 59.0 / 9}, {7.5, 5.0, 6.0}},
                 Dtype::float64),
          1e-7) == "");
  CHECK(mismatch(
            plane(average_pool(image(), 2, {.padding = 1, .ceil_mode = true})),
            tensor({{0.0, 2.0, 2.5, 2.25}, {2.25, 5.25, 6.25, 3.5}, {5.25, 4.75, 5.75, 3.25}})) ==
        "");
  CHECK(mismatch(
            ninths(average_pool(image(), {2, 4},
                                {.stride = PerAxis{3, 3}, .padding = {1, 0}, .ceil_mode = true})),
            tensor({{2.0, 19.0 / 6}, {5.0, 31.0 / 6}}, Dtype::float64), 1e-6) == "");
}

TEST_CASE("adaptive pools part each axis as PyTorch does") {
  CHECK(mismatch(plane(adaptive_average_pool(image(), {2, 4})).to(Dtype::float64),
                 tensor({{26.0, 29.0, 35.0, 38.0}, {36.0, 26.0, 32.0, 35.0}}, Dtype::float64) / 6,
                 1e-6) == "");
  CHECK(mismatch(plane(adaptive_max_pool(image(), {3, 4})), tensor({{10.0, 10.0, 11.0, 12.0},
                                                                    {10.0, 10.0, 11.0, 12.0},
                                                                    {12.0, 10.0, 11.0, 11.0}})) ==
        "");
  const Tensor x = drawn({2, 3, 4, 6}, -1, 1);
  CHECK(mismatch(adaptive_average_pool(x, {2, 3}), average_pool(x, 2), 1e-15) == "");
  CHECK(mismatch(adaptive_average_pool(x, 1), mean(x, {2, 3}, {.keep_dims = true}), 1e-15) == "");
  CHECK(mismatch(adaptive_max_pool(x, 1), amax(x, {2, 3}, {.keep_dims = true})) == "");
}

TEST_CASE("pools over one and three axes are those over two with axes of extent 1") {
  const Tensor line = drawn({2, 3, 9}, -1, 1), cube = drawn({1, 2, 4, 5, 3}, -1, 1);
  CHECK(mismatch(max_pool(line, 2), squeeze(max_pool(expand_dims(line, 2), {1, 2}), 2)) == "");
  CHECK(mismatch(average_pool(cube, {2, 1, 3}),
                 average_pool(average_pool(cube, {2, 1, 1}), {1, 1, 3}), 1e-15) == "");
  CHECK(mismatch(max_pool(cube, {2, 3, 1}), max_pool(max_pool(cube, {2, 1, 1}), {1, 3, 1})) == "");
}

TEST_CASE("max_pool: the first among equals has the gradient, NaN and -inf come through") {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               inf = std::numeric_limits<double>::infinity();
  const auto slope = [](const Tensor& x) {
    return grad([](const Tensor& at) { return sum(max_pool(at, 2)); })(x);
  };
  CHECK(mismatch(slope(ones({1, 1, 2, 4})),
                 tensor({{{{1.0, 0.0, 1.0, 0.0}, {0.0, 0.0, 0.0, 0.0}}}})) == "");
  const Tensor x = tensor({{{1.0, nan, -inf, -inf}}});
  CHECK(mismatch(max_pool(x, 2), tensor({{{nan, -inf}}})) == "");
  CHECK(mismatch(max_pool_with_indices(x, 2).indices, tensor({{{1, 2}}})) == "");
  CHECK(max_pool(zeros({0, 2, 4}), 2).shape() == Shape{0, 2, 2});
}

TEST_CASE("pools: what does not fit is refused") {
  const Tensor x = ones({1, 2, 4, 4});
  CHECK(error_of<ShapeError>([&] { return max_pool(x, 5); }) ==
        "max_pool: a window must lie within the padded image; got a window of [5, 5] for [4, 4] of "
        "an "
        "image of [1, 2, 4, 4]");
  CHECK(error_of<ValueError>([&] { return max_pool(x, 3, {.padding = 2}); }) ==
        "max_pool: padding must be at most half a window; got 2");
  const Tensor volume = ones({1, 1, 5, 4, 4});
  CHECK(error_of<ValueError>([&] {
          return max_pool(volume, 3, {.padding = {2, 1, 0}});
        }) == "max_pool: padding must be at most half a window; got 2");
  CHECK(max_pool(volume, 2, {.ceil_mode = true}).shape() == Shape{1, 1, 3, 2, 2});
  CHECK(error_of<ValueError>([&] { return average_pool(x, 0); }) ==
        "average_pool: window must lie in [1, 2147483647]; got 0");
  CHECK(error_of<ValueError>([&] { return max_pool(x, 2, {.stride = 0}); }) ==
        "max_pool: stride must lie in [1, 2147483647]; got 0");
  CHECK(error_of<ShapeError>([&] {
          return average_pool(ones({4, 4}), 2);
        }) ==
        "average_pool: [images, channels, extents...] of 1 to 3 axes is needed; got float32[4, 4]");
  CHECK(error_of<DtypeError>([&] { return max_pool(x.to(Dtype::int64), 2); }) ==
        "max_pool: floating numbers are needed; got int64[1, 2, 4, 4]");
  CHECK(error_of<ShapeError>([&] {
          return max_pool(ones({1, 1, 1}), 2, {.stride = 2, .padding = 1, .dilation = 2});
        }) == "max_pool: each window must meet an element; got float32[1, 1, 1]");
  CHECK(error_of<ShapeError>([&] {
          return adaptive_max_pool(ones({1, 1, 0}), 2);
        }) == "adaptive_max_pool: no elements along axis 2; got float32[1, 1, 0]");
}

TEST_CASE("the mean of a large window keeps its digits in float32") {
  CHECK(average_pool(ones({1, 1, 1 << 25}), 1 << 25).item() == 1);
  CHECK(average_pool(full({1, 1, 1000, 1000}, 0.1), 1000).item() ==
        doctest::Approx(0.1).epsilon(1e-7));
}

namespace {

struct Form {
  Shape shape;
  PerAxis window;
  MaxPoolOptions options;
};

using Numbers = std::array<std::int64_t, 3>;

/// Of each window by its definition, into `out` places: the greatest element, and what comes back
/// to x of slopes 0, 1, 2, ... of the results.
struct Definition {
  Definition(const Form& form, const Doubles& x, const Shape& out) : slopes(x.size()) {
    const int axes = form.shape.rank() - 2;
    const PerAxis& step = form.options.stride.given() ? form.options.stride : form.window;
    const Numbers kernel = form.window.of("", "", axes, 1), stride = step.of("", "", axes, 1),
                  padding = form.options.padding.of("", "", axes, 0),
                  dilation = form.options.dilation.of("", "", axes, 1);
    const Numbers before = axes < 3 ? only(padding, axes) : padding;
    const Numbers in = spatial(form.shape), to = spatial(out);
    for (std::int64_t plane = 0; plane < form.shape[0] * form.shape[1]; ++plane) {
      each(to, [&](const Numbers& place) {
        double best = 0;
        std::int64_t where = -1;
        each(kernel, [&](const Numbers& tap) {
          std::int64_t at = plane;
          for (std::size_t axis = 0; axis < 3; ++axis) {
            const std::int64_t i =
                place[axis] * stride[axis] + tap[axis] * dilation[axis] - before[axis];
            if (i < 0 || i >= in[axis]) return;
            at = at * in[axis] + i;
          }
          const double value = x[static_cast<std::size_t>(at)];
          if (where >= 0 && !(value > best) && (!std::isnan(value) || std::isnan(best))) return;
          best = value;
          where = at;
        });
        slopes[static_cast<std::size_t>(where)] += static_cast<double>(values.size());
        values.push_back(best);
        places.push_back(where - plane * in[0] * in[1] * in[2]);
      });
    }
  }

  static Numbers only(Numbers numbers, int axes) {
    for (std::size_t axis = 0; axis < 3 - static_cast<std::size_t>(axes); ++axis) numbers[axis] = 0;
    return numbers;
  }
  static Numbers spatial(const Shape& shape) {
    Numbers extents{1, 1, 1};
    for (int axis = 2; axis < shape.rank(); ++axis)
      extents[static_cast<std::size_t>(axis + 3 - shape.rank())] = shape[axis];
    return extents;
  }
  template <class F>
  static void each(const Numbers& extents, const F& f) {
    for (std::int64_t z = 0; z < extents[0]; ++z)
      for (std::int64_t y = 0; y < extents[1]; ++y)
        for (std::int64_t i = 0; i < extents[2]; ++i) f(Numbers{z, y, i});
  }

  Doubles values, slopes;
  std::vector<std::int64_t> places;
};

bool same(const Doubles& a, const Doubles& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("max_pool: values, places and gradients of all forms are those of the definition") {
  const std::vector<Form> forms{
      {{2, 3, 40}, 2, {}},
      {{2, 3, 41}, 2, {}},
      {{3, 2, 7, 69}, 2, {}},
      {{1, 2, 9, 70}, 3, {.stride = 2, .padding = 1}},
      {{1, 2, 9, 37}, 3, {.stride = 1, .padding = 1, .dilation = 1}},
      {{1, 2, 20, 65}, 3, {.stride = 3}},
      {{2, 1, 13, 50}, {2, 3}, {.stride = {1, 2}, .dilation = {3, 2}}},
      {{1, 1, 6, 21}, {3, 2}, {.stride = 2, .ceil_mode = true}},
      {{1, 2, 5, 6, 33}, {2, 2, 3}, {.stride = 2, .padding = {1, 0, 1}}},
      {{1, 1, 20, 300}, {16, 17}, {.stride = {2, 3}}},  // more taps than a byte counts
  };
  for (const Form& form : forms) {
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      CAPTURE(form.shape);
      Tensor x = round(8 * Rng(1).normal(form.shape, 0, 1, dtype));  // with equals
      x = where(remainder(reshape(arange(x.size()), x.shape()), 31) == 7, std::nan(""), x);
      x = x.clone().set_requires_grad(true);
      const Tensor y = max_pool(x, form.window, form.options);
      const auto [values_of, places] = max_pool_with_indices(x.detach(), form.window, form.options);
      const Definition expected(form, x.detach().to_vector<double>(), y.shape());
      CHECK(same(y.detach().to_vector<double>(), expected.values));
      CHECK(same(values_of.to_vector<double>(), expected.values));
      CHECK(places.to_vector<std::int64_t>() == expected.places);
      const Tensor slopes = reshape(arange(y.size()).to(dtype), y.shape());
      const auto [fused] = grad(sum(y * slopes), {x}, {.retain_graph = true});
      CHECK(same(fused.to_vector<double>(), expected.slopes));
      const auto [recorded] = grad(sum(y * slopes), {x}, {.create_graph = true});
      CHECK(same(recorded.detach().to_vector<double>(), expected.slopes));
    }
  }
}

TEST_CASE(
    "average_pool: sums of all forms, by registers and one by one, are those of unfolded windows") {
  for (const Shape& shape : {Shape{2, 3, 40}, Shape{3, 2, 7, 69}, Shape{1, 2, 20, 65}}) {
    for (const std::int64_t stride : {1, 2, 3}) {
      for (const std::int64_t window : {2, 3, 7}) {
        for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
          CAPTURE(shape);
          const Tensor x = sixteenths(shape).to(dtype);  // whose sums are exact
          const int axes = shape.rank() - 2;
          const std::int64_t taps = axes == 1 ? window : window * window;
          const AveragePoolOptions options{.stride = stride};
          const auto pooled = [&](const Tensor& at) {
            return static_cast<double>(taps) * average_pool(at, window, options);
          };
          const auto unfolded = [&](const Tensor& at) {
            const Tensor y = average_pool(at, window, options);
            const Tensor columns = unfold(at, window, {.stride = stride});
            return reshape(sum(reshape(columns, {shape[0], shape[1], taps, -1}), 2), y.shape());
          };
          CHECK(mismatch(pooled(x), unfolded(x), tolerance_of(dtype)) == "");
          const auto slope = [&](const auto& f) {
            return grad([&](const Tensor& at) {
              const Tensor y = f(at);
              return sum(y * sixteenths(y.shape(), 1).to(dtype));
            })(x);
          };
          CHECK(mismatch(slope(pooled), slope(unfolded), 4 * tolerance_of(dtype)) == "");
        }
      }
    }
  }
}
