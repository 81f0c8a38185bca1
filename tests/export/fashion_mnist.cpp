// What a classifier of Fashion-MNIST loses as a file of C, in float and in bytes, over all test
// images. Images of 28 x 28, one at a time, as a microcontroller would have them. It takes minutes:
// ./dev check.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "loaded_c.hpp"

using namespace xtape;
using models::LoadedC, models::no_compiler;

namespace {

const std::string folder = "/usr/share/datasets/fashion-mnist";  // Debian's dataset-fashion-mnist

bool no_images() {
  if (std::filesystem::exists(folder)) return false;
  MESSAGE("there is no " << folder << ": not checked");
  return true;
}

/// Pixels in [-1, 1], [n, 1, 28, 28].
data::Split images() {
  data::Split all = data::load_idx_dataset(folder, {.center = 127.5, .scale = 127.5});
  for (data::Dataset* part : {&all.train, &all.test}) part->x = expand_dims(part->x, 1);
  return all;
}

void train(const nn::Sequential& model, const data::Dataset& training, int epochs, Rng& rng) {
  data::Loader loader(training, {.batch_size = 64, .shuffle = true}, rng);
  optim::Adam optimizer(
      model, {.learning_rate = 2e-3, .schedule = optim::schedule::cosine(epochs * loader.size())});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (auto [x, y] : loader) {
      optimizer.zero_grad();
      nn::cross_entropy(model(x), y).backward();
      optimizer.step();
    }
  }
  model.eval();
}

/// The logits [n, 10] of all images, by the compiled function.
Tensor logits_of(const LoadedC& model, const Tensor& x) {
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < x.extent(0); ++i)
    rows.push_back(model(slice(x, {range(i, i + 1)}), zeros({1, 10})));
  return concatenate(rows, 0);
}

/// Shares of the test images that are told right: by the library, in float, and in bytes.
struct Right {
  double library, in_float, in_bytes;
};

Right compared(const std::string& name, const nn::Sequential& model, const data::Split& all) {
  const NoGradGuard off;
  const auto& [x, y] = all.test;
  const Tensor example = slice(x, {range(0, 1)}), logits = model(x).contiguous();
  const LoadedC in_float(nn::AnyModule(model), example);
  const Tensor by_c = logits_of(in_float, x);
  // The class is the same for each of 10 000, and so are the logits but for the order of sums.
  CHECK(count_nonzero(argmax(by_c, 1) != argmax(logits, 1)).item() == 0);
  CHECK(amax(abs(by_c - logits) / maximum(abs(logits), 1)).item() < 2e-5);

  const Tensor calibration = slice(all.train.x, {range(0, 500)});
  const LoadedC in_bytes(nn::AnyModule(model), example, {.calibration = calibration});
  CHECK(in_bytes.text.find("_bytes[") != std::string::npos);
  const Right right{accuracy(logits, y), accuracy(by_c, y), accuracy(logits_of(in_bytes, x), y)};
  MESSAGE(name << ": accuracy " << right.library << ", by C " << right.in_float << ", in bytes "
               << right.in_bytes);
  return right;
}

}  // namespace

TEST_CASE("export_c: a dense classifier of Fashion-MNIST loses less than a point in bytes") {
  if (no_compiler() || no_images()) return;
  const data::Split all = images();
  Rng rng(0);
  const nn::Sequential model{nn::Flatten(), nn::Dense(784, 128, {}, rng),
                             nn::ReLU(),    nn::Dense(128, 64, {}, rng),
                             nn::ReLU(),    nn::Dense(64, 10, {}, rng)};
  train(model, all.train, 3, rng);
  const Right right = compared("dense", model, all);
  CHECK(right.library > 0.86);
  CHECK(right.in_float == right.library);
  CHECK(right.in_bytes > right.library - 0.01);
}

TEST_CASE(
    "export_c: a convolutional classifier of Fashion-MNIST loses less than a point in bytes") {
  if (no_compiler() || no_images()) return;
  const data::Split all = images();
  Rng rng(0);
  const nn::Sequential model{nn::Conv2d(1, 6, 5, {.padding = 2}, rng),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Conv2d(6, 16, 5, {}, rng),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Flatten(),
                             nn::Dense(400, 120, {}, rng),
                             nn::ReLU(),
                             nn::Dense(120, 10, {}, rng)};
  train(model, all.train, 2, rng);
  const Right right = compared("convolutional", model, all);
  CHECK(right.library > 0.86);
  CHECK(right.in_float == right.library);
  CHECK(right.in_bytes > right.library - 0.01);
}
