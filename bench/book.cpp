// Times the runs of Neural Networks from Scratch, chapters 10 to 16, with NumPy in the book's style
// and with xtape, side by side in interleaved rounds.

#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "local.hpp"
#include "machine.hpp"
#include "measure.hpp"
#include "peer.hpp"
#include "support/program.hpp"
#include "xtape_models.hpp"

namespace {

constexpr double epochs = 10001;  // of each run in the book

bench::Contestants numpy_and_xtape(const bench::ScratchDirectory& scratch) {
  bench::Contestants both;
  for (auto& peer : bench::start_peers(1, scratch.path())) {
    if (peer->name().starts_with("NumPy")) both.push_back(std::move(peer));
  }
  if (both.empty()) throw std::runtime_error("NumPy is not there");
  both.push_back(
      std::make_unique<bench::LocalContestant<bench::XtapeModel>>("xtape", bench::ThreadCounts{}));
  return both;
}

void run(int rounds) {
  bench::use_threads(1);
  const bench::ScratchDirectory scratch;
  const bench::Contestants both = numpy_and_xtape(scratch);
  std::cout << bench::blas_description() << "; 1 thread, " << rounds << " rounds\n\n";
  std::printf("%-40s %14s %14s %16s\n", "seconds for 10001 epochs", both[0]->name().c_str(),
              "xtape", "times as fast");
  for (const auto& workload : bench::book_workloads()) {
    bench::check_same_losses(both, workload);
    const bench::Result result = bench::measure(both, workload, rounds);
    const auto seconds = [&](std::size_t i) {
      return bench::median(result.times[i]) * epochs / 1e6;
    };
    std::printf("%-40s %14.2f %14.2f %16.1f\n", workload.description.c_str(), seconds(0),
                seconds(1), bench::median_ratio(result.times[0], result.times[1]));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 9;
  return run_program(
      argc, argv,
      "Times the runs of Neural Networks from Scratch (float32) with NumPy and with xtape, after\n"
      "checking that both compute the same losses.",
      {{"--rounds", &rounds, "Interleaved rounds of each run", integer_in(1, 1'000'000)}},
      [&] { run(rounds); });
}
