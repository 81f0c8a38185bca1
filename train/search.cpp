#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/train/evaluation.hpp>
#include <xtape/train/search.hpp>

namespace xtape {
namespace {

XTAPE_WRAPS std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

std::vector<detail::Candidate> numbered(const std::vector<Hyperparameters>& all) {
  std::vector<detail::Candidate> candidates;
  candidates.reserve(all.size());
  for (const Hyperparameters& h : all) candidates.push_back({std::ssize(candidates), h});
  return candidates;
}

SearchResult search(const std::string& op, const std::vector<Hyperparameters>& candidates,
                    const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                    const SearchObjective& objective, const SearchOptions& options) {
  std::vector<SearchTrial> trials =
      detail::evaluate(numbered(candidates), dataset, folds, objective, options);
  detail::check_one_succeeded(op, trials);
  detail::rank(trials, *options.goal);
  return {std::move(trials), *options.goal, options.seed};
}

}  // namespace

std::uint64_t evaluation_seed(std::uint64_t seed, std::int64_t candidate, std::int64_t fold) {
  const std::uint64_t own = mix(mix(seed) + static_cast<std::uint64_t>(candidate));
  return mix(own + static_cast<std::uint64_t>(fold)) >> 32;
}

SearchResult grid_search(const SearchSpace& space, const data::Dataset& dataset,
                         const std::vector<data::Fold>& folds, const SearchObjective& objective,
                         const SearchOptions& options) {
  detail::check_search("grid_search", dataset, folds, bool(objective), options);
  return search("grid_search", space.grid(), dataset, folds, objective, options);
}

SearchResult random_search(const SearchSpace& space, std::int64_t candidates,
                           const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                           const SearchObjective& objective, const SearchOptions& options) {
  detail::check_search("random_search", dataset, folds, bool(objective), options);
  Rng rng(mix(options.seed) >> 32);
  return search("random_search", space.sample(candidates, rng), dataset, folds, objective, options);
}

SearchResult halving_search(const SearchSpace& space, std::int64_t candidates,
                            const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                            const BudgetedObjective& objective, const HalvingOptions& halving,
                            const SearchOptions& options) {
  const char* op = "halving_search";
  detail::check_search(op, dataset, folds, bool(objective), options);
  detail::require_at_least<std::int64_t>(op, "least_budget", halving.least_budget, 1);
  detail::require_at_least(op, "most_budget", halving.most_budget, halving.least_budget);
  detail::require_at_least<std::int64_t>(op, "factor", halving.factor, 2);
  Rng rng(mix(options.seed) >> 32);
  std::vector<detail::Candidate> left = numbered(space.sample(candidates, rng));
  std::vector<SearchTrial> dropped;
  for (std::int64_t budget = halving.least_budget;;) {
    const auto round = [&](const Hyperparameters& h, const data::Split& fold, Rng& own) {
      return objective(h, fold, own, budget);
    };
    SearchOptions own = options;
    own.on_result = [&](const SearchTrial& trial) {
      if (!options.on_result) return;
      SearchTrial told = trial;
      told.budget = budget;
      options.on_result(told);
    };
    std::vector<SearchTrial> trials = detail::evaluate(left, dataset, folds, round, own, budget);
    for (SearchTrial& trial : trials) trial.budget = budget;
    detail::rank(trials, *options.goal);
    const bool last = budget >= halving.most_budget;
    std::size_t keep =
        last ? 0 : (trials.size() - 1) / static_cast<std::size_t>(halving.factor) + 1;
    while (keep > 0 && trials[keep - 1].failed()) --keep;
    dropped.insert(dropped.end(), trials.begin() + static_cast<std::ptrdiff_t>(keep), trials.end());
    if (keep == 0) break;
    left.clear();
    for (std::size_t i = 0; i < keep; ++i)
      left.push_back({trials[i].candidate, trials[i].hyperparameters});
    // One that is left alone has nobody to be compared with on the way.
    budget = keep == 1 || budget > halving.most_budget / halving.factor ? halving.most_budget
                                                                        : budget * halving.factor;
  }
  detail::check_one_succeeded(op, dropped);
  detail::rank(dropped, *options.goal);
  return {std::move(dropped), *options.goal, options.seed};
}

}  // namespace xtape
