// Trains on any table of numbers with a column to be predicted, and judges the network on rows that
// it has not seen:   csv iris.csv --label species

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  std::string table, label, task = "classification", delimiter = ",", csv;
  bool no_header = false;
  int hidden = 64, batch_size = 32, epochs = 200, every = 20;
  double learning_rate = 1e-3, l2 = 1e-4, test = 0.2;
  std::uint64_t seed = 0;

  bool regression() const { return task == "regression"; }
};

data::CsvDataset load(const Flags& flags) {
  data::CsvDatasetOptions options{
      .task = flags.regression() ? data::Task::regression : data::Task::classification,
      .csv = {.delimiter = flags.delimiter == "\\t" ? '\t' : flags.delimiter.front(),
              .header = !flags.no_header}};
  if (flags.no_header && !flags.label.empty()) options.label = std::stoll(flags.label);
  if (!flags.no_header && !flags.label.empty()) options.label = flags.label;
  return data::load_csv_dataset(flags.table, options);
}

Tensor loss_of(const Flags& flags, const Tensor& outputs, const Tensor& y) {
  return flags.regression() ? nn::mean_squared_error(outputs, y) : nn::cross_entropy(outputs, y);
}

/// The share of classes that are right, or R².
double score_of(const Flags& flags, const Tensor& outputs, const Tensor& y) {
  return flags.regression() ? r2_score(outputs, y) : accuracy(outputs, y);
}

void report(const data::CsvDataset& table, const Tensor& outputs, const Tensor& y) {
  const auto classes = static_cast<std::int64_t>(table.class_names.size());
  const Tensor confusion = confusion_matrix(outputs, y, classes);
  const auto precisions = precision(confusion).to_vector<double>();
  const auto recalls = recall(confusion).to_vector<double>();
  const auto scores = f1_score(confusion).to_vector<double>();
  std::printf("\n%-24s %9s %9s %9s\n", "class", "precision", "recall", "F1");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    std::printf("%-24s %9.3f %9.3f %9.3f\n", table.class_names[i].c_str(), precisions[i],
                recalls[i], scores[i]);
  }
}

void train(const Flags& flags) {
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty()) {
    csv.emplace(flags.csv, std::vector<std::string>{"epoch", "train_loss", "test_loss",
                                                    "train_score", "test_score"});
  }
  const data::CsvDataset table = load(flags);
  Rng rng(flags.seed);
  auto [training, test] = flags.regression()
                              ? data::random_split(table.dataset, flags.test, rng)
                              : data::stratified_split(table.dataset, flags.test, rng);
  const auto scaler = data::Scaler::standard(training.x);  // fitted on the training rows alone
  training.x = scaler(training.x);
  test.x = scaler(test.x);
  std::optional<data::Scaler> label_scaler;  // R² does not change with the unit of y
  if (flags.regression()) {
    label_scaler = data::Scaler::standard(training.y);
    training.y = (*label_scaler)(training.y);
    test.y = (*label_scaler)(test.y);
  }

  const std::int64_t outputs =
      flags.regression() ? 1 : static_cast<std::int64_t>(table.class_names.size());
  const nn::DenseOptions options{.weight_l2 = flags.l2, .weight_init = nn::init::he_normal()};
  const nn::Sequential model{nn::Dense(training.x.extent(1), flags.hidden, options, rng),
                             nn::ReLU(), nn::Dense(flags.hidden, outputs, {}, rng)};
  optim::Adam optimizer(model.parameters(), {.learning_rate = flags.learning_rate});
  data::Loader loader(training, {.batch_size = flags.batch_size, .shuffle = true}, rng);
  std::printf("%lld rows to train on, %lld to test, %lld features\n",
              static_cast<long long>(training.x.extent(0)),
              static_cast<long long>(test.x.extent(0)),
              static_cast<long long>(training.x.extent(1)));

  const char* score = flags.regression() ? "R2" : "acc";
  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    for (const auto& [x, y] : loader) {
      optimizer.zero_grad();
      (loss_of(flags, model(x), y) + model.regularization_loss()).backward();
      optimizer.step();
    }
    if (epoch % flags.every != 0 && epoch != flags.epochs) continue;
    const NoGradGuard off;
    const Tensor on_training = model(training.x), on_test = model(test.x);
    const double train_loss = loss_of(flags, on_training, training.y).item();
    const double test_loss = loss_of(flags, on_test, test.y).item();
    const double train_score = score_of(flags, on_training, training.y);
    const double test_score = score_of(flags, on_test, test.y);
    std::printf("epoch: %d, train loss: %.3f, %s: %.3f, test loss: %.3f, %s: %.3f\n", epoch,
                train_loss, score, train_score, test_loss, score, test_score);
    if (csv) csv->write({epoch, train_loss, test_loss, train_score, test_score});
  }
  if (csv) csv->commit();
  if (!flags.regression()) report(table, model(test.x), test.y);
}

/// A column of a table without a header is named by its index.
void check_label(const Flags& flags) {
  if (!flags.no_header || flags.label.empty()) return;
  if (flags.label.find_first_not_of("0123456789") == std::string::npos) return;
  throw CLI::ValidationError(
      "--label", "without a header, the index of a column is needed; got " + flags.label);
}

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Trains a network with one hidden layer on a table of comma-separated values.");
  app.option_defaults()->always_capture_default();
  app.add_option("table", flags.table, "The table, plain or gzip")->required();
  app.add_option("--label", flags.label,
                 "Column to predict, by name, or by index from 0 without "
                 "header; the last unless given");
  app.add_option("--task", flags.task, "What the label is")
      ->check(CLI::IsMember({"classification", "regression"}));
  app.add_option("--delimiter", flags.delimiter, "Between fields; \\t is a tab")
      ->check([](const std::string& text) {
        return text.size() == 1 || text == "\\t" ? "" : "one character is needed; got " + text;
      });
  app.add_flag("--no-header", flags.no_header, "The first row is data");
  app.add_option("--test", flags.test, "Share of the rows held back to test")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--hidden", flags.hidden, "Neurons of the hidden layer")->check(positive);
  app.add_option("--learning-rate", flags.learning_rate, "Of Adam")->check(not_negative);
  app.add_option("--l2", flags.l2, "L2 penalty, weights of the hidden layer")->check(not_negative);
  app.add_option("--batch-size", flags.batch_size, "Rows of a step")->check(positive);
  app.add_option("--epochs", flags.epochs, "Passes over the training rows")->check(positive);
  app.add_option("--every", flags.every, "Report every N-th epoch")->check(positive);
  app.add_option("--csv", flags.csv, "Also write the reported epochs, in full precision, to FILE");
  app.add_option("--seed", flags.seed, "Seed of split, weights and order")->check(seeds);
  app.callback([&] { check_label(flags); });
  return run_program(app, argc, argv, [&] { train(flags); });
}
