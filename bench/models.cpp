// Times workloads that are no plain stacks of dense layers (a transformer, inference of one row, an LSTM,
// LeNet, a gradient penalty, scalars) with xtape and with those of PyTorch, JAX, NumPy and onnxruntime
// that an interpreter has, each in a process of its own, in interleaved rounds.

#include <sys/resource.h>

#include <xtape/core/memory.hpp>
#include <xtape/ops/compile.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chart.hpp"
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
  std::vector<std::string> only;
  std::string python = "python3", json, svg;
};

/// xtape, in this process: as it is written, or replayed.
class Here : public bench::Contestant {
 public:
  explicit Here(bool replayed) : replayed_(replayed) {
    for (const Model& model : bench::models()) models_[model.name] = model;
  }

  std::string name() const override { return replayed_ ? "xtape, replayed" : "xtape"; }
  void load(const std::string&, const bench::Problem&) override {}
  std::vector<double> losses(const std::string& key, int steps) override {
    const Model::Step step = start(key);
    std::vector<double> losses;
    for (int i = 0; i < steps; ++i) {
      const xtape::Tensor y = step();
      losses.push_back(y.size() == 1 ? y.item() : static_cast<double>(y.data<float>()[0]));
    }
    return losses;
  }
  double time(const std::string& key, int steps) override {
    struct {
      Model::Step step;
    } model{start(key)};
    return bench::time_steps(model, steps);
  }
  bench::Usage usage(const std::string& key, int steps) override {
    const Model::Step step = start(key);
    for (int i = 0; i < 3; ++i) step();
    xtape::memory::reset_peak_bytes();
    const rusage before = used();
    for (int i = 0; i < steps; ++i) step();
    const rusage after = used();
    return {static_cast<double>(after.ru_minflt - before.ru_minflt) / steps,
            static_cast<double>(after.ru_maxrss) / 1024,
            static_cast<double>(xtape::memory::peak_bytes()) / (1 << 20)};
  }

 private:
  Model::Step start(const std::string& key) const {
    Model::Step step = models_.at(key).start();
    if (!replayed_) return step;
    const auto compiled = std::make_shared<xtape::Compiled<Model::Step>>(std::move(step));
    return [compiled] { return (*compiled)(); };
  }
  static rusage used() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
  }

  bool replayed_;
  std::map<std::string, Model> models_;
};

bench::Contestants find_contestants(const Options& options,
                                    const bench::ScratchDirectory& scratch) {
  bench::Contestants all;
  all.push_back(std::make_unique<Here>(false));
  all.push_back(std::make_unique<Here>(true));
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
    std::printf("  %-24s %10.1f %10.1f %10.1f %8.2f %10.2f %8.1f %10.2f\n",
                timing.contestants[i].c_str(), bench::median(times), times.front(), times.back(),
                bench::median_ratio(timing.times[i], timing.times[0]), timing.usage[i].faults,
                timing.usage[i].megabytes, timing.usage[i].tensors);
  }
  std::fflush(stdout);
}

bench::Timing measured(const Model& model, const bench::Contestants& contestants, int rounds) {
  bench::Timing timing{
      .name = model.name, .description = model.description, .contestants = {}, .times = {}};
  std::vector<bench::Contestant*> able;
  for (const auto& one : contestants) {
    if (one->losses(model.name, 1).empty()) continue;
    able.push_back(one.get());
    timing.contestants.push_back(one->name());
  }
  bench::compare_losses(able, model.name);
  timing.times = bench::interleaved_times(able, model.name, rounds);
  for (bench::Contestant* const one : able) timing.usage.push_back(one->usage(model.name, 5));
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
              "microseconds a step", "median", "least", "most", "ratio", "faults", "peak MB",
              "tensors MB");
  std::vector<bench::Timing> timings;
  for (const Model& model : bench::models()) {
    if (!options.only.empty() && std::ranges::count(options.only, model.name) == 0) continue;
    timings.push_back(measured(model, contestants, options.rounds));
    print(timings.back());
  }
  bench::write_files(options.json, options.svg, "xtape beside its peers", options.threads, timings);
}

}  // namespace

int main(int argc, char** argv) {
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
       {"--threads", &options.threads, "Of each; with 1, all is pinned to one CPU",
        integer_in(1, 1024)},
       {"--python", &options.python, "An interpreter that has peers"},
       {"--json", &options.json, "Writes the times of all rounds to this file"},
       {"--svg", &options.svg, "Draws the ratios into this file"}},
      [&] { run(options); });
}
