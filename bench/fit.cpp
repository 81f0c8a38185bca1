// What Fit adds to a training step, beside the same loop by hand: batches from a loader, the mean
// loss of each epoch. An epoch is one batch here, so that its end counts in every step. Rounds are
// interleaved.
#include <algorithm>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "machine.hpp"
#include "rows.hpp"
#include "support/program.hpp"
#include "workloads.hpp"

namespace {

using namespace xtape;

/// The model of a workload and its data.
struct Training {
  explicit Training(const bench::Problem& problem)
      : optimizer(network_of(problem), {.learning_rate = 1e-3}),
        loader(data_of(problem), {.batch_size = problem.workload.samples}) {}

  nn::Sequential& network_of(const bench::Problem& problem) {
    const auto& widths = problem.workload.widths;
    for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
      if (layer > 0) network.push_back(nn::ReLU());
      network.push_back(nn::Dense(widths[layer], widths[layer + 1], {}, rng));
    }
    return network;
  }
  static data::Dataset data_of(const bench::Problem& problem) {
    const std::int64_t samples = problem.workload.samples;
    return {from_vector(problem.inputs, {samples, problem.workload.widths.front()}),
            from_vector(problem.labels, {samples})};
  }
  Tensor loss(const data::Dataset& batch) const {
    return nn::cross_entropy(network(batch.x), batch.y);
  }

  Rng rng{0};
  nn::Sequential network;
  optim::Adam optimizer;
  data::Loader loader;
};

double by_hand(const bench::Problem& problem, int epochs) {
  Training training(problem);
  std::vector<double> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0;
    for (const data::Dataset& batch : training.loader) {
      const Tensor loss = training.loss(batch);
      training.optimizer.zero_grad();
      loss.backward();
      training.optimizer.step();
      sum += loss.item() * static_cast<double>(batch.y.size());
    }
    losses.push_back(sum / static_cast<double>(training.loader.samples()));
  }
  return losses.back();
}

double by_fit(const bench::Problem& problem, int epochs) {
  Training training(problem);
  Fit fit(training.network, training.optimizer, training.loader,
          [&](const data::Dataset& batch) { return training.loss(batch); }, {.epochs = epochs});
  return fit.run()["loss"].back();
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Microseconds a step, of the processor: what else the machine does counts less.
double time(double (*train)(const bench::Problem&, int), const bench::Problem& problem, int steps) {
  const double start = cpu_seconds();
  train(problem, steps);
  return 1e6 * (cpu_seconds() - start) / steps;
}

void run(const std::vector<std::string>& only, int rounds, const std::string& json) {
  bench::Rows rows;
  bench::use_threads(1);
  std::cout << bench::blas_description() << "; " << rounds << " rounds\n\n"
            << "us a step                             by hand       Fit   more\n";
  for (const bench::Workload& workload : bench::workloads()) {
    if (std::ranges::find(only, workload.name) == only.end()) continue;
    const bench::Problem problem = bench::make_problem(workload);
    if (by_hand(problem, 5) != by_fit(problem, 5))
      throw std::runtime_error(workload.name + ": the losses differ");
    const int steps = std::max(1, static_cast<int>(75e3 / time(by_hand, problem, 20)));
    std::vector<double> hand, fit, ratios;
    for (int round = 0; round < rounds; ++round) {
      const bool first = round % 2 == 0;
      if (first) hand.push_back(time(by_hand, problem, steps));
      fit.push_back(time(by_fit, problem, steps));
      if (!first) hand.push_back(time(by_hand, problem, steps));
      ratios.push_back(fit.back() / hand.back());
    }
    std::cout << std::left << std::setw(36) << workload.name + ": " + workload.description
              << std::right << std::fixed << std::setprecision(2) << std::setw(10)
              << bench::median(hand) << std::setw(10) << bench::median(fit) << std::setw(6)
              << 100 * (bench::median(ratios) - 1) << " %\n";
    rows.add(workload.name + ": " + workload.description, {{"by hand", bench::median(hand)},
                                                           {"Fit", bench::median(fit)},
                                                           {"ratio", bench::median(ratios)}});
  }
  rows.write(json);
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 61;
  std::vector<std::string> only{"a", "d"};
  std::string json;
  return run_program(
      argc, argv, "Times training steps by Fit and by a loop written by hand.",
      {{"--rounds", &rounds, "Interleaved rounds of each workload", integer_in(1, 1'000'000)},
       {"--only", &only, "Workloads, separated by commas: a,d", separated_by(','),
        one_of({"a", "b", "d", "e", "g"})},
       {"--json", &json, "Writes the table to this file too"}},
      [&] { run(only, rounds, json); });
}
