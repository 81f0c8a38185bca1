// Against scikit-learn and pandas: python3 -P tests/reference/pipeline.py
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/data/pipeline.hpp>
#include <xtape/data/table_summary.hpp>

#include "../support/compare.hpp"
#include "../support/pipeline_values.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CategoryColumns;
using data::Encoding;
using data::Missing;
using data::NumberColumns;
using data::Pipeline;
using data::Scaling;
using data::Table;
using data::Unseen;

namespace {

Table read(const std::string& text) {
  const TemporaryDirectory directory;
  return data::read_table(directory.write("table.csv", Bytes(text.begin(), text.end())));
}

const data::Columns numbers{"age", "fare"}, both{"colour", "size"};

/// How far from scikit-learn's the features of both tables are.
std::string difference(const std::vector<data::ColumnGroup>& features,
                       const pipeline_values::Case& expected) {
  const Table training = read(pipeline_values::training), test = read(pipeline_values::test);
  const Pipeline prepare(training, {.features = features, .dtype = Dtype::float64});
  const auto differs = [&](const Table& table, const Doubles& values) {
    const Tensor x = prepare.features(table);
    return mismatch(x, from_vector(values, {table.rows(), std::ssize(values) / table.rows()}),
                    4e-15);
  };
  return differs(training, expected.training) + differs(test, expected.test);
}

}  // namespace

TEST_CASE("pipeline: numbers as of SimpleImputer and scalers") {
  CHECK(difference({NumberColumns{.columns = numbers, .missing = Missing::mean}},
                   pipeline_values::mean_standard) == "");
  CHECK(
      difference({NumberColumns{
                     .columns = numbers, .missing = Missing::median, .scaling = Scaling::min_max}},
                 pipeline_values::median_min_max) == "");
  CHECK(difference({NumberColumns{.columns = numbers,
                                  .missing = Missing::most_frequent,
                                  .scaling = Scaling::max_abs}},
                   pipeline_values::most_frequent_max_abs) == "");
  CHECK(difference({NumberColumns{.columns = numbers,
                                  .missing = Missing::constant,
                                  .fill = -1,
                                  .indicator = true,
                                  .scaling = Scaling::none}},
                   pipeline_values::constant_indicator) == "");
}

TEST_CASE("pipeline: categories as of OneHotEncoder and OrdinalEncoder") {
  CHECK(
      difference({CategoryColumns{
                     .columns = both, .unseen = Unseen::ignore, .missing = Missing::most_frequent}},
                 pipeline_values::one_hot) == "");
  CHECK(difference({CategoryColumns{.columns = {"colour"},
                                    .unseen = Unseen::rare,
                                    .min_count = 4,
                                    .missing = Missing::most_frequent}},
                   pipeline_values::one_hot_rare) == "");
  CHECK(difference({CategoryColumns{.columns = both,
                                    .encoding = Encoding::codes,
                                    .unseen = Unseen::ignore,
                                    .missing = Missing::most_frequent}},
                   pipeline_values::codes) == "");
  CHECK(difference({CategoryColumns{.columns = {"colour"},
                                    .encoding = Encoding::codes,
                                    .unseen = Unseen::ignore,
                                    .min_count = 4,
                                    .missing = Missing::most_frequent}},
                   pipeline_values::codes_rare) == "");
}

TEST_CASE("pipeline: all together as of ColumnTransformer") {
  CHECK(difference({NumberColumns{.columns = numbers, .missing = Missing::median},
                    CategoryColumns{.columns = {"colour"},
                                    .unseen = Unseen::ignore,
                                    .missing = Missing::constant,
                                    .fill = "none"},
                    CategoryColumns{.columns = {"size"},
                                    .encoding = Encoding::codes,
                                    .unseen = Unseen::ignore,
                                    .missing = Missing::most_frequent}},
                   pipeline_values::all) == "");
}

TEST_CASE("describe says of numbers what pandas does") {
  const data::TableSummary summary = read(pipeline_values::training).describe();
  Doubles told;
  for (const char* column : {"age", "fare"}) {
    const data::ColumnSummary& of = summary[column];
    for (const double value : {static_cast<double>(of.count), of.mean, of.deviation, of.min,
                               of.lower_quartile, of.median, of.upper_quartile, of.max}) {
      told.push_back(value);
    }
  }
  CHECK(mismatch(from_vector(told), from_vector(pipeline_values::described), 4e-15) == "");
}
