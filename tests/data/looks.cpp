// What there is to be seen of data, and what is told where something is not as it seems.

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::Table;

namespace {

std::string printed(const Table& table) {
  std::ostringstream text;
  text << table;
  return text.str();
}

/// The error of what is done with the table in a file.
template <class E, class F>
std::string told(const std::string& text, F of_path) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("t.csv", Bytes(text.begin(), text.end()));
  const std::string error = error_of<E>([&] { return of_path(path); });
  return error.starts_with(path) ? error.substr(path.size()) : error;
}

std::vector<std::int64_t> integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("table: its head, and a table in columns") {
  const Table table({"age", "name"}, {{31, "Ada"}, {7.5, "Zoë"}, {"", "a\nb"}});
  CHECK(printed(table) ==
        "age  name\n"
        " 31  Ada\n"
        "7.5  Zoë\n"
        "     a b\n");
  CHECK(printed(table.head(1)) == "age  name\n 31  Ada\n");
  CHECK(table.head().rows() == 3);
  CHECK(error_of<ValueError>([&] { return table.head(0); }) ==
        "head: rows must be at least 1; got 0");

  std::vector<std::vector<data::CsvValue>> rows;
  rows.reserve(21);
  for (int i = 0; i < 21; ++i) rows.push_back({i});
  const std::string all = printed(Table({"i"}, rows).head(20)), some = printed(Table({"i"}, rows));
  CHECK(all.find("...") == std::string::npos);
  CHECK(all.ends_with("\n19\n"));
  CHECK(some.find("\n  9\n...\n 11\n") != std::string::npos);
  CHECK(some.ends_with("\n 20\n"));
}

TEST_CASE("folds of datasets and of tables are those of their row numbers") {
  const data::Dataset dataset{reshape(arange(24), {12, 2}), remainder(arange(12), 3)};
  CHECK(dataset.size() == 12);
  CHECK(data::NamedDataset{{"a", zeros({4, 2})}}.size() == 4);
  CHECK(data::NamedDataset().size() == 0);
  std::vector<std::vector<data::CsvValue>> rows;
  rows.reserve(12);
  for (std::int64_t i = 0; i < 12; ++i) rows.push_back({i, i % 3});
  const Table table({"i", "kind"}, rows);

  const auto check = [&](const std::vector<data::Fold>& folds, const std::vector<data::Split>& sets,
                         const std::vector<data::TableSplit>& tables) {
    REQUIRE(folds.size() == sets.size());
    REQUIRE(folds.size() == tables.size());
    for (std::size_t i = 0; i < folds.size(); ++i) {
      CHECK(mismatch(sets[i].train.x, take(dataset.x, folds[i].train)) == "");
      CHECK(mismatch(sets[i].test.y, take(dataset.y, folds[i].test)) == "");
      const auto numbers = tables[i].test.numbers({"i"}, Dtype::float64).to(Dtype::int64);
      CHECK(integers(numbers) == integers(folds[i].test));
      CHECK(tables[i].train.rows() == folds[i].train.size());
    }
  };
  const auto same = [](auto of) {
    Rng rng(3);
    return of(rng);
  };
  check(same([](Rng& rng) { return data::k_fold(12, 5, rng); }),
        same([&](Rng& rng) { return data::k_fold(dataset, 5, rng); }),
        same([&](Rng& rng) { return data::k_fold(table, 5, rng); }));
  check(same([&](Rng& rng) { return data::stratified_k_fold(dataset.y, 4, rng); }),
        same([&](Rng& rng) { return data::stratified_k_fold(dataset, 4, rng); }),
        same([&](Rng& rng) { return data::stratified_k_fold(table, "kind", 4, rng); }));
  check(data::blocked_k_fold(12, 3, {.gap = 1}), data::blocked_k_fold(dataset, 3, {.gap = 1}),
        data::blocked_k_fold(table, 3, {.gap = 1}));
  CHECK_THROWS_AS(data::k_fold(data::Dataset{zeros({3, 1}), zeros({4})}, 2), ShapeError);
  CHECK_THROWS_AS(data::stratified_k_fold(table, "sort", 2), ValueError);
}

TEST_CASE("windows of several numbers are those one by one") {
  const data::Windows windows(reshape(arange(40), {20, 2}),
                              {.length = 4, .horizon = 2, .stride = 3});
  const auto [x, y] = windows(tensor({3, 0, 3}));
  CHECK(x.shape() == Shape{3, 4, 2});
  CHECK(y.shape() == Shape{3, 2, 2});
  const std::vector<std::int64_t> which{3, 0, 3};
  for (std::int64_t i = 0; i < 3; ++i) {
    const data::Dataset one = windows(which[static_cast<std::size_t>(i)]);
    CHECK(mismatch(x[i], one.x) == "");
    CHECK(mismatch(y[i], one.y) == "");
  }
  const data::Fold fold = data::block_split(windows.size(), 0.4);
  CHECK(windows(fold.test).size() == fold.test.size());
  CHECK_THROWS_AS(windows(tensor({5})), IndexError);
  CHECK_THROWS_AS(windows(tensor({-1})), IndexError);
  CHECK_THROWS_AS(windows(zeros({0}, Dtype::int64)), ValueError);
  CHECK_THROWS_AS(windows(zeros({2}, Dtype::float32)), DtypeError);
  CHECK_THROWS_AS(windows(tensor({{1}})), ShapeError);
}

TEST_CASE("pipeline: a row that lacks columns is told what it lacks and what it has") {
  const Table table({"age", "fare", "y"}, {{1, 2, "a"}, {2, 4, "b"}});
  const data::Pipeline prepare(
      table, {.features = {data::NumberColumns{.columns = {"age", "fare"}}}, .target = {{"y"}}});
  CHECK(
      error_of<ValueError>([&] {
        return prepare.features({{"aeg", 1}, {"port", "Cork"}});
      }) ==
      "pipeline: the row must have \"age\", \"fare\"; what it has besides is not needed: \"aeg\", "
      "\"port\"");
  CHECK(error_of<ValueError>([&] {
          return prepare.features({{"age", 1}});
        }) == "pipeline: the row must have \"fare\"");
  const Tensor one = prepare.features({{"age", 1}, {"fare", 2}, {"y", "a"}});
  CHECK(mismatch(one, slice(prepare.features(table), {range(0, 1)})) == "");
}

TEST_CASE("read_csv: another decimal mark, and a delimiter behind each row, are told of") {
  const auto numbers = [](const std::string& path) {
    return data::read_csv(path, {.delimiter = ';'}).numbers();
  };
  CHECK(told<IoError>("a;b\n1,5;2\n", numbers) ==
        ":2: column 1 \"a\": a number is needed; got \"1,5\"; is the decimal mark ','? .decimal "
        "sets it");
  CHECK(told<IoError>("a;b\n1,5,1;2\n", numbers) ==
        ":2: column 1 \"a\": a number is needed; got \"1,5,1\"");
  CHECK(told<IoError>("a;b\n1;2;\n", numbers) ==
        ":2: 2 fields are needed, as in the header; got 3; the last is empty: does "
        ".trailing_delimiter hold?");
  CHECK(told<IoError>("a;b\n1;2;3;\n", numbers) ==
        ":2: 2 fields are needed, as in the header; got 4");
}

TEST_CASE("read_csv: of a table of one column, the delimiter that it may have is told") {
  const auto missing = [](const std::string& path) { return data::read_table(path).find("b"); };
  CHECK(told<ValueError>("a;b\n1;2\n", missing) ==
        ": there is no column \"b\"; there are \"a;b\"; it is the only column: is the delimiter "
        "';'?");
  CHECK(told<ValueError>("a\tb\n1\t2\n", missing).ends_with("is the delimiter '\\t'?"));
  CHECK(told<ValueError>("ab\n1\n", missing) == ": there is no column \"b\"; there are \"ab\"");
  CHECK(told<ValueError>("a;c,d\n1,2\n", missing) ==
        ": there is no column \"b\"; there are \"a;c\", \"d\"");
  const auto numbers = [](const std::string& path) { return data::read_csv(path).numbers(); };
  CHECK(told<IoError>("a|b\n1|2\n", numbers) ==
        ":2: column 1 \"a|b\": a number is needed; got \"1|2\"; it is the only column: is the "
        "delimiter '|'?");
  const auto no_header = [](const std::string& path) {
    return data::read_csv(path, {.header = false}).numbers();
  };
  CHECK(told<IoError>("1;2\n3;4\n", no_header).ends_with("is the delimiter ';'?"));
  CHECK(told<IoError>("a;b\n1,5;2\n", numbers) ==
        ":2: 1 fields are needed, as in the header; got 2; it is the only column: is the delimiter "
        "';'?");
  const auto by_semicolon = [](const std::string& path) {
    return data::read_csv(path, {.delimiter = ';'}).find("b");
  };
  CHECK(told<ValueError>("a,b\n1,2\n", by_semicolon).ends_with("is the delimiter ','?"));
}
