#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/train/goal.hpp>
#include <xtape/train/hyperparameters.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What a search found out about a candidate.
struct SearchTrial {
  static const double unknown;  ///< NaN

  std::int64_t candidate = 0;  ///< its number: 0, 1, ... in the order of the grid or of the draws
  Hyperparameters hyperparameters;
  std::vector<double> fold_scores;  ///< NaN where the evaluation failed
  double score = unknown;           ///< their mean; NaN if one failed
  /// Their standard deviation, with divisor folds - 1; NaN for one fold, and if one failed.
  double spread = unknown;
  double seconds = 0;       ///< that its evaluations took, added up
  std::int64_t budget = 0;  ///< that it was given by halving_search; 0 by others
  std::string error;        ///< why the first fold that failed did so; empty if none failed

  bool failed() const { return !error.empty(); }
};

/// The trials of a search, the best first; those that failed come last. Among equals, the earlier
/// candidate is first.
struct SearchResult {
  std::vector<SearchTrial> trials;
  SearchGoal goal = SearchGoal::maximize;
  std::uint64_t seed = 0;

  /// The trial with the best mean score. Throws ValueError if there is none that did not fail.
  const SearchTrial& best() const;

  /// Writes one row a trial: rank, candidate, the hyperparameters, score, spread, the scores of the
  /// folds (fold_0, fold_1, ...), seconds, of halving_search budget, seed (of the search), error.
  /// Numbers are exact; a cell without a value is empty. Throws IoError.
  void save_csv(const std::string& path) const;
};

/// Prints a table: rank, hyperparameters, mean score, spread over the folds, seconds, errors.
std::ostream& operator<<(std::ostream& stream, const SearchResult& result);

}  // namespace xtape

XTAPE_EXPORT_END
