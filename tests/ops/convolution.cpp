#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/ops/kernels/interpolate.hpp>
#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Numbers = std::array<std::int64_t, 3>;

/// A convolution of three axes, in the words of its definition.
struct Layer {
  std::int64_t images, channels, outputs, groups;
  Numbers in, kernel, stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};

  Numbers out() const {
    Numbers extents{};
    for (std::size_t i = 0; i < 3; ++i)
      extents[i] = (in[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1;
    return extents;
  }
  Tensor data(std::uint64_t seed = 1) const {
    return drawn({images, channels, in[0], in[1], in[2]}, -1, 1, seed);
  }
  Tensor weights() const {
    return drawn({outputs, channels / groups, kernel[0], kernel[1], kernel[2]}, -1, 1, 2);
  }
  ConvolutionOptions options() const { return {stride, padding_of(), dilation, groups}; }
  ConvolutionPadding padding_of() const { return PerAxis(padding); }

  /// f(place in data, in weights, in the result) for each product.
  template <class F>
  void each_product(F f) const {
    const Numbers to = out();
    const std::int64_t own = channels / groups, made = outputs / groups;
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t o = 0; o < outputs; ++o)
        for (std::int64_t c = 0; c < own; ++c)
          each(kernel, [&](const Numbers& k) {
            each(to, [&](const Numbers& p) {
              Numbers at{};
              for (std::size_t i = 0; i < 3; ++i) {
                at[i] = p[i] * stride[i] + k[i] * dilation[i] - padding[i];
                if (at[i] < 0 || at[i] >= in[i]) return;
              }
              f(flat(n * channels + o / made * own + c, at, in), flat(o * own + c, k, kernel),
                flat(n * outputs + o, p, to));
            });
          });
  }

  template <class F>
  static void each(const Numbers& extents, F f) {
    for (std::int64_t z = 0; z < extents[0]; ++z)
      for (std::int64_t y = 0; y < extents[1]; ++y)
        for (std::int64_t x = 0; x < extents[2]; ++x) f(Numbers{z, y, x});
  }
  static std::size_t flat(std::int64_t leading, const Numbers& at, const Numbers& extents) {
    return static_cast<std::size_t>(
        ((leading * extents[0] + at[0]) * extents[1] + at[1]) * extents[2] + at[2]);
  }
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all{
      {2, 3, 4, 1, {1, 5, 6}, {1, 3, 3}},
      {1, 4, 6, 2, {1, 7, 5}, {1, 3, 2}, {1, 2, 1}, {0, 1, 1}},
      {2, 4, 4, 4, {1, 6, 6}, {1, 3, 3}, {1, 2, 2}, {0, 2, 0}, {1, 1, 2}},
      {2, 4, 8, 4, {1, 1, 40}, {1, 1, 5}, {1, 1, 3}, {0, 0, 4}, {1, 1, 3}},
      {3, 5, 7, 1, {1, 4, 4}, {1, 1, 1}},
      {2, 2, 3, 1, {4, 5, 3}, {2, 3, 2}, {2, 1, 1}, {1, 0, 1}, {1, 2, 1}},
      {1, 1, 1, 1, {1, 2, 2}, {1, 4, 4}, {1, 3, 3}, {0, 5, 5}},
      {1, 16, 8, 1, {1, 60, 70}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}},
      {2, 3, 15, 1, {1, 9, 33}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {2, 6, 14, 2, {4, 7, 9}, {2, 3, 2}, {2, 3, 2}, {1, 1, 0}, {1, 1, 2}},
      {3, 8, 2, 1, {1, 130, 128}, {1, 3, 3}},
      {2, 5, 9, 1, {1, 8, 8}, {1, 1, 1}},
      {2, 4, 4, 4, {1, 11, 16}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {5, 3, 3, 3, {1, 13, 37}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {2, 4, 4, 4, {1, 9, 21}, {1, 5, 3}, {1, 1, 1}, {0, 2, 1}},
      {2, 3, 3, 3, {1, 10, 18}, {1, 3, 3}, {1, 1, 1}, {0, 2, 2}, {1, 2, 2}},
      {2, 3, 3, 3, {1, 6, 6}, {1, 3, 3}, {1, 1, 1}, {0, 4, 3}},
      {40, 2, 2, 2, {1, 1, 50}, {1, 1, 7}, {1, 1, 1}, {0, 0, 3}},
      {30, 2, 2, 2, {1, 40, 30}, {1, 3, 3}, {1, 1, 1}, {0, 1, 0}},
      // Outputs that fill registers, and places whose runs end where images do, and do not.
      {3, 6, 16, 1, {1, 9, 10}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {9, 7, 32, 1, {1, 5, 5}, {1, 3, 3}},
      {2, 5, 33, 1, {1, 7, 7}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}},
      {2, 3, 47, 1, {2, 6, 5}, {2, 3, 3}, {1, 2, 1}},
      {3, 12, 40, 2, {1, 11, 8}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}},
      {2, 20, 18, 1, {1, 1, 300}, {1, 1, 3}, {1, 1, 1}, {0, 0, 1}},
      {2, 32, 64, 1, {1, 6, 7}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {2, 64, 64, 2, {1, 7, 3}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {1, 48, 32, 1, {2, 4, 4}, {2, 3, 3}, {1, 1, 1}, {1, 1, 1}},
      {1, 32, 32, 1, {1, 5, 13}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}, {1, 1, 1}},
      {1, 3, 4, 1, {1, 2, 2}, {1, 2, 2}},
      {1, 2, 2, 1, {1, 1, 5}, {1, 1, 3}, {1, 1, 1000000}},
      {1, 2, 2, 1, {1, 1, 5}, {1, 1, 3}, {1, 1, 1}, {0, 0, 1000000}, {1, 1, 1000000}},
      {1, 1, 1, 1, {3, 3, 3}, {1, 1, 1}, {2000000000, 2000000000, 2000000000}},
  };
  return all;
}

}  // namespace

TEST_CASE("convolution is the sum of its definition, and so are its gradients") {
  for (const Layer& layer : layers()) {
    const Tensor x = layer.data(), w = layer.weights();
    CAPTURE(x.describe());
    CAPTURE(w.describe());
    const Numbers to = layer.out();
    const Tensor g = drawn({layer.images, layer.outputs, to[0], to[1], to[2]}, -1, 1, 3);
    const Doubles data = values(x), weights = values(w), gradient = values(g);
    Doubles y(gradient.size()), dx(data.size()), dw(weights.size());
    layer.each_product([&](std::size_t i, std::size_t j, std::size_t k) {
      y[k] += data[i] * weights[j];
      dx[i] += weights[j] * gradient[k];
      dw[j] += data[i] * gradient[k];
    });
    const auto f = [&](const std::vector<Tensor>& v) {
      return convolution(v[0], v[1], layer.options());
    };
    const auto check = [&](Dtype dtype, double tolerance) {
      const auto [result, pull] = vjp(f, {x.to(dtype), w.to(dtype)});
      const auto slopes = pull(g.to(dtype));
      CHECK(mismatch(result, from_vector(y, g.shape()).to(dtype), tolerance) == "");
      CHECK(mismatch(slopes[0], from_vector(dx, x.shape()).to(dtype), tolerance) == "");
      CHECK(mismatch(slopes[1], from_vector(dw, w.shape()).to(dtype), tolerance) == "");
    };
    check(Dtype::float64, 1e-12);
    check(Dtype::float32, 1e-4);
  }
}

TEST_CASE("an infinite element or weight changes no gradient that it has no part in") {
  const Layer layer{1, 2, 3, 1, {1, 9, 12}, {1, 3, 3}};
  const Numbers to = layer.out();
  const Tensor g = drawn({1, 3, to[0], to[1], to[2]}, 1, 2, 3);
  const Tensor x = set(layer.data(), {0, 1, 0, 8, 11}, std::numeric_limits<double>::infinity());
  const Tensor w = set(layer.weights(), {2, 0, 0, 1, 2}, -std::numeric_limits<double>::infinity());
  const Doubles data = values(x), weights = values(w), gradient = values(g);
  Doubles dx(data.size()), dw(weights.size());
  layer.each_product([&](std::size_t i, std::size_t j, std::size_t k) {
    dx[i] += weights[j] * gradient[k];
    dw[j] += data[i] * gradient[k];
  });
  const auto slopes =
      vjp([](const std::vector<Tensor>& v) { return convolution(v[0], v[1]); }, {x, w}).second(g);
  CHECK(mismatch(slopes[0], from_vector(dx, x.shape()), 1e-12) == "");
  CHECK(mismatch(slopes[1], from_vector(dw, w.shape()), 1e-12) == "");
}

TEST_CASE("transposed_convolution adds the weights, times each element, to a window") {
  for (const Layer& layer : layers()) {
    const Numbers to = layer.out();
    // The layer read backwards: images of `outputs` channels, weights as they are.
    const Tensor g = drawn({layer.images, layer.outputs, to[0], to[1], to[2]}, -1, 1, 3);
    Numbers left{};
    for (std::size_t i = 0; i < 3; ++i)
      left[i] = layer.in[i] - ((to[i] - 1) * layer.stride[i] - 2 * layer.padding[i] +
                               layer.dilation[i] * (layer.kernel[i] - 1) + 1);
    const Tensor y = transposed_convolution(
        g, layer.weights(), {layer.stride, layer.padding, left, layer.dilation, layer.groups});
    Doubles expected(static_cast<std::size_t>(layer.data().size()));
    const Doubles weights = values(layer.weights()), gradient = values(g);
    layer.each_product([&](std::size_t i, std::size_t j, std::size_t k) {
      expected[i] += weights[j] * gradient[k];
    });
    CHECK(mismatch(y, from_vector(expected, layer.data().shape()), 1e-12) == "");
  }
}

TEST_CASE("convolution: one and two axes, one image, a bias, padding that keeps the extents") {
  const Tensor x = drawn({2, 3, 9}, -1, 1), w = drawn({4, 3, 3}, -1, 1, 1), b = drawn({4}, -1, 1);
  const Tensor y = convolution(x, w, b, {.padding = 1});
  CHECK(y.shape() == Shape{2, 4, 9});
  CHECK(mismatch(convolution(x[1], w, b, {.padding = 1}), y[1]) == "");
  CHECK(mismatch(convolution(x, w, {.padding = ConvolutionPadding::same}) + reshape(b, {4, 1}),
                 y) == "");
  const Tensor square = expand_dims(x, 2), window = expand_dims(w, 2);
  CHECK(mismatch(squeeze(convolution(square, window, b, {.padding = {0, 1}}), 2), y, 1e-15) == "");
  // An even window: what is left over lies behind, as torch has it.
  const Tensor even = convolution(tensor({{1.0, 2.0, 3.0}}), tensor({{{1.0, 10.0}}}),
                                  {.padding = ConvolutionPadding::same});
  CHECK(mismatch(even, tensor({{21.0, 32.0, 3.0}})) == "");
  const std::vector<int> list{1, 2};
  CHECK(convolution(square, window, {.stride = list}).shape() == Shape{2, 4, 1, 4});
}

TEST_CASE("convolution of no images, and of strided ones") {
  CHECK(convolution(zeros({0, 2, 5}), ones({3, 2, 2})).shape() == Shape{0, 3, 4});
  for (const auto& [x, w] : {std::pair{zeros({0, 2, 8, 8}), ones({3, 2, 3, 3})},
                             {zeros({1, 0, 8, 8}), ones({2, 0, 3, 3})},
                             {zeros({1, 2, 8, 8}), ones({0, 2, 3, 3})}}) {
    const Tensor a = x.clone().set_requires_grad(true), b = w.clone().set_requires_grad(true);
    sum(convolution(a, b)).backward();
    CHECK(mismatch(a.grad(), zeros_like(a)) == "");
    CHECK(mismatch(b.grad(), zeros_like(b)) == "");
  }
  const Tensor turned = transpose(drawn({6, 5, 2, 3}, -1, 1)), w = drawn({4, 2, 3, 3}, -1, 1);
  CHECK(mismatch(convolution(turned, w), convolution(turned.contiguous(), w)) == "");
  const Tensor none = vmap([&](const Tensor& x) { return convolution(x, w); })(
      zeros({0, 1, 2, 5, 5}, Dtype::float64));
  CHECK(none.shape() == Shape{0, 1, 4, 3, 3});
}

TEST_CASE("unfold lists windows, fold counts how often an element is met") {
  const Tensor x = reshape(arange(9), {1, 1, 3, 3}).to(Dtype::float32);
  CHECK(mismatch(unfold(x, 2), tensor({{{0.0, 1.0, 3.0, 4.0},
                                        {1.0, 2.0, 4.0, 5.0},
                                        {3.0, 4.0, 6.0, 7.0},
                                        {4.0, 5.0, 7.0, 8.0}}})) == "");
  CHECK(mismatch(fold(unfold(ones({1, 1, 3, 3}), 2), {3, 3}, 2),
                 tensor({{{{1.0, 2.0, 1.0}, {2.0, 4.0, 2.0}, {1.0, 2.0, 1.0}}}})) == "");
  const Tensor image = drawn({2, 3, 6, 5}, -1, 1), w = drawn({4, 3, 3, 2}, -1, 1);
  const Tensor columns = unfold(image, {3, 2}, {.stride = {1, 2}, .padding = 1});
  const Tensor product = matmul(reshape(w, {4, 18}), columns);
  const Tensor y = convolution(image, w, {.stride = {1, 2}, .padding = 1});
  CHECK(mismatch(reshape(product, y.shape()), y, 1e-14) == "");
}

TEST_CASE("per-example gradients of a convolution's weights: vmap of grad") {
  const Tensor x = drawn({4, 2, 6, 6}, -1, 1), w = drawn({3, 2, 3, 3}, -1, 1, 1);
  const auto loss = [](const Tensor& image, const Tensor& weights) {
    const Tensor y = convolution(image, weights, {.padding = 1});
    return sum(y * y);
  };
  const Tensor each = vmap([&](const Tensor& image) {
    return grad([&](const Tensor& weights) { return loss(image, weights); })(w);
  })(x);
  REQUIRE(each.shape() == Shape{4, 3, 2, 3, 3});
  const auto whole = grad([&](const Tensor& weights) { return loss(x, weights); })(w);
  CHECK(mismatch(sum(each, 0), whole, 1e-12) == "");
}

TEST_CASE("convolutions: what does not fit is refused") {
  const Tensor x = ones({2, 4, 5, 5}), w = ones({6, 4, 3, 3});
  const auto shape = [](auto f) { return error_of<ShapeError>(f); };
  const auto value = [](auto f) { return error_of<ValueError>(f); };
  CHECK(shape([&] {
          return convolution(x, ones({6, 4, 7, 3}), {.padding = {0, 1}});
        }) ==
        "convolution: a window must lie within the padded image; got a window of [7, 3] for [5, 7] "
        "of an image of [2, 4, 5, 5]");
  CHECK(shape([&] { return convolution(x, w, {.dilation = 3}); }) ==
        "convolution: a window must lie within the padded image; got a window of [7, 7] for [5, 5] "
        "of an image of [2, 4, 5, 5]");
  CHECK(shape([&] {
          return convolution(x, ones({6, 3, 3, 3}));
        }) ==
        "convolution: weights for 4 channels in 1 groups have extent 4 along axis 1; got "
        "float32[6, 3, 3, 3] for float32[2, 4, 5, 5]");
  CHECK(shape([&] {
          return convolution(x, ones({6, 4}));
        }) ==
        "convolution: weights must have two axes of channels and 1 to 3 of a window; got "
        "float32[6, 4]");
  CHECK(
      shape([&] { return convolution(ones({5}), w); }) ==
      "convolution: an image [channels, extents...] of 2 axes, or [images, channels, extents...], "
      "is needed; got float32[5]");
  CHECK(shape([&] { return convolution(x, w, ones({5})); }) ==
        "convolution: the bias must have a number for each of 6 channels; got float32[5]");
  CHECK(value([&] { return convolution(x, w, {.groups = 3}); }) ==
        "convolution: groups must divide the channels of x and of the weights; got 3");
  CHECK(value([&] {
          return convolution(x, w, {.stride = {1, 1, 1}});
        }) == "convolution: stride must be one number or one for each of 2 axes; got 3");
  CHECK(value([&] {
          return convolution(x, w, {.stride = 2, .padding = ConvolutionPadding::same});
        }) == "convolution: stride must be 1 where padding is `same`; got 2");
  CHECK(error_of<DtypeError>([&] { return convolution(x, w.to(Dtype::float64)); }) ==
        "convolution: one floating dtype is needed; got float32[2, 4, 5, 5] and "
        "float64[6, 4, 3, 3]; the input fits after .to(Dtype::float64)");
  CHECK(error_of<DtypeError>([&] {
          return convolution(x.to(Dtype::int64), w.to(Dtype::int64));
        }).find("convolution: one floating dtype is needed") == 0);
  CHECK(value([&] {
          return transposed_convolution(x, ones({4, 2, 3, 3}), {.output_padding = 1});
        }) == "transposed_convolution: output_padding must lie below stride or dilation; got 1");
  CHECK(
      shape([&] { return transposed_convolution(x, w); }) ==
      "transposed_convolution: weights for 4 channels in 1 groups have extent 4 along axis 0; got "
      "float32[6, 4, 3, 3] for float32[2, 4, 5, 5]");
  CHECK(shape([&] {
          return fold(ones({1, 4, 3}), {3, 3}, 2);
        }) ==
        "fold: for 4 taps at 4 places [images, channels taps, places] is needed; got "
        "float32[1, 4, 3]");
}

TEST_CASE("convolutions of many products, and many copies, keep their digits in float32") {
  const Tensor x = full({1, 1, 1002, 1002}, 0.1), w = ones({1, 1, 3, 3}).set_requires_grad(true);
  sum(convolution(x, w) * 0.1).backward();
  CHECK(w.grad()(0, 0, 1, 1).item() == doctest::Approx(10000).epsilon(1e-6));
  const Tensor deep = convolution(full({1, 10000, 4, 4}, 0.1), ones({1, 10000, 3, 3}));
  CHECK(deep(0, 0, 0, 0).item() == doctest::Approx(9000).epsilon(2e-6));
  CHECK(convolve(full({1000000}, 0.1), ones({1000000}), Overlap::valid)(0).item() ==
        doctest::Approx(100000).epsilon(1e-6));
  const Tensor one = ones({1, 1, 1}).set_requires_grad(true);
  sum(upsample_nearest(one, 1000000) * 0.1).backward();
  CHECK(one.grad().item() == doctest::Approx(100000).epsilon(1e-6));
  // of many images, whether rows slide or windows are unfolded
  for (const std::int64_t extent : {2, 20}) {
    const Tensor taps = ones({1, 1, 2}).set_requires_grad(true);
    const std::int64_t images = 2000000 / extent;
    sum(convolution(full({images, 1, extent}, 0.1), taps)).backward();
    CHECK(taps.grad()(0, 0, 1).item() ==
          doctest::Approx(0.1F * static_cast<double>(images * (extent - 1))).epsilon(1e-6));
  }
  // of one long row, and of a group for each channel
  for (const std::int64_t channels : {1, 2}) {
    const Tensor taps = ones({channels, 1, 3}).set_requires_grad(true);
    const std::int64_t n = 1 << 20;
    sum(convolution(full({1, channels, n}, 0.1), taps, {.groups = channels})).backward();
    CHECK(taps.grad()(0, 0, 1).item() == doctest::Approx(0.1F * (n - 2)).epsilon(1e-6));
  }
}

TEST_CASE(
    "convolutions of long windows, and what comes back from them, keep their digits in float32") {
  // All of 0.1: the middle one of 2 k - 1 elements lies in k windows of k taps.
  const double tenth = 0.1F;
  const auto ratio = [](const Tensor& y, double expected) {
    return doctest::Approx(y.item() / expected).epsilon(1e-6);
  };
  for (const std::int64_t k : {201, 1001, 10001}) {
    CAPTURE(k);
    const double whole = static_cast<double>(k) * tenth;
    const Tensor taps = full({1, 1, k}, 0.1), in = full({1, 1, 2 * k - 1}, 1);
    Tensor x = in.clone().set_requires_grad(true), w = taps.clone().set_requires_grad(true);
    const Tensor y = convolution(x, w);
    sum(y).backward();
    CHECK(1 == ratio(y(0, 0, k / 2), whole));
    CHECK(1 == ratio(x.grad()(0, 0, k - 1), whole));
    CHECK(1 == ratio(w.grad()(0, 0, 5), static_cast<double>(k)));
    CHECK(1 == ratio(transposed_convolution(ones({1, 1, k}), taps)(0, 0, k - 1), whole));
    CHECK(1 == ratio(fold(full({1, k, k}, 0.1), {2 * k - 1}, k)(0, 0, k - 1), whole));
    Tensor pooled = in.clone().set_requires_grad(true);
    (average_pool(pooled, k, {.stride = 1}) * static_cast<double>(k))
        .backward(full({1, 1, k}, 0.1));
    CHECK(1 == ratio(pooled.grad()(0, 0, k - 1), whole));
  }
  // The greatest of all windows that it lies in, whose taps a byte counts.
  Tensor peak = concatenate({zeros({1, 1, 200}), ones({1, 1, 1}), zeros({1, 1, 200})}, 2);
  peak.set_requires_grad(true);
  max_pool(peak, 201, {.stride = 1}).backward(full({1, 1, 201}, 0.1));
  CHECK(1 == ratio(peak.grad()(0, 0, 200), 201 * tenth));
  // Several channels, several rows, and windows that are unfolded: a stride across so many phases.
  const Tensor many = convolution(full({1, 8, 10100}, 1), full({3, 8, 10001}, 0.1));
  CHECK(1 == ratio(many(0, 2, 50), 80008 * tenth));
  CHECK(1 == ratio(convolution(full({1, 1, 90, 200}, 1), full({1, 1, 31, 70}, 0.1))(0, 0, 3, 10),
                   2170 * tenth));
  Tensor far = full({1, 1, 40001}, 1).set_requires_grad(true);
  sum(convolution(far, full({1, 1, 20001}, 0.1), {.stride = 20})).backward();
  CHECK(1 == ratio(far.grad()(0, 0, 20000), 1001 * tenth));
}

TEST_CASE("upsample_nearest: its gradient adds up in memory of the pool") {
  constexpr std::int64_t places = 100000;
  const Tensor y = ones({65, places}), x = zeros({1, places});
  memory::reset_peak_bytes();
  const std::int64_t before = memory::live_bytes();
  kernels::spread(Dtype::float32, {1, 65, false, false}, 1, places, y.body().data, x.body().data);
  CHECK(memory::peak_bytes() - before >= 8 * places);
  CHECK(x(0, 7).item() == 65);
}
