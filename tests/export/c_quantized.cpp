#include <algorithm>
#include <cmath>
#include <limits>

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
  const nn::Sequential upwards(
      nn::ConvTranspose2d(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2}),
      nn::Tanh(), nn::ConvTranspose2d(6, 2, {2, 3}, {.dilation = 2}));
  CHECK(apart(nn::AnyModule(upwards), {2, 4, 5, 4}) < 0.03);
  const LoadedC loaded(nn::AnyModule(upwards), ones({1, 4, 5, 4}),
                       {.calibration = ones({2, 4, 5, 4})});
  for (const char* bytes :
       {"signed char k_0_weight_bytes[108]", "signed char k_2_weight_bytes[72]"})
    CHECK(loaded.text.find(bytes) != std::string::npos);
  CHECK(loaded.text.find("static const float k_0_weight[") == std::string::npos);
}

TEST_CASE("export_c: a quantized model gives NaN where NaN has a part") {
  if (no_compiler()) return;
  seed(3);
  const auto check = [](const nn::AnyModule& model, const Shape& shape, std::int64_t at) {
    const Tensor x = default_rng().normal(shape, 0, 1);
    const Tensor there = reshape(arange(0, x.size()) == at, shape);
    const Tensor none = where(there, std::nan(""), x), y = model(none).detach().contiguous();
    const LoadedC loaded(model, x, {.calibration = x});
    const Tensor lost = isnan(y), got = loaded(none, y);
    CHECK(any(lost).item() == 1);
    CHECK(all(lost).item() == 0);
    CHECK(mismatch(where(lost, 7.0, got), where(lost, 7.0, loaded(x, y)), 0) == "");
    CHECK(mismatch(isnan(got), lost, 0) == "");
    CHECK(mismatch(isnan(loaded(x, y)), zeros(y.shape(), Dtype::boolean), 0) == "");
    // What is infinite is cut to the range, as what is large.
    const float inf = std::numeric_limits<float>::infinity();
    CHECK(mismatch(loaded(where(there, -inf, x), y), loaded(where(there, -1e6, x), y), 0) == "");
  };
  check(nn::AnyModule(nn::Dense(4, 3)), {3, 4}, 6);
  check(nn::AnyModule(nn::Dense(4, 3)), {2, 3, 4}, 23);
  check(nn::AnyModule(nn::Conv2d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2})), {2, 4, 7, 6},
        30);
  check(nn::AnyModule(nn::Conv1d(2, 3, 2, {.dilation = 2})), {1, 2, 9}, 4);
  check(nn::AnyModule(nn::ConvTranspose2d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2})),
        {2, 4, 5, 4}, 50);
}

TEST_CASE("export_c: bytes are refused where numbers have no range") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto refused = [](const nn::AnyModule& model, const Tensor& calibration) {
    return error_of<ValueError>([&] {
      export_c("/dev/null/all.c", model, ones({1, 4}), {.calibration = calibration});
      return 0;
    });
  };
  const auto with = [](double number) {
    return where(reshape(arange(0, 12) == 6, {3, 4}), number, ones({3, 4}));
  };
  const nn::AnyModule dense(nn::Sequential{nn::Dense(4, 3)});
  const std::string finite = "export_c: the calibration must be finite; got ";
  CHECK(refused(dense, with(std::nan(""))) == finite + "nan at [1, 2] of float32[3, 4]");
  CHECK(refused(dense, with(-inf)) == finite + "-inf at [1, 2] of float32[3, 4]");
  const std::string rule =
      "what it multiplies must be finite, and not 0 throughout, for the "
      "calibration; got ";
  CHECK(refused(dense, zeros({3, 4})) ==
        "export_c: linear: " + rule + "at most 0 in float32[3, 4] (in 0)");
  CHECK(refused(dense, full({3, 4}, 0x1p-110)) ==
        "export_c: linear: " + rule + "at most 7.703719777548943e-34 in float32[3, 4] (in 0)");
  const auto behind = [](Tensor (*f)(const Tensor&)) {
    return nn::AnyModule(nn::Sequential{nn::AnyModule(f), nn::AnyModule([](const Tensor& x) {
                                          return reshape(x, {x.extent(0), 2, 2});
                                        }),
                                        nn::Conv1d(2, 1, 1)});
  };
  CHECK(refused(behind([](const Tensor& x) { return log(x); }), with(-1)) ==
        "export_c: convolution: " + rule + "nan at [1, 1, 0] of float32[3, 2, 2] (in 2)");
  CHECK(refused(behind([](const Tensor& x) { return relu(-x); }), with(2)) ==
        "export_c: convolution: " + rule + "at most 0 in float32[3, 2, 2] (in 2)");

  const auto weights = [&](double number) {
    const nn::Sequential model{nn::Tanh(), nn::Dense(4, 3)};
    model.parameters()[0].assign(where(reshape(arange(0, 12) == 6, {4, 3}), number, ones({4, 3})));
    return nn::AnyModule(model);
  };
  const std::string rule_of_weights = "export_c: linear: weights must be finite to be bytes; ";
  CHECK(refused(weights(std::nan("")), ones({3, 4})) ==
        rule_of_weights + "\"1.weight\" has nan at [2, 0] of float32[4, 3] (in 1)");
  CHECK(refused(weights(-inf), ones({3, 4})) ==
        rule_of_weights + "\"1.weight\" has -inf at [2, 0] of float32[4, 3] (in 1)");
  struct Turned : nn::Module {
    nn::Parameter w = parameter("w", full({3, 4}, HUGE_VAL));
    Tensor operator()(const Tensor& x) const { return matmul(x, transpose(w)); }
  };
  CHECK(refused(nn::AnyModule(Turned()), ones({3, 4})) ==
        "export_c: matmul: weights must be finite to be bytes; \"w\" has inf at [0, 0] of "
        "float32[3, 4]");
  CHECK(refused(nn::AnyModule([](const Tensor& x) {
                  return matmul(x, full({4, 2}, HUGE_VAL));
                }),
                ones({3, 4})) ==
        "export_c: matmul: weights must be finite to be bytes; they have inf at [0, 0] of "
        "float32[4, 2]");
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

TEST_CASE("export_c: a calibration must be like the example") {
  const auto refused = [](const Tensor& calibration) {
    return error_of<Error>([&] {
      export_c("/dev/null/all.c", nn::ReLU(), ones({2, 3}), {.calibration = calibration});
      return 0;
    });
  };
  CHECK(refused(ones({2, 3})) ==
        "export_c: a calibration needs a product or convolution of float32 by constant weights, "
        "that is then of int8; the model has none");
  const std::string like = "export_c: the calibration must be like the example";
  CHECK(refused(ones({4, 2})) == like + ", of any batch; got float32[4, 2] for float32[2, 3]");
  CHECK(refused(ones({0, 3})) == like + ", of any batch; got float32[0, 3] for float32[2, 3]");
  CHECK(refused(ones({4, 2, 3})) ==
        like +
            ", of any batch; got float32[4, 2, 3] for float32[2, 3], which has no axis of a batch: "
            "give an example [n, ...]");
  CHECK(refused(ones({3})) == like + ", of any batch; got float32[3] for float32[2, 3]");
  CHECK(refused(ones({4, 3}, Dtype::float64)) == like + "; got float64[4, 3] for float32[2, 3]");
}
