// Times one training step of each workload side by side: the hand-written floor, xtape, and, when
// they are there, libtorch and NumPy. Rounds are interleaved: in each, every contestant has a slot
// of about 75 ms, in rotating order.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "chart.hpp"
#include "contestant.hpp"
#include "floor.hpp"
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

bench::Contestants find_contestants(int threads, const std::filesystem::path& scratch) {
  bench::Contestants all;
  all.push_back(std::make_unique<bench::LocalContestant<bench::FloorMlp>>("floor"));
  all.push_back(std::make_unique<bench::LocalContestant<bench::XtapeModel>>("xtape"));
  all.push_back(std::make_unique<bench::LocalContestant<bench::ReplayedModel>>("xtape, replayed"));
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
    const auto result = bench::measure(contestants, workload, options.rounds);
    timings.push_back({workload.name, workload.description, names, result.times});
    bench::print_row(std::cout, result);
    if (csv.is_open()) bench::write_csv_rows(csv, names, result);
  }
  bench::print_footer(std::cout);
  if (csv.is_open() && !csv.flush()) throw std::runtime_error("cannot write " + options.csv);
  bench::write_files(options.json, options.svg, "training steps beside a hand-written floor",
                     options.threads, timings);
}

}  // namespace

int main(int argc, char** argv) {
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
       {"--threads", &options.threads,
        "Threads of the matrix products; with 1, all is pinned to one CPU",
        integer_in(1, 1'000'000)}},
      [&] { run(options); });
}
