// A convolution adds its bias image by image: to the bit what a sum behind it gives.

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"

using namespace xtape;

namespace {

struct Case {
  std::string kernel;  // that it is meant for
  Shape x, w;
  ConvolutionOptions options = {};
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"shifted rows", {3, 3, 12, 12}, {4, 3, 3, 3}, {.padding = 1}},
      {"places", {3, 16, 8, 8}, {64, 16, 3, 3}, {.padding = 1}},
      {"groups", {2, 6, 9, 9}, {8, 3, 3, 3}, {.groups = 2}},
      {"depthwise", {2, 5, 10, 11}, {5, 1, 3, 3}, {.padding = 1, .groups = 5}},
      {"one element, rows", {3, 4, 8, 8}, {6, 4, 1, 1}},
      {"one element, panels", {3, 4, 3, 5}, {6, 4, 1, 1}},
      {"panels", {2, 3, 40, 40}, {4, 3, 5, 5}, {.stride = 5}},
      {"one axis", {2, 3, 30}, {4, 3, 3}, {.padding = 1}},
      {"three axes", {2, 2, 5, 6, 7}, {3, 2, 2, 3, 2}},
      {"no images", {0, 3, 6, 6}, {4, 3, 3, 3}},
      {"no channels", {2, 0, 6, 6}, {4, 0, 3, 3}}};
  return all;
}

Tensor spread(const Tensor& bias, int axes) {
  Shape shape{bias.extent(0)};
  for (int axis = 0; axis < axes; ++axis) shape.push_back(1);
  return reshape(bias, shape);
}

}  // namespace

TEST_CASE("convolution: its bias is added to the bit as behind it") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const Case& of : cases()) {
      CAPTURE(of.kernel);
      Rng rng(7);
      const int axes = of.x.rank() - 2;
      const auto leaf = [&](const Shape& shape) {
        return rng.normal(shape, 0, 1, dtype).set_requires_grad(true);
      };
      const Tensor x = leaf(of.x), w = leaf(of.w), b = leaf({of.w[0]});
      const Tensor y = convolution(x, w, b, of.options),
                   apart = convolution(x, w, of.options) + spread(b, axes);
      CHECK(mismatch(y, apart) == "");
      const Tensor seed = rng.normal(y.shape(), 0, 1, dtype);
      const auto ours = grad(y, {x, w, b}, {.seeds = {seed}}),
                 theirs = grad(apart, {x, w, b}, {.seeds = {seed}});
      for (std::size_t i = 0; i < 3; ++i) CHECK(mismatch(ours[i], theirs[i]) == "");
    }
  }
}

TEST_CASE("convolution: a bias that is a view, changes later, or differs in each example") {
  Rng rng(8);
  const Tensor x = rng.normal({2, 3, 8, 8}), w = rng.normal({4, 3, 3, 3}), all = rng.normal({8});
  const Tensor view = slice(all, {range(0, 8, 2)});
  const Tensor plain = convolution(x, w);
  CHECK(mismatch(convolution(x, w, view), plain + spread(view, 2)) == "");
  const Tensor b = rng.normal({4}).set_requires_grad(true);
  const Tensor y = convolution(x, w, b), before = y.detach().clone();
  b.assign(zeros({4}));
  CHECK(mismatch(y, before) == "");
  CHECK(mismatch(grad(sum(square(y)), {b})[0], 2 * sum(before, {0, 2, 3})) == "");
  const Tensor biases = rng.normal({3, 4});
  const Tensor mapped = vmap([&](const Tensor& one) { return convolution(x, w, one); })(biases);
  for (std::int64_t i = 0; i < 3; ++i)
    CHECK(mismatch(mapped[i], plain + spread(biases[i], 2)) == "");
  const Tensor images = rng.normal({3, 2, 3, 8, 8});
  const Tensor both = vmap([&](const Tensor& one, const Tensor& own) {
    return convolution(one, w, own);
  })(images, biases);
  const Tensor of_images =
      vmap([&](const Tensor& one) { return convolution(one, w, view); })(images);
  for (std::int64_t i = 0; i < 3; ++i) {
    const Tensor alone = convolution(images[i], w);
    CHECK(mismatch(both[i], alone + spread(biases[i], 2)) == "");
    CHECK(mismatch(of_images[i], alone + spread(view, 2)) == "");
  }
  const auto none = vmap([&](const Tensor& one) { return convolution(x, w, one); });
  CHECK(none(zeros({0, 4})).shape() == Shape{0, 2, 4, 6, 6});
  auto replayed = compile([&](const Tensor& one) { return convolution(one, w, view); });
  for (int i = 0; i < 3; ++i)
    CHECK(mismatch(replayed(images[i]), convolution(images[i], w, view)) == "");
  const auto [value, tangent] =
      jvp([&](const Tensor& one) { return convolution(x, w, one); }, biases[0], biases[1]);
  CHECK(mismatch(value, plain + spread(biases[0], 2)) == "");
  CHECK(mismatch(tangent, zeros({2, 4, 6, 6}) + spread(biases[1], 2)) == "");
}
