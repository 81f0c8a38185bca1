// Faults of a machine, told from its sensors by a network that has seen it in health alone: it
// forecasts the next readings from those before, and where they come otherwise than on healthy
// days, something is wrong. How far is too far, a quantile of the errors on days kept apart says,
// and so how many alarms are false.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int rows = 12'000, faults = 30, epochs = 40;
  double false_alarms = 0.005;
  std::string picture;
  std::uint64_t seed = 0;
};

constexpr std::int64_t length = 24, sensors = 3;
constexpr int fault_length = 12;

/// Readings [rows, sensors] of a machine that turns and gets warm by its load, and where it has a
/// fault, [rows] of 0 and 1. One of three in turn: a sensor stays where it is, another comes loose,
/// heat has another cause; none of the numbers is one that healthy days do not have.
data::Dataset readings(std::int64_t rows, int faults, Rng& rng) {
  std::vector<double> x;
  std::vector<std::int64_t> faulty;
  double load = 0, turn = 0, warmth = 0, stuck = 0;
  const std::int64_t apart = faults == 0 ? rows + 1 : rows / faults;
  for (std::int64_t i = 0; i < rows; ++i) {
    load = 0.98 * load + 0.1 * rng.normal();
    turn += 0.4 + 0.1 * std::tanh(load);
    warmth += 0.05 * (load - warmth);
    const bool fault = faults > 0 && i % apart >= apart - fault_length;
    const std::int64_t kind = fault ? i / apart % 3 : -1;
    const double swing = 1 + 0.3 * std::tanh(load),
                 noise[] = {rng.normal(), rng.normal(), rng.normal()};
    if (kind != 0) stuck = swing * std::sin(turn) + 0.05 * noise[0];
    x.push_back(stuck);
    x.push_back(swing * std::cos(turn + (kind == 1 ? 0.1 : 0.5)) + 0.05 * noise[1]);
    x.push_back(warmth + (kind == 2 ? 0.3 : 0.0) + 0.05 * noise[2]);
    faulty.push_back(fault ? 1 : 0);
  }
  return {from_vector(x, {rows, sensors}).to(Dtype::float32), from_vector(faulty)};
}

void run(const Flags& flags) {
  if (flags.rows / 2 / flags.faults < 2 * length + fault_length)
    throw UsageError("--faults", "between them there must be healthy readings");
  Rng rng(flags.seed);
  const std::int64_t rows = flags.rows;
  const Tensor healthy = readings(rows, 0, rng).x;
  const data::Dataset test = readings(rows / 2, flags.faults, rng);
  // Days to learn from, to stop by, and to measure errors on.
  const auto scaler = data::Scaler::standard(slice(healthy, {range(0, rows / 2)}));
  const auto windows = [&](const Tensor& x) {
    return data::Windows(scaler(x), {.length = length}).all();
  };
  const data::Dataset training = windows(slice(healthy, {range(0, rows / 2)})),
                      validation = windows(slice(healthy, {range(rows / 2, rows * 3 / 4)})),
                      calibration = windows(slice(healthy, {range(rows * 3 / 4, {})})),
                      seen = windows(test.x);

  const nn::Sequential model{nn::Flatten(), nn::Dense(length * sensors, 64, {}, rng),
                             nn::GELU(),    nn::Dense(64, 64, {}, rng),
                             nn::GELU(),    nn::Dense(64, sensors, {}, rng)};
  optim::Adam optimizer(model, {.learning_rate = 2e-3});
  data::Loader loader(training, {.batch_size = 64, .shuffle = true}, rng);
  const auto missed = [&](const data::Dataset& of) { return model(of.x) - squeeze(of.y, 1); };
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return mean(square(missed(batch))); },
          {.epochs = flags.epochs,
           .validation = validation,
           .early_stopping = {.patience = 8},
           .epoch_schedule = optim::schedule::cosine(flags.epochs)});
  fit.run();

  const NoGradGuard off;
  const Tensor spread = stddev(missed(calibration), 0);
  const auto scores = [&](const data::Dataset& of) { return mean(square(missed(of) / spread), 1); };
  const double limit = quantile(scores(calibration), 1 - flags.false_alarms).item();
  const Tensor score = scores(seen), now = slice(test.y, {range(length, {})});
  // What follows a fault has it among the readings before, and is no healthy day.
  const Tensor behind = amax(data::Windows(test.y, {.length = length}).all().x, 1);
  const Tensor clear = logical_or(now == 1, behind == 0);
  const auto area = [&](const Tensor& of) {
    return roc_auc(masked_select(of, clear), masked_select(now, clear));
  };
  const Tensor alarms = score > limit, healthy_rows = logical_and(now == 0, behind == 0);
  const Tensor fault =
      floor((arange(now.size()) + length) / (test.y.size() / flags.faults)).to(Dtype::int64);
  const Tensor hits =
      scatter_add(logical_and(alarms, now == 1).to(Dtype::float32), fault, {flags.faults + 1});
  const Tensor distance = mean(square(scaler(slice(test.x, {range(length, {})}))), 1);
  std::printf("errors %s, noise 0.05\n",
              to_string(spread.to(Dtype::float64) * scaler.scale()).c_str());
  std::printf("area under the curve %.3f, by the distance from the mean %.3f\n", area(score),
              area(distance));
  std::printf("faults found: %lld of %d, false alarms: %.2f %%, as asked: %.2f %%\n",
              static_cast<long long>(count_nonzero(hits).item()), flags.faults,
              100 * mean(masked_select(alarms, healthy_rows).to(Dtype::float64)).item(),
              100 * flags.false_alarms);
  if (flags.picture.empty()) return;
  const report::PlotOptions options{.title = "Readings that were not expected",
                                    .x_label = "reading",
                                    .y_label = "score",
                                    .y_scale = report::Scale::log};
  const Tensor faulty = reshape(argwhere(now == 1), {-1});
  report::Plot(options)
      .line(score)
      .scatter(faulty, take(score, faulty), {.label = "of a fault"})
      .horizontal(limit, {.label = "limit"})
      .save(flags.picture);
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Tells faults of a machine by forecasts of its sensors.",
      {{"--rows", &flags.rows, "Of healthy readings", integer_in(1000, 10'000'000)},
       {"--faults", &flags.faults, "In half as many rows more", integer_in(1, 1000)},
       {"--epochs", &flags.epochs, "Passes over half of the healthy readings, at most", positive},
       {"--false-alarms", &flags.false_alarms, "Share of healthy readings", inner_share},
       {"--picture", &flags.picture, "Of the scores, an SVG file"},
       {"--seed", &flags.seed, "Seed of readings and weights", seeds}},
      [&] { run(flags); });
}
