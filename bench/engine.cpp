// Measures what the engine costs beside the arithmetic: time and memory per recorded node,
// start-up, resident memory, and the compilation of a user's program.

#include <exception>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "engine_child.hpp"
#include "machine.hpp"
#include "measure.hpp"
#include "process.hpp"
#include "rows.hpp"
#include "support/program.hpp"

namespace {

bench::Rows rows;

/// One line of the table.
void print(const std::string& what, double value, const std::string& unit, double target) {
  rows.add(what, {{unit, value}});
  std::cout << std::left << std::setw(58) << what << std::right << std::fixed
            << std::setprecision(value < 10 ? 2 : 1) << std::setw(9) << value << ' ' << std::left
            << std::setw(4) << unit;
  if (target > 0) {
    std::cout << "  <= " << std::defaultfloat << std::setprecision(6) << target;
    if (value > target) std::cout << "  missed";
  }
  std::cout << std::endl;
}

/// Runs a task of engine_child.hpp three times, each in a process of its own, and returns the
/// medians of the numbers that it prints.
std::vector<double> run_task(const std::string& task) {
  constexpr int runs = 3;
  std::vector<std::vector<double>> columns;
  for (int run = 0; run < runs; ++run) {
    std::istringstream in(bench::run_process({bench::this_program(), "--task", task}).output.at(0));
    std::size_t column = 0;
    for (double number = 0; in >> number; ++column) {
      if (column == columns.size()) columns.emplace_back();
      columns[column].push_back(number);
    }
  }
  std::vector<double> medians;
  for (const auto& column : columns) medians.push_back(bench::median(column));
  return medians;
}

void measure_scalar_node(int rounds) {
  constexpr int length = 1000;
  constexpr int chains = 300;  // a round; the first one also fills the pools and does not count
  std::vector<double> nanoseconds;
  for (int round = 0; round <= rounds; ++round) {
    double seconds = 0;
    for (int i = 0; i < chains; ++i) seconds += bench::run_chain(length, true).total();
    if (round > 0) nanoseconds.push_back(seconds / (chains * length) * 1e9);
  }
  print("scalar node, build + backward + free, chain of 1000", bench::median(nanoseconds), "ns",
        100);
}

void measure_long_chains() {
  constexpr double seconds = 0.5;
  constexpr double megabytes = 250;
  const auto swept = run_task("chain");
  print("chain of 1e6 nodes: build", swept.at(0), "s", 0);
  print("chain of 1e6 nodes: backward", swept.at(1), "s", 0);
  print("chain of 1e6 nodes: free", swept.at(2), "s", 0);
  print("chain of 1e6 nodes: in all", swept.at(0) + swept.at(1) + swept.at(2), "s", seconds);
  print("chain of 1e6 nodes: growth of peak memory", swept.at(3), "MB", megabytes);
  for (const std::string task : {"small-stack", "dropped"}) {
    const auto figures = run_task(task);
    const std::string what = task == "dropped" ? "without backward" : "on a stack of 256 KB";
    print("the same " + what + ": in all", figures.at(0) + figures.at(1) + figures.at(2), "s",
          seconds);
    print("the same " + what + ": growth of peak memory", figures.at(3), "MB", megabytes);
  }
}

void measure_start_up() {
  constexpr int runs = 20;
  std::vector<double> milliseconds;
  for (int i = 0; i < runs; ++i) {
    milliseconds.push_back(
        bench::run_process({bench::this_program(), "--task", "one-step"}).seconds * 1e3);
  }
  print("start-up plus one step of workload a, whole process", bench::median(milliseconds), "ms",
        10);
}

void measure_resident_memory() {
  const auto megabytes = run_task("memory");
  print("resident memory after 1000 steps of workload a", megabytes.at(0), "MB", 15);
  print("the most there was", megabytes.at(1), "MB", 15);
}

void measure_compilation() {
  constexpr int runs = 3;
  std::vector<double> seconds, megabytes;
  for (int i = 0; i < runs; ++i) {
    const auto run =
        bench::run_process({XTAPE_BENCH_COMPILER, "-std=c++20", "-O2", "-I", XTAPE_BENCH_INCLUDES,
                            "-c", XTAPE_BENCH_USER_PROGRAM, "-o", "/dev/null"});
    seconds.push_back(run.processor_seconds);
    megabytes.push_back(run.peak_megabytes);
  }
  print("compile a user's program, -O2", bench::median(seconds), "s", 2);
  print("memory of the compiler", bench::median(megabytes), "MB", 300);
}

/// Beside the libraries that it loads.
void measure_size() {
  const bench::ScratchDirectory scratch;
  const std::string stripped = scratch.path() / "program";
  const auto measure = [&](const char* what, const char* program) {
    bench::run_process({"strip", "-o", stripped, program});
    print(what, static_cast<double>(std::filesystem::file_size(stripped)) / (1 << 20), "MB", 0);
  };
  measure("a user's program, stripped", XTAPE_BENCH_USER_PROGRAM_BUILT);
  measure("the same, linked with --gc-sections", XTAPE_BENCH_USER_PROGRAM_COLLECTED);
}

/// A recurrent net, forward and backward, of four times the length takes four times as long.
void measure_lengths() {
  const auto times = run_task("lengths");
  print("RNN of 100 steps, forward and backward", times.at(0), "ms", 0);
  print("the same of 400 steps", times.at(1), "ms", 0);
  print("RNN: 400 steps in terms of 100", times.at(1) / times.at(0), "", 4.2);
}

/// What the pool keeps when no step is like another.
void measure_fragmentation() {
  const auto megabytes = run_task("shapes");
  print("batches of random size and length: growth of peak memory", megabytes.at(0), "MB", 0);
  print("the same: the most that tensors used at a time", megabytes.at(1), "MB", 0);
  print("batches of random size and length: the one in terms of the other",
        megabytes.at(0) / megabytes.at(1), "", 0);
}

void measure(int rounds, const std::string& json) {
  std::cout << std::left << std::setw(58) << ""
            << "  measured       target\n";
  measure_scalar_node(rounds);
  measure_long_chains();
  measure_start_up();
  measure_resident_memory();
  measure_compilation();
  measure_size();
  measure_lengths();
  measure_fragmentation();
  rows.write(json);
  std::cout
      << "\nMedians. Time is processor time, but for the start-up, which others on the machine "
         "can delay.\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    // Before anything else: the start-up of this process may be what is measured.
    if (argc == 3 && std::string(argv[1]) == "--task" && bench::run_child_task(argv[2])) return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_engine: " << error.what() << '\n';
    return 1;
  }
  int rounds = 15;
  std::string json;
  return run_program(
      argc, argv,
      "Measures what the engine costs beside the arithmetic: time and memory per recorded node,\n"
      "start-up, resident memory, and the compilation of a user's program.",
      {{"--rounds", &rounds, "Rounds of the scalar node's timing", integer_in(1, 1'000'000)},
       {"--json", &json, "Writes the table to this file too"}},
      [&] { measure(rounds, json); });
}
