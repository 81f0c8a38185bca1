#include <algorithm>
#include <cstring>
#include <exception>
#include <sstream>

#include <xtape/data/fingerprint.hpp>
#include <xtape/train/agreement.hpp>
#include <xtape/train/evaluation_shared.hpp>

namespace xtape::detail {
namespace {

std::string shown(const Tensor& rows) {
  return std::to_string(rows.size()) + " rows [" +
         std::to_string(data::detail::fingerprint_of_all({{"rows", rows.contiguous()}})) + "]";
}

std::int64_t hash_of(const data::Dataset& dataset) {
  return data::detail::fingerprint_of_all(
      {{"x", dataset.x.contiguous()}, {"y", dataset.y.contiguous()}});
}

}  // namespace

std::vector<std::string> agreed(const std::vector<Candidate>& candidates,
                                const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                                const SearchOptions& options) {
  std::vector<std::string> lines{
      "seed " + std::to_string(options.seed),
      std::to_string(candidates.size()) + " candidates",
      "x " + dataset.x.describe(),
      "y " + dataset.y.describe(),
      options.folder.empty() ? "no folder" : "a folder",
      options.goal == SearchGoal::maximize ? "the goal maximize" : "the goal minimize",
      "data [" + std::to_string(hash_of(dataset)) + "]"};
  for (std::size_t i = 0; i < folds.size(); ++i) {
    lines.push_back("fold " + std::to_string(i + 1) + " of " + shown(folds[i].train) + " and " +
                    shown(folds[i].test));
  }
  for (const auto& [number, hyperparameters] : candidates) {
    std::ostringstream line;
    line << "candidate " << number << ": " << hyperparameters;
    lines.push_back(line.str());
  }
  return lines;
}

void share(std::vector<Evaluation>& evaluations, const std::vector<std::size_t>& missing,
           const Ranks& ranks) {
  const auto missed = [&](std::size_t i) -> Evaluation& { return evaluations[missing[i]]; };
  const auto size = static_cast<std::size_t>(ranks.size()),
             rank = static_cast<std::size_t>(ranks.rank()), count = missing.size();
  const std::size_t each = (count + size - 1) / size;
  std::vector<double> own(3 * each +
                          1);  // score, seconds, length of the error; then letters of all errors
  std::vector<double> letters;
  for (std::size_t i = rank, k = 0; i < count; i += size, ++k) {
    own[3 * k] = missed(i).score;
    own[3 * k + 1] = missed(i).seconds;
    own[3 * k + 2] = static_cast<double>(missed(i).error.size());
    for (const char c : missed(i).error) letters.push_back(static_cast<unsigned char>(c));
  }
  own.back() = static_cast<double>(letters.size());
  const std::vector<double> all = ranks.gather(own);
  double longest = 0;
  for (std::size_t r = 0; r < size; ++r) longest = std::max(longest, all[(r + 1) * own.size() - 1]);
  letters.resize(static_cast<std::size_t>(longest));
  const std::vector<double> texts = longest > 0 ? ranks.gather(letters) : letters;
  for (std::size_t r = 0; r < size; ++r) {
    std::size_t at = r * letters.size();
    for (std::size_t i = r, k = r * own.size(); i < count; i += size, k += 3) {
      missed(i) = {all[k], all[k + 1], {}};
      for (auto left = static_cast<std::size_t>(all[k + 2]); left > 0; --left)
        missed(i).error += static_cast<char>(static_cast<unsigned char>(texts[at++]));
    }
  }
}

EvaluationKeys::EvaluationKeys(const std::vector<Candidate>& candidates,
                               const data::Dataset& dataset, const std::vector<data::Fold>& folds,
                               std::uint64_t seed, std::int64_t budget)
    : candidates_(candidates), folds_(folds.size()) {
  start_ = "seed " + std::to_string(seed) + " data " + dataset.x.describe() + " " +
           dataset.y.describe() + " " + std::to_string(hash_of(dataset));
  if (budget > 0) start_ += " budget " + std::to_string(budget);
  for (const data::Fold& fold : folds)
    rows_.push_back(shown(fold.train) + " and " + shown(fold.test));
}
std::string EvaluationKeys::operator[](std::size_t i) const {
  std::ostringstream key;
  const auto& [number, hyperparameters] = candidates_[i / folds_];
  key << start_ << " fold " << i % folds_ << " of " << rows_[i % folds_] << " candidate " << number
      << ": " << hyperparameters;
  std::string line = key.str();
  for (char& c : line)
    if (c == '\n' || c == '\t') c = ' ';
  return line;
}

OpenedFolder opened_folder(const std::string& path, const Ranks* ranks) {
  OpenedFolder opened;
  const auto open = [&](int rank) {
    opened.folder = std::make_unique<SearchFolder>(path, rank);
    if (rank == 0) opened.kept = opened.folder->read();
  };
  if (ranks == nullptr) {
    open(0);
    return opened;
  }
  std::string wrong;
  try {
    open(ranks->rank());
  } catch (const std::exception& error) {  // whatever it is, the others must not wait
    wrong = error.what();
  }
  throw_together(*ranks, wrong);
  return opened;
}

std::vector<std::size_t> take_kept(std::vector<Evaluation>& evaluations,
                                   const SearchFolder::KeptByKey& kept, const EvaluationKeys& keys,
                                   const Ranks* ranks) {
  std::vector<double> found(3 * evaluations.size());
  if (ranks == nullptr || ranks->rank() == 0) {
    for (std::size_t i = 0; i < evaluations.size() && !kept.empty(); ++i) {
      const auto one = kept.find(keys[i]);
      if (one == kept.end()) continue;
      found[3 * i] = 1;
      found[3 * i + 1] = one->second.score;
      found[3 * i + 2] = one->second.seconds;
    }
  }
  if (ranks != nullptr) {
    const std::size_t bytes = found.size() * sizeof(double);
    const std::string text =
        ranks->broadcast(std::string(reinterpret_cast<const char*>(found.data()), bytes));
    std::memcpy(found.data(), text.data(), bytes);
  }
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    if (found[3 * i] != 0)
      evaluations[i] = {found[3 * i + 1], found[3 * i + 2], {}};
    else
      missing.push_back(i);
  }
  return missing;
}

}  // namespace xtape::detail
