// A flame in a tube, whose chemistry takes all the time, and networks that learn it while the
// solver runs: where they agree, they stand for it; where they do not, it is solved as ever, and
// they learn from that (as in the tables of Pope, Computationally efficient implementation of
// combustion chemistry, 1997). Heat and fuel spread by implicit steps, and react cell by cell in
// between.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int steps = 500, learning_steps = 30;
  double tolerance = 0.02, audits = 0.01;
  std::uint64_t seed = 0;
};

constexpr std::int64_t cells = 400, members = 4, width = 24, batch_size = 64;
constexpr double dx = 0.05, dt = 0.02, lewis = 1.3, steepness = 10, expansion = 0.8;

/// How far the fuel of each cell burns in dt, the logarithm of its parts before and after, from
/// fuel and heat, [cells, 2]: by 100 steps of Runge and Kutta's method. Lengths and times are such
/// that a steep flame has the speed 1 (Zeldovich and Frank-Kamenetskii 1938).
Tensor solved(const Tensor& state) {
  constexpr double h = dt / 100;
  const Tensor fuel = transpose(state)[0], all = sum(state, 1);  // what burns turns into heat
  const auto rate = [&](const Tensor& burnt) {
    const Tensor cold = 1 - all + fuel * exp(-burnt);
    return steepness * steepness / (2 * lewis) * exp(-steepness * cold / (1 - expansion * cold));
  };
  Tensor burnt = zeros(fuel.shape());
  for (int i = 0; i < 100; ++i) {
    const Tensor a = rate(burnt), b = rate(burnt + h / 2 * a), c = rate(burnt + h / 2 * b),
                 d = rate(burnt + h * c);
    burnt += h / 6 * (a + 2 * b + 2 * c + d);
  }
  return burnt;
}

/// The logarithm of the same by a network of parameters p.
Tensor guessed(const std::vector<Tensor>& p, const Tensor& state) {
  const Tensor hidden = tanh(linear(tanh(linear(state, p[0], p[1])), p[2], p[3]));
  return squeeze(linear(hidden, p[4], p[5]), 1);
}

/// Networks that learn together, each from draws of its own of what has been solved.
struct Surrogate {
  std::vector<Tensor> p;  // of all of them, with a leading axis
  optim::Adam optimizer{p, {.learning_rate = 1e-2, .decay = 1e-3}};
  Tensor states = zeros({0, 2}), logs = zeros({0});

  void remember(const Tensor& state, const Tensor& burnt) {
    const Slice latest = range(-5000, {});
    states = slice(concatenate({states, state}), {latest});
    logs = slice(concatenate({logs, log(burnt + 1e-7)}), {latest});
  }
};

std::vector<Tensor> drawn_parameters(Rng& rng) {
  std::vector<Tensor> p{rng.normal({members, 2, width}, 0, 1),       zeros({members, width}),
                        rng.normal({members, width, width}, 0, 0.3), zeros({members, width}),
                        rng.normal({members, width, 1}, 0, 0.3),     zeros({members, 1}) - 8};
  for (Tensor& each : p) each.set_requires_grad(true);
  return p;
}

/// How heat or fuel spreads in dt along a closed tube: the inverse of 1 - dt diffusivity d2/dx2.
Tensor spreading(double diffusivity) {
  const Tensor beside = diag(ones({cells - 1}), 1) + diag(ones({cells - 1}), -1);
  return linalg::inverse(eye(cells) +
                         dt * diffusivity / (dx * dx) * (diag(sum(beside, 1)) - beside));
}

void run(const Flags& flags) {
  set_default_dtype(Dtype::float64);
  Rng rng(flags.seed);
  const Tensor of_fuel = spreading(1 / lewis), of_heat = spreading(1);
  const auto spread = [&](const Tensor& state) {
    const Tensor s = transpose(state);
    return stack({matmul(of_fuel, s[0]), matmul(of_heat, s[1])}, 1);
  };
  const auto after = [](const Tensor& state, const Tensor& burnt) {
    const Tensor fuel = transpose(state)[0] * exp(-burnt);
    return stack({fuel, sum(state, 1) - fuel}, 1);
  };
  const Tensor ahead = relu(dx * arange(1.0 * cells) - 2);  // of a hot end
  const Tensor rich = where(ahead > 5, 1.1, 1.0);  // there are states that were not met before
  const Tensor start = stack({rich * (1 - exp(-lewis * ahead)), exp(-ahead)}, 1);

  Surrogate learnt{drawn_parameters(rng)};
  auto guesses = compile([&](const Tensor& state) {
    return exp(vmap([&](const std::vector<Tensor>& p) { return guessed(p, state); })(learnt.p));
  });
  auto learn = compile([&](const Tensor& states, const Tensor& logs) {
    std::vector<Tensor> with = learnt.p;
    with.insert(with.end(), {states, logs});
    const Tensor errors = vmap([](const std::vector<Tensor>& in) {
      return mean(square(guessed(in, in[6]) - in[7]));
    })(with);
    learnt.optimizer.zero_grad();
    sum(errors).backward();
    learnt.optimizer.step();
  });
  auto exact = compile([&](const Tensor& state) {
    const Tensor s = spread(state);
    return after(s, solved(s));
  });

  Tensor state = start, truth = start;
  std::int64_t calls = 0;
  for (int step = 0; step < flags.steps; ++step) {
    truth = exact(truth);
    const Tensor s = spread(state), all = guesses(s);
    const Tensor unsure =
        logical_or(amax(all, 0) - amin(all, 0) > flags.tolerance * mean(all, 0) + 1e-6,
                   rng.uniform({cells}) < (step < 5 ? 1 : flags.audits));
    const Tensor rows = reshape(argwhere(unsure), {-1}), asked = take(s, rows);
    const Tensor answers = solved(asked);
    calls += rows.size();
    learnt.remember(asked, answers);
    state = after(s, set(mean(all, 0), {rows}, answers));
    for (int i = 0; i < flags.learning_steps; ++i) {
      const Tensor batch = rng.integers(0, learnt.logs.size(), {members, batch_size});
      learn(take(learnt.states, batch), take(learnt.logs, batch));
    }
    if ((step + 1) % 100 == 0)
      std::printf("step %d: solved %.1f %% of the cells, flame moved %.3f, exactly %.3f\n",
                  step + 1, 100.0 * static_cast<double>(calls) / (cells * (step + 1.0)),
                  sum(state - start, 0)(1).item() * dx, sum(truth - start, 0)(1).item() * dx);
  }
  std::printf("mean difference %.4f\n", mean(abs(state - truth)).item());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Solves for a flame, with networks that learn its chemistry meanwhile.",
      {{"--steps", &flags.steps, "Of the solver", integer_in(100, 100'000)},
       {"--learning-steps", &flags.learning_steps, "After each of these", positive},
       {"--tolerance", &flags.tolerance, "How far networks that are trusted may disagree",
        not_negative},
       {"--audits", &flags.audits, "Share of cells that are solved though they are trusted", share},
       {"--seed", &flags.seed, "Seed of networks and audits", seeds}},
      [&] { run(flags); });
}
