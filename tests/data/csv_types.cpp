// Identifiers of digits, which are no numbers, and the types of columns that say so.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/csv_files.hpp>
#include <xtape/data/table.hpp>
#include <xtape/data/table_summary.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/table_of.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::Columns;
using data::ColumnType;
using data::CsvDataset;
using data::CsvDatasetOptions;
using data::CsvOptions;
using data::Table;

namespace {

template <class E = IoError, class F>
std::string complaint(const std::string& text, F&& use) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("a.csv", Bytes(text.begin(), text.end()));
  const std::string error = error_of<E>([&] { return use(path); });
  return error.starts_with(path) ? error.substr(path.size()) : error;
}

CsvDataset load(const std::string& text, const CsvDatasetOptions& options = {}) {
  const TemporaryDirectory directory;
  return data::load_csv_dataset(directory.write("a.csv", Bytes(text.begin(), text.end())), options);
}

std::vector<std::int64_t> labels(const CsvDataset& of) {
  return of.dataset.y.to_vector<std::int64_t>();
}

using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("table: zeros in front make a column of whole numbers one of texts") {
  const Table table = table_of("zip,x,y,z\n01234,0.5,0,-01\n1234,00.5,7,-1\n");
  CHECK(table.numeric_columns() == Columns{"x", "y", "z"});
  CHECK(table.describe()["zip"].distinct == 2);
  // Asked for, they are numbers.
  CHECK(mismatch(table.numbers({"zip"}), tensor({{1234.0}, {1234.0}})) == "");
}

TEST_CASE("read_table: types of columns") {
  const std::string text = "zip,n,x\n10115,01,1\n20095,7,2\n10115,,3\n";
  const CsvOptions options{.types = {{"zip", ColumnType::text}, {"n", ColumnType::number}}};
  const Table table = table_of(text, options);
  CHECK(table.numeric_columns() == Columns{"n", "x"});
  CHECK(table.describe()["zip"].most_frequent == "10115");
  CHECK(table.describe()["n"].mean == 4);
  CHECK(table.drop({"n"}).numeric_columns() == Columns{"x"});
  CHECK(complaint(text, [&](const std::string& path) {
          return data::read_table(path, options).numbers({"zip"});
        }) == ":2: column 1 \"zip\": a number is needed; the type of the column is text");
  // What is no number is told when it is read, in pieces too.
  const std::string wrong = "zip,n,x\n1,2,3\n1,two,3\n";
  const std::string told = ":3: column 2 \"n\": a number is needed; got \"two\"";
  CHECK(complaint(wrong, [&](const std::string& path) { return read_table(path, options); }) ==
        told);
  CHECK(complaint(wrong, [&](const std::string& path) {
          return data::open_csv({path},
                                [](const Table& piece) {
                                  return data::Dataset{piece.numbers({"x"}), {}};
                                },
                                {.csv = options});
        }) == told);
  CHECK(complaint<ValueError>("a,b\n1,2\n", [&](const std::string& path) {
          return data::read_csv(path, {.types = {{"c", ColumnType::text}}});
        }) == ": types: there is no column \"c\"; there are \"a\", \"b\"");
  const Table bare = table_of("10115,1\n", {.header = false, .types = {{"0", ColumnType::text}}});
  CHECK(bare.numeric_columns() == Columns{"1"});
}

TEST_CASE("stratified_split: a column of texts keeps the shares of its texts") {
  const Table table = table_of("k\n1\n1\n1.0\n1.0\n", {.types = {{"k", ColumnType::text}}});
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Rng rng(seed);
    const Table train = data::stratified_split(table, "k", 0.5, rng).train;
    CHECK(train.describe()["k"].distinct == 2);
  }
}

TEST_CASE("load_csv_dataset: labels with zeros in front are names") {
  const CsvDataset codes = load("a,y\n1,10\n2,01\n3,02\n4,01\n");
  CHECK(codes.class_names == Columns{"01", "02", "10"});
  CHECK(labels(codes) == Integers{2, 0, 1, 0});
  CHECK(load("a,y\n1,1\n2,01\n").class_names == Columns{"01", "1"});
  CHECK(labels(load("a,y\n1,01\n2,1\n", {.classes = {"1", "01"}})) == Integers{1, 0});
  CHECK(complaint("a,y\n1,01\n2,0\n", [](const std::string& path) {
          return data::load_csv_dataset(path, {.classes = {"0", "1"}});
        }) == ":2: column 2 \"y\": must be one of the 2 classes; got \"01\"");
}

TEST_CASE("load_csv_dataset: labels by the type of their column") {
  const auto of = [](ColumnType type, const Columns& classes = {}) {
    return CsvDatasetOptions{.classes = classes, .csv = {.types = {{"y", type}}}};
  };
  const CsvDataset numbers = load("a,y\n1,01\n2,0\n3,1\n", of(ColumnType::number));
  CHECK(numbers.class_names == Columns{"0", "1"});
  CHECK(labels(numbers) == Integers{1, 0, 1});
  CHECK(labels(load("a,y\n1,01\n2,0\n", of(ColumnType::number, {"1", "0"}))) == Integers{0, 1});
  const CsvDataset texts = load("a,y\n1,10\n2,9\n3,1.0\n", of(ColumnType::text));
  CHECK(texts.class_names == Columns{"1.0", "10", "9"});
  CHECK(complaint("a,y\n1,1.0\n2,0\n", [&](const std::string& path) {
          return data::load_csv_dataset(path, of(ColumnType::text, {"0", "1"}));
        }) == ":2: column 2 \"y\": must be one of the 2 classes; got \"1.0\"");
}
