#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <xtape/data/split.hpp>
#include <xtape/train/evaluation.hpp>
#include <xtape/train/ranks.hpp>
#include <xtape/train/search_folder.hpp>

/// Evaluations that others have made: other ranks, or a search before. They lie candidate by
/// candidate, fold by fold.
namespace xtape::detail {

struct Evaluation {
  double score = std::numeric_limits<double>::quiet_NaN();
  double seconds = 0;
  std::string error;
};

/// What ranks must have in common.
std::vector<std::string> agreed(const std::vector<Candidate>& candidates,
                                const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                                const SearchOptions& options);

/// What other ranks have evaluated: of those that were missing, rank r has r, r + ranks, ...
void share(std::vector<Evaluation>& evaluations, const std::vector<std::size_t>& missing,
           const Ranks& ranks);

/// What tells the evaluation of a candidate on a fold from all others that a folder may keep.
class EvaluationKeys {
 public:
  EvaluationKeys(const std::vector<Candidate>& candidates, const data::Dataset& dataset,
                 const std::vector<data::Fold>& folds, std::uint64_t seed, std::int64_t budget);
  std::string operator[](std::size_t i) const;

 private:
  const std::vector<Candidate>& candidates_;
  std::size_t folds_;
  std::string start_;
  std::vector<std::string> rows_;
};

struct OpenedFolder {
  std::unique_ptr<SearchFolder> folder;
  SearchFolder::KeptByKey kept;  // what was there; on other ranks than the first nothing
};
/// Opens the folder and reads it; if a rank cannot, all throw. `ranks`: null, alone.
OpenedFolder opened_folder(const std::string& path, const Ranks* ranks);
/// Takes what was kept, on all ranks what rank 0 has found; returns which evaluations are missing.
std::vector<std::size_t> take_kept(std::vector<Evaluation>& evaluations,
                                   const SearchFolder::KeptByKey& kept, const EvaluationKeys& keys,
                                   const Ranks* ranks);

}  // namespace xtape::detail
