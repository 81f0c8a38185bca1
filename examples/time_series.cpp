// Why a time series must not be split at random. A sensor reads the temperature each hour: days,
// seasons, and weather that changes slowly. A network learns it as a function of the time. A random
// split leaves gaps of an hour, which the neighbours on both sides give away; the future has no
// neighbours. Contiguous blocks promise what the future then shows.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int hours = 2400, folds = 5, gap = 48, hidden = 64, epochs = 300;
  double learning_rate = 0.01;
  std::string csv;
  std::uint64_t seed = 0;
};

/// The temperature each hour, and what is known of the hour: sine and cosine of the time of day and
/// of ever shorter waves over the whole record.
///   x [hours, features]   y [hours, 1]
data::Dataset sensor(std::int64_t hours, Rng& rng) {
  constexpr int waves = 24;
  constexpr double pi = std::numbers::pi, day = 24;
  const Tensor hour = arange(0.0, static_cast<double>(hours), 1.0, Dtype::float32);
  std::vector<Tensor> features{sin(hour * (2 * pi / day)), cos(hour * (2 * pi / day))};
  for (int wave = 1; wave <= waves; ++wave) {
    const double frequency = pi * wave / static_cast<double>(hours);
    features.push_back(sin(hour * frequency));
    features.push_back(cos(hour * frequency));
  }
  std::vector<double> weather;  // an autoregressive process: each hour much like the one before
  for (std::int64_t i = 0; i < hours; ++i) {
    weather.push_back((i == 0 ? 0 : 0.995 * weather.back()) + 0.3 * rng.normal());
  }
  const Tensor noise = rng.normal({hours}, 0, 0.2);
  const Tensor celsius =
      15 + 4 * features[0] + from_vector(std::move(weather)).to(Dtype::float32) + noise;
  return {stack(features, 1), expand_dims(celsius, 1)};
}

nn::Sequential network(std::int64_t features, std::int64_t hidden, Rng& rng) {
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  return nn::Sequential{nn::Dense(features, hidden, he, rng), nn::Tanh(),
                        nn::Dense(hidden, 1, {}, rng)};
}

/// The root of the mean squared error in degrees, on what the network has not seen.
double error_of(const data::Split& part, const Flags& flags, Rng& rng) {
  const auto scaler = data::Scaler::standard(part.train.y);  // fitted on the training part alone
  const nn::Sequential model = network(part.train.x.extent(1), flags.hidden, rng);
  optim::Adam optimizer(model.parameters(), {.learning_rate = flags.learning_rate});
  const Tensor target = scaler(part.train.y);
  for (int epoch = 0; epoch < flags.epochs; ++epoch) {
    optimizer.zero_grad();
    nn::mean_squared_error(model(part.train.x), target).backward();
    optimizer.step();
  }
  const NoGradGuard off;
  return std::sqrt(nn::mean_squared_error(scaler.inverse(model(part.test.x)), part.test.y).item());
}

void compare(const Flags& flags) {
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty())
    csv.emplace(flags.csv, std::vector<std::string>{"split", "fold", "error"});

  Rng rng(flags.seed);
  const data::Split record = data::block_split(sensor(flags.hours, rng), 0.2);  // past and future
  const std::int64_t rows = record.train.x.extent(0);
  const auto mean_error = [&](const char* name, const std::vector<data::Fold>& folds) {
    double sum = 0;
    for (std::size_t fold = 0; fold < folds.size(); ++fold) {
      const double error = error_of(data::split(record.train, folds[fold]), flags, rng);
      if (csv) csv->write({name, static_cast<std::int64_t>(fold), error});
      sum += error;
    }
    return sum / static_cast<double>(folds.size());
  };
  const double random = mean_error("random", data::k_fold(rows, flags.folds, rng));
  const double blocked =
      mean_error("blocked", data::blocked_k_fold(rows, flags.folds, {.gap = flags.gap}));
  const double truth = error_of(record, flags, rng);
  if (csv) {
    csv->write({"future", std::int64_t{0}, truth});
    csv->commit();
  }
  std::printf("error in degrees, %d folds of %lld hours\n", flags.folds,
              static_cast<long long>(rows));
  std::printf("  random split promises  %.2f\n", random);
  std::printf("  blocked split promises %.2f\n", blocked);
  std::printf("  the future shows       %.2f\n", truth);
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv,
      "Shows how a random split of a time series leaks, and that a blocked one does not.",
      {{"--hours", &flags.hours, "Length of the record", integer_in(100, 1'000'000)},
       {"--folds", &flags.folds, "Parts of the cross-validation", integer_in(2, 50)},
       {"--gap", &flags.gap, "Hours left out around a block", integer_in(0, 1000)},
       {"--hidden", &flags.hidden, "Neurons of the hidden layer", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam", not_negative},
       {"--epochs", &flags.epochs, "Passes over the training part", positive},
       {"--csv", &flags.csv, "Also write the error of each fold to FILE"},
       {"--seed", &flags.seed, "Seed of weather, weights and folds", seeds}},
      [&] { compare(flags); });
}
