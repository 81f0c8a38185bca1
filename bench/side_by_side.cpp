#include "side_by_side.hpp"

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/reduce.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "machine.hpp"
#include "process.hpp"
#include "rows.hpp"
#include "support/program.hpp"

namespace bench {
namespace {

using xtape::Dtype;
using xtape::Shape;
using xtape::Tensor;
using Tensors = std::vector<Tensor>;

constexpr double slot = 10'000;  // microseconds

Tensor made(const Input& input, std::size_t seed, Dtype dtype) {
  const Tensor x = xtape::Rng(seed).uniform(input.shape, input.low, input.high, Dtype::float64);
  switch (input.kind) {
    case Input::Kind::differentiable: return x.to(dtype).set_requires_grad(true);
    case Input::Kind::constant: return x.to(dtype);
    case Input::Kind::whole: return floor(x).to(dtype);
    case Input::Kind::integer: return floor(x).to(Dtype::int64);
    case Input::Kind::boolean: return x > 0.5;
  }
  return x;
}

/// A shape of `elements` in place of one of 1e5; nothing if that is not meant to change.
std::optional<Shape> resized(const Shape& shape, std::int64_t elements) {
  if (shape == Shape{100'000}) return Shape{elements};
  if (shape != Shape{100, 1000}) return {};
  const std::int64_t rows = elements < 10 ? 1 : elements < 1000 ? 8 : elements < 100'000 ? 10 : 100;
  return Shape{rows, elements / rows};
}

/// The operations with so many elements, those for which that has a meaning.
std::vector<Operation> resized(const std::vector<Operation>& operations, std::int64_t elements) {
  if (elements == 100'000) return operations;
  std::vector<Operation> result;
  for (Operation operation : operations) {
    const bool all = std::ranges::all_of(operation.inputs, [&](Input& input) {
      const std::optional<Shape> shape = resized(input.shape, elements);
      if (shape) input.shape = *shape;
      const bool empty = elements < 64 && input.kind == Input::Kind::boolean;  // a mask may be
      return shape.has_value() && !empty;
    });
    if (all) result.push_back(std::move(operation));
  }
  return result;
}

/// Who answers how long an operation takes: microseconds a call, of so many calls; nothing if it
/// has no such operation.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual std::optional<double> time(bool backward, int calls) = 0;
};

class Ours : public Timer {
 public:
  Ours(const Operation& operation, Dtype dtype) : operation_(operation) {
    for (std::size_t i = 0; i < operation.inputs.size(); ++i) {
      inputs_.push_back(made(operation.inputs[i], i, dtype));
      if (inputs_.back().requires_grad()) wanted_.push_back(inputs_.back());
    }
    wanted_.insert(wanted_.end(), operation.parameters.begin(), operation.parameters.end());
    const Tensors y = operation_.apply(inputs_);
    for (const Tensor& one : y) {
      if (one.requires_grad()) options_.seeds.push_back(ones_like(one.detach()));
    }
    options_.allow_unused = true;
  }

  /// The sum of the squares of all results.
  double squares() const {
    double total = 0;
    for (const Tensor& one : operation_.apply(inputs_)) {
      const Tensor y = one.detach().to(Dtype::float64);
      total += sum(y * y).item();
    }
    return total;
  }

  std::optional<double> time(bool backward, int calls) override {
    if (backward && options_.seeds.empty()) return {};
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) backward ? run_both() : run_forward();
    const auto end = std::chrono::steady_clock::now();
    return std::chrono::duration<double, std::micro>(end - start).count() / calls;
  }

 private:
  void run_forward() const {
    const xtape::NoGradGuard off;
    static_cast<void>(operation_.apply(inputs_));
  }
  void run_both() const {
    Tensors recorded;
    for (const Tensor& one : operation_.apply(inputs_)) {
      if (one.requires_grad()) recorded.push_back(one);
    }
    if (!operation_.into_leaves) return static_cast<void>(grad(recorded, wanted_, options_));
    for (std::size_t i = 0; i < recorded.size(); ++i) recorded[i].backward(options_.seeds[i]);
    for (const Tensor& leaf : wanted_) leaf.zero_grad();
  }

  const Operation& operation_;
  Tensors inputs_, wanted_;
  xtape::GradOptions options_;
};

/// A program of bench/peers.
class Peers {
 public:
  Peers(const std::string& python, const std::string& program)
      : process_({python, file_beside_program(program)}) {
    name = ask("version");
  }

  std::string ask(const std::string& line) {
    if (process_.write_line(line)) {
      if (auto answer = process_.read_line()) return *std::move(answer);
    }
    throw std::runtime_error("the peers ended when asked: " + line);
  }

  void load(const Operation& operation, Dtype dtype) {
    std::ostringstream line;
    line << "load\t" << operation.name << '\t' << to_string(dtype);
    for (const Input& input : operation.inputs) {
      line << '\t' << static_cast<int>(input.kind) << ' ' << input.low << ' ' << input.high;
      for (const std::int64_t extent : input.shape) line << ' ' << extent;
    }
    ask(line.str());
  }

  std::string name;

 private:
  Process process_;
};

class Peer : public Timer {
 public:
  Peer(Peers& peers, std::string name) : peers_(peers), name_(std::move(name)) {}
  std::optional<double> time(bool backward, int calls) override {
    const std::string answer = peers_.ask(
        "time\t" + name_ + '\t' + (backward ? "both" : "forward") + '\t' + std::to_string(calls));
    if (answer == "none") return {};
    return std::stod(answer);
  }

 private:
  Peers& peers_;
  std::string name_;
};

/// The least of interleaved rounds, in each of which every one has a slot: what else runs on the
/// machine makes a time longer, never shorter.
std::vector<std::optional<double>> least_times(const std::vector<Timer*>& timers, bool backward,
                                               int rounds) {
  std::vector<std::optional<double>> result(timers.size());
  std::vector<int> calls(timers.size());
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i]->time(backward, 2);
    const auto once = timers[i]->time(backward, 3);
    if (once) calls[i] = std::clamp(static_cast<int>(slot / *once), 1, 10'000);
  }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < timers.size(); ++i) {
      if (calls[i] == 0) continue;
      const double time = *timers[i]->time(backward, calls[i]);
      result[i] = std::min(result[i].value_or(time), time);
    }
  }
  return result;
}

struct Line {
  std::string operation;
  double worst = 0;  // of the ratios
  std::string cells;
  Rows::Numbers numbers;
};

std::string number(std::optional<double> value) {
  if (!value) return "";
  std::ostringstream text;
  text << std::fixed << std::setprecision(*value >= 10 ? 0 : *value >= 1 ? 1 : 2) << *value;
  return text.str();
}

/// Throws std::runtime_error unless the times compared are those of the same mathematics. The sum
/// over n elements that half of dropout's masks keep has a deviation of 1.7 / sqrt(n): two of
/// these are no more than six deviations apart.
void check_same(const Operation& operation, const Ours& ours, Peers& peers,
                const std::vector<std::string>& contestants) {
  const double expected = ours.squares();
  const auto elements = static_cast<double>(operation.inputs[0].shape.size());
  const double apart = operation.draws ? std::max(0.02, 6 * 2.4 / std::sqrt(elements)) : 0.02;
  for (const std::string& who : contestants) {
    const std::string answer = peers.ask("squares\t" + who);
    if (answer == "none" || std::stod(answer) == expected) continue;  // also infinite
    if (std::isnan(expected) && std::isnan(std::stod(answer))) continue;
    if (std::abs(std::stod(answer) - expected) <= apart * expected) continue;
    throw std::runtime_error(operation.name + ": the squares of " + who + " add up to " + answer +
                             ", not to " + std::to_string(expected));
  }
}

/// ours, the better peer's and the ratio, each for one dtype and direction.
Line measured(const Operation& operation, Peers& peers, const SideBySide& options) {
  Line line{operation.name, 0, "", {}};
  for (const Dtype dtype : options.dtypes) {
    peers.load(operation, dtype);
    Ours ours(operation, dtype);
    check_same(operation, ours, peers, options.who);
    std::vector<Peer> others;
    for (const std::string& who : options.who) others.emplace_back(peers, who);
    std::vector<Timer*> timers{&ours};
    for (Peer& other : others) timers.push_back(&other);
    for (const bool backward : {false, true}) {
      const auto times = least_times(timers, backward, options.rounds);
      const std::string what = std::string(to_string(dtype)) + (backward ? " both" : " forward");
      std::optional<double> best;
      for (std::size_t i = 1; i < times.size(); ++i)
        if (times[i]) best = std::min(best.value_or(*times[i]), *times[i]);
      line.cells += " | " + number(times[0]) + " | " + number(best) + " | ";
      if (times[0]) line.numbers.emplace_back(what, *times[0]);
      if (best) line.numbers.emplace_back(what + " peer", *best);
      if (!times[0] || !best) continue;
      const double ratio = *times[0] / *best;
      line.worst = std::max(line.worst, ratio);
      line.cells += ratio > 1.2 ? "**" + number(ratio) + "**" : number(ratio);
    }
  }
  return line;
}

}  // namespace

void compare(const std::vector<Operation>& operations, const SideBySide& options) {
  use_threads(1);
  setenv("OMP_NUM_THREADS", "1", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  Peers peers(options.python, options.peers);
  std::vector<Line> lines;
  for (const Operation& operation : operations) {
    if (operation.name.find(options.only) == std::string::npos) continue;
    const auto& names = options.names;
    if (!names.empty() && std::ranges::find(names, operation.name) == names.end()) continue;
    std::cerr << operation.name << '\n';
    try {
      lines.push_back(measured(operation, peers, options));
    } catch (const xtape::Error& error) {  // such as the ten greatest of eight
      if (options.elements == 100'000) throw;
      std::cerr << "left out: " << error.what() << '\n';
    }
  }
  if (options.slowest_first) {
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.worst > b.worst; });
  }
  std::cout << blas_description() << "; " << peers.name << "; 1 thread, " << options.rounds
            << " rounds\n\n| operation |";
  for (const Dtype dtype : options.dtypes)
    std::cout << ' ' << to_string(dtype) << ": forward | peer | ratio | both | peer | ratio |";
  std::cout << "\n|---|";
  for (std::size_t i = 0; i < options.dtypes.size(); ++i) std::cout << "---|---|---|---|---|---|";
  std::cout << '\n';
  Rows rows;
  for (const Line& line : lines) {
    std::cout << "| `" << line.operation << '`' << line.cells << " |\n";
    rows.add(line.operation, line.numbers);
  }
  rows.write(options.json);
}

int compare_as_program(const std::string& description, std::vector<Operation> (*operations)(),
                       SideBySide options, int argc, char** argv) {
  return run_program(
      argc, argv, description,
      {{"--rounds", &options.rounds, "Interleaved rounds of each", integer_in(1, 1'000'000)},
       {"--only", &options.only, "Just those whose names hold this"},
       {"--names", &options.names, "Just these, separated by semicolons", separated_by(';')},
       {"--json", &options.json, "Writes the table to this file too"},
       {"--elements", &options.elements, "Instead of 1e5, of operations that work on any number",
        integer_in(1, 100'000'000)},
       {"--python", &options.python, "An interpreter that has NumPy and PyTorch"}},
      [&] { compare(resized(operations(), options.elements), options); });
}

}  // namespace bench
