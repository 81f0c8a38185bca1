// Tumours told apart by what was measured of their cells: a real table, from its file to a number for a
// patient. All that is learned of the columns, means and deviations too, is learned of the training rows.

#include <cstdint>
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

nn::Sequential network(Rng& rng) {
  return nn::Sequential{nn::Dense(30, 16, {}, rng), nn::ReLU(), nn::Dropout(0.5, rng),
                        nn::Dense(16, 2, {}, rng)};
}

void train(const std::string& path, std::uint64_t seed) {
  Rng rng(seed);
  const data::Table table = data::read_table(path, {.comment = '#'});
  const auto [rest, test] = data::stratified_split(table, "diagnosis", 0.2, rng);
  const auto [training, validation] = data::stratified_split(rest, "diagnosis", 0.2, rng);
  std::cout << training.select({"mean_radius", "mean_texture", "diagnosis"}).describe() << '\n';

  const data::Pipeline prepare(
      training, {.features = {data::NumberColumns{.columns = training.numeric_columns()}},
                 .target = data::TargetColumn{"diagnosis"}});
  const nn::Sequential model = network(rng);
  optim::AdamW optimizer(model, {.learning_rate = 3e-3, .weight_decay = 2});
  data::Loader loader(prepare(training), {.batch_size = 32, .shuffle = true}, rng);
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
          {.epochs = 300, .validation = prepare(validation), .early_stopping = {.patience = 20}});
  const History history = fit.run();

  model.eval();
  const NoGradGuard off;
  const auto [x, y] = prepare(test);
  std::cout << history.epochs() << " epochs, test accuracy " << accuracy(model(x), y) << '\n';
  const Tensor first = softmax(model(x[0]), 0);
  for (std::size_t i = 0; i < prepare.class_names().size(); ++i)
    std::cout << prepare.class_names()[i] << ": " << first(static_cast<std::int64_t>(i)).item()
              << '\n';
}

int main(int argc, char** argv) {
  std::string table = "examples/breast_cancer.csv";
  std::uint64_t seed = 0;
  return run_program(argc, argv, "Tells malignant from benign tumours.",
                     {{"--table", &table, "What was measured of them"},
                      {"--seed", &seed, "Of splits, weights and order", seeds}},
                     [&] { train(table, seed); });
}
