// Clothes and shoes in pictures of 28 x 28 grey pixels, told apart by two hidden layers.
// Data: Fashion-MNIST, Xiao, Rasul and Vollgraf (2017).

#include <cstdint>
#include <cstdio>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/progress_bar.hpp"

using namespace xtape;

struct Options {
  std::string data = "/usr/share/datasets/fashion-mnist";
  int epochs = 10;
  std::uint64_t seed = 0;
};

/// Means over the samples of batches.
struct Score {
  void add(const Tensor& logits, const Tensor& labels, const Tensor& batch_loss) {
    const auto count = static_cast<double>(labels.size());
    samples += count;
    loss += (batch_loss.item() - loss) * count / samples;
    accuracy += (xtape::accuracy(logits, labels) - accuracy) * count / samples;
  }
  double loss = 0, accuracy = 0, samples = 0;
};

Score evaluate(const nn::Sequential& model, const data::Dataset& dataset) {
  const NoGradGuard off;
  Score score;
  for (auto [x, y] : data::Loader(dataset, {.batch_size = 1000})) {
    const Tensor logits = model(x);
    score.add(logits, y, nn::cross_entropy(logits, y));
  }
  return score;
}

data::Dataset flattened(const data::Dataset& images) {
  return {reshape(images.x, {images.x.extent(0), -1}), images.y};
}

void train(const Options& options) {
  const data::Split images = data::load_idx_dataset(options.data);
  const data::Dataset training = flattened(images.train), test = flattened(images.test);

  Rng rng(options.seed);
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  nn::Sequential model{nn::Dense(training.x.extent(1), 128, he, rng), nn::ReLU(),
                       nn::Dense(128, 128, he, rng), nn::ReLU(), nn::Dense(128, 10, he, rng)};
  optim::Adam optimizer(model.parameters(), {.learning_rate = 1e-3, .decay = 1e-3});
  data::Loader loader(training, {.batch_size = 128, .shuffle = true}, rng);
  ProgressBar progress(options.epochs * loader.samples(), "images");

  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    const std::string title =
        "epoch " + std::to_string(epoch) + "/" + std::to_string(options.epochs);
    Score on_training;
    for (auto [x, y] : loader) {
      const Tensor logits = model(x);
      const Tensor loss = nn::cross_entropy(logits, y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      on_training.add(logits, y, loss);
      progress.advance(y.size(), title);
    }
    const Score on_test = evaluate(model, test);
    progress.clear();
    std::printf("%s, train loss: %.3f, acc: %.3f, test loss: %.3f, acc: %.3f, %.1f s\n",
                title.c_str(), on_training.loss, on_training.accuracy, on_test.loss,
                on_test.accuracy, progress.seconds());
    std::fflush(stdout);
  }
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network with two hidden layers on Fashion-MNIST.");
  app.option_defaults()->always_capture_default();
  app.add_option("--data", options.data, "Directory of the IDX files, plain or gzip");
  app.add_option("--epochs", options.epochs, "Passes over the 60000 images")->check(positive);
  app.add_option("--seed", options.seed, "Seed of the weights and of the order")->check(seeds);
  return run_program(app, argc, argv, [&] { train(options); });
}
