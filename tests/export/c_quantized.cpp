#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "loaded_c.hpp"

using namespace xtape;
using models::LoadedC, models::no_compiler;

namespace {

double greatest(const Doubles& numbers) {
  double most = 0;
  for (const double number : numbers) most = std::max(most, std::abs(number));
  return most;
}

/// x w + b in bytes: x by one step, each column of w by its own, sums in integers.
Doubles in_bytes(const Doubles& x, const Doubles& w, const Doubles& b, double range) {
  const std::size_t outputs = b.size(), inputs = w.size() / outputs;
  const double step = range / 127;
  Doubles y;
  for (std::size_t row = 0; row < x.size() / inputs; ++row) {
    for (std::size_t j = 0; j < outputs; ++j) {
      double most = 0;
      for (std::size_t k = 0; k < inputs; ++k) most = std::max(most, std::abs(w[k * outputs + j]));
      const double of_weights = most > 0 ? most / 127 : 1;
      long sum = 0;
      for (std::size_t k = 0; k < inputs; ++k) {
        const float scaled = static_cast<float>(x[row * inputs + k]) * static_cast<float>(1 / step);
        sum += std::lrint(std::clamp(scaled, -127.0F, 127.0F)) *
               std::lrint(w[k * outputs + j] / of_weights);
      }
      y.push_back(static_cast<double>(sum) * step * of_weights + b[j]);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("export_c: a quantized layer multiplies bytes") {
  if (no_compiler()) return;
  seed(1);
  const nn::Dense layer(20, 6);
  layer.bias.assign(default_rng().normal({6}, 0, 1));
  Tensor w = layer.weight.detach().clone();
  w = where(arange(6) == 2, zeros({}), w);  // a column of zeros
  layer.weight.assign(w);
  const Tensor calibration = default_rng().normal({50, 20}, 0, 2);
  const Tensor x = default_rng().normal({4, 20}, 0, 2.5);  // some beyond the range
  const LoadedC loaded(nn::AnyModule(layer), x, {.calibration = calibration});
  CHECK(loaded.text.find("static const signed char k_weight_bytes[120] = {") != std::string::npos);
  const Doubles wanted =
      in_bytes(values(x), values(w), values(layer.bias), greatest(values(calibration)));
  CHECK(mismatch(loaded(x, layer(x).detach()), from_vector(wanted, {4, 6}).to(Dtype::float32),
                 1e-6) == "");
}

TEST_CASE("export_c: quantized models stay near") {
  if (no_compiler()) return;
  seed(2);
  const nn::Sequential images(nn::Conv2d(2, 6, 3, {.stride = 2, .padding = 1}), nn::ReLU(),
                              nn::Conv2d(6, 8, 3, {.padding = 1, .groups = 2}), nn::BatchNorm2d(8),
                              nn::ReLU(), nn::Flatten(), nn::Dense(8 * 16, 10));
  images.eval();
  const nn::TransformerEncoderLayer encoder(16, 4);
  encoder.eval();
  const auto apart = [](const nn::AnyModule& model, const Shape& shape) {
    Shape many = shape;
    many[0] = 40;
    const Tensor x = default_rng().normal(shape, 0, 1);
    const LoadedC loaded(model, x, {.calibration = default_rng().normal(many, 0, 1)});
    const Tensor y = model(x).detach().contiguous();
    return greatest(values(loaded(x, y) - y)) / greatest(values(y));
  };
  const double of_images = apart(nn::AnyModule(images), {2, 2, 8, 8});
  CHECK(of_images < 0.03);
  CHECK(of_images > 0);
  CHECK(apart(nn::AnyModule(encoder), {2, 5, 16}) < 0.03);
}

TEST_CASE("export_c: a trained classifier in bytes decides as it did") {
  if (no_compiler()) return;
  Rng rng(0);
  const auto [points, arms] = data::spiral(100, 3, rng);
  const nn::Sequential model{nn::Dense(2, 64, {}, rng), nn::ReLU(), nn::Dense(64, 3, {}, rng)};
  optim::Adam adam(model, {.learning_rate = 0.05});
  for (int epoch = 0; epoch < 300; ++epoch) {
    adam.zero_grad();
    nn::cross_entropy(model(points), arms).backward();
    adam.step();
  }
  const LoadedC loaded(nn::AnyModule(model), points, {.calibration = points});
  const Tensor logits = model(points).detach();
  CHECK(accuracy(loaded(points, logits), arms) > accuracy(logits, arms) - 0.02);
}

TEST_CASE("export_c: a calibration must be like the example, and the model do the same for it") {
  const auto refused = [](const Tensor& calibration) {
    return error_of<Error>([&] {
      const nn::AnyModule model([](const Tensor& x) { return x.extent(0) > 5 ? exp(x) : x * 2; });
      export_c("/dev/null/all.c", model, ones({2, 3}), {.calibration = calibration});
      return 0;
    });
  };
  const std::string like = "export_c: the calibration must be like the example";
  CHECK(refused(ones({4, 2})) == like + ", of any batch; got float32[4, 2] for float32[2, 3]");
  CHECK(refused(ones({0, 3})) == like + ", of any batch; got float32[0, 3] for float32[2, 3]");
  CHECK(refused(ones({3})) == like + ", of any batch; got float32[3] for float32[2, 3]");
  CHECK(refused(ones({4, 3}, Dtype::float64)) == like + "; got float64[4, 3] for float32[2, 3]");
  CHECK(refused(ones({6, 3})) ==
        "export_c: the model must do the same for the calibration as for the example");
}
