#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/table.hpp>
#include <xtape/data/table_summary.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::Columns;
using data::Table;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

const std::string text =
    "age,colour,height\n"
    "31, red ,1.75\n"
    ",blue,1.6\n"
    "20,red,NA\n"
    "57,,1.8\n";

struct File {
  explicit File(const std::string& content, const data::CsvOptions& options = {.missing = {"NA"}})
      : path(directory.write("people.csv", Bytes(content.begin(), content.end()))),
        table(data::read_table(path, options)) {}
  TemporaryDirectory directory;
  std::string path;
  Table table;
};

std::vector<std::string> texts(const Table& table, const std::string& column) {
  std::vector<std::string> all;
  const std::int64_t index = table.find(column);
  for (std::int64_t row = 0; row < table.rows(); ++row) all.emplace_back(table.text(row, index));
  return all;
}

}  // namespace

TEST_CASE("a table of a file: texts, numbers, what is missing") {
  const File file(text);
  const Table& table = file.table;
  CHECK(table.columns() == Columns{"age", "colour", "height"});
  CHECK(table.rows() == 4);
  CHECK(table.find("height") == 2);
  CHECK(texts(table, "colour") == Columns{"red", "blue", "red", ""});
  CHECK(table.missing(1, 0));
  CHECK(table.missing(2, 2));
  CHECK(table.missing(3, 1));
  CHECK_FALSE(table.missing(0, 0));
  CHECK(table.number(0, 2) == 1.75);
  CHECK(std::isnan(table.number(1, 0)));
  CHECK(mismatch(table.numbers({"height", "age"}, Dtype::float64),
                 tensor({{1.75, 31.0}, {1.6, not_a_number}, {not_a_number, 20.0}, {1.8, 57.0}},
                        Dtype::float64)) == "");
  CHECK(table.numbers({"age"}).dtype() == Dtype::float32);
  CHECK(table.is_numeric("age"));
  CHECK_FALSE(table.is_numeric("colour"));
  CHECK(table.numeric_columns() == Columns{"age", "height"});
  CHECK_FALSE(File("a\n\"\"\n").table.is_numeric("a"));
}

TEST_CASE("a table of the program has the numbers that it was given") {
  const double third = 1.0 / 3, infinity = std::numeric_limits<double>::infinity();
  const std::int64_t large = (std::int64_t{1} << 53) - 1;
  const Table table({"a", "b"}, {{third, "x"}, {large, 7}, {not_a_number, 0.1}, {-infinity, ""}});
  CHECK(table.rows() == 4);
  CHECK(table.number(0, 0) == third);
  CHECK(table.number(1, 0) == static_cast<double>(large));
  CHECK(table.missing(2, 0));
  CHECK(table.number(3, 0) == -infinity);
  CHECK(texts(table, "b") == Columns{"x", "7", "0.1", ""});
  CHECK(table.missing(3, 1));
  const Table words({"a"}, {{"nan"}, {"NaN"}, {"-nan"}, {"nancy"}, {"n"}, {"inf"}, {"-"}});
  for (std::int64_t i = 0; i < words.rows(); ++i) CHECK_FALSE(words.missing(i, 0));
  CHECK(words.describe()["a"].count == 7);
  CHECK_FALSE(words.is_numeric("a"));
  CHECK_FALSE(File("a\nnan\n").table.missing(0, 0));
  CHECK(File("a\nnan\n1\n", {.nonfinite = true}).table.missing(0, 0));
  CHECK_THROWS_AS(words.number(5, 0), ValueError);  // a text, of the program too
  const Table odd({"a"}, {{"NaN"}, {3.5}, {"-nan"}, {not_a_number}, {3.5}, {"nan"}});
  CHECK(odd.is_numeric("a"));
  CHECK(std::isnan(odd.number(0, 0)));
  const data::ColumnSummary of_odd = odd.describe()["a"];
  CHECK(of_odd.count == 2);
  CHECK(of_odd.missing == 4);
  CHECK(of_odd.distinct == 1);
  CHECK(of_odd.mean == 3.5);
  CHECK_FALSE(Table({"a"}, {{"Nan"}, {"Inf"}}).is_numeric("a"));
  const std::int64_t limit = std::int64_t{1} << 53;
  CHECK(Table({"a"}, {{limit}}).number(0, 0) == static_cast<double>(limit));
  CHECK(error_of<ValueError>([&] { return Table({"a"}, {{limit + 1}}).number(0, 0); }) ==
        "row 0: column 1 \"a\": a number that float64 holds is needed; got \"9007199254740993\"");
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  CHECK(Table({"a"}, {{lowest}}).number(0, 0) == static_cast<double>(lowest));
  CHECK_THROWS_AS(
      Table({"a"}, {{std::numeric_limits<std::int64_t>::max()}}).numbers({"a"}, Dtype::float64),
      ValueError);
  CHECK(error_of<ValueError>([] {
          return Table({"a", ""}, {{1, 2}});
        }) == "table: a column needs a name; got \"\"");
  CHECK(error_of<ValueError>([&] { return table.number(0, 1); }) ==
        "row 0: column 2 \"b\": a number is needed; got \"x\"");
  const Table row(data::TableRow{{"age", 41}, {"colour", "red"}, {"height", 1.7}});
  CHECK(row.columns() == Columns{"age", "colour", "height"});
  CHECK(row.number(0, 2) == 1.7);
  CHECK(error_of<ValueError>([] {
          return Table({"a", "a"}, {{1, 2}});
        }) == "table: names of columns must differ; got \"a\" twice");
  CHECK(error_of<ValueError>([] {
          return Table({"a", "b"}, {{1, 2}, {3}});
        }) == "table: row 1 needs 2 values; got 1");
  CHECK(error_of<ValueError>([] { return Table({"a"}, {}); }) ==
        "table: columns and rows are needed");
  CHECK(error_of<ValueError>([] { return Table(data::TableRow{}); }) ==
        "table: columns and rows are needed");
}

TEST_CASE("columns and rows of a table are chosen, and still know their place in the file") {
  const File file(text);
  const Table some = rows(file.table.select({"height", "age"}), tensor({3, -2, 3}));
  CHECK(some.columns() == Columns{"height", "age"});
  CHECK(texts(some, "age") == Columns{"57", "20", "57"});
  CHECK(some.missing(1, 0));
  CHECK(file.table.drop({"age", "height"}).columns() == Columns{"colour"});
  CHECK(error_of<IoError>([&] { some.fail(1, 0, "is wrong"); }) ==
        file.path + ":4: column 3 \"height\": is wrong");
  CHECK(texts(file.table.drop_missing(), "age") == Columns{"31"});
  CHECK(texts(file.table.drop_missing({"age"}), "age") == Columns{"31", "20", "57"});
  CHECK(error_of<ValueError>([&] {
          return rows(file.table, tensor({1, 2})).drop_missing();
        }) == file.path + ": a row must be left; each of 2 has a field that is missing");
  CHECK(error_of<ValueError>([&] { return file.table.find("weight"); }) ==
        file.path + ": there is no column \"weight\"; there are \"age\", \"colour\", \"height\"");
  CHECK_THROWS_AS(file.table.drop({"weight"}), ValueError);
  CHECK_THROWS_AS(file.table.drop_missing({"weight"}), ValueError);
  CHECK_THROWS_AS(file.table.is_numeric("weight"), ValueError);
  CHECK(error_of<ValueError>([&] {
          return file.table.select({"age", "age"});
        }) == file.path + ": names of columns must differ; got \"age\" twice");
  CHECK_THROWS_AS(file.table.drop({"age", "age"}), ValueError);
  CHECK(error_of<ValueError>([&] { return file.table.drop(file.table.columns()); }) ==
        file.path + ": at least one column is needed; got none");
  CHECK_THROWS_AS(file.table.numbers({"age"}, Dtype::int64), DtypeError);
  CHECK_THROWS_AS(file.table.numbers({"colour"}), IoError);
  CHECK(error_of<IoError>([&] { return File("a\n1\n1e39\n").table.numbers({"a"}); })
            .ends_with(
                ":3: column 1 \"a\": the number must lie in the range of float32; got \"1e39\""));
  CHECK_THROWS_AS(rows(file.table, tensor({0.5})), DtypeError);
  CHECK_THROWS_AS(rows(file.table, tensor({{0}})), ShapeError);
  CHECK_THROWS_AS(rows(file.table, zeros({0}, Dtype::int64)), ValueError);
  CHECK_THROWS_AS(data::read_table(file.path + "x"), IoError);
}

namespace {

template <class T>
concept GivesViews = requires(T table) {
  std::forward<T>(table).text(0, 0);
};

}  // namespace

TEST_CASE("a view of a table that is gone does not compile, a list is a copy") {
  static_assert(GivesViews<Table&> && GivesViews<const Table&> && !GivesViews<Table>);
  static_assert(GivesViews<const data::CsvTable&> && !GivesViews<data::CsvTable>);
  static_assert(std::is_same_v<decltype(std::declval<Table>().columns()), Columns>);
  static_assert(
      std::is_same_v<decltype(std::declval<data::TableSummary>()["a"]), data::ColumnSummary>);
  static_assert(std::is_same_v<decltype(std::declval<data::NamedDataset>()["x"]), Tensor>);
  static_assert(
      std::is_same_v<decltype(std::declval<data::NamedDataset>().tensors()), NamedTensors>);
  static_assert(std::is_same_v<decltype(std::declval<data::CsvTable>().columns()), Columns>);
  const auto& columns = File(text).table.select({"age"}).columns();
  CHECK(columns == Columns{"age"});
  const auto& summary = File(text).table.describe()["height"];
  CHECK(summary.name == "height");
}

TEST_CASE("a table is split as its rows are") {
  std::vector<std::vector<data::CsvValue>> cells;
  for (int i = 0; i < 40; ++i) cells.push_back({i, i % 4 == 0 ? "rare" : "often"});
  const Table table({"i", "kind"}, cells);
  Rng one(3), other(3);
  const data::TableSplit random = random_split(table, 0.25, one);
  const data::Fold fold = data::random_split(40, 0.25, other);
  CHECK(values(random.test.numbers({"i"})) == values(fold.test));
  CHECK(values(random.train.numbers({"i"})) == values(fold.train));
  Rng third(3);
  const data::TableSplit stratified = stratified_split(table, "kind", 0.25, third);
  CHECK(stratified.test.rows() == 10);
  const std::vector<std::string> kinds = texts(stratified.test, "kind");
  const auto rare = std::count(kinds.begin(), kinds.end(), "rare");  // of 2.5
  CHECK((rare == 2 || rare == 3));
  std::vector<std::vector<data::CsvValue>> written, same;
  for (int i = 0; i < 40; ++i) {
    written.push_back({i, i % 4 == 0 ? "1.0" : i % 4 == 1 ? "+1" : i % 4 == 2 ? "1" : "0"});
    same.push_back({i, i % 4 == 3 ? 0 : 1});
  }
  Rng fourth(3), fifth(3);
  CHECK(
      values(stratified_split(Table({"i", "y"}, written), "y", 0.25, fourth).test.numbers({"i"})) ==
      values(stratified_split(Table({"i", "y"}, same), "y", 0.25, fifth).test.numbers({"i"})));
  const data::TableSplit blocks = block_split(table, 0.25, {.gap = 5});
  CHECK(texts(blocks.train, "i").back() == "24");
  CHECK(texts(blocks.test, "i").front() == "30");
  CHECK_THROWS_AS(stratified_split(table, "weight", 0.25), ValueError);
  CHECK_THROWS_AS(random_split(table, 1), ValueError);
}

TEST_CASE("describe tells what is in each column") {
  const data::TableSummary summary = File(text).table.describe();
  // By hand: ages 20, 31, 57; quartiles lie halfway between neighbours.
  const data::ColumnSummary& age = summary["age"];
  CHECK(age.numeric);
  CHECK(age.count == 3);
  CHECK(age.missing == 1);
  CHECK(age.distinct == 3);
  CHECK(age.mean == 36);
  CHECK(age.deviation == doctest::Approx(std::sqrt((256.0 + 25 + 441) / 2)).epsilon(1e-14));
  CHECK(age.min == 20);
  CHECK(age.lower_quartile == 25.5);
  CHECK(age.median == 31);
  CHECK(age.upper_quartile == 44);
  CHECK(age.max == 57);
  CHECK(age.most_frequent == "20");
  CHECK(age.frequency == 1);
  const data::ColumnSummary& colour = summary["colour"];
  CHECK_FALSE(colour.numeric);
  CHECK(colour.count == 3);
  CHECK(colour.missing == 1);
  CHECK(colour.distinct == 2);
  CHECK(colour.most_frequent == "red");
  CHECK(colour.frequency == 2);
  CHECK(std::isnan(colour.mean));
  CHECK_THROWS_AS(summary["weight"], ValueError);
  std::ostringstream shown;
  shown << summary;
  CHECK(
      shown.str() ==
      "4 rows\n"
      "column  type    count  missing  distinct    mean  deviation  min   25 %  50 %   75 %  max  "
      "most "
      "frequent\n"
      "age     number      3        1         3      36         19   20   25.5    31     44   57\n"
      "colour  text        3        1         2                                                   "
      "red (2)\n"
      "height  number      3        1         3  1.7167    0.10408  1.6  1.675  1.75  1.775  "
      "1.8\n");
  std::ostringstream some;
  struct Grouped : std::numpunct<char> {
    std::string do_grouping() const override { return "\1"; }
    char do_thousands_sep() const override { return '.'; }
  };
  some.imbue(std::locale(std::locale::classic(), new Grouped));
  const data::TableSummary tails =
      File("\"a\nb\"\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n").table.describe({0.95, 0.125});
  CHECK(tails.columns().front().quantiles == Doubles{9.5, 1.25});
  CHECK(tails.columns().front().median == 5);
  some << tails;
  CHECK(some.str() ==
        "11 rows\n"
        "column  type    count  missing  distinct  mean  deviation  min  95 %  12.5 %  max  most "
        "frequent\n"
        "a b     number     11        0        11     5     3.3166    0   9.5    1.25   10\n");
  for (const double wrong : {-0.1, 1.5, not_a_number}) {
    CHECK(error_of<ValueError>([&] {
            return File(text).table.describe({0.5, wrong});
          }).starts_with("describe: quantiles must lie in [0, 1]; got "));
  }
  const data::ColumnSummary empty = File("a,b\n,1\n").table.describe()["a"];
  CHECK(empty.count == 0);
  CHECK(empty.distinct == 0);
  CHECK(empty.most_frequent.empty());
  CHECK(std::isnan(File("a\n7\n").table.describe()["a"].deviation));
  CHECK(File("a\n7\n7.0\n8\n8\n").table.describe()["a"].most_frequent == "7");
  // Neighbours that are one double.
  const data::ColumnSummary large = File(
                                        "id\n9007199254740993\n9007199254740992\n1\n"
                                        "9007199254740994\n-9007199254740993\n"
                                        "9007199254740993\n")
                                        .table.describe()["id"];
  CHECK(large.distinct == 5);
  CHECK(large.most_frequent == "9007199254740993");
  CHECK(large.frequency == 2);
  std::ostringstream no_numbers;  // the sign of a NaN is no news
  no_numbers << File("x\ninf\n-inf\n1\n", {.nonfinite = true}).table.describe();
  CHECK(no_numbers.str().find("  nan  ") != std::string::npos);
  CHECK(no_numbers.str().find("-nan") == std::string::npos);
}
