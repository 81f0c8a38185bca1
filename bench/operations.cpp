// Times each operation at some 1e5 elements, forward alone and with backward, beside NumPy and PyTorch,
// one thread each, in interleaved rounds; prints a table, the operations that are slowest beside the
// better of the two first.

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/reduce.hpp>

#include <CLI/CLI.hpp>
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
#include "operation_table.hpp"
#include "process.hpp"

namespace {

using bench::Input;
using xtape::Dtype;
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

/// Who answers how long an operation takes: microseconds a call, of so many calls; nothing if it has
/// no such operation.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual std::optional<double> time(bool backward, int calls) = 0;
};

class Ours : public Timer {
 public:
  Ours(const bench::Operation& operation, Dtype dtype) : operation_(operation) {
    for (std::size_t i = 0; i < operation.inputs.size(); ++i) {
      inputs_.push_back(made(operation.inputs[i], i, dtype));
      if (inputs_.back().requires_grad()) wanted_.push_back(inputs_.back());
    }
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
    static_cast<void>(grad(recorded, wanted_, options_));
  }

  const bench::Operation& operation_;
  Tensors inputs_, wanted_;
  xtape::GradOptions options_;
};

/// bench/peers/operations_peer.py
class Peers {
 public:
  explicit Peers(const std::string& python)
      : process_({python, bench::file_beside_program("operations_peer.py")}) {
    name = ask("version");
  }

  std::string ask(const std::string& line) {
    if (process_.write_line(line)) {
      if (auto answer = process_.read_line()) return *std::move(answer);
    }
    throw std::runtime_error("the peers ended when asked: " + line);
  }

  void load(const bench::Operation& operation, Dtype dtype) {
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
  bench::Process process_;
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

/// The least of interleaved rounds, in each of which every one has a slot: what else runs on the machine
/// makes a time longer, never shorter.
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
};

std::string number(std::optional<double> value) {
  if (!value) return "";
  std::ostringstream text;
  text << std::fixed << std::setprecision(*value >= 10 ? 0 : *value >= 1 ? 1 : 2) << *value;
  return text.str();
}

/// Throws std::runtime_error unless the times compared are those of the same mathematics. Random masks
/// agree to two percent, and so must the others.
void check_same(const std::string& operation, const Ours& ours, Peers& peers) {
  const double expected = ours.squares();
  for (const std::string who : {"numpy", "torch"}) {
    const std::string answer = peers.ask("squares\t" + who);
    if (answer == "none" || std::stod(answer) == expected) continue;  // also infinite
    if (std::abs(std::stod(answer) - expected) <= 0.02 * expected) continue;
    throw std::runtime_error(operation + ": the squares of " + who + " add up to " + answer +
                             ", not to " + std::to_string(expected));
  }
}

/// ours, the better peer's and the ratio, each for one dtype and direction.
Line measured(const bench::Operation& operation, Peers& peers, int rounds) {
  Line line{operation.name, 0, ""};
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    peers.load(operation, dtype);
    Ours ours(operation, dtype);
    check_same(operation.name, ours, peers);
    Peer numpy(peers, "numpy"), torch(peers, "torch");
    for (const bool backward : {false, true}) {
      const auto times = least_times({&ours, &numpy, &torch}, backward, rounds);
      std::optional<double> best = times[1];
      if (times[2] && (!best || *times[2] < *best)) best = times[2];
      line.cells += " | " + number(times[0]) + " | " + number(best) + " | ";
      if (!times[0] || !best) continue;
      const double ratio = *times[0] / *best;
      line.worst = std::max(line.worst, ratio);
      line.cells += ratio > 1.2 ? "**" + number(ratio) + "**" : number(ratio);
    }
  }
  return line;
}

void run(int rounds, const std::string& only, const std::string& python) {
  bench::use_threads(1);
  setenv("OMP_NUM_THREADS", "1", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  Peers peers(python);
  std::vector<Line> lines;
  for (const bench::Operation& operation : bench::operations()) {
    if (operation.name.find(only) == std::string::npos) continue;
    std::cerr << operation.name << '\n';
    lines.push_back(measured(operation, peers, rounds));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.worst > b.worst; });
  std::cout << bench::blas_description() << "; " << peers.name << "; 1 thread, " << rounds
            << " rounds\n\n"
            << "| operation | float32: forward | peer | ratio | both | peer | ratio "
               "| float64: forward | peer | ratio | both | peer | ratio |\n"
            << "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Line& line : lines)
    std::cout << "| `" << line.operation << '`' << line.cells << " |\n";
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 9;
  std::string only, python = "python3";
  CLI::App app(
      "Times each operation at some 1e5 elements, forward alone and with backward, beside the "
      "better of\n"
      "NumPy and PyTorch: microseconds a call, the least of interleaved rounds on one CPU, the "
      "operations\n"
      "that are slowest beside their peers first.");
  app.add_option("--rounds", rounds, "Interleaved rounds of each operation")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--only", only, "Just the operations whose names hold this");
  app.add_option("--python", python, "An interpreter that has NumPy and PyTorch")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    run(rounds, only, python);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "bench_operations: " << error.what() << '\n';
    return 1;
  }
}
