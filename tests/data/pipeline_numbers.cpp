// Numbers in pipelines: however they are written, in which form, and where there is none.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/pipeline.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/table_of.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CategoryColumns;
using data::Columns;
using data::CsvValue;
using data::DateColumns;
using data::Encoding;
using data::Missing;
using data::NumberColumns;
using data::Pipeline;
using data::Scaling;
using data::Table;
using data::TableRow;
using data::TargetColumn;
using data::Unseen;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Pipeline of_numbers(const Table& training, NumberColumns numbers) {
  numbers.columns = {"x"};
  numbers.scaling = Scaling::none;
  return {training, {.features = {numbers}, .dtype = Dtype::float64}};
}

Pipeline of_categories(const Table& training, CategoryColumns categories) {
  categories.columns = {"k"};
  return {training, {.features = {categories}, .dtype = Dtype::float64}};
}

Doubles row(const Pipeline& prepare, const std::string& column, const CsvValue& value) {
  return values(prepare.features(TableRow{{column, value}}));
}

std::string refusal(const Pipeline& prepare, const std::string& column, const CsvValue& value) {
  return error_of<ValueError>([&] { return row(prepare, column, value); });
}

}  // namespace

TEST_CASE("pipeline: what reads as NaN is missing, and nothing is infinite") {
  const Table training({"x"}, {{1}, {2}, {6}});
  const Pipeline strict = of_numbers(training, {});
  const Pipeline filled =
      of_numbers(training, {.columns = {"x"}, .missing = Missing::mean, .indicator = true});
  for (const CsvValue& none : std::vector<CsvValue>{"nan", "NaN", "-nan", not_a_number, ""}) {
    CHECK(refusal(strict, "x", none) ==
          "row 0: column 1 \"x\": a value is needed; the field is missing");
    CHECK(row(filled, "x", none) == Doubles{3, 1});
  }
  for (const CsvValue& huge : std::vector<CsvValue>{HUGE_VAL, -HUGE_VAL, "inf", "-Infinity"}) {
    CHECK(
        refusal(strict, "x", huge).starts_with("row 0: column 1 \"x\": a finite number is needed"));
    CHECK(
        refusal(filled, "x", huge).starts_with("row 0: column 1 \"x\": a finite number is needed"));
  }
  const Table odd = table_of("x\n1\nnan\n5\n", {.nonfinite = true});
  CHECK(values(of_numbers(odd, {.columns = {"x"}, .missing = Missing::mean}).features(odd)) ==
        Doubles{1, 3, 5});
  CHECK_THROWS_AS(of_numbers(odd, {}), IoError);
  const TemporaryDirectory directory;
  const std::string text = "x\n1\n2\n-inf\n";
  const std::string path = directory.write("a.csv", Bytes(text.begin(), text.end()));
  const std::string error = error_of<IoError>(
      [&] { return of_numbers(data::read_table(path, {.nonfinite = true}), {}); });
  CHECK(error == path + ":4: column 1 \"x\": a finite number is needed; got \"-inf\"");
}

TEST_CASE("pipeline: features that the dtype does not hold are told with their place") {
  const Pipeline scaled(Table({"a", "x"}, {{1, 0.0}, {1, 1e-300}}),
                        {.features = {NumberColumns{
                             .columns = {"a", "x"}, .missing = Missing::mean, .indicator = true}},
                         .dtype = Dtype::float64});
  CHECK(error_of<ValueError>([&] {
          return scaled.features(Table({"x", "a"}, {{0, 1}, {1e300, 1}}));
        }) == "row 1: column 1 \"x\": the feature \"x\" must lie in the range of float64; got inf");
  const Pipeline dates(
      Table(TableRow{{"born", "1970-01-01"}, {"k", "a"}}),
      {.features = {CategoryColumns{.columns = {"k"}}, DateColumns{.columns = {"born"},
                                                                   .parts = {data::DatePart::hour},
                                                                   .missing = Missing::constant,
                                                                   .fill = 1e300,
                                                                   .scaling = Scaling::none}}});
  CHECK(error_of<ValueError>([&] {
          return dates.features(TableRow{{"born", ""}, {"k", "a"}});
        }) ==
        "row 0: column 1 \"born\": the feature \"born_hour\" must lie in the range of float32; got "
        "1e+300");
}

TEST_CASE("pipeline: equal numbers are one category, however they are written") {
  for (const Table& training :
       {Table({"k"}, {{"1.0"}, {"2.0"}, {"10"}}), Table({"k"}, {{1}, {2.0}, {"1e1"}}),
        table_of("k\n2\n+1\n2.00\n10.\n1e0\n"),
        table_of("k\n2,0\n1\n10\n", {.delimiter = ';', .decimal = ','})}) {
    const Pipeline prepare =
        of_categories(training, {.columns = {"k"}, .encoding = Encoding::codes});
    CHECK(prepare.categories("k") == Columns{"1", "2", "10"});
    for (const CsvValue& one : std::vector<CsvValue>{1, 1.0, "1", "+1", "1e0"}) {
      CHECK(row(prepare, "k", one) == Doubles{0});
    }
    CHECK(row(prepare, "k", 10.0) == Doubles{2});
    CHECK(refusal(prepare, "k", 1.5).starts_with("row 0: column 1 \"k\": must be one of the 3"));
    CHECK(refusal(prepare, "k", "one").starts_with("row 0: column 1 \"k\": must be one of the 3"));
  }
  // A text among them makes all of them texts.
  const Pipeline texts = of_categories(Table({"k"}, {{"1"}, {"1.0"}, {"x"}, {"10"}, {"9"}}), {});
  CHECK(texts.categories("k") == Columns{"1", "1.0", "10", "9", "x"});
  // Whole numbers stay apart where float64 does not tell them apart.
  const std::int64_t large = (std::int64_t{1} << 53);
  CHECK(of_categories(Table({"k"}, {{large + 1}, {large}, {"-0"}, {0.0}}), {}).categories("k") ==
        Columns{"0", "9007199254740992", "9007199254740993"});
  const Pipeline comma =
      of_categories(table_of("k\n10,5\n9,5\n", {.delimiter = ';', .decimal = ','}), {});
  CHECK(comma.categories("k") == Columns{"9.5", "10.5"});
  CHECK(row(comma, "k", 9.5) == Doubles{1, 0});
  CHECK(row(comma, "k", "9,50") == Doubles{1, 0});
}

TEST_CASE("pipeline: equal numbers are one class, and what is no label is none") {
  const Table training({"x", "y"}, {{1, 0}, {2, "1"}, {3, "1.0"}, {4, 0.0}});
  const Pipeline prepare(
      training, {.features = {NumberColumns{.columns = {"x"}}}, .target = TargetColumn{"y"}});
  CHECK(prepare.class_names() == Columns{"0", "1"});
  CHECK(mismatch(prepare.target(training), tensor({0, 1, 1, 0})) == "");
  CHECK(mismatch(prepare.target(Table(TableRow{{"y", "+1e0"}})), tensor({1})) == "");
  Pipeline back;
  back.restore(prepare.state());
  CHECK(mismatch(back.target(training), tensor({0, 1, 1, 0})) == "");
  for (const std::string none : {"NA", "?", "nan", "null", "N/a"}) {
    const Table table({"x", "y"}, {{1, "a"}, {2, none}, {3, "b"}});
    CHECK(error_of<ValueError>([&] {
            return Pipeline(table, {.features = {NumberColumns{.columns = {"x"}}},
                                    .target = TargetColumn{"y"}});
          }) == "row 1: column 2 \"y\": a label is needed; got \"" + none + "\"");
    CHECK_THROWS_AS(prepare.target(table), ValueError);
    CHECK(of_categories(Table({"k"}, {{none}, {"a"}}), {}).categories("k").size() == 2);
  }
}

TEST_CASE("pipeline: texts of a row are read as the file was") {
  const data::CsvOptions german{
      .delimiter = ';', .missing = {" NA ", "-999"}, .decimal = ',', .thousands = '.'};
  const Table training = table_of("x;k\n1.020,5;1.000\n0,5;2\nNA;2\n", german);
  const Pipeline made(training, {.features = {NumberColumns{.columns = {"x"},
                                                            .missing = Missing::constant,
                                                            .fill = -7,
                                                            .scaling = Scaling::none},
                                              CategoryColumns{.columns = {"k"}}},
                                 .dtype = Dtype::float64});
  Pipeline restored;
  restored.restore(made.state());
  for (const Pipeline& prepare : {made, restored}) {
    CHECK(prepare.feature_names() == Columns{"x", "k_2", "k_1000"});
    const auto features = [&](const CsvValue& x, const CsvValue& k) {
      return values(prepare.features(TableRow{{"x", x}, {"k", k}}));
    };
    CHECK(features("1.020", "1.000") == Doubles{1020, 0, 1});
    CHECK(features(1.02, 1000) == Doubles{1.02, 0, 1});
    CHECK(features(1e300, "2,0") == Doubles{1e300, 1, 0});
    CHECK(features("NA", "1000") == Doubles{-7, 0, 1});
    CHECK(features(-999, 1000) == Doubles{-7, 0, 1});
    CHECK(error_of<ValueError>([&] { return features("1.02", 2); }) ==
          "row 0: column 2 \"x\": a number is needed; got \"1.02\"");
    // A file has a form of its own.
    CHECK(values(prepare.features(table_of("x,k\n1.020,1000\n"))) == Doubles{1.02, 0, 1});
  }
}

TEST_CASE("pipeline: what fills in is a category, and names are unique") {
  const Table training({"k", "k_missing_2"}, {{"a", 1}, {"", 2}, {"a", 3}});
  const Pipeline prepare(
      training,
      {.features = {
           CategoryColumns{.columns = {"k"}, .missing = Missing::constant, .indicator = true},
           NumberColumns{.columns = {"k_missing_2"}, .scaling = Scaling::none}}});
  CHECK(prepare.feature_names() == Columns{"k_a", "k_missing", "k_missing_3", "k_missing_2"});
  CHECK(values(prepare.features(training)) == Doubles{1, 0, 0, 1, 0, 1, 1, 2, 1, 0, 0, 3});
  const Pipeline whole = of_categories(
      Table({"k"}, {{"a"}, {"b"}}), {.columns = {"k"}, .missing = Missing::constant, .fill = "aa"});
  CHECK(whole.categories("k") == Columns{"a", "aa", "b"});
  CHECK(row(whole, "k", "") == Doubles{0, 1, 0});
  const Pipeline numbers =
      of_categories(Table({"k"}, {{10}, {9}}), {.columns = {"k"}, .missing = Missing::constant});
  CHECK(numbers.categories("k") == Columns{"9", "10", "missing"});
  CHECK(row(numbers, "k", "") == Doubles{0, 0, 1});
  const Pipeline zero =
      of_categories(Table({"k"}, {{-1}, {9}, {""}}),
                    {.columns = {"k"}, .missing = Missing::constant, .fill = "0.0"});
  CHECK(zero.categories("k") == Columns{"-1", "0", "9"});
  CHECK(row(zero, "k", 0) == row(zero, "k", ""));
  const Pipeline comma = of_categories(
      table_of("k\n0,5\nNA\n",
               {.delimiter = ';', .missing = {"NA"}, .decimal = ',', .thousands = '.'}),
      {.columns = {"k"}, .missing = Missing::constant, .fill = "0,125"});
  CHECK(comma.categories("k") == Columns{"0.125", "0.5"});
  CHECK(row(comma, "k", "NA") == Doubles{1, 0});
  const Pipeline rare = of_categories(Table({"k"}, {{"rare"}, {"rare"}, {"x"}, {"y"}}),
                                      {.columns = {"k"}, .unseen = Unseen::rare, .min_count = 2});
  CHECK(rare.feature_names() == Columns{"k_rare", "k_rare_2"});
}

TEST_CASE("pipeline: a mark of several bytes is saved too") {
  const data::CsvOptions french{.delimiter = ';', .decimal = ',', .thousands = "\u202f"};
  const Table training = table_of("x;y\n1\u202f020,5;0\n-1;0\n", french);
  const Pipeline made(training,
                      {.features = {NumberColumns{.columns = {"x"}, .scaling = Scaling::none}},
                       .dtype = Dtype::float64});
  Pipeline restored;
  restored.restore(made.state());
  for (const Pipeline& prepare : {made, restored}) {
    CHECK(values(prepare.features(TableRow{{"x", "-2\u202f000,25"}})) == Doubles{-2000.25});
    CHECK_THROWS_AS(prepare.features(TableRow{{"x", "2.000"}}), ValueError);
  }
}

TEST_CASE("pipeline: how many codes there are") {
  const Table table({"k", "n"}, {{"b", 1}, {"a", 1}, {"b", 2}});
  const auto count = [&](Unseen unseen, std::int64_t min_count) {
    const Pipeline prepare = of_categories(
        table,
        {.columns = {"k"}, .encoding = Encoding::codes, .unseen = unseen, .min_count = min_count});
    // The greatest code that there is room for.
    const std::int64_t codes = prepare.code_count("k");
    if (unseen != Unseen::error) CHECK(row(prepare, "k", "new")[0] < static_cast<double>(codes));
    return codes;
  };
  CHECK(count(Unseen::error, 1) == 2);
  CHECK(count(Unseen::ignore, 1) == 3);
  CHECK(count(Unseen::ignore, 2) == 3);
  const Pipeline prepare = of_categories(table, {.columns = {"k"}, .min_count = 2});
  CHECK(prepare.categories("k") == Columns{"b", "rare"});
  CHECK(error_of<ValueError>([&] { return prepare.categories("n"); }) ==
        "pipeline: there is no column of categories \"n\"");
  CHECK_THROWS_AS(prepare.code_count("n"), ValueError);
}

TEST_CASE("pipeline: a const one does all but restore, and gives copies when it is gone") {
  static_assert(std::is_same_v<decltype(std::declval<const Pipeline&>().features(
                                   std::declval<const Table&>())),
                               Tensor>);
  static_assert(
      std::is_same_v<decltype(std::declval<const Pipeline&>().target(std::declval<const Table&>())),
                     Tensor>);
  static_assert(std::is_invocable_r_v<data::Dataset, const Pipeline&, const Table&>);
  static_assert(std::is_same_v<decltype(std::declval<Pipeline>().feature_names()), Columns>);
  static_assert(std::is_same_v<decltype(std::declval<Pipeline>().class_names()), Columns>);
  const auto& names = of_numbers(Table({"x"}, {{1}, {2}}), {}).feature_names();
  CHECK(names == Columns{"x"});
}
