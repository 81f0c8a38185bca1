// Neural Networks from Scratch, chapters 11 and 12: hyperparameters are chosen by cross-validation
// on the training data; the test data are looked at once, at the end.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int samples = 300, folds = 5, epochs = 1001, threads = 1;
  std::string csv;
  std::uint64_t seed = 0;
};

struct Result {
  double loss, accuracy;
};

nn::Sequential network(std::int64_t hidden, Rng& rng) {
  return nn::Sequential{nn::Dense(2, hidden, {}, rng), nn::ReLU(), nn::Dense(hidden, 3, {}, rng)};
}

/// Trains on one part; how good that is on the other.
Result evaluate(const Hyperparameters& chosen, const data::Split& part, int epochs, Rng& rng) {
  const nn::Sequential model = network(chosen.integer("hidden"), rng);
  optim::Adam optimizer(model.parameters(), {.learning_rate = chosen.number("learning_rate"),
                                             .decay = chosen.number("decay")});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    optimizer.zero_grad();
    nn::cross_entropy(model(part.train.x), part.train.y).backward();
    optimizer.step();
  }
  const NoGradGuard off;
  const Tensor logits = model(part.test.x);
  return {nn::cross_entropy(logits, part.test.y).item(), accuracy(logits, part.test.y)};
}

void choose(const Flags& flags) {
  Rng rng(flags.seed);
  const data::Dataset training = data::spiral(flags.samples, 3, rng);
  const data::Dataset test = data::spiral(flags.samples, 3, rng);

  SearchSpace space;
  space.choice("learning_rate", {0.005, 0.02, 0.05});
  space.choice("decay", {0.0, 1e-3});
  space.choice("hidden", {16, 64, 128});
  const auto folds = data::stratified_k_fold(training.y, flags.folds, rng);
  const auto objective = [&](const Hyperparameters& h, const data::Split& fold, Rng& own) {
    return evaluate(h, fold, flags.epochs, own).loss;
  };
  const SearchResult result =
      grid_search(space, training, folds, objective,
                  {.seed = flags.seed, .threads = flags.threads, .goal = SearchGoal::minimize});
  std::cout << result;

  const Hyperparameters& best = result.best().hyperparameters;
  const auto [loss, acc] = evaluate(best, {training, test}, flags.epochs, rng);
  std::cout << "\nbest: " << best << '\n';
  std::printf("test, acc: %.3f, loss: %.3f\n", acc, loss);
  if (!flags.csv.empty()) result.save_csv(flags.csv);
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Chooses hyperparameters for the spiral by cross-validation on a grid.",
      {{"--samples", &flags.samples, "Points of each class", positive},
       {"--folds", &flags.folds, "Parts of the cross-validation", integer_in(2, 1000)},
       {"--epochs", &flags.epochs, "Passes over the points", positive},
       {"--threads", &flags.threads, "Evaluations at a time", integer_in(1, 1024)},
       {"--csv", &flags.csv, "Also write all results to FILE"},
       {"--seed", &flags.seed, "Seed of data, folds and weights", seeds}},
      [&] { choose(flags); });
}
