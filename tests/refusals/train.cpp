#include <xtape/core/create.hpp>
#include <xtape/train/confusion.hpp>
#include <xtape/train/metrics.hpp>
#include <xtape/train/search.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

SearchSpace range() {
  SearchSpace space;
  space.uniform("rate", 0, 1);
  return space;
}

SearchResult searched(std::int64_t candidates, int threads) {
  const data::Dataset dataset{zeros({4, 1}), zeros({4}, Dtype::int64)};
  return random_search(range(), candidates, dataset, data::blocked_k_fold(4, 2),
                       [](const Hyperparameters&, const data::Split&, Rng&) { return 1.0; },
                       {.threads = threads, .goal = SearchGoal::maximize});
}

SearchResult halved(std::int64_t candidates, const HalvingOptions& options) {
  const data::Dataset dataset{zeros({4, 1}), zeros({4}, Dtype::int64)};
  return halving_search(
      range(), candidates, dataset, data::blocked_k_fold(4, 2),
      [](const Hyperparameters&, const data::Split&, Rng&, std::int64_t) { return 1.0; }, options,
      {.goal = SearchGoal::maximize});
}

}  // namespace

TEST_CASE("refusals: counts of metrics and searches") {
  const Tensor labels = tensor({0});
  const std::string classes = "confusion_matrix: classes must lie in [1, 3037000499]; got ";
  const std::string candidates =
      "space: the number of candidates must lie in [1, 2147483647]; got ";
  Rng rng(0);
  check(Counts{
      {"confusion_matrix: classes",
       Kind::value,
       {0, -1, std::int64_t{1} << 62, most, least},
       [&](auto n) { return confusion_matrix(labels, labels, n); },
       classes},
      {"confusion_matrix: classes",
       Kind::memory,
       {std::int64_t{1} << 29},
       [&](auto n) { return confusion_matrix(labels, labels, n); },
       "=zeros: out of memory: 2305843009213693952 bytes for int64[288230376151711744]"},
      {"TopKOptions.k",
       Kind::value,
       {0, -1, 4, most, least},
       [&](auto k) {
         return top_k_accuracy(ones({1, 3}), labels, {.k = k});
       },
       "top_k_accuracy: k must lie in [1, 3]; got "},
      {"AccuracyOptions.ignore_index",
       Kind::index,
       {3, -1, most, least},
       [&](auto i) {
         return accuracy(ones({1, 3}), tensor({7}), {.ignore_index = i});
       },
       "accuracy: labels must lie in [0, 3) or be %; got 7 in row 0"},
      {"PerplexityOptions.ignore_index",
       Kind::value,
       {0, most},
       [&](auto i) {
         return perplexity(ones({1, 3}), ones({1, 3}), {.ignore_index = i});
       },
       "=cross_entropy: ignore_index goes with labels that are classes; got float32[1, 3]"},
      {"random_search: candidates",
       Kind::value,
       {0, -1, most, least},
       [](auto n) { return searched(n, 1); },
       candidates},
      {"sample: count",
       Kind::value,
       {0, -1, most, least},
       [&](auto n) { return range().sample(n, rng); },
       candidates},
      {"SearchOptions.threads",
       Kind::value,
       {0, -1},
       [](auto n) { return searched(1, static_cast<int>(n)); },
       "random_search: threads must be at least 1; got "},
      {"halving_search: candidates",
       Kind::value,
       {0, -1, most, least},
       [](auto n) { return halved(n, {}); },
       candidates},
      {"HalvingOptions.least_budget",
       Kind::value,
       {0, -1, least},
       [](auto n) { return halved(2, {.least_budget = n}); },
       "halving_search: least_budget must be at least 1; got "},
      {"HalvingOptions.most_budget",
       Kind::value,
       {4, 0, -1, least},
       [](auto n) { return halved(2, {.least_budget = 5, .most_budget = n}); },
       "halving_search: most_budget must be at least 5; got "},
      {"HalvingOptions.factor",
       Kind::value,
       {1, 0, -1, least},
       [](auto n) { return halved(2, {.factor = n}); },
       "halving_search: factor must be at least 2; got "},
      {"log_integers: low",
       Kind::value,
       {0, -1, 4, most, least},
       [](auto n) { return SearchSpace().log_integers("n", n, 3); },
       "space: the range of n must have 1 <= low <= high <= 2^53; got % and 3"},
      {"log_integers: high",
       Kind::value,
       {0, least, most, (std::int64_t{1} << 53) + 1},
       [](auto n) { return SearchSpace().log_integers("n", 1, n); },
       "space: the range of n must have 1 <= low <= high <= 2^53; got 1 and "},
      {"integers: low",
       Kind::value,
       {4, most},
       [](auto n) { return SearchSpace().integers("n", n, 3); },
       "space: the range of n must have low <= high < 2^63 - 1; got % and 3"},
      {"integers: high",
       Kind::value,
       {-1, least, most},
       [](auto n) { return SearchSpace().integers("n", 0, n); },
       "space: the range of n must have low <= high < 2^63 - 1; got 0 and "},
  });
  CHECK(searched(1, std::numeric_limits<int>::max()).best().score == 1);
}

TEST_CASE("refusals: numbers of metrics and searches") {
  const Tensor p = full({2}, 0.5), y = tensor({0.0, 1.0});
  const std::vector<double> not_finite{not_a_number, inf, -inf};
  const std::string uniform =
      "space: the range of r must have low <= high, a finite distance apart; got ";
  const std::string logarithmic =
      "space: the range of r must have 0 < low <= high, both finite; got ";
  check(Numbers{
      {"BinaryAccuracyOptions.threshold", Kind::value, not_finite,
       [&](auto v) { return binary_accuracy(p, y, {.threshold = v}); },
       "binary_accuracy: threshold must be finite; got "},
      {"BinaryAccuracyOptions.threshold",
       Kind::value,
       {1e39},
       [&](auto v) { return binary_accuracy(p, y, {.threshold = v}); },
       "greater: a number must fit in float32; got "},
      {"RegressionAccuracyOptions.precision",
       Kind::value,
       {-1, not_a_number, inf},
       [&](auto v) { return regression_accuracy(p, y, {.precision = v}); },
       "regression_accuracy: precision must be finite and not negative; got "},
      {"uniform: low",
       Kind::value,
       {2, not_a_number, -inf},
       [](auto v) { return SearchSpace().uniform("r", v, 1); },
       uniform + "% and 1"},
      {"uniform: high",
       Kind::value,
       {-1, not_a_number, inf},
       [](auto v) { return SearchSpace().uniform("r", 0, v); },
       uniform + "0 and "},
      {"log_uniform: low",
       Kind::value,
       {0, -1, 2, not_a_number},
       [](auto v) { return SearchSpace().log_uniform("r", v, 1); },
       logarithmic + "% and 1"},
      {"log_uniform: high",
       Kind::value,
       {0.5, not_a_number, inf},
       [](auto v) { return SearchSpace().log_uniform("r", 1, v); },
       logarithmic + "1 and "},
      {"choice: values", Kind::value, not_finite,
       [](auto v) { return SearchSpace().choice("r", {v}); },
       "space: the values of r must be finite; got "},
  });
}
