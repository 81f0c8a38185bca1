// What an LSTM makes of a series: the temperature some hours ahead, from all hours so far. It is
// trained on the past and tested on the block that follows, for several blocks. The past is read in
// pieces: the state goes on from one to the next, the gradient does not (truncated
// back-propagation).

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  int hours = 2400, folds = 3, ahead = 6, hidden = 24, epochs = 30, steps = 48, streams = 8;
  double learning_rate = 0.01;
  std::uint64_t seed = 0;
};

/// The temperature each hour: days, and weather that changes slowly.   [hours]
Tensor temperatures(std::int64_t hours, Rng& rng) {
  constexpr double day = 24;
  const Tensor hour = arange(0.0, static_cast<double>(hours), 1.0, Dtype::float32);
  std::vector<double> weather;  // an autoregressive process: each hour much like the one before
  for (std::int64_t i = 0; i < hours; ++i)
    weather.push_back((i == 0 ? 0 : 0.995 * weather.back()) + 0.3 * rng.normal());
  return 15 + 4 * sin(hour * (2 * std::numbers::pi / day)) +
         from_vector(std::move(weather)).to(Dtype::float32) + rng.normal({hours}, 0, 0.2);
}

struct Forecast : nn::Module {
  Forecast(std::int64_t hidden, Rng& rng)
      : net(child("net", nn::LSTM(1, hidden, {}, rng))),
        out(child("out", nn::Dense(hidden, 1, {}, rng))) {}
  nn::LSTM net;
  nn::Dense out;

  struct Result {
    Tensor change;  // against the last hour read
    nn::LstmInput state;
  };
  /// x [streams, steps, 1]
  Result operator()(const Tensor& x, const nn::LstmInput& state) const {
    const ErrorContext in = here();
    const LstmResult read = net(x, state);
    return {out(read.output), {.hidden = read.hidden, .cell = read.cell}};
  }
};

/// Hours as streams side by side, [streams, hours of a stream, 1]; what is left over is the first.
Tensor side_by_side(const Tensor& hours, std::int64_t streams) {
  const std::int64_t each = hours.size() / streams;
  return reshape(slice(hours, {range(hours.size() - each * streams, {})}), {streams, each, 1});
}

void train(const Forecast& model, const Tensor& past, const Flags& flags, ProgressBar& progress,
           const std::string& title) {
  const std::int64_t hours = past.size() - flags.ahead;
  const Tensor x = side_by_side(slice(past, {range(0, hours)}), flags.streams);
  const Tensor change = side_by_side(slice(past, {range(flags.ahead, {})}), flags.streams) - x;
  optim::Adam optimizer(model.parameters(), {.learning_rate = flags.learning_rate});
  for (int epoch = 0; epoch < flags.epochs; ++epoch) {
    nn::LstmInput state;
    for (std::int64_t first = 0; first < x.extent(1); first += flags.steps) {
      const Slice piece = range(first, first + flags.steps);
      const auto [y, next] = model(slice(x, {Slice::all, piece}), state);
      const Tensor loss = nn::mean_squared_error(
          reshape(y, {-1, 1}), reshape(slice(change, {Slice::all, piece}), {-1, 1}));
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
      optim::clip_grad_norm(model.parameters(), 1);
      optimizer.step();
      state = {.hidden = next.hidden.detach(), .cell = next.cell.detach()};
      progress.advance(y.size(), title);
    }
  }
}

double root_of_mean_square(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }

void forecast(const Flags& flags) {
  Rng rng(flags.seed);
  const Tensor celsius = temperatures(flags.hours, rng);
  const auto folds =
      data::blocked_k_fold(flags.hours, flags.folds, {.gap = flags.ahead, .past_only = true});
  std::int64_t total = 0;
  for (const data::Fold& fold : folds) total += fold.train.size() * flags.epochs;
  ProgressBar progress(total, "hours");
  double sum = 0, sum_as_now = 0;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const data::Fold& fold = folds[i];
    const std::string title = "fold " + std::to_string(i + 1) + "/" + std::to_string(flags.folds);
    const Tensor past = take(celsius, fold.train);
    const auto scaler = data::Scaler::standard(expand_dims(past, 1));  // fitted on the past alone
    const Tensor scaled = squeeze(scaler(expand_dims(celsius, 1)), 1);
    const Forecast model(flags.hidden, rng);
    train(model, take(scaled, fold.train), flags, progress, title);
    const NoGradGuard off;
    const std::int64_t first = fold.test.to_vector<std::int64_t>()[0], size = fold.test.size();
    const Tensor known = slice(scaled, {range(0, first + size - flags.ahead)});
    const Tensor read = model(reshape(known, {1, -1, 1}), {}).change[0] + expand_dims(known, 1);
    const Tensor told = squeeze(scaler.inverse(slice(read, {range(first - flags.ahead, {})})), 1);
    const Tensor came = take(celsius, fold.test);
    const Tensor now = slice(celsius, {range(first - flags.ahead, first + size - flags.ahead)});
    const double error = root_of_mean_square(told - came), as_now = root_of_mean_square(now - came);
    progress.clear();
    std::printf("%s, %lld hours of past: error %.2f degrees, as now %.2f\n", title.c_str(),
                static_cast<long long>(fold.train.size()), error, as_now);
    std::fflush(stdout);
    sum += error;
    sum_as_now += as_now;
  }
  std::printf("%d hours ahead: error %.2f degrees, as now %.2f, %.1f s\n", flags.ahead,
              sum / flags.folds, sum_as_now / flags.folds, progress.seconds());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Forecasts a series by an LSTM that is trained on its past.",
      {{"--hours", &flags.hours, "Length of the series", integer_in(100, 1'000'000)},
       {"--folds", &flags.folds, "Blocks to test on", integer_in(2, 50)},
       {"--ahead", &flags.ahead, "Hours from the last one known", integer_in(1, 1000)},
       {"--hidden", &flags.hidden, "Width of the LSTM", positive},
       {"--steps", &flags.steps, "Hours that a gradient goes back", positive},
       {"--streams", &flags.streams, "Parts of the past read side by side", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam", not_negative},
       {"--epochs", &flags.epochs, "Passes over the past", positive},
       {"--seed", &flags.seed, "Seed of weather and weights", seeds}},
      [&] { forecast(flags); });
}
