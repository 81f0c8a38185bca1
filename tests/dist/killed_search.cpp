// usage: killed_search FOLDER KILL: a search that keeps what it has evaluated; unless KILL is 0,
// rank 1 is killed in its KILL-th evaluation. Prints the table without seconds.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/data/split.hpp>
#include <xtape/dist/world.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/train/search.hpp>

using namespace xtape;

int main(int argc, char** argv) {
  const dist::World world(argc, argv);
  return world.run([&] {
    const std::string folder = argv[1];
    const int kill = std::atoi(argv[2]);
    Rng rng(1);
    const data::Dataset dataset{rng.normal({20, 2}), rng.integers(0, 2, {20})};
    const std::vector<data::Fold> folds = data::k_fold(20, 4, rng);
    SearchSpace space;
    space.uniform("l2", 0, 1);
    int evaluated = 0;
    const auto objective = [&](const Hyperparameters& h, const data::Split& fold, Rng& own) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (++evaluated == kill && world.rank() == 1) std::raise(SIGKILL);
      return h.number("l2") + own.uniform() + sum(fold.train.x).item();
    };
    const SearchResult found =
        random_search(space, 10, dataset, folds, objective,
                      {.goal = SearchGoal::maximize, .ranks = &world, .folder = folder});
    if (world.rank() > 0) return;
    for (const SearchTrial& trial : found.trials) {
      std::printf("%d", static_cast<int>(trial.candidate));
      for (const double score : trial.fold_scores) std::printf(" %a", score);
      std::printf(" %s\n", trial.error.c_str());
    }
  });
}
