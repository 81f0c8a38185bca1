#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xtape/train/search.hpp>

/// What all searches do with candidates.
namespace xtape::detail {

struct Candidate {
  std::int64_t number;
  Hyperparameters hyperparameters;
};

/// Throws, in the name of `op`, for all that is wrong with the arguments of a search but its space.
void check_search(const std::string& op, const data::Dataset& dataset,
                  const std::vector<data::Fold>& folds, bool has_objective,
                  const SearchOptions& options);

/// A trial for each candidate, in their order. `budget` tells those that a folder keeps from
/// others.
std::vector<SearchTrial> evaluate(const std::vector<Candidate>& candidates,
                                  const data::Dataset& dataset,
                                  const std::vector<data::Fold>& folds,
                                  const SearchObjective& objective, const SearchOptions& options,
                                  std::int64_t budget = 0);

/// Best first, of what had the same budget; failed ones last.
void rank(std::vector<SearchTrial>& trials, SearchGoal goal);

/// Throws ValueError with the first error if none has.
void check_one_succeeded(const std::string& op, const std::vector<SearchTrial>& trials);

}  // namespace xtape::detail
