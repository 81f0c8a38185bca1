// Two networks against each other: one makes points of noise, the other learns to tell them from
// those of eight heaps on a ring, and the first from what gives it away. They are known to go
// astray, to one heap or around in circles; a penalty on the slope of the judge, a gradient of a
// gradient, keeps them from that.

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
  int epochs = 10, steps = 1000, batch_size = 128, hidden = 64, noise = 4, heaps = 8;
  double learning_rate = 2e-3, spread = 0.1, penalty = 0.1;
  std::uint64_t seed = 0;
};

/// Middles of the heaps, on a ring of radius 2.   [heaps, 2]
Tensor middles(std::int64_t heaps) {
  const Tensor angle =
      arange(heaps).to(Dtype::float32) * (2 * std::numbers::pi / static_cast<double>(heaps));
  return 2 * stack({cos(angle), sin(angle)}, 1);
}

Tensor real_points(const Flags& flags, std::int64_t count, Rng& rng) {
  return take(middles(flags.heaps), rng.integers(0, flags.heaps, {count})) +
         rng.normal({count, 2}, 0, flags.spread);
}

nn::Sequential network(std::int64_t inputs, std::int64_t hidden, std::int64_t outputs, Rng& rng) {
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  return nn::Sequential{nn::Dense(inputs, hidden, he, rng), nn::LeakyReLU(0.2),
                        nn::Dense(hidden, hidden, he, rng), nn::LeakyReLU(0.2),
                        nn::Dense(hidden, outputs, {}, rng)};
}

/// The squared slope of the judge at points, mean over them. Source: Mescheder, Geiger and Nowozin,
/// Which Training Methods for GANs do actually Converge? (2018), equation 9.
Tensor squared_slope(const nn::Sequential& judge, const Tensor& points) {
  const Tensor at = points.detach().set_requires_grad(true);
  const auto [slope] = grad(sum(judge(at)), {at}, {.create_graph = true});
  return mean(sum(square(slope), 1));
}

struct Game {
  nn::Sequential maker, judge;
  optim::Adam maker_optimizer, judge_optimizer;

  Game(const Flags& flags, Rng& rng)
      : maker(network(flags.noise, flags.hidden, 2, rng)),
        judge(network(2, flags.hidden, 1, rng)),
        maker_optimizer(maker.parameters(), {.learning_rate = flags.learning_rate, .beta1 = 0.5}),
        judge_optimizer(judge.parameters(), {.learning_rate = flags.learning_rate, .beta1 = 0.5}) {}

  /// The judge's scores are logits of being real: softplus(-score) is the loss of what should be.
  void judge_learns(const Tensor& real, const Tensor& made, double penalty) {
    const Tensor told = mean(softplus(-judge(real))) + mean(softplus(judge(made)));
    if (judge_optimizer.steps() == 0) require_all_stepped(judge_optimizer, told, judge);
    const Tensor loss = told + penalty * squared_slope(judge, real);
    judge_optimizer.zero_grad();
    loss.backward();
    judge_optimizer.step();
  }
  void maker_learns(const Tensor& made) {
    const Tensor loss = mean(softplus(-judge(made)));
    maker_optimizer.zero_grad();
    loss.backward();
    maker_optimizer.step();
  }
};

/// In how many heaps there are points, at least a third of their share, and which part of all
/// points lies within three deviations of a middle.
std::pair<int, double> judged(const Tensor& points, const Flags& flags) {
  const Tensor away =
      norm(expand_dims(points, 1) - expand_dims(middles(flags.heaps), 0), -1);  // [n, heaps]
  const Tensor near = (away < 3 * flags.spread).to(Dtype::float64);
  const Tensor shares = mean(near, 0);
  const Tensor found = shares > 1 / (3.0 * flags.heaps);
  return {static_cast<int>(count_nonzero(found).item()), sum(shares).item()};
}

void play(const Flags& flags) {
  Rng rng(flags.seed);
  Game game(flags, rng);
  optim::Averaging average(game.maker.parameters(), {.decay = 0.99, .warm_up = true});
  ProgressBar progress(std::int64_t{flags.epochs} * flags.steps, "steps");
  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    const std::string title = "epoch " + std::to_string(epoch) + "/" + std::to_string(flags.epochs);
    for (int step = 0; step < flags.steps; ++step) {
      const Tensor made = game.maker(rng.randn({flags.batch_size, flags.noise}));
      game.judge_learns(real_points(flags, flags.batch_size, rng), made.detach(), flags.penalty);
      game.maker_learns(made);
      average.update();
      progress.advance(1, title);
    }
    const NoGradGuard off;
    const auto in_use = average.apply();
    const auto [found, near] = judged(game.maker(rng.randn({4000, flags.noise})), flags);
    progress.clear();
    std::printf("%s, heaps: %d of %d, points in heaps: %.3f, %.1f s\n", title.c_str(), found,
                flags.heaps, near, progress.seconds());
    std::fflush(stdout);
  }
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a generative adversarial network on heaps of points.",
      {{"--epochs", &flags.epochs, "Parts of the training that are told of", positive},
       {"--steps", &flags.steps, "Steps of each epoch", positive},
       {"--batch-size", &flags.batch_size, "Points of a step", positive},
       {"--hidden", &flags.hidden, "Width of the hidden layers", positive},
       {"--noise", &flags.noise, "Numbers that a point is made of", positive},
       {"--heaps", &flags.heaps, "Heaps on the ring", integer_in(1, 100)},
       {"--spread", &flags.spread, "Standard deviation of a heap", inner_share},
       {"--penalty", &flags.penalty, "Factor of the judge's squared slope", not_negative},
       {"--learning-rate", &flags.learning_rate, "Of Adam, for both", not_negative},
       {"--seed", &flags.seed, "Seed of weights, points and noise", seeds}},
      [&] { play(flags); });
}
