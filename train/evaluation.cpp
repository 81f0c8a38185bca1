#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/require.hpp>
#include <xtape/train/agreement.hpp>
#include <xtape/train/evaluation.hpp>
#include <xtape/train/evaluation_shared.hpp>
#include <xtape/train/interrupt.hpp>
#include <xtape/train/ranks.hpp>
#include <xtape/train/search.hpp>

namespace xtape::detail {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Marks of the rows of a fold's part. Throws unless they are rows of the dataset, one at least.
std::vector<bool> checked_rows(const std::string& part, const Tensor& rows, std::int64_t count) {
  if (!rows.defined() || rows.rank() != 1) {
    throw ShapeError(part + " must be row numbers [n]; got " +
                     (rows.defined() ? rows.describe() : "an undefined tensor"));
  }
  if (rows.dtype() != Dtype::int64) {
    throw DtypeError(part + " must be int64; got " + rows.describe());
  }
  if (rows.size() == 0) throw ValueError(part + " must have a row; got none");
  std::vector<bool> marks(static_cast<std::size_t>(count));
  for (const std::int64_t row : rows.to_vector<std::int64_t>()) {
    if (row < 0 || row >= count) {
      throw IndexError(part + " must be rows of the dataset, which has " + std::to_string(count) +
                       "; got row " + std::to_string(row));
    }
    marks[static_cast<std::size_t>(row)] = true;
  }
  return marks;
}

/// Calls work(i) for i = 0, ..., count - 1, in order, on threads of their own, and done(i) on this
/// thread, one at a time in the order in which they finish. An exception from either is passed on
/// in its turn, when work that has begun is finished; the rest is dropped.
template <class Work, class Done>
void in_parallel(std::size_t count, std::size_t threads, const Work& work, const Done& done) {
  struct Finished {
    std::size_t number;
    std::exception_ptr thrown;
  };
  std::mutex mutex;  // guards the next two
  std::size_t next = 0;
  std::vector<Finished> finished;
  std::condition_variable one_finished;
  finished.reserve(count);

  const auto run = [&, dtype = default_dtype()] {
    const DefaultDtypeGuard as_there(dtype);
    const detail::Unshared alone;
    std::unique_lock lock(mutex);
    while (next < count) {
      const std::size_t i = next++;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        work(i);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown) next = count;
      finished.push_back({i, std::move(thrown)});
      one_finished.notify_one();
    }
  };
  std::vector<std::jthread> workers;  // joined before what they use goes
  try {
    for (std::size_t i = 0; i < std::min(threads, count); ++i) workers.emplace_back(run);
    for (std::size_t i = 0; i < count; ++i) {
      std::unique_lock lock(mutex);
      one_finished.wait(lock, [&] { return finished.size() > i; });
      if (finished[i].thrown) std::rethrow_exception(finished[i].thrown);
      const std::size_t number = finished[i].number;
      lock.unlock();
      done(number);
    }
  } catch (...) {
    const std::lock_guard lock(mutex);
    next = count;
    throw;
  }
}

Evaluation evaluation(const SearchObjective& objective, const Hyperparameters& hyperparameters,
                      const data::Dataset& dataset, const data::Fold& fold, std::uint64_t seed) {
  Rng& rng = default_rng();
  rng.seed(seed);
  Evaluation result;
  const auto start = std::chrono::steady_clock::now();
  try {
    // Gathered anew, so that nothing an objective does to its tensors reaches another.
    result.score = objective(hyperparameters, data::split(dataset, fold), rng);
    if (!std::isfinite(result.score)) {
      result.error = "score is " + std::string(std::isnan(result.score) ? "NaN" : "infinite");
      result.score = nan;
    }
  } catch (const std::exception& error) {
    result.error = error.what();
    if (result.error.empty()) result.error = "an exception without a text";
  } catch (...) {
    result.error = "an exception that is no std::exception";
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

/// Ends what is left of a search on this rank.
struct Interrupted {};

/// While it lives, ranks evaluate what is theirs.
class Holding {
 public:
  explicit Holding(const Ranks* ranks) : ranks_(ranks) {
    if (ranks_ != nullptr) ranks_->hold("an evaluation of a search");
  }
  ~Holding() {
    if (ranks_ != nullptr) ranks_->hold({});
  }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

 private:
  const Ranks* ranks_;
};

/// If Ctrl-C has reached a rank, all end.
void end_if_interrupted(bool here, std::size_t kept, std::size_t evaluated, std::size_t of,
                        const SearchOptions& options, const Ranks* others) {
  const std::array<double, 2> own{here ? 1.0 : 0.0, static_cast<double>(evaluated)};
  std::vector<double> all(own.begin(), own.end());
  if (others != nullptr) all = others->gather(own);
  bool interrupted = false;
  for (std::size_t i = 0; i < all.size(); i += own.size()) {
    interrupted = interrupted || all[i] != 0;
    kept += static_cast<std::size_t>(all[i + 1]);
  }
  if (!interrupted) return;
  InterruptWatch::tell(true);  // of a search within an objective
  throw SearchInterrupted(
      "search: interrupted after " + std::to_string(kept) + " of " + std::to_string(of) +
      " evaluations" +
      (options.folder.empty() ? "; nothing kept: no folder" : "; kept in " + options.folder));
}

/// Mean and spread of a candidate's evaluations, one a fold.
SearchTrial summary(const Candidate& candidate, std::span<const Evaluation> evaluations) {
  SearchTrial trial;
  trial.candidate = candidate.number;
  trial.hyperparameters = candidate.hyperparameters;
  const auto folds = static_cast<double>(evaluations.size());
  double sum = 0, squares = 0;
  for (const Evaluation& evaluation : evaluations) {
    trial.fold_scores.push_back(evaluation.score);
    trial.seconds += evaluation.seconds;
    sum += evaluation.score;
    if (trial.error.empty()) trial.error = evaluation.error;
  }
  trial.score = sum / folds;
  for (const double score : trial.fold_scores) {
    squares += (score - trial.score) * (score - trial.score);
  }
  trial.spread = evaluations.size() > 1 ? std::sqrt(squares / (folds - 1)) : nan;
  return trial;
}

}  // namespace

void check_search(const std::string& op, const data::Dataset& dataset,
                  const std::vector<data::Fold>& folds, bool has_objective,
                  const SearchOptions& options) {
  if (!has_objective) throw ValueError(op + ": the objective must be a function; got an empty one");
  require_at_least(op.c_str(), "threads", options.threads, 1);
  if (!options.goal) {
    throw ValueError(op +
                     ": a goal must be given, SearchGoal::maximize of an accuracy, "
                     "SearchGoal::minimize of a loss");
  }
  const auto& [x, y] = dataset;
  if (x.rank() < 1 || y.rank() < 1 || x.extent(0) != y.extent(0)) {
    throw ShapeError(op + ": x and y must have the same number of rows; got " + x.describe() +
                     " and " + y.describe());
  }
  if (folds.empty()) throw ValueError(op + ": there must be a fold; got none");
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const std::string fold = op + ": fold " + std::to_string(i);
    const std::vector<bool> train = checked_rows(fold + ".train", folds[i].train, x.extent(0)),
                            test = checked_rows(fold + ".test", folds[i].test, x.extent(0));
    for (std::size_t row = 0; row < train.size(); ++row) {
      if (train[row] && test[row]) {
        throw ValueError(fold + " must not train on what it tests; got row " + std::to_string(row) +
                         " in both");
      }
    }
  }
}

std::vector<SearchTrial> evaluate(const std::vector<Candidate>& candidates,
                                  const data::Dataset& dataset,
                                  const std::vector<data::Fold>& folds,
                                  const SearchObjective& objective, const SearchOptions& options,
                                  std::int64_t budget) {
  const data::Dataset constant{dataset.x.detach(), dataset.y.detach()};
  const std::size_t n = folds.size();
  std::vector<Evaluation> evaluations(candidates.size() * n);
  std::vector<std::size_t> waiting(candidates.size(), n);  // folds still to come
  std::vector<SearchTrial> trials(candidates.size());

  const bool alone = options.ranks == nullptr || options.ranks->size() == 1;
  const auto ranks = static_cast<std::size_t>(alone ? 1 : options.ranks->size()),
             rank = static_cast<std::size_t>(alone ? 0 : options.ranks->rank());
  if (!alone) {
    require_same("search: space, goal, data, folds and seed", *options.ranks,
                 agreed(candidates, constant, folds, options));
  }
  const Ranks* others = alone ? nullptr : options.ranks;
  const OpenedFolder opened = opened_folder(options.folder, others);
  std::vector<std::size_t> missing(evaluations.size());
  std::iota(missing.begin(), missing.end(), std::size_t{0});
  std::optional<EvaluationKeys> keys;
  if (opened.folder->kept()) {
    keys.emplace(candidates, constant, folds, options.seed, budget);
    missing = take_kept(evaluations, opened.kept, *keys, others);
  }
  const bool tells = options.on_result && rank == 0;
  std::atomic<bool> interrupted = false;
  std::atomic<std::size_t> evaluated = 0;
  const auto work = [&](std::size_t turn) {
    if (interrupted) throw Interrupted();
    const InterruptWatch watch(interrupted);
    const std::size_t i = missing[turn * ranks + rank];
    const auto& [number, hyperparameters] = candidates[i / n];
    const std::size_t fold = i % n;
    const std::uint64_t seed =
        evaluation_seed(options.seed, number, static_cast<std::int64_t>(fold));
    evaluations[i] = evaluation(objective, hyperparameters, constant, folds[fold], seed);
    if (watch.cut()) throw Interrupted();
    if (const Evaluation& own = evaluations[i]; keys && own.error.empty())
      opened.folder->write((*keys)[i], {own.score, own.seconds});
    ++evaluated;
    if (interrupted) throw Interrupted();
  };
  const auto done = [&](std::size_t i) {
    const std::size_t place = i / n;
    if (--waiting[place] > 0) return;
    trials[place] = summary(candidates[place], std::span(evaluations).subspan(place * n, n));
    if (tells) options.on_result(trials[place]);
  };
  for (std::size_t i = 0, next = 0; alone && i < evaluations.size(); ++i) {
    const bool is_missing = next < missing.size() && missing[next] == i;
    is_missing ? static_cast<void>(++next) : done(i);
  }
  const std::size_t turns = missing.size() > rank ? (missing.size() + ranks - 1 - rank) / ranks : 0;
  try {
    const Holding holding(others);
    in_parallel(turns, static_cast<std::size_t>(options.threads), work, [&](std::size_t turn) {
      if (alone) done(missing[turn]);
    });
  } catch (const Interrupted&) {
    interrupted = true;
  }
  end_if_interrupted(interrupted, evaluations.size() - missing.size(), evaluated,
                     evaluations.size(), options, others);
  if (!alone) {
    share(evaluations, missing, *options.ranks);
    for (std::size_t i = 0; i < evaluations.size(); ++i) done(i);
  }
  return trials;
}

/// Best first; failed ones last.
void rank(std::vector<SearchTrial>& trials, SearchGoal goal) {
  std::ranges::stable_sort(trials, [goal](const SearchTrial& a, const SearchTrial& b) {
    if (a.failed() || b.failed()) return !a.failed() && b.failed();
    if (a.budget != b.budget) return a.budget > b.budget;
    return goal == SearchGoal::maximize ? a.score > b.score : a.score < b.score;
  });
}

void check_one_succeeded(const std::string& op, const std::vector<SearchTrial>& trials) {
  if (std::ranges::all_of(trials, &SearchTrial::failed)) {
    throw ValueError(
        op + ": a candidate must succeed; all failed, the first with: " + trials.front().error);
  }
}

}  // namespace xtape::detail
