#pragma once
#include <concepts>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/train/hyperparameters.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What a search chooses from: hyperparameters, each with a list of values or a range. Their order
/// is that in which they are added; results show them in it.
/// ```
/// SearchSpace space;
/// space.choice("optimizer", {"sgd", "adam"}).choice("hidden", {16, 64});
/// space.log_uniform("learning_rate", 1e-4, 1e-1);
/// ```
/// Each of the functions that add one throws ValueError for a name that is empty, has a blank or
/// '=', is taken, or is that of another column of the results (rank, candidate, score, spread,
/// seconds, budget, seed, error, fold_...); and for a value or bound that is not finite.
class SearchSpace {
 public:
  /// One of the values; random search takes each with the same probability. Throws ValueError for
  /// none.
  SearchSpace& choice(std::string name, std::vector<HyperparameterValue> values);
  template <class Values>
  requires std::convertible_to<decltype(*std::begin(std::declval<const Values&>())),
                               HyperparameterValue> &&
      (!std::convertible_to<const Values&, HyperparameterValue>)  // a literal is a range of char
      SearchSpace& choice(std::string name, const Values& values) {
    return choice(std::move(name),
                  std::vector<HyperparameterValue>(std::begin(values), std::end(values)));
  }

  /// A number from [low, high), for random search. Throws ValueError if low > high or their
  /// distance is infinite.
  SearchSpace& uniform(std::string name, double low, double high);

  /// A number from [low, high], all factors being equally likely: 1 to 10 as much as 10 to 100. For
  /// random search. Throws ValueError unless 0 < low <= high.
  SearchSpace& log_uniform(std::string name, double low, double high);

  /// An integer from low to high, both included, for random search. Throws ValueError if
  /// low > high, or high is the greatest int64.
  SearchSpace& integers(std::string name, std::int64_t low, std::int64_t high);

  /// An integer from low to high, both included, all factors being equally likely: 8 to 16 as much
  /// as 64 to 128. For random search. Throws ValueError unless 1 <= low <= high <= 2^53.
  SearchSpace& log_integers(std::string name, std::int64_t low, std::int64_t high);

  /// "learning_rate, hidden"
  std::string names() const;

  /// All combinations of the values; the last hyperparameter changes fastest.
  /// Throws ValueError for a space that is empty, has a range, or has 2^31 combinations or more.
  std::vector<Hyperparameters> grid() const;

  /// Combinations drawn one after the other, independently. Throws ValueError for an empty space,
  /// and for a count below 1 or from 2^31 on.
  std::vector<Hyperparameters> sample(std::int64_t count, Rng& rng) const;

 private:
  struct Dimension {
    std::string name;
    std::vector<HyperparameterValue> values;  // none: a range
    std::function<HyperparameterValue(Rng&)> draw;
  };

  SearchSpace& add(Dimension dimension);
  void check_not_empty() const;

  std::vector<Dimension> dimensions_;
};

}  // namespace xtape

XTAPE_EXPORT_END
