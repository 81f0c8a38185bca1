// Neural Networks from Scratch, chapter 16: two arms of a spiral told apart by one number between 0
// and 1, with binary cross-entropy. A point belongs to class 1 if the number is above a threshold.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/python_float.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  int samples = 100, hidden = 64, epochs = 10001, every = 100;
  double learning_rate = 0.001, decay = 5e-7, l2 = 5e-4, threshold = 0.5;
  std::string csv;
  std::uint64_t seed = 0;
};

/// Points of the two arms, and a column of 0 and 1: one output, one target a point.
data::Dataset two_arms(const Flags& flags, Rng& rng) {
  auto [X, y] = data::spiral(flags.samples, 2, rng);
  return {X, reshape(y, {-1, 1}).to(Dtype::float32)};
}

nn::Sequential network(const Flags& flags, Rng& rng) {
  const auto small = nn::init::normal(0.01);
  return nn::Sequential{
      nn::Dense(2, flags.hidden, {.weight_l2 = flags.l2, .bias_l2 = flags.l2, .weight_init = small},
                rng),
      nn::ReLU(), nn::Dense(flags.hidden, 1, {.weight_init = small}, rng)};
}

void train(const Flags& flags) {
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty()) {
    csv.emplace(flags.csv, std::vector<std::string>{"epoch", "accuracy", "loss", "data_loss",
                                                    "regularization_loss", "learning_rate"});
  }
  Rng rng(flags.seed);
  const auto [X, y] = two_arms(flags, rng);
  const nn::Sequential model = network(flags, rng);
  optim::Adam optimizer(model.parameters(),
                        {.learning_rate = flags.learning_rate, .decay = flags.decay});

  for (int epoch = 0; epoch < flags.epochs; ++epoch) {
    const Tensor logits = model(X);
    const Tensor data_loss = nn::binary_cross_entropy_with_logits(logits, y);
    const Tensor reg_loss = model.regularization_loss();
    const Tensor loss = data_loss + reg_loss;

    if (epoch % flags.every == 0) {
      const double acc = binary_accuracy(sigmoid(logits), y, {.threshold = flags.threshold});
      const double rate = optimizer.learning_rate();
      std::printf("epoch: %d, acc: %.3f, loss: %.3f (data_loss: %.3f, reg_loss: %.3f), lr: %s\n",
                  epoch, acc, loss.item(), data_loss.item(), reg_loss.item(),
                  python_float(rate).c_str());
      if (csv) csv->write({epoch, acc, loss.item(), data_loss.item(), reg_loss.item(), rate});
    }

    if (epoch == 0) require_all_stepped(optimizer, loss, model);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  if (csv) csv->commit();

  const NoGradGuard off;
  const auto [X_test, y_test] = two_arms(flags, rng);
  const Tensor logits = model(X_test);
  std::printf("validation, acc: %.3f, loss: %.3f\n",
              binary_accuracy(sigmoid(logits), y_test, {.threshold = flags.threshold}),
              nn::binary_cross_entropy_with_logits(logits, y_test).item());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Tells two arms of the spiral apart by one output and binary cross-entropy.",
      {{"--samples", &flags.samples, "Points of each class", positive},
       {"--hidden", &flags.hidden, "Neurons of the hidden layer", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam", not_negative},
       {"--decay", &flags.decay, "Step t has rate / (1 + decay t)", not_negative},
       {"--l2", &flags.l2, "L2 penalty, weights and biases of the hidden layer", not_negative},
       {"--threshold", &flags.threshold, "Outputs above it mean class 1", share},
       {"--epochs", &flags.epochs, "Passes over the points", positive},
       {"--every", &flags.every, "Print every N-th epoch", positive},
       {"--csv", &flags.csv, "Also write the printed epochs, in full precision, to FILE"},
       {"--seed", &flags.seed, "Seed of data and weights", seeds}},
      [&] { train(flags); });
}
