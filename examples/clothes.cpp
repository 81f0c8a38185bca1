// Clothes and shoes in pictures of 28 x 28 grey pixels, nine of ten named rightly after five
// passes: the shortest of the programs for Fashion-MNIST, see fashion_mnist and lenet. Test images
// are looked at between passes to be shown; nothing is chosen by them.
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

void train(const std::string& folder, int epochs) {
  const auto [training, test] = data::load_idx_dataset(folder);  // x [60000, 28, 28], y [60000]
  Rng rng(0);
  const nn::Sequential model{[](const Tensor& x) { return expand_dims(x, 1); },
                             nn::Conv2d(1, 8, 3, {.padding = 1}, rng),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Conv2d(8, 16, 3, {.padding = 1}, rng),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Flatten(),
                             nn::Dense(784, 128, {}, rng),  // 16 x 7 x 7
                             nn::ReLU(),
                             nn::Dropout(0.1, rng),
                             nn::Dense(128, 10, {}, rng)};
  data::Loader loader(training, {.batch_size = 64, .shuffle = true}, rng);
  const auto falling = optim::schedule::cosine(epochs * loader.size());
  optim::AdamW optimizer(model, {.learning_rate = 2e-3, .schedule = falling});
  const auto measure = [&](const data::Dataset& batch) -> Measured {
    const Tensor logits = model(batch.x);
    return {nn::cross_entropy(logits, batch.y), {{"accuracy", accuracy(logits, batch.y)}}};
  };
  Fit(model, optimizer, loader, measure,
      {.epochs = epochs, .validation = test, .progress = &std::cout})
      .run();
}

int main(int argc, char** argv) {
  std::string folder = "/usr/share/datasets/fashion-mnist";
  int epochs = 5;
  return run_program(argc, argv, "Names clothes and shoes in pictures.",
                     {{"--data", &folder, "Of the IDX files (Debian: dataset-fashion-mnist)"},
                      {"--epochs", &epochs, "Passes over the training images", positive}},
                     [&] { train(folder, epochs); });
}
