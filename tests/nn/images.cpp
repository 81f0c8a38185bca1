// Layers of images and of normalised numbers.
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

Tensor fractions(const Shape& shape, std::int64_t factor, std::int64_t modulus, double divisor) {
  const Tensor numbers = remainder(arange(shape.size()) * factor, modulus);
  return reshape(numbers.to(Dtype::float64) / divisor, shape);
}

/// What PyTorch 2.13 was given for the figures below: x [3, 2, 4], and the gradient of the result.
Tensor given() { return fractions({3, 2, 4}, 5, 17, 8); }
Tensor cotangent() { return fractions({3, 2, 4}, 7, 11, 4); }

Tensor list(const Doubles& numbers, const Shape& shape) { return from_vector(numbers, shape); }

/// A layer's result for the second example, and its gradient there.
template <class Layer>
void check_second(const Layer& layer, const Doubles& y, const Doubles& dx) {
  const auto [result, pull] = vjp([&](const Tensor& x) { return layer(x); }, given());
  CHECK(mismatch(result[1], list(y, {2, 4}), 1e-12) == "");
  CHECK(mismatch(pull(cotangent())[1], list(dx, {2, 4}), 1e-12) == "");
}

const Doubles channel_y{-0.69786626825253506, 0.37577414444367258, 1.4494145571398802,
                        -1.1273224333310181,  0.23249125605204329, 1.3949475363122597,
                        -1.3949475363122597,  -0.23249125605204329};
const Doubles channel_dx{-0.35892941528988753, 1.7128838077414947,  -0.93932078509043659,
                         -0.41463360736117094, 0.49010778980800485, -0.081739589828535131,
                         0.081739589828535131, -0.49010778980800485};

}  // namespace

TEST_CASE("BatchNorm: results, gradients and running statistics are PyTorch's") {
  const nn::BatchNorm1d layer(2, {.dtype = Dtype::float64});
  layer.weight.assign(tensor({1.5, -0.5}, Dtype::float64));
  layer.bias.assign(tensor({0.25, 1.0}, Dtype::float64));
  const Tensor x = given().set_requires_grad(true);
  const Tensor y = layer(x);
  y.backward(cotangent());
  CHECK(mismatch(y.detach()[0],
                 list({-2.0555681326941642, -0.58392889905959122, 0.88771033457498172,
                       2.3593495682095549, 1.5250976184199827, 1, 0.47490238158001735,
                       1.7351366657879757},
                      {2, 4}),
                 1e-12) == "");
  CHECK(mismatch(x.grad()[0],
                 list({-1.8560114788705739, 1.8836929005059866, -0.85181534810957293,
                       2.8878890312669876, -0.12612529860084756, 0.75263991973530842,
                       -0.67902438297645928, 0.068470137221471994},
                      {2, 4}),
                 1e-12) == "");
  CHECK(mismatch(layer.weight.grad(), list({1.9785371918864825, 0.5250976184199827}, {2}), 1e-12) ==
        "");
  CHECK(mismatch(layer.bias.grad(), list({12.5, 16.75}, {2}), 1e-12) == "");
  CHECK(mismatch(layer.running_mean, list({0.097916666666666666, 0.1}, {2}), 1e-15) == "");
  CHECK(mismatch(layer.running_var, list({0.94427083333333339, 0.93863636363636371}, {2}), 1e-15) ==
        "");
  CHECK(layer.num_batches_tracked.item() == 1);
  layer.eval();
  CHECK(mismatch(layer(given())[0],
                 list({0.098853779346124021, 1.0636168899027791, 2.0283800004594346,
                       2.9931431110160895, 0.85807735477489666, 0.53552588835420722,
                       0.21297442193351779, 0.98709794134317241},
                      {2, 4}),
                 1e-12) == "");
  CHECK(layer.num_batches_tracked.item() == 1);
}

TEST_CASE("BatchNorm: over images, without momentum, without statistics of its own") {
  const Tensor x = drawn({5, 3, 4, 2}, -1, 3);
  const nn::BatchNorm2d layer(3, {.momentum = {}, .dtype = Dtype::float64});
  static_cast<void>(layer(x));
  static_cast<void>(layer(x + 2));
  CHECK(mismatch(layer.running_mean, mean(x, {0, 2, 3}) + 1, 1e-14) == "");
  CHECK(mismatch(layer.running_var, var(x, {0, 2, 3}, {.correction = 1}), 1e-13) == "");
  const nn::BatchNorm2d bare(3, {.affine = false, .track_running_stats = false});
  CHECK(bare.state().empty());
  bare.eval();
  CHECK(mismatch(mean(bare(x), {0, 2, 3}), zeros({3}, Dtype::float64), 1e-14) == "");
  CHECK(mismatch(bare(x), standardize(x, {0, 2, 3}), 1e-14) == "");
  const auto names = nn::BatchNorm3d(1).state();
  REQUIRE(names.size() == 5);
  CHECK(names[0].first == "weight");
  CHECK(names[4].first == "num_batches_tracked");
}

TEST_CASE("BatchNorm refuses what has no statistics") {
  const nn::BatchNorm1d layer(2);
  CHECK(error_of<ValueError>([&] {
          return layer(ones({1, 2}));
        }) == "batch_norm: training needs more than one value a channel; got float32[1, 2]");
  CHECK(layer.num_batches_tracked.item() == 0);
  CHECK(mismatch(layer(tensor({{1.0F, 2.0F}, {3.0F, 6.0F}})),
                 tensor({{-1.0F, -1.0F}, {1.0F, 1.0F}}),
                 1e-4) == "");  // two are enough
  CHECK(layer.num_batches_tracked.item() == 1);
  layer.eval();
  CHECK(layer(ones({1, 2})).shape() == Shape{1, 2});
  CHECK(error_of<ShapeError>([&] {
          return layer(ones({4, 3}));
        }) == "batch_norm: [examples, 2 channels, ...] is needed; got float32[4, 3]");
  CHECK(error_of<ShapeError>([&] {
          return nn::BatchNorm2d(2)(ones({4, 2}));
        }) ==
        "batch_norm: [examples, channels, extents...] of 2 axes is needed; got float32[4, 2]");
}

TEST_CASE("LayerNorm, RMSNorm, GroupNorm and InstanceNorm are PyTorch's") {
  const nn::LayerNormOptions in_double{.dtype = Dtype::float64};
  check_second(
      nn::LayerNorm(Shape{2, 4}, in_double),
      {-0.57997752535681635, 0.52474157056092907, 1.6294606664786744, -1.0218651637239144,
       0.082853932193830901, 1.1875730281115764, -1.4637528020910127, -0.35903370617326724},
      {-1.7928276511517662, 1.4537440126165131, -0.16044834565328747, -2.2960585675983012,
       0.95051309616997814, -0.66367926209982242, 2.0614745379932429, 0.44728217972344275});
  check_second(
      nn::RMSNorm(4, in_double),
      {0.57936373086719484, 1.0621668399231905, 1.5449699489791862, 0.38624248724479654,
       0.9908635452716692, 1.541343292644819, 0.22019189894925983, 0.77067164632240948},
      {-0.23363364323429922, 0.76258598974190739, -0.36552805712826697, -0.28450325790446501,
       0.53847705996851047, -0.89943844287092267, 1.9790598266756407, 0.54114432383620792});
  check_second(nn::GroupNorm(2, 2, in_double), channel_y, channel_dx);
  check_second(nn::InstanceNorm(2), channel_y, channel_dx);
}

TEST_CASE("normalizations: weights, float32, errors") {
  const Tensor x = drawn({3, 6}, -1, 1), w = drawn({6}, 0, 1), b = drawn({6}, 0, 1, 1);
  CHECK(mismatch(layer_norm(x, w, b), standardize(x, 1) * w + b, 4e-15) == "");
  CHECK(mismatch(rms_norm(x, w), rms_norm(x, Shape{6}) * w) == "");
  CHECK(mismatch(rms_norm(x, {6}), rms_norm(x, Shape{6})) == "");
  CHECK(mismatch(layer_norm(x.to(Dtype::float32), Shape{6}),
                 layer_norm(x, Shape{6}).to(Dtype::float32), 1e-6) == "");
  CHECK(standardize(zeros({0, 3}), 1).shape() == Shape{0, 3});
  CHECK(error_of<ShapeError>([&] { return layer_norm(x, Shape{5}); }) ==
        "layer_norm: the last axes must be [5]; got float64[3, 6]");
  CHECK(error_of<DtypeError>([&] { return rms_norm(arange(3), Shape{3}); }) ==
        "rms_norm: floating numbers are needed; got int64[3]");
  CHECK(error_of<ValueError>([&] { return group_norm(x, 4); }) ==
        "group_norm: groups must divide the channels; got 4");
}

TEST_CASE(
    "Conv: weights like PyTorch's, in the names of its state and drawn for the fans of a window") {
  Rng rng(3);
  const nn::Conv2d layer(8, 32, {3, 5}, {.stride = 2, .padding = 1, .groups = 2}, rng);
  CHECK(layer.weight.shape() == Shape{32, 4, 3, 5});
  CHECK(layer.bias.shape() == Shape{32});
  const double limit = std::sqrt(6.0 / (15 * 4 + 15 * 32));
  CHECK(amax(abs(layer.weight.detach())).item() <= limit);
  CHECK(amax(abs(layer.weight.detach())).item() > 0.98 * limit);
  const Tensor x = rng.uniform({2, 8, 7, 9}, -1, 1);
  CHECK(mismatch(layer(x), convolution(x, layer.weight, layer.bias,
                                       {.stride = 2, .padding = 1, .groups = 2})) == "");
  const nn::Conv1d bare(2, 3, 2, {.bias = false});
  CHECK(!bare.bias.defined());
  CHECK(bare.parameters().size() == 1);
  const nn::ConvTranspose2d up(4, 6, 2, {.stride = 2, .groups = 2});
  CHECK(up.weight.shape() == Shape{4, 3, 2, 2});
  CHECK(up(ones({1, 4, 5, 5})).shape() == Shape{1, 6, 10, 10});
  CHECK(error_of<ValueError>([] { return nn::Conv2d(4, 6, 3, {.groups = 4}); }) ==
        "conv: groups must divide inputs and outputs; got 4");
  CHECK(error_of<ValueError>([] {
          return nn::Conv2d(4, 6, {3, 3, 3});
        }) == "conv: kernel must be one number or one for each of 2 axes; got 3");
}

TEST_CASE("a small convolutional net learns where a bright square lies") {
  Rng rng(1);
  const nn::Sequential model{nn::Conv2d(1, 4, 3, {.padding = 1}, rng),
                             nn::BatchNorm2d(4),
                             relu,
                             nn::MaxPool2d(2),
                             nn::Conv2d(4, 8, 3, {.padding = 1}, rng),
                             relu,
                             nn::AdaptiveAvgPool2d(2),
                             nn::Flatten(),
                             nn::Identity(),
                             nn::Dense(32, 4, {}, rng)};
  std::vector<Tensor> images;
  std::vector<std::int64_t> corners;
  for (std::int64_t i = 0; i < 64; ++i) {
    corners.push_back(i % 4);
    const std::int64_t y = i % 4 / 2 * 4 + rng.integer(0, 1), x = i % 2 * 4 + rng.integer(0, 1);
    images.push_back(set(rng.uniform({1, 8, 8}, 0, 0.5), {0, range(y, y + 3), range(x, x + 3)}, 1));
  }
  const Tensor inputs = stack(images), targets = from_vector(corners);
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.01});
  for (int step = 0; step < 60; ++step) {
    optimizer.zero_grad();
    nn::cross_entropy(model(inputs), targets).backward();
    optimizer.step();
  }
  model.eval();
  CHECK(mean(argmax(model(inputs), 1) == targets).item() == 1);
  const nn::Sequential copy = nn::clone(model);
  CHECK(mismatch(copy(inputs), model(inputs)) == "");
}

TEST_CASE("Embedding: rows by number, a padding row that stays") {
  const nn::Embedding layer(5, 3, {.padding_index = 1});
  const Tensor words = tensor({{0, 1}, {4, 4}});
  const Tensor y = layer(words);
  REQUIRE(y.shape() == Shape{2, 2, 3});
  CHECK(mismatch(y.detach()(0, 1), zeros({3})) == "");
  sum(y).backward();
  CHECK(mismatch(layer.weight.grad(), outer(tensor({1.0, 0.0, 0.0, 0.0, 2.0}), ones({3}))) == "");
  CHECK(error_of<IndexError>([&] { return layer(tensor({5})); }) ==
        "embedding: words must lie in [0, 5); got 5");
  CHECK(error_of<ValueError>([] { return nn::Embedding(5, 3, {.padding_index = 5}); }) ==
        "embedding: padding_index must lie in [0, 4]; got 5");
}

TEST_CASE("pools know how many axes an image has") {
  const Tensor x = drawn({3, 8, 6}, -1, 1);
  CHECK(mismatch(nn::MaxPool2d(2)(x), max_pool(expand_dims(x, 0), 2)[0]) == "");
  CHECK(mismatch(nn::MaxPool1d(2)(x), max_pool(x, 2)) == "");
  CHECK(nn::AdaptiveAvgPool2d(1)(x).shape() == Shape{3, 1, 1});
  CHECK(nn::AvgPool3d(2)(expand_dims(x, 0)).shape() == Shape{1, 1, 4, 3});
  CHECK(
      error_of<ShapeError>([&] { return nn::MaxPool1d(2)(expand_dims(x, 0)); }) ==
      "max_pool: an image [channels, extents...] of 1 axes, or [images, channels, extents...], is "
      "needed; got float64[1, 3, 8, 6]");
}

TEST_CASE("BatchNorm and Embedding check before anything changes") {
  const nn::BatchNorm1d layer(2);
  CHECK(error_of<DtypeError>([&] {
          return layer(ones({3, 2}, Dtype::float64));
        }) ==
        "batch_norm: input and statistics must share one dtype; got float64[3, 2] and float32[2]; "
        "the input fits after .to(Dtype::float32)");
  CHECK(layer.num_batches_tracked.item() == 0);
  const nn::Embedding words(4, 2, {.padding_index = 3});
  CHECK(error_of<IndexError>([&] { return words(tensor({-1})); }) ==
        "embedding: words must lie in [0, 4); got -1");
}
