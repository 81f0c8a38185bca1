// Clothes and shoes again, see fashion_mnist, by a convolutional network in the manner of LeNet-5: two
// convolutions with pooling, then dense layers. The test images are looked at once, at the end.

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

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
  ProgressBar progress(flags.epochs * loader.samples(), "images");

  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    const std::string title = "epoch " + std::to_string(epoch) + "/" + std::to_string(flags.epochs);
    double sum_of_losses = 0;
    for (auto [x, y] : loader) {
      const Tensor loss = nn::cross_entropy(model(x), y);
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      sum_of_losses += loss.item();
      progress.advance(y.size(), title);
    }
    progress.clear();
    std::printf("%s, train loss: %.3f, %.1f s\n", title.c_str(),
                sum_of_losses / static_cast<double>(loader.size()), progress.seconds());
    std::fflush(stdout);
  }
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
