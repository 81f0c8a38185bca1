// Times one training step of each workload side by side: the hand-written floor, xtape, and, when
// they are there, libtorch and NumPy. Rounds are interleaved: in each, every contestant has a slot
// of about 75 ms, in rotating order.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "contestant.hpp"
#include "floor.hpp"
#include "machine.hpp"
#include "peer.hpp"
#include "report.hpp"
#include "workloads.hpp"
#include "xtape_models.hpp"

namespace {

using Contestants = std::vector<std::unique_ptr<bench::Contestant>>;

struct Options {
  int rounds = 15;
  int threads = 1;
  std::string csv;
  std::vector<std::string> only;
};

void add_options(CLI::App& app, Options& options) {
  std::vector<std::string> names;
  for (const auto& workload : bench::workloads()) names.push_back(workload.name);
  app.add_option("--rounds", options.rounds, "Interleaved rounds of each workload")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--only", options.only, "Workloads, separated by commas: a,d")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  app.add_option("--csv", options.csv, "Writes the times of all rounds to this file");
  app.add_option("--threads", options.threads,
                 "Threads of the matrix products; with 1, all is pinned to one CPU")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

std::vector<bench::Workload> selected_workloads(const std::vector<std::string>& only) {
  auto workloads = bench::workloads();
  if (only.empty()) return workloads;
  std::erase_if(workloads, [&](const bench::Workload& workload) {
    return std::ranges::find(only, workload.name) == only.end();
  });
  return workloads;
}

/// A directory that is gone at the end, with what is in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "xtape-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Contestants find_contestants(int threads, const std::filesystem::path& scratch) {
  Contestants all;
  all.push_back(std::make_unique<bench::LocalContestant<bench::FloorMlp>>("floor"));
  all.push_back(std::make_unique<bench::LocalContestant<bench::XtapeModel>>("xtape"));
  for (auto& peer : bench::start_peers(threads, scratch)) all.push_back(std::move(peer));
  return all;
}

/// Throws unless all contestants see the floor's losses over the first steps, dropout off: the
/// times compared are those of the same mathematics.
void check_same_losses(const Contestants& contestants, const bench::Workload& workload) {
  constexpr int steps = 10;
  constexpr double tolerance = 1e-4;
  bench::Workload plain = workload;
  plain.dropout = 0;
  const bench::Problem problem = bench::make_problem(plain);
  const std::string key = workload.name + "-check";
  for (const auto& contestant : contestants) contestant->load(key, problem);
  const auto expected = contestants.front()->losses(key, steps);
  for (const auto& contestant : contestants) {
    const auto losses = contestant->losses(key, steps);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (i < losses.size() && std::abs(losses[i] / expected[i] - 1) <= tolerance) continue;
      std::ostringstream text;
      text << "workload " << workload.name << ", step " << i << ": the loss is " << expected[i]
           << " on the floor and ";
      text << (i < losses.size() ? std::to_string(losses[i]) : "missing") << " with "
           << contestant->name() << ": not the same mathematics";
      throw std::runtime_error(text.str());
    }
  }
}

/// So many steps that a slot lasts about 75 ms.
int steps_per_slot(bench::Contestant& contestant, const std::string& key) {
  constexpr int least = 3;
  constexpr double slot = 75e3;
  const double per_step = contestant.time(key, least) / least;
  return std::max(least, static_cast<int>(std::ceil(slot / per_step)));
}

bench::Result measure(const Contestants& contestants, const bench::Workload& workload, int rounds) {
  const bench::Problem problem = bench::make_problem(workload);
  std::vector<int> steps;
  for (const auto& contestant : contestants) {
    contestant->load(workload.name, problem);
    steps.push_back(steps_per_slot(*contestant, workload.name));
  }
  bench::Result result{.workload = workload, .times = {}};
  result.times.resize(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < contestants.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % contestants.size();
      result.times[i].push_back(contestants[i]->time(workload.name, steps[i]) / steps[i]);
    }
  }
  return result;
}

void run(const Options& options) {
  std::ofstream csv;
  if (!options.csv.empty()) {
    csv.open(options.csv);
    if (!csv) throw std::runtime_error("cannot write " + options.csv);
  }
  const auto workloads = selected_workloads(options.only);
  bench::use_threads(options.threads);
  const ScratchDirectory scratch;
  const auto contestants = find_contestants(options.threads, scratch.path());
  for (const auto& workload : workloads) check_same_losses(contestants, workload);

  std::vector<std::string> names;
  for (const auto& contestant : contestants) names.push_back(contestant->name());
  std::cout << bench::blas_description() << "; " << options.threads << " thread"
            << (options.threads == 1 ? "" : "s") << ", " << options.rounds << " rounds\n\n";
  bench::print_header(std::cout, names);
  if (csv.is_open()) bench::write_csv_header(csv);
  for (const auto& workload : workloads) {
    const auto result = measure(contestants, workload, options.rounds);
    bench::print_row(std::cout, result);
    if (csv.is_open()) bench::write_csv_rows(csv, names, result);
  }
  bench::print_footer(std::cout);
  if (csv.is_open() && !csv.flush()) throw std::runtime_error("cannot write " + options.csv);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Times one training step (forward, loss, backward, Adam; float32) of each workload with a\n"
      "hand-written floor, with xtape, and with libtorch and NumPy where they are installed, "
      "after\n"
      "checking that all of them compute the same losses.");
  add_options(app, options);
  try {
    app.parse(argc, argv);
    run(options);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "bench_training: " << error.what() << '\n';
    return 1;
  }
}
