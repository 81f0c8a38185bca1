// A pole that stands on a cart, kept from falling by pushes to the left and the right: what is to
// be done is learnt from trying, by proximal policy optimization (Schulman et al. 2017). Cart and
// pole are Gym's CartPole-v1, solved if they stand 475 of 500 steps in the mean.
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;
using distributions::Categorical;

struct Flags {
  int updates = 60, carts = 16, steps = 128, passes = 6;
  double learning_rate = 2e-3;
  std::uint64_t seed = 0;
};

constexpr int longest = 500;
constexpr double discount = 0.99, fading = 0.95;

/// Place, speed, angle and its speed of each cart, [carts, 4], after 0.02 s of a push to the right
/// (1) or the left (0).   Source: Barto, Sutton and Anderson 1983, without friction.
Tensor pushed(const Tensor& state, const Tensor& action) {
  constexpr double gravity = 9.8, mass = 1.1, pole = 0.1, half_length = 0.5, dt = 0.02;
  const Tensor s = transpose(state), angle_speed = s[3], c = cos(s[2]), sine = sin(s[2]);
  const Tensor force = where(action == 1, 10.0, -10.0);
  const Tensor along = (force + pole * half_length * square(angle_speed) * sine) / mass;
  const Tensor turn =
      (gravity * sine - c * along) / (half_length * (4.0 / 3 - pole / mass * square(c)));
  const Tensor rush = along - pole * half_length / mass * turn * c;
  return stack({s[0] + dt * s[1], s[1] + dt * rush, s[2] + dt * s[3], s[3] + dt * turn}, 1);
}

Tensor fallen(const Tensor& state) {
  const Tensor s = transpose(abs(state));
  return logical_or(s[0] > 2.4, s[2] > 12 * std::numbers::pi / 180);
}

Tensor upright(std::int64_t carts, Rng& rng) { return rng.uniform({carts, 4}, -0.05, 0.05); }

nn::Sequential network(std::int64_t outputs, double gain, Rng& rng) {
  const auto dense = [&](std::int64_t from, std::int64_t to, double scale) {
    return nn::Dense(from, to, {.weight_init = nn::init::orthogonal(scale)}, rng);
  };
  return nn::Sequential{dense(4, 64, std::numbers::sqrt2), nn::Tanh(),
                        dense(64, 64, std::numbers::sqrt2), nn::Tanh(), dense(64, outputs, gain)};
}

struct Learner : nn::Module {
  explicit Learner(Rng& rng)
      : actor(child("actor", network(2, 0.01, rng))), critic(child("critic", network(1, 1, rng))) {}
  nn::Sequential actor, critic;
  Categorical policy(const Tensor& states) const { return Categorical({.logits = actor(states)}); }
  /// How many rewards are to come.
  Tensor value(const Tensor& states) const { return squeeze(critic(states), 1); }
};

struct Carts {
  Tensor state, age;

  /// States, actions, the logarithms of their probabilities, how much better than expected it went,
  /// and what was to be expected, [steps carts, ...] each.
  data::TensorList tried(const Learner& learner, const Flags& flags, Rng& rng) {
    const NoGradGuard off;
    std::vector<Tensor> states, actions, log_probs, rewards, on, values;
    for (int t = 0; t < flags.steps; ++t) {
      const Categorical policy = learner.policy(state);
      const Tensor action = policy.sample(rng), next = pushed(state, action), down = fallen(next);
      states.push_back(state);
      actions.push_back(action);
      log_probs.push_back(policy.log_prob(action));
      values.push_back(learner.value(state));
      age += 1;
      const Tensor end = logical_or(down, age == longest);
      // Where only the time is over, the critic says what would have come.
      rewards.push_back(1 + where(logical_and(end, !down), discount * learner.value(next), 0));
      on.push_back(where(end, 0.0, discount));
      state = where(expand_dims(end, 1), upright(flags.carts, rng), next);
      age = where(end, 0, age);
    }
    // Advantages of Schulman, Moritz, Levine, Jordan and Abbeel (2016), from the last step back.
    std::vector<Tensor> better(states.size());
    Tensor value = learner.value(state), advantage = 0;
    for (std::size_t t = states.size(); t > 0;) {
      --t;
      advantage = rewards[t] + on[t] * (value + fading * advantage) - values[t];
      better[t] = advantage;
      value = values[t];
    }
    const Tensor advantages = concatenate(better);
    return {concatenate(states), concatenate(actions), concatenate(log_probs),
            (advantages - mean(advantages)) / (stddev(advantages) + 1e-8),
            advantages + concatenate(values)};
  }
};

/// Steps that carts stand in the mean, always pushed as is likelier.
double judged(const Learner& learner, std::int64_t carts, Rng& rng) {
  const NoGradGuard off;
  Tensor state = upright(carts, rng), stands = full({carts}, true, Dtype::boolean), steps = 0;
  for (std::int64_t t = 0; t < longest; ++t) {
    state = pushed(state, argmax(learner.actor(state), 1));
    steps += stands.to(Dtype::float32);
    stands = logical_and(stands, !fallen(state));
  }
  return mean(steps).item();
}

void run(const Flags& flags) {
  Rng rng(flags.seed);
  const Learner learner(rng);
  optim::Adam optimizer(learner, {.learning_rate = flags.learning_rate});
  auto step = compile([&](const std::vector<Tensor>& batch) {
    const Categorical policy = learner.policy(batch[0]);
    const Tensor ratio = exp(policy.log_prob(batch[1]) - batch[2]), better = batch[3];
    const Tensor gain = minimum(ratio * better, clip(ratio, 0.8, 1.2) * better);
    const Tensor missed = square(learner.value(batch[0]) - batch[4]);
    optimizer.zero_grad();
    (-mean(gain) + 0.5 * mean(missed) - 0.005 * mean(policy.entropy())).backward();
    optim::clip_grad_norm(learner.parameters(), 0.5);
    optimizer.step();
  });
  Carts carts{upright(flags.carts, rng), zeros({flags.carts})};
  for (int update = 0; update < flags.updates; ++update) {
    data::TensorLoader loader(carts.tried(learner, flags, rng),
                              {.batch_size = 256, .shuffle = true}, rng);
    optimizer.set_learning_rate(flags.learning_rate * (1 - 1.0 * update / flags.updates));
    for (int pass = 0; pass < flags.passes; ++pass)
      for (const data::TensorList& batch : loader) step(batch);
    if (update % 10 != 9 && update + 1 < flags.updates) continue;
    std::printf("after %d steps: %.1f of 500\n", (update + 1) * flags.carts * flags.steps,
                judged(learner, 100, rng));
  }
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Learns to balance a pole on a cart.",
      {{"--updates", &flags.updates, "Of what is done, after some steps each", positive},
       {"--carts", &flags.carts, "That are tried side by side", positive},
       {"--steps", &flags.steps, "That each tries before an update", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam at the beginning", not_negative},
       {"--seed", &flags.seed, "Seed of weights, carts and pushes", seeds}},
      [&] { run(flags); });
}
