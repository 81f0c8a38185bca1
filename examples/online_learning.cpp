// A model that serves and learns at once: of each line, features and then the truth, it first says
// what it expects, and learns only then (prequential error; Dawid 1984). Lines come from standard
// input, or are made, and what is true of them drifts. Every so many lines all is written to a
// file, whole or not at all; started again after whatever ended it, it goes on to the same bits.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  bool from_input = false;
  int features = 4;
  std::int64_t lines = 30'000, warm_up = 5000, every = 2500;
  std::string checkpoint;
  std::uint64_t seed = 0;
};

/// The net, the latest lines and the scale of columns, of which the truth is the last: no more
/// memory however long it runs, and all of it in the state.
struct Learner : nn::Module {
  Learner(std::int64_t features, Rng& rng)
      : net(child("net", nn::Sequential{nn::Dense(features, 32, {}, rng), nn::Tanh(),
                                        nn::Dense(32, 32, {}, rng), nn::Tanh(),
                                        nn::Dense(32, 1, {}, rng)})),
        latest(buffer("latest", zeros({32, features + 1}))),
        mean(buffer("mean", zeros({features + 1}))),
        squares(buffer("squares", ones({features + 1}))) {}
  nn::Sequential net;
  nn::Buffer latest, mean, squares;

  Tensor scale() const { return sqrt(relu(squares - square(mean)) + 1e-6); }
  /// The truths [n] that are expected of features [n, features].
  Tensor operator()(const Tensor& x) const {
    const Slice known = range(0, -1);
    const Tensor y = net((x - slice(mean, {known})) / slice(scale(), {known}));
    return squeeze(y, 1) * scale()[-1] + mean[-1];
  }
  void see(const Tensor& row) const {  // [features + 1]
    latest.assign(concatenate({slice(latest, {range(1, {})}), expand_dims(row, 0)}));
    mean.assign(mean + 0.01 * (row - mean));
    squares.assign(squares + 0.01 * (square(row) - squares));
  }
  Tensor loss() const {
    const Tensor x = slice(latest, {Slice::all, range(0, -1)}), y = slice(latest, {Slice::all, -1});
    return xtape::mean(square((operator()(x) - y) / scale()[-1]));
  }
};

/// The numbers of a line into `row`, none if something else stands there.
void read(const std::string& line, std::vector<float>& row) {
  row.clear();
  for (const char* at = line.c_str(); *at != '\0';) {
    char* end = nullptr;
    row.push_back(std::strtof(at, &end));
    const bool whole = end != at && (*end == ',' || *end == '\0');
    if (!whole || !std::isfinite(row.back())) return row.clear();
    at = *end == ',' ? end + 1 : end;
  }
}

/// Features and a truth with noise of 0.1, which becomes another from line 15000 to 16000.
void make(std::int64_t line, std::vector<float>& row, Rng& rng) {
  const double drift = std::clamp(static_cast<double>(line - 15'000) / 1000, 0.0, 1.0);
  double truth = 0.1 * rng.normal();
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    const double x = rng.normal();
    row[i] = static_cast<float>(x);
    truth += i % 2 == 0 ? std::sin(x + drift) : (1 - 2 * drift) * x;
  }
  row.back() = static_cast<float>(truth);
}

void serve(const Flags& flags) {
  Rng rng(flags.seed);
  Learner model(flags.features, rng), frozen = clone(model);
  optim::Adam optimizer(model, {.learning_rate = 3e-3});
  auto answer = compile([&](const Tensor& x) { return std::pair(model(x), frozen(x)); });
  auto learn = compile([&](const Tensor& row) {
    model.see(row);
    optimizer.zero_grad();
    model.loss().backward();
    optimizer.step();
  });
  std::int64_t line = 0;
  double count = 0, error = 0, frozen_error = 0;  // of lines, and of squares
  Checkpoint state;
  state.add("model", model).add("frozen", frozen).add("optimizer", optimizer);
  state.add("rng", rng).add("line", line);
  if (std::filesystem::exists(flags.checkpoint)) state.load(flags.checkpoint);
  std::string text;
  for (std::int64_t i = 0; flags.from_input && i < line; ++i) std::getline(std::cin, text);
  std::vector<double> took;  // microseconds for each of the last lines
  took.reserve(5000);
  std::vector<float> row(static_cast<std::size_t>(flags.features) + 1);
  while (flags.from_input ? bool(std::getline(std::cin, text)) : line < flags.lines) {
    flags.from_input ? read(text, row) : make(line, row, rng);
    if (++line == flags.warm_up) frozen.restore(model.state());
    if (std::ssize(row) != flags.features + 1) {
      std::cerr << "line " << line << " is not " << flags.features + 1 << " numbers\n";
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    const Tensor all = from_vector(row), x = slice(expand_dims(all, 0), {Slice::all, range(0, -1)});
    const auto [told, frozen_told] = answer(x);
    learn(all);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const std::size_t place = static_cast<std::size_t>(line) % took.capacity();
    (took.size() < took.capacity() ? took.emplace_back() : took[place]) = 1e6 * seconds.count();
    error += std::pow(told.item() - row.back(), 2);
    frozen_error += std::pow(frozen_told.item() - row.back(), 2);
    ++count;
    if (line % flags.every != 0) continue;
    std::cout << "line " << line << ": error " << std::sqrt(error / count) << ", of the frozen "
              << std::sqrt(frozen_error / count) << std::endl;
    count = error = frozen_error = 0;
    if (!flags.checkpoint.empty()) state.save(flags.checkpoint);
  }
  if (took.empty()) throw ValueError("there are no lines");
  const Tensor times = from_vector(took);
  std::cout << "microseconds a line: " << median(times).item() << " in the median, "
            << quantile(times, 0.99).item() << " for 99 of 100\n"
            << "bytes in use: " << memory::peak_bytes() << " at most\n";
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Predicts each line of a stream, and learns from it.",
      {{"--stdin", &flags.from_input, "Read lines of features and the truth, with commas between"},
       {"--features", &flags.features, "Of a line", integer_in(1, 10'000)},
       {"--lines", &flags.lines, "That are made, if none are read", positive},
       {"--warm-up", &flags.warm_up, "Line behind which another model stays as it is", positive},
       {"--checkpoint", &flags.checkpoint, "File to go on from, if it is there"},
       {"--every", &flags.every, "Lines from one writing of it, and of errors, to the next",
        positive},
       {"--seed", &flags.seed, "Seed of lines and weights", seeds}},
      [&] { serve(flags); });
}
