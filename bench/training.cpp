// Times one training step of each workload side by side: the hand-written floor, xtape, and, when
// they are there, libtorch and NumPy. Rounds are interleaved: in each, every contestant has a slot
// of about 75 ms, in rotating order.

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "chart.hpp"
#include "contestant.hpp"
#include "floor.hpp"
#include "local.hpp"
#include "machine.hpp"
#include "measure.hpp"
#include "peer.hpp"
#include "report.hpp"
#include "support/program.hpp"
#include "workloads.hpp"
#include "xtape_models.hpp"

namespace {

struct Options {
  int rounds = 15;
  int threads = 1;
  bool times_only = false;
  std::string csv, json, svg;
  std::vector<std::string> only;
};

std::vector<bench::Workload> selected_workloads(const std::vector<std::string>& only) {
  auto workloads = bench::workloads();
  if (only.empty()) return workloads;
  std::erase_if(workloads, [&](const bench::Workload& workload) {
    return std::ranges::find(only, workload.name) == only.end();
  });
  return workloads;
}

template <class Model>
std::unique_ptr<bench::Local> local(const std::string& name, bench::ThreadCounts threads) {
  return std::make_unique<bench::LocalContestant<Model>>(name, threads);
}

/// Of the floor BLAS has the threads, in the library its own pool; with more than one of them the
/// library stands beside itself with one.
std::vector<std::unique_ptr<bench::Local>> local_contestants(int threads) {
  using namespace bench;
  std::vector<std::unique_ptr<Local>> all;
  all.push_back(local<FloorMlp>("floor", {.own = 1, .blas = threads}));
  all.push_back(local<XtapeModel>("xtape", {.own = threads}));
  all.push_back(local<ReplayedModel>("xtape, replayed", {.own = threads}));
  if (threads == 1) return all;
  all.push_back(local<XtapeModel>("xtape, 1 thread", {}));
  all.push_back(local<ReplayedModel>("xtape, replayed, 1 thread", {}));
  return all;
}

bench::Contestants find_contestants(int threads, const std::filesystem::path& scratch) {
  bench::Contestants all;
  for (auto& one : local_contestants(threads)) all.push_back(std::move(one));
  for (auto& peer : bench::start_peers(threads, scratch)) all.push_back(std::move(peer));
  return all;
}

void run(const Options& options) {
  std::ofstream csv;
  if (!options.csv.empty()) {
    csv.open(options.csv);
    if (!csv) throw std::runtime_error("cannot write " + options.csv);
  }
  const auto workloads = selected_workloads(options.only);
  bench::use_threads(options.threads);
  const bench::ScratchDirectory scratch;
  const auto contestants = find_contestants(options.threads, scratch.path());
  for (const auto& workload : workloads) bench::check_same_losses(contestants, workload);

  std::vector<std::string> names;
  for (const auto& contestant : contestants) names.push_back(contestant->name());
  std::cout << bench::blas_description() << "; " << options.threads << " thread"
            << (options.threads == 1 ? "" : "s") << ", " << options.rounds << " rounds\n\n";
  bench::print_header(std::cout, names);
  if (csv.is_open()) bench::write_csv_header(csv);
  std::vector<bench::Timing> timings;
  for (const auto& workload : workloads) {
    const auto result = bench::measure(contestants, workload, options.rounds, options.times_only);
    timings.push_back({workload.name, workload.description, names, result.times, result.usage});
    bench::print_row(std::cout, result);
    for (std::size_t i = 0; i < result.usage.size(); ++i)
      bench::print_usage(std::cout, names[i], result.usage[i]);
    if (csv.is_open()) bench::write_csv_rows(csv, names, result);
  }
  bench::print_footer(std::cout);
  if (csv.is_open() && !csv.flush()) throw std::runtime_error("cannot write " + options.csv);
  bench::write_files(options.json, options.svg, "training steps beside a hand-written floor",
                     options.threads, timings);
}

/// For --usage: whoever has the name, knowing the workload.
bench::Local* find_local(const std::string& name, const std::string& key) {
  static const auto all = local_contestants(bench::threads_of_parent());
  static bench::Problem problem;
  const auto known = bench::workloads();
  const auto workload = std::ranges::find(known, key, &bench::Workload::name);
  const auto one =
      std::ranges::find_if(all, [&](const auto& local) { return local->name() == name; });
  if (workload == known.end() || one == all.end()) return nullptr;
  problem = bench::make_problem(*workload);
  (*one)->load(key, problem);
  return one->get();
}

}  // namespace

int main(int argc, char** argv) try {
  if (bench::told_usage(argc, argv, find_local)) return 0;
  Options options;
  std::vector<std::string> names;
  for (const auto& workload : bench::workloads()) names.push_back(workload.name);
  return run_program(
      argc, argv,
      "Times one training step (forward, loss, backward, Adam; float32) of each workload with a\n"
      "hand-written floor, with xtape, and with libtorch and NumPy where they are installed, "
      "after\n"
      "checking that all of them compute the same losses.",
      {{"--rounds", &options.rounds, "Interleaved rounds of each workload",
        integer_in(1, 1'000'000)},
       {"--only", &options.only, "Workloads, separated by commas: a,d", separated_by(','),
        one_of(names)},
       {"--csv", &options.csv, "Writes the times of all rounds to this file"},
       {"--json", &options.json, "Writes them to this file too"},
       {"--svg", &options.svg, "Draws the ratios to the floor into this file"},
       {"--times-only", &options.times_only, "Without memory and page faults"},
       {"--threads", &options.threads, "Of each; all is pinned to so many CPUs",
        integer_in(1, 1'000'000)}},
      [&] { run(options); });
} catch (const std::exception& error) {
  std::cerr << "bench_training: " << error.what() << '\n';
  return 1;
}
