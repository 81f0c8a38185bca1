// Tumours told apart by what was measured of their cells: a real table, from its file to pictures,
// and to a model in files for other programs. All that is learned of the columns, means and
// deviations too, is learned of the training rows; the scaler is a layer, so that the files take
// numbers as they were measured.
#include <cstdint>
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

void train(const std::string& path, std::uint64_t seed, const std::string& folder) {
  Rng rng(seed);
  const data::Table table = data::read_table(path, {.comment = '#'});
  const auto [rest, test] = data::stratified_split(table, "diagnosis", 0.2, rng);
  const auto [training, validation] = data::stratified_split(rest, "diagnosis", 0.2, rng);
  const data::NumberColumns raw{.columns = table.numeric_columns(), .scaling = data::Scaling::none};
  const data::Pipeline prepare(training, {.features = {raw}, .target = {{"diagnosis"}}});

  const nn::Sequential model{data::Scaler::standard(prepare.features(training)),
                             nn::Dense(30, 16, {}, rng), nn::ReLU(), nn::Dropout(0.5, rng),
                             nn::Dense(16, 2, {}, rng)};
  optim::AdamW optimizer(model, {.learning_rate = 3e-3, .weight_decay = 2});
  data::Loader loader(prepare(training), {.batch_size = 32, .shuffle = true}, rng);
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
          {.epochs = 300, .validation = prepare(validation), .early_stopping = {.patience = 20}});
  report::curves(fit.run()).save(folder + "/curves.svg");

  model.eval();
  const auto [x, y] = prepare(test);
  const Tensor chances = softmax(model(x), 1);
  std::cout << fit.history().epochs() << " epochs, test accuracy " << accuracy(chances, y) << '\n';
  report::confusion(confusion_matrix(chances, y, 2), {.names = prepare.class_names()})
      .save(folder + "/confusion.svg");
  export_onnx(folder + "/tumours.onnx", model, x);
  export_c(folder + "/tumours.c", model, x[0]);
}

int main(int argc, char** argv) {
  std::string table = "examples/breast_cancer.csv", folder = ".";
  std::uint64_t seed = 0;
  return run_program(argc, argv, "Tells malignant from benign tumours.",
                     {{"--table", &table, "What was measured of them"},
                      {"--output", &folder, "Folder for the pictures and the model"},
                      {"--seed", &seed, "Of splits, weights and order", seeds}},
                     [&] { train(table, seed, folder); });
}
