// How far a disease has gone a year later, told from ten measurements: a regression on a real
// table, judged by five folds. What ridge regression comes to, in closed form, tells what there is
// to win: little.
#include <iostream>
#include <string>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

void train(const std::string& path) {
  const data::Table table = data::read_table(path, {.comment = '#'});
  const data::NumberColumns measured{.columns = table.drop({"progression"}).columns()};
  double ridge_r2 = 0, r2 = 0;
  for (const auto& [training, test] : data::blocked_k_fold(table, 5)) {
    const data::Pipeline prepare(
        training, {.features = {measured}, .target = {{"progression", data::Task::regression}}});
    const auto [x, raw] = prepare(training);
    const auto scaler = data::Scaler::standard(raw);
    const Tensor y = scaler(raw);
    const auto [new_x, new_y] = prepare(test);

    const Tensor xt = transpose(x), both = matmul(xt, x) + 10 * eye(x.extent(1));
    const Tensor ridge = linalg::solve(both, matmul(xt, y));
    ridge_r2 += r2_score(scaler.inverse(matmul(new_x, ridge)), new_y) / 5;

    Rng rng(0);
    const nn::Sequential model{nn::Dense(10, 16, {}, rng), nn::Tanh(), nn::Dense(16, 1, {}, rng)};
    optim::AdamW optimizer(model, {.learning_rate = 3e-3, .weight_decay = 1});
    data::Loader loader({x, y}, {.batch_size = 32, .shuffle = true}, rng);
    const auto loss = [&](const data::Dataset& batch) {
      return nn::mean_squared_error(model(batch.x), batch.y);
    };
    Fit(model, optimizer, loader, loss, {.epochs = 40}).run();
    r2 += r2_score(scaler.inverse(model(new_x)), new_y) / 5;
  }
  std::cout << "R2 of ridge regression " << ridge_r2 << ", of a network " << r2 << '\n';
}

int main(int argc, char** argv) {
  std::string table = "examples/diabetes.csv";
  return run_program(argc, argv, "Tells how far a disease will have gone.",
                     {{"--table", &table, "What was measured of the patients"}},
                     [&] { train(table); });
}
