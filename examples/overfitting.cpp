// Neural Networks from Scratch, chapters 11 to 15, as a story: a network learns its points by
// heart, and what L2, more data, more neurons and dropout change. Each pair of columns is one run;
// "train" is what the network sees, "test" a spiral that it never saw. A good loss on the left that
// is bad on the right is overfitting. Dropout does not pay on so small a network.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  int epochs = 4001, every = 400;
  std::string csv;
  std::uint64_t seed = 0;
};

/// One way to train, from the start; it changes some settings of the one before.
struct Chapter {
  const char* name;
  int samples, hidden;  // points of each class, neurons
  double l2, dropout;
  double learning_rate, decay;
};

constexpr Chapter chapters[] = {
    {"plain", 100, 64, 0, 0, 0.05, 5e-7},          {"L2", 100, 64, 5e-4, 0, 0.02, 5e-7},
    {"more data", 1000, 64, 5e-4, 0, 0.02, 5e-7},  {"more neurons", 1000, 256, 5e-4, 0, 0.02, 5e-7},
    {"dropout", 1000, 256, 5e-4, 0.1, 0.05, 5e-5},
};

/// Losses and accuracies at one epoch.
struct Row {
  int epoch;
  double train_loss, train_accuracy, test_loss, test_accuracy;
};

nn::Sequential network(const Chapter& chapter, Rng& rng) {
  const auto small = nn::init::normal(0.01);
  const nn::Dense hidden(2, chapter.hidden,
                         {.weight_l2 = chapter.l2, .bias_l2 = chapter.l2, .weight_init = small},
                         rng);
  const nn::Dense out(chapter.hidden, 3, {.weight_init = small}, rng);
  return nn::Sequential{hidden, nn::ReLU(), nn::Dropout(chapter.dropout, rng), out};
}

std::vector<Row> train(const Chapter& chapter, const Flags& flags) {
  Rng rng(flags.seed);
  const auto [X, y] = data::spiral(chapter.samples, 3, rng);
  const nn::Sequential model = network(chapter, rng);
  optim::Adam optimizer(model.parameters(),
                        {.learning_rate = chapter.learning_rate, .decay = chapter.decay});
  const auto [X_test, y_test] = data::spiral(1000, 3, rng);

  std::vector<Row> rows;
  for (int epoch = 0; epoch < flags.epochs; ++epoch) {
    if (epoch % flags.every == 0 || epoch + 1 == flags.epochs) {
      const NoGradGuard off;
      model.eval();  // dropout off: both sides are judged alike
      const Tensor on_train = model(X), on_test = model(X_test);
      rows.push_back({epoch, nn::cross_entropy(on_train, y).item(), accuracy(on_train, y),
                      nn::cross_entropy(on_test, y_test).item(), accuracy(on_test, y_test)});
      model.train();
    }
    const Tensor loss = nn::cross_entropy(model(X), y) + model.regularization_loss();
    if (epoch == 0) require_all_stepped(optimizer, loss, model);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  return rows;
}

void print_table(const std::vector<std::vector<Row>>& runs) {
  std::printf("\nloss   ");
  for (const Chapter& chapter : chapters) std::printf("  %-14s", chapter.name);
  std::printf("\nepoch  ");
  for (std::size_t run = 0; run < runs.size(); ++run) std::printf("  %6s  %6s", "train", "test");
  for (std::size_t i = 0; i < runs.front().size(); ++i) {
    std::printf("\n%-7d", runs.front()[i].epoch);
    for (const auto& rows : runs)
      std::printf("  %6.3f  %6.3f", rows[i].train_loss, rows[i].test_loss);
  }
  std::printf("\n\naccuracy at the end\n       ");
  for (const auto& rows : runs) {
    std::printf("  %6.3f  %6.3f", rows.back().train_accuracy, rows.back().test_accuracy);
  }
  std::printf("\n");
}

void tell(const Flags& flags) {
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty()) {
    csv.emplace(flags.csv, std::vector<std::string>{"run", "epoch", "train_loss", "train_accuracy",
                                                    "test_loss", "test_accuracy"});
  }
  std::vector<std::vector<Row>> runs;
  for (const Chapter& chapter : chapters) {
    std::printf("%-12s  %4d points a class, %3d neurons, L2 %g, dropout %g\n", chapter.name,
                chapter.samples, chapter.hidden, chapter.l2, chapter.dropout);
    std::fflush(stdout);
    runs.push_back(train(chapter, flags));
    if (!csv) continue;
    for (const Row& row : runs.back()) {
      csv->write({chapter.name, row.epoch, row.train_loss, row.train_accuracy, row.test_loss,
                  row.test_accuracy});
    }
  }
  print_table(runs);
  if (csv) csv->commit();
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Shows overfitting on the spiral, and what L2, data, neurons and dropout change.",
      {{"--epochs", &flags.epochs, "Passes over the points", positive},
       {"--every", &flags.every, "Report every N-th epoch", positive},
       {"--csv", &flags.csv, "Also write all figures, in full precision, to FILE"},
       {"--seed", &flags.seed, "Seed of data, weights and dropout", seeds}},
      [&] { tell(flags); });
}
