#include "measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

/// So many steps that a slot lasts about 75 ms.
int steps_per_slot(Contestant& contestant, const std::string& key) {
  constexpr int least = 3;
  constexpr double slot = 75e3;
  const double per_step = contestant.time(key, least) / least;
  return std::max(least, static_cast<int>(std::ceil(slot / per_step)));
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

void check_same_losses(const Contestants& contestants, const Workload& workload) {
  constexpr int steps = 10;
  constexpr double tolerance = 1e-4;
  Workload plain = workload;
  plain.dropout = 0;
  plain.learning_rate = std::min(plain.learning_rate, 2e-4F);  // large steps amplify rounding
  const Problem problem = make_problem(plain);
  const std::string key = workload.name + "-check";
  for (const auto& contestant : contestants) contestant->load(key, problem);
  const auto expected = contestants.front()->losses(key, steps);
  for (const auto& contestant : contestants) {
    const auto losses = contestant->losses(key, steps);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (i < losses.size() && std::abs(losses[i] / expected[i] - 1) <= tolerance) continue;
      std::ostringstream text;
      text << "workload " << workload.name << ", step " << i << ": the loss is " << expected[i]
           << " with " << contestants.front()->name() << " and ";
      text << (i < losses.size() ? std::to_string(losses[i]) : "missing") << " with "
           << contestant->name() << ": not the same mathematics";
      throw std::runtime_error(text.str());
    }
  }
}

Result measure(const Contestants& contestants, const Workload& workload, int rounds) {
  const Problem problem = make_problem(workload);
  std::vector<int> steps;
  for (const auto& contestant : contestants) {
    contestant->load(workload.name, problem);
    steps.push_back(steps_per_slot(*contestant, workload.name));
  }
  Result result{.workload = workload, .times = {}};
  result.times.resize(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < contestants.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % contestants.size();
      result.times[i].push_back(contestants[i]->time(workload.name, steps[i]) / steps[i]);
    }
  }
  return result;
}

}  // namespace bench
