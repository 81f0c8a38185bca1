// Searches that are started again, with a folder that keeps what they have evaluated.
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;

namespace {

struct Case {
  Rng rng = Rng(1);
  data::Dataset dataset = {rng.normal({20, 2}), rng.integers(0, 2, {20})};
  std::vector<data::Fold> folds = data::k_fold(20, 4, rng);
  TemporaryDirectory directory;
  std::string path = directory.file("search/of/mine");
  SearchOptions options = {.seed = 3, .threads = 2, .goal = SearchGoal::maximize, .folder = path};
  std::atomic<int> evaluated = 0;
  bool fails = false;

  /// Candidates l2 = 0, 1, ...
  SearchResult search(int candidates) {
    SearchSpace space;
    std::vector<double> values;
    for (int i = 0; i < candidates; ++i) values.push_back(i);
    space.choice("l2", values);
    const auto objective = [this](const Hyperparameters& h, const data::Split& fold, Rng& own) {
      ++evaluated;
      if (fails && h.number("l2") == 1) throw std::runtime_error("no memory");
      return h.number("l2") / 3 + own.uniform() + sum(fold.train.x).item();
    };
    return grid_search(space, dataset, folds, objective, options);
  }
  int evaluations(int candidates) {
    evaluated = 0;
    static_cast<void>(search(candidates));
    return evaluated;
  }
  std::string file() const { return path + "/evaluations-0.tsv"; }
  std::string content() const {
    std::ifstream stream(file());
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void put(const std::string& text) const { std::ofstream(file()) << text; }
};

std::vector<std::vector<double>> scores(const SearchResult& result) {
  std::vector<std::vector<double>> all;
  for (const SearchTrial& trial : result.trials) {
    all.push_back(trial.fold_scores);
    all.back().push_back(static_cast<double>(trial.candidate));
    all.back().push_back(trial.score);
  }
  return all;
}

}  // namespace

TEST_CASE("search folder: what is there is not evaluated again, and the table is the same") {
  Case one;
  const SearchResult first = one.search(3);
  CHECK(one.evaluated == 12);
  int told = 0;
  one.options.on_result = [&](const SearchTrial&) { ++told; };
  const SearchResult again = one.search(3);
  CHECK(one.evaluated == 12);
  CHECK(told == 3);
  CHECK(scores(again) == scores(first));
  for (std::size_t i = 0; i < 3; ++i) CHECK(again.trials[i].seconds == first.trials[i].seconds);
  one.options.folder.clear();
  CHECK(scores(one.search(3)) == scores(first));
  CHECK(one.evaluated == 24);
}

TEST_CASE("search folder: a line that is not whole is evaluated again, wherever it was cut") {
  Case one;
  const SearchResult first = one.search(3);
  const std::string whole = one.content();
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (const std::size_t size : {last + 1, last + 9, (last + whole.size()) / 2, whole.size() - 2}) {
    one.put(whole.substr(0, size));
    CHECK(one.evaluations(3) == 1);
    CHECK(one.evaluations(3) == 0);
    CHECK(scores(one.search(3)) == scores(first));
  }
  std::string changed = whole;
  changed[whole.find('\t', whole.find('\t') + 1) - 1] ^= 1;  // the last digit of a score
  one.put(changed);
  CHECK(one.evaluations(3) == 1);
  one.put("");
  CHECK(one.evaluations(3) == 12);
}

TEST_CASE("search folder: more candidates, other seeds, folds and data") {
  Case one;
  CHECK(one.evaluations(2) == 8);
  CHECK(one.evaluations(3) == 4);
  one.options.seed = 4;
  CHECK(one.evaluations(3) == 12);
  one.options.seed = 3;
  CHECK(one.evaluations(3) == 0);
  std::swap(one.folds[0], one.folds[1]);
  CHECK(one.evaluations(3) == 6);
  std::swap(one.folds[0], one.folds[1]);
  one.dataset.x = one.dataset.x + 1;
  CHECK(one.evaluations(3) == 12);
}

TEST_CASE("search folder: a column of a large table that has changed, or one element") {
  Case one;
  constexpr std::int64_t rows = 8192, columns = 256;  // 8 MiB
  std::vector<float> x(rows * columns);
  one.folds = {data::block_split(rows, 0.25)};
  const auto evaluations = [&] {
    one.dataset = {from_vector(x, {rows, columns}), zeros({rows}, Dtype::int64)};
    return one.evaluations(1);
  };
  CHECK(evaluations() == 1);
  CHECK(evaluations() == 0);
  for (const std::size_t column : {0U, 5U, 14U}) {
    for (std::size_t row = 0; row < rows; ++row) x[row * columns + column] += 1;
    CHECK(evaluations() == 1);
  }
  for (const std::size_t element : {std::size_t{12345}, x.size() - 1}) {
    x[element] += 1;
    CHECK(evaluations() == 1);
  }
  CHECK(evaluations() == 0);
}

TEST_CASE("search folder: what failed is evaluated again") {
  Case one;
  one.fails = true;
  CHECK(one.search(3).trials.back().error == "no memory");
  one.fails = false;
  CHECK(one.evaluations(3) == 4);
  const std::vector<std::vector<double>> again = scores(one.search(3));
  one.options.folder.clear();
  CHECK(again == scores(one.search(3)));
}

TEST_CASE("search folder: budgets of a halving search") {
  Case one;
  SearchSpace space;
  space.uniform("l2", 0, 1);
  const auto search = [&] {
    return halving_search(
        space, 9, one.dataset, one.folds,
        [&](const Hyperparameters& h, const data::Split&, Rng&, std::int64_t budget) {
          ++one.evaluated;
          return h.number("l2") * static_cast<double>(budget);
        },
        {.least_budget = 1, .most_budget = 9}, one.options);
  };
  const SearchResult first = search();
  const int before = one.evaluated;
  CHECK(before == 4 * (9 + 3 + 1));
  CHECK(scores(search()) == scores(first));
  CHECK(one.evaluated == before);
}

TEST_CASE("search folder: one that cannot be written is refused before anything is evaluated") {
  Case one;
  const std::string file = one.directory.file("file");
  std::ofstream(file) << "a file";
  one.options.folder = file;
  const std::string error = error_of<IoError>([&] { return one.search(2).trials.size(); });
  CHECK(error.starts_with(file + ": cannot be the folder of a search: "));
  CHECK(one.evaluated == 0);
}
