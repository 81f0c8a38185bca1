// A guitar's amplifier learnt from a recording of what goes in and what comes out (Wright,
// Damskägg, Juvela and Välimäki, Real-Time Guitar Amplifier Emulation with Deep Learning, 2020): a
// small recurrent net, which then plays block by block, as a sound card asks, and keeps its state.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <tuple>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int epochs = 150, width = 16, block = 64;
  double drive = 8;
  std::uint64_t seed = 0;
};

constexpr int per_second = 16'000;
constexpr std::int64_t streams = 64, pieces = 40;

/// Strings that are plucked one after another: Karplus and Strong 1983.
std::vector<double> plucked(int seconds, Rng& rng) {
  std::vector<double> sound(static_cast<std::size_t>(seconds * per_second)), string;
  for (std::size_t t = 0; t < sound.size(); ++t) {
    if (t % (per_second / 4) == 0) {
      string.resize(static_cast<std::size_t>(rng.integer(30, 200)));
      for (double& each : string) each = rng.normal();
    }
    double& now = string[t % string.size()];
    sound[t] = 0.3 * now;
    now = 0.498 * (now + string[(t + 1) % string.size()]);
  }
  return sound;
}

/// The amplifier: what is deep is taken out, what is left is bent, unlike above and below, and what
/// is shrill is softened.
std::vector<double> amplified(const std::vector<double>& sound, double drive) {
  double deep = 0, soft = 0;
  std::vector<double> wet;
  for (const double x : sound) {
    deep += 0.05 * (x - deep);
    const double bent = std::tanh(drive * (x - deep) + 0.3) - std::tanh(0.3);
    soft += 0.4 * (bent - soft);
    wet.push_back(0.7 * soft);
  }
  return wet;
}

/// [1, samples, 1]
Tensor as_tensor(const std::vector<double>& sound) {
  return reshape(from_vector(sound).to(Dtype::float32), {1, -1, 1});
}

struct Amplifier : nn::Module {
  Amplifier(std::int64_t width, Rng& rng)
      : net(child("net", nn::GRU(1, width, {}, rng))),
        out(child("out", nn::Dense(width, 1, {}, rng))) {}
  nn::GRU net;
  nn::Dense out;

  /// x [streams, samples, 1] and the net's state before it to the sound and the state behind it.
  std::pair<Tensor, Tensor> operator()(const Tensor& x, const Tensor& hidden) const {
    const RecurrentResult read = net(x, {.hidden = hidden});
    return {x + out(read.output), read.hidden};
  }
};

/// Energy of the error, in parts of that of the signal.
Tensor error_to_signal(const Tensor& x, const Tensor& wanted) {
  return sum(square(x - wanted)) / sum(square(wanted));
}

double decibels(const Tensor& x, const Tensor& wanted) {
  return 10 * std::log10(error_to_signal(x, wanted).item());
}

/// Truncated back-propagation: the state goes on from piece to piece, the gradient does not.
void train(const Amplifier& model, const Tensor& dry, const Tensor& wet, int epochs) {
  const Tensor x = reshape(dry, {streams, -1, 1}), y = reshape(wet, {streams, -1, 1});
  const auto heard = [](const Tensor& of) {  // more of what is shrill than of what is deep
    return slice(of, {Slice::all, range(1, {})}) - 0.85 * slice(of, {Slice::all, range(0, -1)});
  };
  const auto cosine = optim::schedule::cosine(epochs * pieces);
  optim::Adam optimizer(model, {.learning_rate = 0.01, .schedule = cosine});
  auto step = compile([&](const Tensor& in, const Tensor& wanted, const Tensor& before) {
    const auto [sound, hidden] = model(in, before);
    optimizer.zero_grad();
    error_to_signal(heard(sound), heard(wanted)).backward();
    optim::clip_grad_norm(model.parameters(), 1);
    optimizer.step();
    return hidden;
  });
  const std::vector<Tensor> ins = split(x, pieces, 1), outs = split(y, pieces, 1);
  for (int epoch = 0; epoch < epochs; ++epoch) {
    Tensor hidden = zeros({1, streams, model.out.weight.extent(0)});
    for (std::size_t i = 0; i < ins.size(); ++i) hidden = step(ins[i], outs[i], hidden);
  }
}

/// The best that a filter of so many taps does, by least squares.
Tensor filtered(const Tensor& dry, const Tensor& wet, std::int64_t taps) {
  const Tensor x = reshape(dry, {-1}), late = pad(x, {{taps - 1, 0}});
  const Tensor rows = take(late, expand_dims(arange(x.size()), 1) + arange(taps));
  return reshape(matmul(rows, linalg::lstsq(rows, reshape(wet, {-1}))), wet.shape());
}

void run(const Flags& flags) {
  Rng rng(flags.seed);
  const auto music = plucked(8, rng), other = plucked(2, rng);
  const Amplifier model(flags.width, rng);
  train(model, as_tensor(music), as_tensor(amplified(music, flags.drive)), flags.epochs);

  const NoGradGuard off;
  const Tensor dry = as_tensor(other), wet = as_tensor(amplified(other, flags.drive));
  const Tensor still = zeros({1, 1, flags.width}), whole = model(dry, still).first;
  std::printf("error to signal: %.1f dB as it is, %.1f dB by a filter, %.1f dB by the net\n",
              decibels(dry, wet), decibels(filtered(dry, wet, 64), wet), decibels(whole, wet));

  auto play = compile([&](const Tensor& x, const Tensor& hidden) { return model(x, hidden); });
  std::vector<Tensor> blocks;
  Tensor hidden = still;
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t first = 0; first < dry.extent(1); first += flags.block) {
    const Tensor block = slice(dry, {Slice::all, range(first, first + flags.block)});
    std::tie(blocks.emplace_back(), hidden) = play(block, hidden);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double error = amax(abs(concatenate(blocks, 1) - whole)).item();
  std::printf("blocks of %d: within %.1e of the whole, %.0f times as fast as they sound\n",
              flags.block, error, 2 / took.count());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Learns an amplifier from a recording, and plays through it in blocks.",
      {{"--epochs", &flags.epochs, "Passes over eight seconds of music", positive},
       {"--width", &flags.width, "Of the net", positive},
       {"--drive", &flags.drive, "How much the amplifier bends", number_in(0.1, 100)},
       {"--block", &flags.block, "Samples of a block", positive},
       {"--seed", &flags.seed, "Seed of music and weights", seeds}},
      [&] { run(flags); });
}
