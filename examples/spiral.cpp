// The spiral of Neural Networks from Scratch, chapter 10: three arms of points, told apart by one
// hidden layer.

#include <cstdint>
#include <cstdio>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/python_float.hpp"

using namespace xtape;

struct Options {
  int epochs = 10001;
  int every = 1000;
  std::uint64_t seed = 0;
};

void train(const Options& options) {
  Rng rng(options.seed);
  auto [X, y] = data::spiral(100, 3, rng);

  const nn::DenseOptions small{.weight_init = nn::init::normal(0.01)};
  nn::Sequential model{nn::Dense(2, 64, small, rng), nn::ReLU(), nn::Dense(64, 3, small, rng)};
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.05, .decay = 5e-7});

  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    const Tensor logits = model(X);
    const Tensor data_loss = nn::cross_entropy(logits, y);
    const Tensor reg_loss = model.regularization_loss();
    const Tensor loss = data_loss + reg_loss;

    if (epoch % options.every == 0) {
      std::printf("epoch: %d, acc: %.3f, loss: %.3f (data_loss: %.3f, reg_loss: %.3f), lr: %s\n",
                  epoch, accuracy(logits, y), loss.item(), data_loss.item(), reg_loss.item(),
                  python_float(optimizer.learning_rate()).c_str());
    }

    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }

  auto [X_test, y_test] = data::spiral(100, 3, rng);
  const Tensor logits = model(X_test);
  std::printf("validation, acc: %.3f, loss: %.3f\n", accuracy(logits, y_test),
              nn::cross_entropy(logits, y_test).item());
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a small network on the spiral data of Neural Networks from Scratch.");
  app.option_defaults()->always_capture_default();
  app.add_option("--epochs", options.epochs, "Passes over the 300 points")->check(positive);
  app.add_option("--every", options.every, "Print every N-th epoch")->check(positive);
  app.add_option("--seed", options.seed, "Seed of the data and the weights")->check(seeds);
  return run_program(app, argc, argv, [&] { train(options); });
}
