// Initial values: moments, shapes and fans, and PyTorch's own.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
namespace init = nn::init;

namespace {

Tensor made(const init::Initializer& by, const Shape& shape, std::uint64_t seed = 5) {
  Rng rng(seed);
  return by(shape, Dtype::float64, rng);
}

const Shape wide{400, 300}, window{3, 5, 40, 60};  // of 600 inputs and 900 outputs

}  // namespace

TEST_CASE("initializers: variances by the fans, of matrices and of windows") {
  struct Use {
    std::string name;
    init::Initializer by;
    double variance, of_window;
    bool uniform;
  };
  const std::vector<Use> uses{
      {"he_normal", init::he_normal(), 2.0 / 400, 2.0 / 600, false},
      {"he_uniform", init::he_uniform(), 2.0 / 400, 2.0 / 600, true},
      {"he_normal, outputs", init::he_normal({init::FanMode::outputs, 3}), 9.0 / 300, 9.0 / 900,
       false},
      {"he_uniform, average", init::he_uniform({init::FanMode::average, 1}), 1.0 / 350, 1.0 / 750,
       true},
      {"glorot_normal", init::glorot_normal(), 2.0 / 700, 2.0 / 1500, false},
      {"glorot_uniform", init::glorot_uniform(2), 8.0 / 700, 8.0 / 1500, true},
      {"lecun_normal", init::lecun_normal(), 1.0 / 400, 1.0 / 600, false},
      {"lecun_uniform", init::lecun_uniform(), 1.0 / 400, 1.0 / 600, true},
      {"torch_uniform", init::torch_uniform(), 1.0 / 1200, 1.0 / 1800, true},
  };
  for (const Use& use : uses) {
    CAPTURE(use.name);
    for (const bool windows : {false, true}) {
      const double variance = windows ? use.of_window : use.variance;
      const Tensor x = made(use.by, windows ? window : wide);
      CHECK(x.shape() == (windows ? window : wide));
      CHECK(std::abs(mean(x).item()) < 0.02 * std::sqrt(variance));
      CHECK(var(x).item() == doctest::Approx(variance).epsilon(0.02));
      const double reach = amax(abs(x)).item() / std::sqrt(3 * variance);
      CHECK((use.uniform ? reach <= 1 && reach > 0.999 : reach > 1.5));
    }
    CHECK(mismatch(made(use.by, wide), made(use.by, wide)) == "");  // by the generator alone
    CHECK(error_of<ShapeError>([&] { return made(use.by, {3}); }) ==
          "init: a weight of rank 2 or more is needed; got [3]");
  }
}

TEST_CASE("truncated_normal: moments and limits, in either tail") {
  const Tensor x = made(init::truncated_normal(), wide);
  CHECK(amax(abs(x)).item() <= 2);
  CHECK(std::abs(mean(x).item()) < 0.01);
  CHECK(stddev(x).item() == doctest::Approx(0.8796).epsilon(0.01));  // of the density cut at 2
  const Tensor y =
      made(init::truncated_normal({.mean = 1, .stddev = 0.5, .low = 4, .high = 5}), wide);
  CHECK(amin(y).item() >= 4);
  CHECK(amax(y).item() <= 5);
  // 6 deviations out: the mean lies 0.5 phi(6) / Q(6) above 1
  CHECK(mean(y).item() == doctest::Approx(1 + 0.5 * 6.158).epsilon(0.001));
}

TEST_CASE("orthogonal: rows or columns of length gain at right angles") {
  for (const Shape& shape : {Shape{7, 4}, Shape{4, 7}, Shape{5, 5}, Shape{2, 3, 2, 5}}) {
    CAPTURE(to_string(shape));
    const std::int64_t outputs = shape[shape.rank() - 1];
    const Tensor w = reshape(made(init::orthogonal(3), shape), {shape.size() / outputs, outputs});
    const bool tall = w.extent(0) >= w.extent(1);
    const Tensor product = tall ? matmul(transpose(w), w) : matmul(w, transpose(w));
    CHECK(mismatch(product, 9 * eye(std::min(w.extent(0), w.extent(1)), Dtype::float64), 1e-14) ==
          "");
  }
}

TEST_CASE("sparse, identity, ones, and gains") {
  const Tensor w = made(init::sparse(0.3, 1), {11, 6});
  CHECK(values(sum(w == 0, 0)) == Doubles(6, 4));  // ceil(0.3 * 11) of each output's inputs
  CHECK(mismatch(made(init::identity(), {2, 3}),
                 tensor({{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}, Dtype::float64)) == "");
  const Tensor x = drawn({2, 4, 5, 6}, -1, 1);
  const nn::Conv2d same(4, 4, 3,
                        {.padding = 1, .weight_init = init::identity(), .dtype = x.dtype()});
  CHECK(mismatch(same(x), x) == "");
  const nn::Conv2d grouped(
      4, 4, 3, {.padding = 1, .groups = 2, .weight_init = init::identity(2), .dtype = x.dtype()});
  CHECK(mismatch(grouped(x), x) == "");
  CHECK(values(made(init::ones(), {2})) == Doubles(2, 1));
  CHECK(init::gain(init::Nonlinearity::relu) == std::sqrt(2.0));
  CHECK(init::gain(init::Nonlinearity::tanh) == 5.0 / 3);
  CHECK(init::gain(init::Nonlinearity::leaky_relu, 0.5) == std::sqrt(1.6));
  CHECK(init::gain(init::Nonlinearity::sigmoid) == 1);
}

TEST_CASE("torch::defaults: weights and biases within 1 / sqrt(inputs)") {
  const auto reach = [](const Tensor& x) { return amax(abs(x)).item(); };
  const nn::Dense dense(400, 300, nn::torch::defaults);
  CHECK(reach(dense.weight) <= 0.05);
  CHECK(reach(dense.weight) > 0.0499);
  CHECK(reach(dense.bias) <= 0.05);
  CHECK(reach(dense.bias) > 0.048);
  nn::ConvOptions options = nn::torch::defaults;
  options.groups = 2;
  const nn::Conv2d conv(32, 128, 5, options);  // 16 * 25 inputs
  CHECK(reach(conv.weight) <= 0.05);
  CHECK(reach(conv.weight) > 0.0499);
  CHECK(reach(conv.bias) <= 0.05);
  CHECK(reach(conv.bias) > 0.048);
  const nn::ConvTranspose2d up(128, 16, 5, nn::torch::defaults);  // by the outputs, as there
  CHECK(reach(up.weight) <= 0.05);
  CHECK(reach(up.weight) > 0.0499);
  CHECK(reach(up.bias) <= 0.05);
}

TEST_CASE("an initializer is any function of shape, dtype and generator, or of the fans too") {
  const nn::Dense dense(
      4, 2,
      {.weight_init = [](const Shape& shape, Dtype dtype, Rng&) { return full(shape, 3, dtype); },
       .bias_init = [](const Shape& shape, Dtype dtype, Rng&,
                       const init::Fans& fans) { return full(shape, fans.inputs, dtype); }});
  CHECK(values(dense.weight) == Doubles(8, 3));
  CHECK(values(dense.bias) == Doubles(2, 4));
}

TEST_CASE("what an initializer gives is what the layer asked for") {
  const auto gives = [](const Tensor& values) -> init::Initializer {
    return [values](const Shape&, Dtype, Rng&) { return values; };
  };
  const auto doubles = [](const Shape& shape) { return zeros(shape, Dtype::float64); };
  CHECK(error_of<ShapeError>([&] {
          return nn::Conv2d(1, 1, 3, {.weight_init = gives(ones({1, 1, 1, 1}))});
        }) == "init: an initializer must give float32[3, 3, 1, 1]; got float32[1, 1, 1, 1]");
  CHECK(error_of<DtypeError>([&] {
          return nn::Dense(2, 3, {.weight_init = gives(doubles({2, 3}))});
        }) == "init: an initializer must give float32[2, 3]; got float64[2, 3]");
  CHECK_THROWS_AS(nn::Dense(2, 3, {.weight_init = gives(Tensor())}), ValueError);
  // So for each layer that takes one, and for its biases.
  const init::Initializer row = gives(ones({1, 7})), other = gives(doubles({3}));
  CHECK_THROWS_AS(nn::Dense(2, 3, {.weight_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::Dense(2, 3, {.bias_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::Dense(2, 3, {.bias_init = other}), DtypeError);
  CHECK_THROWS_AS(nn::Conv1d(2, 3, 1, {.bias_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::ConvTranspose2d(2, 3, 2, {.weight_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::ConvTranspose2d(2, 3, 2, {.bias_init = other}), DtypeError);
  CHECK_THROWS_AS(nn::Embedding(4, 7, {.weight_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::Bilinear(1, 7, 7, {.weight_init = row}), ShapeError);
  CHECK_THROWS_AS(nn::Bilinear(1, 2, 3, {.bias_init = other}), DtypeError);
  CHECK_THROWS_AS(nn::LearnedPositions(7, 1, {.weight_init = row}), ShapeError);
  CHECK(nn::Dense(1, 7, {.weight_init = row}).weight.shape() == Shape{1, 7});
}
