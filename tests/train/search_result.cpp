#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/train/search_result.hpp>

#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Three trials of two folds, the last of them failed.
SearchResult three_trials() {
  return {.trials =
              {{.candidate = 2,
                .hyperparameters = {{"learning_rate", 0.05}, {"hidden", 64}, {"optimizer", "adam"}},
                .fold_scores = {0.9, 1.0},
                .score = 0.95,
                .spread = 0.07071067811865475,
                .seconds = 12.346,
                .error = ""},
               {.candidate = 0,
                .hyperparameters = {{"learning_rate", 1e-5}, {"hidden", 8}, {"optimizer", "sgd"}},
                .fold_scores = {-0.5, 0.1},
                .score = -0.2,
                .spread = 0.4242640687119285,
                .seconds = 3,
                .error = ""},
               {.candidate = 1,
                .hyperparameters = {{"learning_rate", 10.0}, {"hidden", 128}, {"optimizer", "sgd"}},
                .fold_scores = {0.1, none},
                .score = none,
                .spread = none,
                .seconds = 0.5,
                .error = "fell over, it said \"no\"\nand more"}},
          .goal = SearchGoal::maximize,
          .seed = std::numeric_limits<std::uint64_t>::max()};
}

std::string text(const SearchResult& result) {
  std::ostringstream stream;
  stream << result;
  return stream.str();
}

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("search result: a table") {
  CHECK(text(three_trials()) ==
        "rank  learning_rate  hidden  optimizer    score  spread  seconds  error\n"
        "   1           0.05      64  adam        0.9500  0.0707    12.35\n"
        "   2          1e-05       8  sgd        -0.2000  0.4243     3.00\n"
        "   3             10     128  sgd              -       -     0.50  "
        "fell over, it said \"no\" and more\n");
}

TEST_CASE("search result: a table without failures, of one fold, with small scores") {
  SearchResult result = three_trials();
  result.trials.pop_back();
  for (SearchTrial& trial : result.trials) {
    trial.fold_scores.pop_back();
    trial.score *= 1e-3;
    trial.spread = none;
  }
  CHECK(text(result) ==
        "rank  learning_rate  hidden  optimizer        score  seconds\n"
        "   1           0.05      64  adam        9.5000e-04    12.35\n"
        "   2          1e-05       8  sgd        -2.0000e-04     3.00\n");
  CHECK(text(SearchResult()) == "no trials\n");
}

TEST_CASE("search result: a CSV file with every number exact") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("result.csv");
  three_trials().save_csv(path);
  CHECK(content(path) ==
        "rank,candidate,learning_rate,hidden,optimizer,score,spread,fold_0,fold_1,seconds,seed,"
        "error\n"
        "1,2,0.05,64,adam,0.95,0.07071067811865475,0.9,1,12.346,18446744073709551615,\n"
        "2,0,1e-05,8,sgd,-0.2,0.4242640687119285,-0.5,0.1,3,18446744073709551615,\n"
        "3,1,10,128,sgd,,,0.1,,0.5,18446744073709551615,"
        "\"fell over, it said \"\"no\"\"\nand more\"\n");
  SearchResult().save_csv(path);
  CHECK(content(path) == "rank,candidate,score,spread,seconds,seed,error\n");
  CHECK_THROWS_AS(three_trials().save_csv(directory.file("none/result.csv")), IoError);
}
