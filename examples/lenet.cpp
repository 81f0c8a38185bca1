// Clothes and shoes again, see fashion_mnist, by a convolutional network in the manner of LeNet-5:
// two convolutions with pooling, then dense layers. The test images are looked at once, at the end.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  std::string data = "/usr/share/datasets/fashion-mnist";
  int epochs = 10, batch_size = 64;
  double learning_rate = 2e-3, dropout = 0.25;
  std::uint64_t seed = 0;
};

nn::Sequential lenet(double dropout, Rng& rng) {
  const nn::ConvOptions same{.padding = ConvolutionPadding::same,
                             .weight_init = nn::init::he_normal()};
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  return nn::Sequential{nn::Conv2d(1, 16, 5, same, rng),
                        nn::BatchNorm2d(16),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(16, 32, 5, same, rng),
                        nn::BatchNorm2d(32),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Dropout(dropout, rng),
                        nn::Dense(32 * 7 * 7, 128, he, rng),
                        nn::ReLU(),
                        nn::Dropout(dropout, rng),
                        nn::Dense(128, 10, he, rng)};
}

/// [n, 28, 28] with an axis of one channel.
data::Dataset with_channel(const data::Dataset& images) {
  return {expand_dims(images.x, 1), images.y};
}

double test_accuracy(const nn::Sequential& model, const data::Dataset& test) {
  const NoGradGuard off;
  model.eval();
  double right = 0;
  for (auto [x, y] : data::Loader(test, {.batch_size = 500}))
    right += accuracy(model(x), y) * static_cast<double>(y.size());
  model.train();
  return right / static_cast<double>(test.y.size());
}

void train(const Flags& flags) {
  const data::Split images = data::load_idx_dataset(flags.data, {.center = 127.5, .scale = 127.5});
  const data::Dataset training = with_channel(images.train), test = with_channel(images.test);
  Rng rng(flags.seed);
  const nn::Sequential model = lenet(flags.dropout, rng);
  data::Loader loader(training, {.batch_size = flags.batch_size, .shuffle = true}, rng);
  optim::AdamW optimizer(model.parameters(),
                         {.learning_rate = flags.learning_rate,
                          .schedule = optim::schedule::cosine(flags.epochs * loader.size())});
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
          {.epochs = flags.epochs, .progress = &std::cout});
  fit.run();
  std::printf("test, acc: %.4f\n", test_accuracy(model, test));
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a convolutional network on Fashion-MNIST.",
      {{"--data", &flags.data,
        "Directory of the IDX files, plain or gzip (Debian: dataset-fashion-mnist)"},
       {"--epochs", &flags.epochs, "Passes over the training images", positive},
       {"--batch-size", &flags.batch_size, "Images of a step", positive},
       {"--dropout", &flags.dropout, "Share of inputs of dense layers dropped", share},
       {"--learning-rate", &flags.learning_rate, "Of AdamW at the start; falls to 0", not_negative},
       {"--seed", &flags.seed, "Seed of weights, dropout and order", seeds}},
      [&] { train(flags); });
}
