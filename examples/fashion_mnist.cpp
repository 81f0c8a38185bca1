// Clothes and shoes in pictures of 28 x 28 grey pixels, told apart by two hidden layers with
// dropout. A part of the training images is held back to watch the training; the test images are
// looked at once, at the end. Several processes train together: mpirun -n 4 fashion_mnist
// --data-parallel. Data: Fashion-MNIST, Xiao, Rasul and Vollgraf (2017).

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/ranks.hpp"

using namespace xtape;

const std::vector<std::string> names{"T-shirt", "trouser", "pullover", "dress", "coat",
                                     "sandal",  "shirt",   "sneaker",  "bag",   "boot"};

struct Flags {
  std::string data = "/usr/share/datasets/fashion-mnist", csv, pictures;
  int epochs = 20, batch_size = 128, hidden = 256;
  double learning_rate = 1e-3, dropout = 0.2, validation = 0.1;
  std::uint64_t seed = 0;
  bool data_parallel = false;
};

nn::Sequential network(std::int64_t pixels, const Flags& flags, Rng& rng) {
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  return nn::Sequential{nn::Dense(pixels, flags.hidden, he, rng),
                        nn::ReLU(),
                        nn::Dropout(flags.dropout, rng),
                        nn::Dense(flags.hidden, 128, he, rng),
                        nn::ReLU(),
                        nn::Dropout(flags.dropout, rng),
                        nn::Dense(128, 10, he, rng)};
}

Tensor predict(const nn::Sequential& model, const data::Dataset& dataset) {
  const NoGradGuard off;
  model.eval();
  std::vector<Tensor> logits;
  for (auto [x, y] : data::Loader(dataset, {.batch_size = 1000})) logits.push_back(model(x));
  model.train();
  return concatenate(logits);
}

/// Images as rows of pixels.
data::Dataset flattened(const data::Dataset& images) {
  return {reshape(images.x, {images.x.extent(0), -1}), images.y};
}

void print_confusion(const Tensor& confusion) {
  std::printf("\n%-10s", "true class");
  for (const std::string& name : names) std::printf("%9s", name.c_str());
  std::printf("   recall\n");
  const auto counts = confusion.to_vector<std::int64_t>();
  const auto recalls = recall(confusion).to_vector<double>();
  for (std::size_t row = 0; row < recalls.size(); ++row) {
    std::printf("%-10s", names[row].c_str());
    for (std::size_t column = 0; column < recalls.size(); ++column) {
      std::printf("%9lld", static_cast<long long>(counts[row * recalls.size() + column]));
    }
    std::printf("%9.3f\n", recalls[row]);
  }
}

void draw(const std::string& folder, const History& history, const data::Dataset& images,
          const Tensor& logits) {
  report::curves(history, {.metrics = {"loss", "accuracy"}})
      .save(folder + "/fashion_mnist_curves.svg");
  report::confusion(confusion_matrix(logits, images.y, 10),
                    {.title = "Test images", .names = names})
      .save(folder + "/fashion_mnist_confusion.svg");
  report::mistakes(images.x, logits, images.y, {.title = "The worst mistakes", .names = names})
      .save(folder + "/fashion_mnist_mistakes.svg");
}

void train(const Flags& flags) {
  Processes ranks(flags.data_parallel);
  if (ranks.first() && !flags.pictures.empty()) std::filesystem::create_directories(flags.pictures);
  if (ranks.first() && !flags.csv.empty())
    data::OutputFile(flags.csv);  // told now, not after all epochs
  const data::Split images =      // pixels from 0 ... 255 are scaled into [-1, 1]
      data::load_idx_dataset(flags.data, {.center = 127.5, .scale = 127.5});
  Rng rng(flags.seed);
  const auto [training, validation] =
      data::stratified_split(flattened(images.train), flags.validation, rng);
  const data::Dataset test = flattened(images.test);

  const nn::Sequential model = network(training.x.extent(1), flags, rng);
  data::Loader loader(training,
                      {.batch_size = flags.batch_size, .shuffle = true, .part = ranks.part()}, rng);
  optim::Adam optimizer(model.parameters(),
                        {.learning_rate = flags.learning_rate,
                         .schedule = optim::schedule::cosine(flags.epochs * loader.size())});
  const auto measure = [&](const data::Dataset& batch) -> Measured {
    const Tensor logits = model(batch.x);
    return {nn::cross_entropy(logits, batch.y), {{"accuracy", accuracy(logits, batch.y)}}};
  };
  Fit fit(model, optimizer, loader, measure,
          {.epochs = flags.epochs, .validation = validation, .ranks = ranks.of(model)});
  ProgressBar progress(flags.epochs * loader.samples(), "images");
  for (auto& epoch : fit) {
    const std::string title =
        "epoch " + std::to_string(epoch.number()) + "/" + std::to_string(flags.epochs);
    for (auto& batch : epoch) {
      batch.step([&] { return measure(batch.data); });
      if (ranks.first()) progress.advance(batch.data.y.size() * ranks.part().count, title);
    }
    if (!ranks.first()) continue;
    progress.clear();
    std::printf("%s, train loss: %.3f, acc: %.3f, validation loss: %.3f, acc: %.3f, %.1f s\n",
                title.c_str(), epoch["loss"], epoch["accuracy"], epoch["validation_loss"],
                epoch["validation_accuracy"], progress.seconds());
    std::fflush(stdout);
  }
  if (!ranks.first()) return;
  if (!flags.csv.empty()) fit.history().save_csv(flags.csv);

  const Tensor logits = predict(model, test);
  print_confusion(confusion_matrix(logits, test.y, 10));
  std::printf("\ntest, loss: %.3f, acc: %.4f\n", nn::cross_entropy(logits, test.y).item(),
              accuracy(logits, test.y));
  if (!flags.pictures.empty()) draw(flags.pictures, fit.history(), images.test, logits);
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a network with two hidden layers on Fashion-MNIST.",
      {{"--data", &flags.data,
        "Directory of the IDX files, plain or gzip (Debian: dataset-fashion-mnist)"},
       {"--epochs", &flags.epochs, "Passes over the training images", positive},
       {"--batch-size", &flags.batch_size, "Images of a step, of each process", positive},
       {"--hidden", &flags.hidden, "Neurons of the first layer", positive},
       {"--dropout", &flags.dropout, "Share of hidden outputs dropped in training", share},
       {"--learning-rate", &flags.learning_rate, "Of Adam at the start; falls to 0", not_negative},
       {"--validation", &flags.validation, "Share of the training images held back", inner_share},
       {"--csv", &flags.csv, "Also write the figures of each epoch to FILE"},
       {"--pictures", &flags.pictures,
        "Also draw curves, confusion and the worst mistakes into the folder DIR"},
       {"--data-parallel", &flags.data_parallel,
        "Train with all processes that mpirun has started"},
       {"--seed", &flags.seed, "Seed of weights, dropout, split and order", seeds}},
      [&] { train(flags); });
}
