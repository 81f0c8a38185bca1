// Times workloads that are no plain stacks of dense layers (a transformer, inference of one row, an
// LSTM, LeNet, a gradient penalty, scalars) with xtape and with those of PyTorch, JAX, NumPy and
// onnxruntime that an interpreter has, and with Adept if it was built in, each in a process of its
// own, in interleaved rounds.

#include <xtape/ops/compile.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chart.hpp"
#include "local.hpp"
#include "machine.hpp"
#include "measure.hpp"
#include "models.hpp"
#include "peer.hpp"
#include "report.hpp"
#include "support/program.hpp"

namespace {

using bench::Model;

struct Options {
  int rounds = 9, threads = 1;
  bool times_only = false;
  std::vector<std::string> only;
  std::string python = "python3", json, svg;
};

/// xtape, in this process: as it is written, or replayed.
class Here : public bench::Local {
 public:
  Here(std::string name, bench::ThreadCounts threads, bool replayed)
      : Local(std::move(name), threads), replayed_(replayed) {
    for (const Model& model : bench::models()) models_[model.name] = model;
  }

 private:
  static double first(const xtape::Tensor& y) {
    return y.size() == 1 ? y.item() : static_cast<double>(y.data<float>()[0]);
  }

  Step start(const std::string& key) override {
    Model::Step step = models_.at(key).start();
    if (!replayed_) return [step = std::move(step)] { return first(step()); };
    const auto compiled = std::make_shared<xtape::Compiled<Model::Step>>(std::move(step));
    return [compiled] { return first((*compiled)()); };
  }

  bool replayed_;
  std::map<std::string, Model> models_;
};

/// With more than one thread beside itself with one.
std::vector<std::unique_ptr<bench::Local>> local_contestants(int threads) {
  std::vector<std::unique_ptr<bench::Local>> all;
  const auto add = [&](const std::string& name, int count, bool replayed) {
    all.push_back(std::make_unique<Here>(name, bench::ThreadCounts{.own = count}, replayed));
  };
  add("xtape", threads, false);
  add("xtape, replayed", threads, true);
  if (threads == 1) return all;
  add("xtape, 1 thread", 1, false);
  add("xtape, replayed, 1 thread", 1, true);
  return all;
}

/// For --usage: whoever has the name.
bench::Local* find_local(const std::string& name, const std::string&) {
  static const auto all = local_contestants(bench::threads_of_parent());
  const auto one = std::ranges::find_if(all, [&](const auto& of) { return of->name() == name; });
  return one == all.end() ? nullptr : one->get();
}

bench::Contestants find_contestants(const Options& options,
                                    const bench::ScratchDirectory& scratch) {
  bench::Contestants all;
  for (auto& one : local_contestants(options.threads)) all.push_back(std::move(one));
  if (auto peer =
          bench::Peer::start({bench::file_beside_program("bench_adept_peer")}, scratch.path()))
    all.push_back(std::move(peer));
  const std::string script = bench::file_beside_program("models_peer.py");
  for (const std::string who : {"torch", "compiled", "jax", "numpy", "onnxruntime"}) {
    if (auto peer = bench::Peer::start(
            {options.python, script, who, std::to_string(options.threads)}, scratch.path()))
      all.push_back(std::move(peer));
  }
  return all;
}

void print(const bench::Timing& timing) {
  std::printf("%s  %s\n", timing.name.c_str(), timing.description.c_str());
  for (std::size_t i = 0; i < timing.times.size(); ++i) {
    std::vector<double> times = timing.times[i];
    std::ranges::sort(times);
    const bench::Usage usage = i < timing.usage.size() ? timing.usage[i] : bench::Usage{};
    std::printf("  %-24s %10.1f %10.1f %10.1f %8.2f %10.2f %8.1f %10.2f\n",
                timing.contestants[i].c_str(), bench::median(times), times.front(), times.back(),
                bench::median_ratio(timing.times[i], timing.times[0]), usage.faults,
                usage.megabytes, usage.tensors);
  }
  std::fflush(stdout);
}

bench::Timing measured(const Model& model, const bench::Contestants& contestants,
                       const Options& options) {
  bench::Timing timing{
      .name = model.name, .description = model.description, .contestants = {}, .times = {}};
  std::vector<bench::Contestant*> able;
  for (const auto& one : contestants) {
    if (one->losses(model.name, 1).empty()) continue;
    able.push_back(one.get());
    timing.contestants.push_back(one->name());
  }
  bench::compare_losses(able, model.name);
  timing.times = bench::interleaved_times(able, model.name, options.rounds);
  if (!options.times_only) timing.usage = bench::usages(able, model.name);
  return timing;
}

void run(const Options& options) {
  const std::string threads = std::to_string(options.threads);
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"})
    setenv(name, threads.c_str(), 1);
  bench::use_threads(options.threads);
  const bench::ScratchDirectory scratch;
  const auto contestants = find_contestants(options, scratch);
  std::printf("%s; threads: %d; rounds: %d\n\n%-26s %10s %10s %10s %8s %10s %8s %10s\n",
              bench::blas_description().c_str(), options.threads, options.rounds,
              "microseconds a step", "median", "least", "most", "ratio", "faults", "grown MB",
              "tensors MB");
  std::vector<bench::Timing> timings;
  for (const Model& model : bench::models()) {
    if (!options.only.empty() && std::ranges::count(options.only, model.name) == 0) continue;
    timings.push_back(measured(model, contestants, options));
    print(timings.back());
  }
  bench::write_files(options.json, options.svg, "xtape beside its peers", options.threads, timings);
}

}  // namespace

int main(int argc, char** argv) try {
  if (bench::told_usage(argc, argv, find_local)) return 0;
  Options options;
  std::vector<std::string> names;
  for (const Model& model : bench::models()) names.push_back(model.name);
  return run_program(
      argc, argv,
      "Times a transformer, inference of one row, an LSTM, LeNet, a gradient penalty and scalars\n"
      "with xtape and with its peers, after checking that all of them compute the same numbers.",
      {{"--rounds", &options.rounds, "Interleaved rounds of each", integer_in(1, 1'000'000)},
       {"--only", &options.only, "Workloads, separated by commas: h,i", separated_by(','),
        one_of(names)},
       {"--times-only", &options.times_only, "Without memory and page faults"},
       {"--threads", &options.threads, "Of each; all is pinned to so many CPUs",
        integer_in(1, 1024)},
       {"--python", &options.python, "An interpreter that has peers"},
       {"--json", &options.json, "Writes the times of all rounds to this file"},
       {"--svg", &options.svg, "Draws the ratios into this file"}},
      [&] { run(options); });
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_models: %s\n", error.what());
  return 1;
}
