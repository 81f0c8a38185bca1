// The rows that the book prints of its stable run, from float32.

#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include <xtape/optim/sgd.hpp>

#include "../support/book.hpp"

using namespace xtape;

TEST_CASE("book: SGD with decay prints the book's rows") {
  struct Row {
    double accuracy, loss, rate;
  };
  const std::map<std::int64_t, Row> printed{{0, {0.360, 1.099, 1.0}},
                                            {100, {0.400, 1.088, 0.9099181073703367}},
                                            {200, {0.423, 1.078, 0.8340283569641367}},
                                            {300, {0.423, 1.076, 0.7698229407236336}},
                                            {400, {0.420, 1.076, 0.7147962830593281}},
                                            {500, {0.403, 1.074, 0.66711140760507}},
                                            {1000, {0.440, 1.063, 0.5002501250625312}}};
  std::set<std::int64_t> epochs;
  for (const auto& [epoch, row] : printed) epochs.insert(epoch);
  const BookModel model({});
  optim::SGD sgd(model.network().parameters(), {.learning_rate = 1, .decay = 1e-3});
  const auto report = model.train(sgd, epochs);
  for (const auto& entry : printed) {
    const auto& row = entry.second;
    const BookRow& got = report.at(entry.first);
    CAPTURE(entry.first);
    CHECK(std::abs(got.loss - row.loss) <= 0.0015);
    CHECK(std::abs(got.accuracy - row.accuracy) <= 0.01);
    CHECK(got.rate == row.rate);
  }
}
