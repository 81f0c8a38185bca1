#include "measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bench {
namespace {

/// So many steps that a slot lasts about 75 ms.
int steps_per_slot(Contestant& contestant, const std::string& key) {
  constexpr int least = 3;
  constexpr double slot = 75e3;
  const double per_step = contestant.time(key, least) / least;
  return std::max(least, static_cast<int>(std::ceil(slot / per_step)));
}

std::vector<Contestant*> all_of(const Contestants& contestants) {
  std::vector<Contestant*> result;
  for (const auto& contestant : contestants) result.push_back(contestant.get());
  return result;
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "xtape-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void compare_losses(const std::vector<Contestant*>& contestants, const std::string& key) {
  constexpr int steps = 10;
  constexpr double tolerance = 1e-4;
  const auto expected = contestants.front()->losses(key, steps);
  for (Contestant* const contestant : contestants) {
    const auto losses = contestant->losses(key, steps);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (i < losses.size() && std::abs(losses[i] / expected[i] - 1) <= tolerance) continue;
      std::ostringstream text;
      text << "workload " << key << ", step " << i << ": the loss is " << expected[i] << " with "
           << contestants.front()->name() << " and "
           << (i < losses.size() ? std::to_string(losses[i]) : "missing") << " with "
           << contestant->name() << ": not the same mathematics";
      throw std::runtime_error(text.str());
    }
  }
}

std::vector<Usage> usages(const std::vector<Contestant*>& contestants, const std::string& key) {
  constexpr int steps = 10;
  std::vector<Usage> result;
  for (Contestant* const contestant : contestants) {
    const bool compiles = contestant->name().find("compiled") != std::string::npos;
    result.push_back(compiles ? Usage{} : contestant->usage(key, steps));
  }
  return result;
}

std::vector<std::vector<double>> interleaved_times(const std::vector<Contestant*>& contestants,
                                                   const std::string& key, int rounds) {
  constexpr std::chrono::milliseconds until_threads_sleep(20);  // those of BLAS look out for work
  std::vector<int> steps;
  for (Contestant* const contestant : contestants)
    steps.push_back(steps_per_slot(*contestant, key));
  std::vector<std::vector<double>> times(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < contestants.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % contestants.size();
      std::this_thread::sleep_for(until_threads_sleep);
      times[i].push_back(contestants[i]->time(key, steps[i]) / steps[i]);
    }
  }
  return times;
}

void check_same_losses(const Contestants& contestants, const Workload& workload) {
  Workload plain = workload;
  plain.dropout = 0;
  plain.learning_rate = std::min(plain.learning_rate, 2e-4F);  // large steps amplify rounding
  const Problem problem = make_problem(plain);
  const std::string key = workload.name + "-check";
  for (const auto& contestant : contestants) contestant->load(key, problem);
  compare_losses(all_of(contestants), key);
}

Result measure(const Contestants& contestants, const Workload& workload, int rounds,
               bool times_only) {
  const Problem problem = make_problem(workload);
  for (const auto& contestant : contestants) contestant->load(workload.name, problem);
  const auto all = all_of(contestants);
  auto times = interleaved_times(all, workload.name, rounds);
  auto used = times_only ? std::vector<Usage>{} : usages(all, workload.name);
  return {.workload = workload, .times = std::move(times), .usage = std::move(used)};
}

}  // namespace bench
