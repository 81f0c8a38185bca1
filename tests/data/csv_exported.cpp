// Files as pandas and R write them by default: tests/reference/tables.py.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/csv_files.hpp>
#include <xtape/data/table.hpp>

#include "../support/errors.hpp"
#include "../support/table_values.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CsvOptions;
using data::CsvTable;
using Texts = std::vector<std::string>;

namespace {

std::string write(const TemporaryDirectory& directory, const std::string& text) {
  return directory.write("file.csv", Bytes(text.begin(), text.end()));
}

CsvTable read(const std::string& text, const CsvOptions& options = {}) {
  const TemporaryDirectory directory;
  return data::read_csv(write(directory, text), options);
}

std::string complaint(const std::string& text, const CsvOptions& options = {}) {
  const TemporaryDirectory directory;
  const std::string path = write(directory, text);
  const std::string error = error_of<IoError>([&] { return data::read_csv(path, options); });
  return error.starts_with(path) ? error.substr(path.size()) : error;
}

}  // namespace

TEST_CASE("read_csv: columns and rows of files of pandas and R, as pandas reads them") {
  for (const table_values::File& file : table_values::files) {
    CAPTURE(file.name);
    const CsvTable table = read(file.text, {.delimiter = file.delimiter});
    Texts names = file.columns;
    if (names[0] == "Unnamed: 0") names[0] = "index";
    if (names[1] == "Unnamed: 1") names[1] = "column_2";
    CHECK(table.columns() == names);
    REQUIRE(table.rows() == std::ssize(file.rows));
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      for (std::int64_t column = 0; column < std::ssize(names); ++column) {
        CHECK(table.text(row, column) ==
              file.rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)]);
      }
    }
  }
}

TEST_CASE("read_csv: names for columns that have none are taken by no other") {
  CHECK(read(",index,,column_3\n1,2,3,4\n").columns() ==
        Texts{"index_2", "index", "column_3_2", "column_3"});
  CHECK(read("a,\n1,2\n").columns() == Texts{"a", "column_2"});
  CHECK(read("index b\n1 2 3\n", {.delimiter = ' '}).columns() == Texts{"index_2", "index", "b"});
  CHECK(complaint(",\n1,2\n") == ":1: the header needs names; all of it is empty");
}

TEST_CASE("read_csv: a field more than the header is a name only where it may be one") {
  const std::string rule = "2 fields are needed, as in the header; got 3";
  // A comma in numbers, which would move all columns.
  CHECK(complaint("a,b\n1,5,x\n2,5,y\n1,7,z\n") ==
        ":4: " + rule + ", of which the first is no name of the row: \"1\" is there twice");
  CHECK(complaint("a,b\n1,2,\n3,4,\n") ==
        ":2: " + rule + "; the last is empty: does .trailing_delimiter hold?");
  CHECK(complaint("a,b\n1,2,3\n", {.trailing_delimiter = true}) == ":2: " + rule);
  CHECK(complaint("a,b\n1,2\n1,2,3\n") == ":3: " + rule);
  CHECK(complaint("a,b\n1,2,3\n1,2\n") ==
        ":3: 3 fields are needed, as in the first row, one more than in the header; got 2");
  CHECK(complaint("a;b\n1,5;2\n").starts_with(":2: 1 fields are needed, as in the header; got 2"));
}

TEST_CASE("open_csv: row names in pieces") {
  const TemporaryDirectory directory;
  std::string text = "\"x\" \"y\"\n";
  for (int i = 0; i < 100; ++i)
    text += "\"r" + std::to_string(i) + "\" " + std::to_string(i) + " 7\n";
  const std::string path = write(directory, text);
  const auto make = [](const data::Table& piece) {
    return data::Dataset{piece.numbers({"x"}), piece.numbers({"y"})};
  };
  const data::CsvFileOptions options{.csv = {.delimiter = ' '}, .block_bytes = 64};
  const data::FileDataset rows = data::open_csv({path}, make, options);
  CHECK(rows.size() == 100);
  text += "\"r3\" 5 7\n";
  const std::string twice = write(directory, text);
  CHECK(
      error_of<IoError>([&] { return data::open_csv({twice}, make, options); })
          .ends_with(":102: 2 fields are needed, as in the header; got 3, of which the first is no "
                     "name of the row: \"r3\" is there twice"));
}
