// Tables that are read a piece at a time.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/idx_bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using data::Dataset;
using data::FileDataset;
using data::NamedDataset;
using data::open_csv;
using data::Table;

namespace {

std::string write(const TemporaryDirectory& directory, const std::string& name,
                  const std::string& text) {
  return directory.write(name, Bytes(text.begin(), text.end()));
}

/// All columns, as "x".
NamedDataset numbers(const Table& table) { return {{"x", table.numbers(table.columns())}}; }

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "|";
  return all;
}

/// Rows `first`, first + 1, ... as "number, its square, text".
std::string rows_of(int first, int last, const std::string& line_end = "\n") {
  std::string text;
  for (int i = first; i < last; ++i) {
    text += std::to_string(i) + "," + std::to_string(i * i) + "," +
            (i % 3 == 0 ? "\"of, " + line_end + "three\"" : "other") + line_end;
  }
  return text;
}

}  // namespace

TEST_CASE("csv in pieces: the rows of the table, whatever ends lines and stands around them") {
  const TemporaryDirectory directory;
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    for (const std::string front : {"", "\xef\xbb\xbf"}) {
      std::string text = front + "a,b,c" + end + rows_of(0, 20, end) + end + " " + end +
                         rows_of(20, 33, end) + end;
      if (end == "\r\n") text.resize(text.size() - 4);  // the last line ends with the file
      const std::string path = write(directory, "x.csv", text);
      const Table whole = data::read_table(path);
      CHECK(whole.rows() == 33);
      for (const std::int64_t bytes : {1, 7, 30, 100, 1 << 20}) {
        CAPTURE(bytes);
        const data::TableFunction make = [](const Table& piece) -> NamedDataset {
          return {{"ab", piece.numbers({"a", "b"})}};
        };
        const FileDataset rows = open_csv({path}, make, {.block_bytes = bytes});
        CHECK(rows.size() == 33);
        CHECK(mismatch(rows(arange(33))["ab"], whole.numbers({"a", "b"})) == "");
        const Tensor some = tensor({32, 0, 5, 6, 7, 31});
        CHECK(mismatch(rows(some)["ab"], take(whole.numbers({"a", "b"}), some)) == "");
        // Texts, and the lines that errors name, are those of the whole.
        std::vector<std::string> expected, got;
        const auto add = [&](std::vector<std::string>& to, const Table& table) {
          for (std::int64_t row = 0; row < table.rows(); ++row) {
            to.emplace_back(table.text(row, 2));
            to.push_back(error_of<IoError>([&] { table.fail(row, 0, "x"); }));
          }
        };
        add(expected, whole);
        const FileDataset again = open_csv({path},
                                           [&](const Table& piece) -> NamedDataset {
                                             add(got, piece);
                                             return {{"row", piece.numbers({"a"})}};
                                           },
                                           {.block_bytes = bytes, .window_bytes = 1});
        got.clear();
        for (const std::int64_t first : again.blocks()) again(tensor({first}));
        CHECK((joined(got) == joined(expected)));
      }
    }
  }
}

TEST_CASE("csv in pieces: options of the form, several files, no header") {
  const TemporaryDirectory directory;
  const std::string front = "skipped; 'this\n# and this\n";
  std::vector<std::string> files;
  for (int i = 0; i < 3; ++i) {
    std::string text = front;
    for (int row = 0; row < 5 + i; ++row)
      text += "# comment\n" + std::to_string(row) + ",5; 'NA' ;" + std::to_string(i) + ";\n";
    files.push_back(write(directory, "f" + std::to_string(i) + ".csv", text + "# end\n\n"));
  }
  const data::CsvOptions form{.delimiter = ';',
                              .header = false,
                              .missing = {"NA"},
                              .quote = '\'',
                              .decimal = ',',
                              .comment = '#',
                              .skip_lines = 1,
                              .trailing_delimiter = true};
  for (const std::int64_t bytes : {1, 40, 1000}) {
    const FileDataset rows =
        open_csv(files,
                 [](const Table& table) -> NamedDataset {
                   return {{"x", table.numbers({"0", "2"})}, {"none", table.numbers({"1"})}};
                 },
                 {.csv = form, .block_bytes = bytes});
    CHECK(rows.size() == 18);
    const NamedDataset all = rows(arange(18));
    CHECK(values(isnan(all["none"])) == Doubles(18, 1));
    std::int64_t row = 0;
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 5 + i; ++j, ++row) {
        CHECK(all["x"](row, 0).item() == j + 0.5);
        CHECK(all["x"](row, 1).item() == i);
      }
    }
  }
}

TEST_CASE("csv in pieces: a batch reads each piece once, in whatever order its rows are") {
  const TemporaryDirectory directory;
  const std::string path = write(directory, "x.csv", "a,b,c\n" + rows_of(10, 60));
  for (const std::int64_t window : {1, 200}) {
    std::vector<std::string> read;  // the first fields of pieces
    const data::TableFunction make = [&](const Table& table) -> NamedDataset {
      read.emplace_back(table.text(0, 0));
      return {{"a", table.numbers({"a"})}};
    };
    const FileDataset rows = open_csv({path}, make, {.block_bytes = 60, .window_bytes = window});
    const std::vector<std::int64_t>& first = rows.blocks();
    REQUIRE(first.size() > 8);
    CHECK((window == 1 ? rows.window() == 1 : rows.window() > 1 && rows.window() < 4));
    std::vector<std::int64_t> asked;  // of 5 pieces by turns
    for (int turn = 0; turn < 3; ++turn) {
      for (const std::size_t piece : {4U, 0U, 3U, 1U, 2U}) asked.push_back(first[piece] + turn % 2);
    }
    const Tensor indices = from_vector(asked);
    const auto expected = reshape(indices + 10, {15, 1}).to(Dtype::float32);
    read.clear();
    CHECK(mismatch(rows(indices)["a"], expected) == "");
    CHECK(std::set<std::string>(read.begin(), read.end()).size() == 5);
    CHECK(read.size() == 5);
    // What is there is taken before others come in its place.
    read.clear();
    CHECK(mismatch(rows(indices)["a"], expected) == "");
    CHECK(std::ssize(read) == 5 - rows.window());
  }
}

TEST_CASE("csv in pieces: a pipeline fitted on the first rows, and a loader") {
  const TemporaryDirectory directory;
  std::vector<std::string> files;
  for (int i = 0; i < 3; ++i) {
    std::string text = "size,colour,kind\n";
    for (int row = 0; row < 40; ++row) {
      const int n = 40 * i + row;
      text += (n % 7 == 0 ? "" : std::to_string(n)) + "," + (n % 2 == 0 ? "red" : "blue") + "," +
              (n % 4 < 2 ? "a" : "b") + "\n";
    }
    files.push_back(write(directory, "part-" + std::to_string(i) + ".csv", text));
  }
  const Table first = data::read_table(files[0], {.max_rows = 30});
  CHECK(first.rows() == 30);
  const data::Pipeline prepare(
      first, {.features = {data::NumberColumns{.columns = {"size"}, .missing = data::Missing::mean},
                           data::CategoryColumns{.columns = {"colour"}}},
              .target = data::TargetColumn{"kind"}});
  const FileDataset rows = open_csv(files, prepare, {.block_bytes = 100, .window_bytes = 400});
  CHECK(rows.names() == std::vector<std::string>{"x", "y"});
  Tensor x = zeros({0, 3}), y = zeros({0}, Dtype::int64);
  for (const std::string& path : files) {
    const Dataset part = prepare(data::read_table(path));
    x = concatenate({x, part.x});
    y = concatenate({y, part.y});
  }
  CHECK(mismatch(rows(arange(120))["x"], x) == "");
  CHECK(mismatch(rows(arange(120))["y"], y) == "");
  Rng one(2), other(2);
  data::Loader loader(rows, {.batch_size = 16, .shuffle = true, .prefetch = 2}, one);
  data::Loader whole({x, y},
                     {.batch_size = 16,
                      .sampler = data::Sampler::blocks(
                          120, {.first_rows = rows.blocks(), .window = rows.window()})},
                     other);
  auto expected = whole.begin();
  for (const auto& [batch_x, batch_y] : loader) {
    CHECK(mismatch(batch_x, (*expected).x) == "");
    CHECK(mismatch(batch_y, (*expected).y) == "");
    ++expected;
  }
}

TEST_CASE("csv in pieces: what is wrong, with its file and line") {
  const TemporaryDirectory directory;
  const auto error = [&](const std::vector<std::string>& texts,
                         const data::TableFunction& make = numbers) -> std::string {
    std::vector<std::string> files;
    for (std::size_t i = 0; i < texts.size(); ++i)
      files.push_back(write(directory, std::to_string(i) + ".csv", texts[i]));
    std::string text = error_of<IoError>([&] {
      const FileDataset rows = open_csv(files, make, {.block_bytes = 8});
      return rows(arange(rows.size()));
    });
    const std::string place = directory.path() + "/";
    for (std::size_t at; (at = text.find(place)) != text.npos;) text.erase(at, place.size());
    return text;
  };
  const std::string good = "a,b\n1,2\n3,4\n5,6\n7,8\n";
  CHECK(error({good}) == "(nothing was thrown)");
  // Of the form when the files are opened, of fields when their piece is read.
  CHECK(error({good, good + "9\n"}) == "1.csv:6: 2 fields are needed, as in the header; got 1");
  CHECK(error({good, good + "9,x\n"}) == "1.csv:6: column 2 \"b\": a number is needed; got \"x\"");
  CHECK(error({good + "\"9,1\n"}) ==
        "0.csv:6: column 1 \"a\": the field begins with a quote, and no quote ends it");
  CHECK(error({good, "a,c\n1,2\n"}) ==
        "1.csv: columns must be as in 0.csv, \"a\", \"b\"; got \"a\", \"c\"");
  CHECK(error({good, "a,b\n"}) == "1.csv: a table needs rows; there is only the header");
  CHECK(error({""}) == "0.csv: a table needs rows; the file is empty");
  CHECK(error({"\xff\xfe"}) == "0.csv: must be ASCII or UTF-8; it begins as UTF-16 does");
  CHECK(error({"\x1f\x8b"}) == "0.csv: a packed file cannot be read in pieces; gunzip it first");
  int calls = 0;
  CHECK(error({good}, [&](const Table& table) -> NamedDataset {
          return {
              {"x", slice(table.numbers({"a"}), {range(0, table.rows() - (calls++ > 1 ? 1 : 0))})}};
        }) == "0.csv:3: as many rows must be made as the piece has, 2; got \"x\" float32[1, 1]");
  CHECK(error({good},
              [](const Table& table) -> NamedDataset {
                return {{table.number(0, 0) < 4 ? "x" : "y", table.numbers({"a"})}};
              }) ==
        "0.csv:5: tensors must be as of the first rows, \"x\" float32 rows of [1]; got \"y\" "
        "float32[1, 1]");
  CHECK(error({good}, [](const Table&) { return NamedDataset(); }) ==
        "0.csv:1: as many rows must be made as the piece has, 1; got none");
  const std::string path = write(directory, "a.csv", good);
  CHECK(error_of<ValueError>([&] { return open_csv({}, numbers); }) ==
        "open_csv: files are needed; got none");
  CHECK(error_of<ValueError>([&] { return open_csv({path}, data::TableFunction()); }) ==
        "open_csv: a function is needed; got an empty one");
  CHECK(error_of<ValueError>([&] { return open_csv({path}, numbers, {.csv = {.max_rows = 2}}); }) ==
        "open_csv: all rows are read; max_rows is for read_csv and read_table");
  CHECK(error_of<ValueError>([&] {
          return open_csv({path}, numbers, {.csv = {.decimal = ','}});
        }) == "read_csv: decimal must differ from delimiter; both are ','");
  const FileDataset rows = open_csv({path}, numbers, {.block_bytes = 8, .window_bytes = 1});
  rows(tensor({0}));
  std::ofstream(path, std::ios::app) << "9,9\n";
  CHECK(error_of<IoError>([&] { return rows(tensor({3})); }) ==
        path + ": must not change while it is read; had 20 bytes, has 24");
}

TEST_CASE("read_csv: the first rows alone") {
  const TemporaryDirectory directory;
  std::string text = "a,b\n1,2\n3,4\n5\n\"";  // wrong behind them
  const std::string path = write(directory, "x.csv", text);
  CHECK(data::read_csv(path, {.max_rows = 2}).rows() == 2);
  CHECK(data::read_csv(path, {.max_rows = 1}).number(0, 1) == 2);
  CHECK(error_of<IoError>([&] { return data::read_csv(path, {.max_rows = 3}); }) ==
        path + ":4: 2 fields are needed, as in the header; got 1");
  const std::string packed = directory.write("x.csv.gz", gzip(Bytes(text.begin(), text.end())));
  CHECK(data::read_table(packed, {.max_rows = 2}).rows() == 2);
  const std::string less = write(directory, "y.csv", "a,b\n1,2");
  CHECK(data::read_csv(less, {.max_rows = 1}).rows() == 1);
  CHECK(data::read_csv(less, {.max_rows = 7}).rows() == 1);
  CHECK(error_of<ValueError>([&] { return data::read_csv(less, {.max_rows = 0}); }) ==
        "read_csv: max_rows must be at least 1; got 0");
}
