// Trains on any table of numbers with a column to be predicted, and judges the network on rows that
// it has not seen:   csv iris.csv --label species
// The test figures are there to watch; to choose flags by them, hold out a third part (validation).

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  std::string table, label, task = "classification", delimiter = ",", csv;
  std::vector<std::string> classes;
  bool no_header = false;
  int hidden = 64, batch_size = 32, epochs = 200, every = 20;
  double learning_rate = 1e-3, l2 = 1e-4, test = 0.2;
  std::uint64_t seed = 0;

  bool regression() const { return task == "regression"; }
};

data::CsvDataset load(const Flags& flags) {
  data::CsvDatasetOptions options{
      .task = flags.regression() ? data::Task::regression : data::Task::classification,
      .classes = flags.classes,
      .csv = {.delimiter = flags.delimiter == "\\t" ? '\t' : flags.delimiter.front(),
              .header = !flags.no_header}};
  if (flags.no_header && !flags.label.empty()) options.label = std::stoll(flags.label);
  if (!flags.no_header && !flags.label.empty()) options.label = flags.label;
  return data::load_csv_dataset(flags.table, options);
}

/// The table in two parts, prepared: features and, of a regression, labels have mean 0 and
/// deviation 1 in the training part.
data::Split prepared(const data::CsvDataset& table, const Flags& flags, Rng& rng,
                     std::optional<data::Scaler>& label_scaler) {
  data::Split parts = flags.regression() ? data::random_split(table.dataset, flags.test, rng)
                                         : data::stratified_split(table.dataset, flags.test, rng);
  const auto scaler = data::Scaler::standard(parts.train.x);  // fitted on the training rows alone
  parts.train.x = scaler(parts.train.x);
  parts.test.x = scaler(parts.test.x);
  if (flags.regression()) {
    label_scaler = data::Scaler::standard(parts.train.y);
    parts.train.y = (*label_scaler)(parts.train.y);
    parts.test.y = (*label_scaler)(parts.test.y);
  }
  return parts;
}

Tensor loss_of(const Flags& flags, const Tensor& outputs, const Tensor& y) {
  return flags.regression() ? nn::mean_squared_error(outputs, y) : nn::cross_entropy(outputs, y);
}

/// The share of classes that are right, or R².
double score_of(const Flags& flags, const Tensor& outputs, const Tensor& y) {
  return flags.regression() ? r2_score(outputs, y) : accuracy(outputs, y);
}

void report_classes(const data::CsvDataset& table, const Tensor& outputs, const Tensor& y) {
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

void report_errors(const data::Scaler& label_scaler, const Tensor& outputs, const Tensor& y) {
  const Tensor predictions = label_scaler.inverse(outputs), labels = label_scaler.inverse(y);
  std::printf("\ntest, in units of the label: root mean squared error %.4g, mean absolute %.4g\n",
              std::sqrt(nn::mean_squared_error(predictions, labels).item()),
              nn::mean_absolute_error(predictions, labels).item());
}

nn::Sequential network(std::int64_t features, std::int64_t outputs, const Flags& flags, Rng& rng) {
  const nn::DenseOptions options{.weight_l2 = flags.l2, .weight_init = nn::init::he_normal()};
  return nn::Sequential{nn::Dense(features, flags.hidden, options, rng), nn::ReLU(),
                        nn::Dense(flags.hidden, outputs, {}, rng)};
}

void train(const Flags& flags) {
  const data::CsvDataset table = load(flags);
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty()) {
    if (std::filesystem::exists(flags.csv) && std::filesystem::equivalent(flags.csv, flags.table))
      throw std::runtime_error("--csv would replace the table " + flags.table);
    csv.emplace(flags.csv, std::vector<std::string>{"epoch", "train_loss", "test_loss",
                                                    "train_score", "test_score"});
  }
  Rng rng(flags.seed);
  std::optional<data::Scaler> label_scaler;
  const auto [training, test] = prepared(table, flags, rng, label_scaler);

  const std::int64_t outputs =
      flags.regression() ? 1 : static_cast<std::int64_t>(table.class_names.size());
  const nn::Sequential model = network(training.x.extent(1), outputs, flags, rng);
  optim::Adam optimizer(model.parameters(), {.learning_rate = flags.learning_rate});
  data::Loader loader(training, {.batch_size = flags.batch_size, .shuffle = true}, rng);
  std::printf("%lld rows to train on, %lld to test, %lld features\n",
              static_cast<long long>(training.x.extent(0)),
              static_cast<long long>(test.x.extent(0)),
              static_cast<long long>(training.x.extent(1)));

  const char* score = flags.regression() ? "R2" : "acc";
  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    for (const auto& [x, y] : loader) {
      const Tensor loss = loss_of(flags, model(x), y) + model.regularization_loss();
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
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
  const NoGradGuard off;
  const Tensor on_test = model(test.x);
  if (label_scaler) {
    report_errors(*label_scaler, on_test, test.y);
  } else {
    report_classes(table, on_test, test.y);
  }
}

/// A column of a table without a header is named by its index.
void check_label(const Flags& flags) {
  const std::string& label = flags.label;
  if (!flags.no_header || label.empty()) return;
  if (label.size() < 10 && label.find_first_not_of("0123456789") == label.npos) return;
  throw UsageError("--label", "without a header, the index of a column is needed; got " + label);
}

std::string wrong_delimiter(const std::string& text) {
  return text.size() == 1 || text == "\\t" ? "" : "one character is needed; got " + text;
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a network with one hidden layer on a table of comma-separated values.",
      {{"table", &flags.table, "The table, plain or gzip", required},
       {"--label", &flags.label,
        "Column to predict, by name, or by index from 0 without header; the last unless given"},
       {"--task", &flags.task,
        "What the label is; losses of a regression are those of the label scaled to deviation 1",
        one_of({"classification", "regression"})},
       {"--classes", &flags.classes,
        "Names of the classes, separated by commas, unless they follow from the table",
        separated_by(',')},
       {"--delimiter", &flags.delimiter, "Between fields; \\t is a tab",
        checked_by(wrong_delimiter)},
       {"--no-header", &flags.no_header, "The first row is data"},
       {"--test", &flags.test, "Share of the rows held back to test", inner_share},
       {"--hidden", &flags.hidden, "Neurons of the hidden layer", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam", not_negative},
       {"--l2", &flags.l2, "L2 penalty, weights of the hidden layer", not_negative},
       {"--batch-size", &flags.batch_size, "Rows of a step", positive},
       {"--epochs", &flags.epochs, "Passes over the training rows", positive},
       {"--every", &flags.every, "Report every N-th epoch", positive},
       {"--csv", &flags.csv, "Also write the reported epochs, in full precision, to FILE"},
       {"--seed", &flags.seed, "Seed of split, weights and order", seeds}},
      [&] {
        check_label(flags);
        train(flags);
      });
}
