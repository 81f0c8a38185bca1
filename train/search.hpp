#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/split.hpp>
#include <xtape/train/search_result.hpp>
#include <xtape/train/search_space.hpp>

XTAPE_EXPORT_BEGIN

/// Search for good hyperparameters by cross-validation.
///
/// Hold a test set out before: a search takes the rows to learn from, and divides only those.
/// ```
/// const auto objective = [](const auto& h, const data::Split& fold, Rng& rng) {
///   nn::Dense model(2, 3, {.weight_l2 = h.number("l2")}, rng);
///   ...                                                  // learns from fold.train
///   return accuracy(model(fold.test.x), fold.test.y);    // the score
/// };
/// std::cout << grid_search(space, dataset, folds, objective, {.threads = 2, .goal = SearchGoal::maximize});
/// ```
namespace xtape {

class Ranks;

/// Ctrl-C has ended a run of training in an objective, a `Fit` with `.catch_interrupt`, and with it
/// the search. The score of what was cut counts nowhere; a folder keeps those before.
struct SearchInterrupted : Error {
  using Error::Error;
};

/// The score of a candidate on one fold, having learned from `fold.train`, on `fold.test`. `rng` is
/// the default generator of the thread too, so that a model made without one follows from the same
/// seed.
///
/// It is called on several threads at a time if the search has several. The tensors of `fold` are
/// its own. A score that is not finite, or an exception, means that the evaluation failed.
using SearchObjective =
    std::function<double(const Hyperparameters& h, const data::Split& fold, Rng& rng)>;

struct SearchOptions {
  std::uint64_t seed = 0;
  /// Evaluations at a time, each on a thread of the search's own, also if it is one. A BLAS with
  /// threads takes the same cores: let it use one (for OpenBLAS, OPENBLAS_NUM_THREADS=1 in the
  /// environment) if there are several here.
  int threads = 1;
  /// What is wanted of the score, which must be said: an accuracy is maximized, a loss minimized.
  std::optional<SearchGoal> goal = {};
  /// Called on the thread of the caller with each trial when it is complete. An exception from it
  /// ends the search.
  std::function<void(const SearchTrial&)> on_result = {};
  /// Processes that share the evaluations, a dist::World: all call the search with the same
  /// arguments, and get the same result. `on_result` is called on rank 0, when all are there.
  const Ranks* ranks = nullptr;
  /// A folder, made if it is not there, which keeps scores as they come; on several ranks one that
  /// all see. A search that is started again, with the same space, data, folds and seed, takes what
  /// it finds there and evaluates the rest, and what failed: on as many ranks or others, and of
  /// more candidates if they are drawn. Of another objective it knows nothing: that needs another
  /// folder.
  std::string folder = {};
};

/// Evaluates each combination of the space's values on each fold. Several folds cross-validate; one
/// in braces, `{fold}`, is a validation set.
///   dataset x [n, ...], y [n, ...]   folds: row numbers of it
/// The evaluation of a candidate on a fold draws from the seed `evaluation_seed`. Scores follow
/// from that and the arguments, to the last bit, whatever the number of threads.
/// A candidate that fails on a fold is evaluated on the others still, and ranks last.
/// Throws, before anything is evaluated: ValueError for an empty space or one with a range, no
/// folds, a fold without rows to train or to test, a row in both, fewer than 1 thread, no goal, or
/// no objective; ShapeError, DtypeError for a dataset or a fold of another form; IndexError for a
/// row outside the dataset. Throws ValueError with the first error if every candidate fails,
/// IoError for a folder that cannot be written, SearchInterrupted when Ctrl-C has ended a run in an
/// objective; those on other threads end at the same one.
SearchResult grid_search(const SearchSpace& space, const data::Dataset& dataset,
                         const std::vector<data::Fold>& folds, const SearchObjective& objective,
                         const SearchOptions& options);

/// The same for candidates drawn at random; they follow from the space and `options.seed`, and the
/// first are the same however many are drawn. Throws as grid_search, but takes ranges; ValueError
/// for fewer than 1 candidate.
/// Source: Bergstra and Bengio, Random Search for Hyper-Parameter Optimization (2012).
SearchResult random_search(const SearchSpace& space, std::int64_t candidates,
                           const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                           const SearchObjective& objective, const SearchOptions& options);

/// As a SearchObjective, with what an evaluation may cost, such as epochs:
/// ```
/// const auto objective = [](const auto& h, const data::Split& fold, Rng& rng, std::int64_t epochs) {
///   ...
///   Fit fit(model, optimizer, loader, loss, {.epochs = epochs, .validation = fold.test});
///   return fit.run().best("validation_accuracy", SearchGoal::maximize);
/// };
/// ```
using BudgetedObjective = std::function<double(const Hyperparameters& h, const data::Split& fold,
                                               Rng& rng, std::int64_t budget)>;

struct HalvingOptions {
  std::int64_t least_budget = 1;  ///< of each candidate in the first round
  std::int64_t most_budget = 27;  ///< of those in the last round
  std::int64_t factor = 3;        ///< of so many candidates one stays, for so many times the budget
};

/// The same as random_search with bad candidates stopped early: each round drops all but the best,
/// and gives these a greater budget. An evaluation begins anew, from the same seed. Trials are
/// those of each candidate's last round, greater budgets first; `on_result` is called in every
/// round.
/// Throws as random_search, ValueError for budgets below 1 or in the wrong order, and a factor
/// below 2. Source: Jamieson and Talwalkar, Non-stochastic Best Arm Identification and
/// Hyperparameter Optimization (2016).
SearchResult halving_search(const SearchSpace& space, std::int64_t candidates,
                            const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                            const BudgetedObjective& objective, const HalvingOptions& halving,
                            const SearchOptions& options);

/// The seed of a search's evaluation of a candidate on a fold, below 2^32: the upper half of
/// mix(mix(mix(seed) + candidate) + fold), where mix is the step of SplitMix64 (Steele, Lea and
/// Flood 2014). To do it again: `seed(evaluation_seed(...))`, then call the objective with
/// `default_rng()`.
std::uint64_t evaluation_seed(std::uint64_t seed, std::int64_t candidate, std::int64_t fold);

}  // namespace xtape

XTAPE_EXPORT_END
