// A potential learnt from energies and forces, and atoms that move in it. The energy of each atom
// is a network of sums over its neighbours' distances (Behler and Parrinello 2007): the same for
// atoms turned, moved or exchanged. Forces, its slope, are fitted too, by a gradient of a gradient.
// It learns from clusters of seven Lennard-Jones atoms, whose lowest energy is known.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int epochs = 80, steps = 10'000;
  double dt = 0.005;
  std::uint64_t seed = 0;
};

constexpr std::int64_t atoms = 7, centres = 24, clusters = 40, snapshots = 50;
constexpr double hottest = 0.2, lowest_energy = -16.505384;  // Wales and Doye 1997, table 1

/// The first and the second atom of each pair, and 1 and -1 at these.   [2, pairs], [pairs, atoms]
const Tensor pairs = transpose(argwhere(triu(ones({atoms, atoms}), 1)));
const Tensor ends = take(eye(atoms, Dtype::float64), pairs[0]) - take(eye(atoms), pairs[1]);

/// Places [clusters, atoms, 3] to [clusters, pairs].
Tensor distances(const Tensor& x) { return norm(matmul(ends, x), -1); }

/// Energies [clusters] in units of the well's depth, for distances in those of the atoms' size.
Tensor lennard_jones(const Tensor& x) {
  const Tensor attraction = pow(distances(x), -6);
  return 4 * sum(square(attraction) - attraction, -1);
}

/// The learnt one: of each atom a network says the energy, from how many others are how near.
struct Potential {
  nn::Sequential net;
  Tensor operator()(const Tensor& x) const {
    const Tensor r = expand_dims(distances(x), -1), middles = 0.8 + 0.1 * arange(1.0 * centres);
    const Tensor fade = 0.5 + 0.5 * cos(std::numbers::pi * minimum(r / 3.5, 1));
    const Tensor near = fade * exp(-50 * square(r - middles));  // [clusters, pairs, centres]
    return sum(net(matmul(transpose(abs(ends)), near)), {1, 2});
  }
};

Tensor forces(const auto& energy, const Tensor& x) {
  return -grad([&](const Tensor& at) { return sum(energy(at)); })(x);
}

/// Places, velocities and forces, masses being 1, after a step of Langevin dynamics, BAOAB
/// (Leimkuhler and Matthews 2013); velocity Verlet's method where all of the velocities is kept.
std::vector<Tensor> moved(const auto& energy, const std::vector<Tensor>& s, double dt, double kept,
                          const Tensor& temperature, Rng& rng) {
  Tensor v = s[1] + dt / 2 * s[2], x = s[0] + dt / 2 * v;
  if (kept < 1) v = kept * v + sqrt((1 - kept * kept) * temperature) * rng.randn(v.shape());
  x += dt / 2 * v;
  const Tensor force = forces(energy, x);
  return {x, v + dt / 2 * force, force};
}

/// Places at many times of clusters that the true forces move, from cold ones to hot.
Tensor sampled(const Flags& flags, Rng& rng) {
  const NoGradGuard off;
  const Tensor turns = arange(5.0) * (2 * std::numbers::pi / 5);  // near the lowest energy:
  const Tensor pentagon = 0.95 * stack({cos(turns), sin(turns), zeros({5})}, 1);
  const Tensor x = broadcast_to(concatenate({pentagon, tensor({{0, 0, 0.59}, {0, 0, -0.59}})}),
                                {clusters, atoms, 3});
  const Tensor heat = reshape(linspace(hottest / 10, hottest, clusters), {-1, 1, 1});
  auto step = compile([&](const std::vector<Tensor>& s) {
    return moved(lennard_jones, s, flags.dt, 0.98, heat, rng);
  });
  std::vector<Tensor> state{x, zeros(x.shape()), forces(lennard_jones, x)}, seen;
  for (int i = 1; i <= 100 * snapshots; ++i) {
    state = step(state);
    if (i % 100 == 0) seen.push_back(state[0]);
  }
  return concatenate(seen);
}

void train(const Potential& model, const Flags& flags, const Tensor& x, Rng& rng) {
  data::TensorLoader loader({x, lennard_jones(x), forces(lennard_jones, x)},
                            {.batch_size = 50, .shuffle = true}, rng);
  const auto cosine = optim::schedule::cosine(flags.epochs * loader.size());
  optim::Adam optimizer(model.net, {.learning_rate = 0.015, .schedule = cosine});
  auto step = compile([&](const std::vector<Tensor>& batch) {
    optimizer.zero_grad();
    const Tensor of_energy = mean(square((model(batch[0]) - batch[1]) / double{atoms}));
    const Tensor of_forces = mean(square(forces(model, batch[0]) - batch[2]));
    (of_energy + 0.1 * of_forces).backward();
    optimizer.step();
  });
  for (int epoch = 0; epoch < flags.epochs; ++epoch)
    for (const data::TensorList& batch : loader) step(batch);
}

double rms(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }

/// Moves clusters without a bath, and tells how well their energies are kept.
void move_freely(const Potential& model, const Flags& flags, const Tensor& x, Rng& rng) {
  const NoGradGuard off;
  auto step = compile([&](const std::vector<Tensor>& s) {
    std::vector<Tensor> next = moved(model, s, flags.dt, 1, 0, rng);
    const Tensor potential = model(next[0]), kinetic = sum(square(next[1]), {1, 2}) / 2;
    next.insert(next.end(), {potential + kinetic, kinetic, potential - lennard_jones(next[0])});
    return next;
  });
  std::vector<Tensor> state{x, std::sqrt(hottest / 2) * rng.randn(x.shape()), forces(model, x)};
  Tensor energy, change = 0, error = 0;
  for (int i = 0; i < flags.steps; ++i) {
    state = step(state);
    if (i == 0) energy = state[3];
    change = maximum(change, amax(abs(state[3] - energy)));
    error = maximum(error, amax(abs(state[5])));
  }
  std::printf("%d steps: kinetic energy %.2f, energy kept to %.1e, potential true to %.3f\n",
              flags.steps, mean(state[4]).item(), change.item(), error.item());
}

void run(const Flags& flags) {
  set_default_dtype(Dtype::float64);
  Rng rng(flags.seed);
  const Tensor x = sampled(flags, rng), test = slice(x, {range(-5 * clusters, {})});
  const Potential model{nn::Sequential{nn::Dense(centres, 32, {}, rng), nn::Tanh(),
                                       nn::Dense(32, 32, {}, rng), nn::Tanh(),
                                       nn::Dense(32, 1, {}, rng)}};
  train(model, flags, slice(x, {range(0, -5 * clusters)}), rng);
  const Tensor truth = forces(lennard_jones, test);
  std::printf("later clusters: force error %.3f of %.2f, energy error an atom %.4f\n",
              rms(forces(model, test) - truth), rms(truth),
              rms(model(test) - lennard_jones(test)) / atoms);
  const Tensor some = slice(test, {range(0, 10)}), down = some.clone().set_requires_grad(true);
  move_freely(model, flags, some, rng);
  optim::LBFGS({down}, {.iterations = 300}).step([&] { return sum(model(down)); });
  std::printf("lowest energy %.3f, true %.3f\n", amin(model(down)).item(), lowest_energy);
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(argc, argv,
                     "Learns a potential from energies and forces, and moves atoms in it.",
                     {{"--epochs", &flags.epochs, "Passes over the snapshots", positive},
                      {"--steps", &flags.steps, "Of the motion in the learnt potential", positive},
                      {"--dt", &flags.dt, "Time of a step", number_in(1e-6, 0.02)},
                      {"--seed", &flags.seed, "Seed of motions and weights", seeds}},
                     [&] { run(flags); });
}
