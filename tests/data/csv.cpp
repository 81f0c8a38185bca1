#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/csv.hpp>

#include "../support/errors.hpp"
#include "../support/idx_bytes.hpp"

using namespace xtape;
using data::CsvOptions;
using data::CsvTable;
using data::read_csv;
using Doubles = std::vector<double>;
using Texts = std::vector<std::string>;

namespace {

std::string write(const TemporaryDirectory& directory, const std::string& text) {
  return directory.write("file.csv", Bytes(text.begin(), text.end()));
}

CsvTable read(const std::string& text, const CsvOptions& options = {}) {
  const TemporaryDirectory directory;
  return read_csv(write(directory, text), options);
}

std::vector<Texts> fields(const CsvTable& table) {
  std::vector<Texts> rows(static_cast<std::size_t>(table.rows()));
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    for (std::int64_t column = 0; column < static_cast<std::int64_t>(table.columns().size());
         ++column) {
      rows[static_cast<std::size_t>(row)].emplace_back(table.text(row, column));
    }
  }
  return rows;
}

/// What read_csv, and then `use`, says to a file with this text: "file.csv:3: ...".
template <class E = IoError, class F>
std::string complaint(const std::string& text, const CsvOptions& options, F&& use) {
  const TemporaryDirectory directory;
  const std::string path = write(directory, text);
  std::string error = error_of<E>([&] { return use(read_csv(path, options)); });
  if (error.starts_with(directory.path())) error.erase(0, directory.path().size() + 1);
  return error;
}
std::string complaint(const std::string& text, const CsvOptions& options = {}) {
  return complaint(text, options, [](const CsvTable& table) { return table; });
}
std::string number_complaint(const std::string& text, Dtype dtype = Dtype::float64) {
  return complaint(text, {}, [&](const CsvTable& table) { return table.numbers(dtype); });
}

/// The only number of a table of one field.
double number(const std::string& text, const CsvOptions& options = {}) {
  return read("x\n" + text + "\n", options).number(0, 0);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("read_csv: columns, rows and lines") {
  const CsvTable table = read("a,b,c\n1,2,3\n4,5,6\n");
  CHECK(table.columns() == Texts{"a", "b", "c"});
  CHECK(table.rows() == 2);
  CHECK(fields(table) == std::vector<Texts>{{"1", "2", "3"}, {"4", "5", "6"}});
  CHECK(table.line(0) == 2);
  CHECK(table.line(1) == 3);
  CHECK(table.describe(2) == "column 3 \"c\"");
  CHECK_THROWS_AS(table.text(2, 0), IndexError);
  CHECK_THROWS_AS(table.text(0, 3), IndexError);
  CHECK_THROWS_AS(table.line(-1), IndexError);
}

TEST_CASE("read_csv: the same table in many forms") {
  const std::vector<Texts> expected{{"1", "x y"}, {"", "2"}};
  const TemporaryDirectory directory;
  for (const std::string& text : {
           std::string("a,b\n1,x y\n,2\n"),
           std::string("a,b\n1,x y\n,2"),
           std::string("a,b\r\n1,x y\r\n,2\r\n"),
           std::string("a,b\r1,x y\r,2\r"),
           std::string("\n\r\n  \na,b\n\n1,x y\n \t \n,2\n\n"),
           std::string("\xef\xbb\xbf"
                       "a,b\n1,x y\n,2\n"),
           std::string("\xef\xbb\xbf\"a\",b\n1,x y\n,2\n"),
           std::string("\"a\",\"b\"\n\"1\",\"x y\"\n\"\",\"2\"\n"),
           std::string(" a , b\n 1\t,  x y \n ,\"2\" \n"),
       }) {
    CAPTURE(text);
    const CsvTable table = read(text);
    CHECK(table.columns() == Texts{"a", "b"});
    CHECK(fields(table) == expected);
    const std::string packed =
        directory.write("file.csv.gz", gzip(Bytes(text.begin(), text.end())));
    CHECK(fields(read_csv(packed)) == expected);
  }
}

TEST_CASE("read_csv: quoted fields") {
  const CsvTable table =
      read("name,\"no,te\"\n\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\r\n\",\" x \"\nc,\n");
  CHECK(table.columns() == Texts{"name", "no,te"});
  CHECK(fields(table) ==
        std::vector<Texts>{{"a,b", "say \"hi\""}, {"two\nlines\r\n", " x "}, {"c", ""}});
  CHECK(table.line(1) == 3);
  CHECK(table.line(2) == 6);
}

TEST_CASE("read_csv: lines are counted whatever ends them") {
  for (const std::string text : {"a,b\r1,2\n3,x\n", "a,b\r\n1,2\r3,x\r", "a,b\n1,2\r\n3,x"}) {
    CAPTURE(text);
    CHECK(number_complaint(text) == "file.csv:3: column 2 \"b\": a number is needed; got \"x\"");
  }
  CHECK(read("a,b\r\r1,2\n\r3,4\n\n5,6\n").line(2) == 7);
  const CsvTable quotes = read("a,b\n1,\"\r\"\n2,\"\r\r\n\n\"\r3,y\n");
  CHECK(quotes.line(1) == 4);
  CHECK(quotes.line(2) == 8);
  const std::string block(65536 - 6, 'x');  // CR and LF in two of them
  CHECK(read("a,b\n" + block + ",\r\n3,4\n5,6\n").line(2) == 4);
}

TEST_CASE("read_csv: other delimiters, and no header") {
  const CsvTable semicolons = read("1;\"2;3\";\n", {.delimiter = ';', .header = false});
  CHECK(semicolons.columns() == Texts{"0", "1", "2"});
  CHECK(fields(semicolons) == std::vector<Texts>{{"1", "2;3", ""}});
  CHECK(semicolons.line(0) == 1);
  CHECK(semicolons.describe(2) == "column " + semicolons.columns()[2]);
  const CsvTable tabs = read("a\tb\tc\n\t2\t\n\t\t\n", {.delimiter = '\t'});
  CHECK(fields(tabs) == std::vector<Texts>{{"", "2", ""}, {"", "", ""}});
  for (const char delimiter : {'"', '\n', '\r', '\0'}) {
    CHECK_THROWS_AS(read("a\n1\n", {.delimiter = delimiter}), ValueError);
  }
}

TEST_CASE("read_csv: rows across the blocks in which the file is read") {
  std::string text = "a,b\r\n";
  std::vector<Texts> expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string number = std::to_string(i);
    text += number + ",\"" + number + (i % 7 == 0 ? "\r\n" : "\"\"") + "\"\r\n";
    expected.push_back({number, number + (i % 7 == 0 ? "\r\n" : "\"")});
  }
  const CsvTable table = read(text);
  CHECK(fields(table) == expected);
  CHECK(table.line(0) == 2);
  CHECK(table.line(19999) == 2 + 19999 + (19998 / 7 + 1));
  const std::string vast(300'000, 'x');
  CHECK(fields(read("a,b\n" + vast + ",1\n")) == std::vector<Texts>{{vast, "1"}});
}

TEST_CASE("read_csv: files that are no tables") {
  CHECK(complaint("") == "file.csv: a table needs rows; the file is empty");
  CHECK(complaint(" \n\r\n") == "file.csv: a table needs rows; the file is empty");
  CHECK(complaint("a,b\n") == "file.csv: a table needs rows; there is only the header");
  CHECK(complaint("", {.header = false}) == "file.csv: a table needs rows; the file is empty");
  for (const char* mark : {"\xff\xfe", "\xfe\xff"}) {
    CHECK(complaint(std::string(mark) + "a,b\n1,2\n") ==
          "file.csv: must be ASCII or UTF-8; it begins as UTF-16 does");
  }
  CHECK(complaint("a,b\n1,2\n\n1\n") == "file.csv:4: 2 fields are needed, as in the header; got 1");
  CHECK(complaint("a,b\n1,2,3,4\n") == "file.csv:2: 2 fields are needed, as in the header; got 4");
  CHECK(complaint("1,2\n\"3\n\n\",4\n1,2,\n", {.header = false}) ==
        "file.csv:5: 2 fields are needed, as in the first row; got 3; the last is empty: does "
        ".trailing_delimiter hold?");
  CHECK(complaint(",\"\",\n1,2,3\n") == "file.csv:1: the header needs names; all of it is empty");
  CHECK(complaint("\nx,y,x\n1,2,3\n") ==
        "file.csv:2: names of columns must differ; columns 1 and 3 are both \"x\"");
  const TemporaryDirectory directory;
  CHECK(error_of<IoError>([&] { return read_csv(directory.file("none")); }) ==
        directory.file("none") + ": cannot be opened: No such file or directory");
}

TEST_CASE("read_csv: quotes in the wrong place") {
  const std::string rule = ": a quote must enclose the whole field, and be doubled inside it";
  CHECK(complaint("a,b\n1,2\"\n") == "file.csv:2: column 2 \"b\"" + rule);
  CHECK(complaint("a,b\n\"1\"2,3\n") == "file.csv:2: column 1 \"a\"" + rule);
  CHECK(complaint("a,b\n1,\"2\n\"x\n") == "file.csv:3: column 2 \"b\"" + rule);
  CHECK(complaint("a\",b\n1,2\n") == "file.csv:1: column 1" + rule);
  const std::string open = ": the field begins with a quote, and no quote ends it";
  CHECK(complaint("a,b\n1,2\n\n3,\"4\n5,6\n7,8\n") == "file.csv:4: column 2 \"b\"" + open);
  CHECK(complaint("\"a,b\n1,2") == "file.csv:1: column 1" + open);
  CHECK(complaint("1,\"2", {.header = false}) == "file.csv:1: column 1" + open);
  CHECK(complaint("a,b\n\"x\ny\",\"2") == "file.csv:3: column 2 \"b\"" + open);
}

TEST_CASE("numbers of a CSV table") {
  const CsvTable table = read("a,b,c\n1,2,3\n4,5,6\n");
  const Tensor all = table.numbers();
  CHECK(all.describe() == "float32[2, 3]");
  CHECK(all.to_vector<double>() == Doubles{1, 2, 3, 4, 5, 6});
  const Tensor some = table.numbers({"c", 0, -2}, Dtype::float64);
  CHECK(some.describe() == "float64[2, 3]");
  CHECK(some.to_vector<double>() == Doubles{3, 1, 2, 6, 4, 5});
  CHECK(error_of<DtypeError>([&] { return table.numbers(Dtype::int64); }) ==
        table.path() + ": numbers need a floating dtype; got int64");
  CHECK(error_of<ValueError>([&] { return table.numbers({"d"}); }) ==
        table.path() + ": there is no column \"d\"; there are \"a\", \"b\", \"c\"");
  CHECK(error_of<ValueError>([&] { return table.numbers({3}); }) ==
        table.path() + ": a column must lie in [-3, 3); got 3");
  CHECK_THROWS_AS(table.numbers({-4}), ValueError);
  CHECK_THROWS_AS(read("1,2\n", {.header = false}).numbers({"0"}), ValueError);
}

TEST_CASE("numbers in CSV fields") {
  const std::vector<std::pair<const char*, double>> cases{
      {"0", 0},
      {"-0.5", -0.5},
      {"+2", 2},
      {"1e3", 1000},
      {"1E-3", 0.001},
      {".5", 0.5},
      {"5.", 5},
      {"\" 7 \"", 7},
      {"007", 7},
      {"0.1", 0.1},
      {"1e308", 1e308},
      {"5e-324", 5e-324},
      {"123456789012345678901234567890", 123456789012345678901234567890.0}};
  for (const auto& expected : cases) {
    CAPTURE(expected.first);
    CHECK(number(expected.first) == expected.second);
  }
  CHECK(std::signbit(number("-0")));
}

TEST_CASE("fields that are no numbers") {
  for (const std::string text : {"abc", "1x", "1 2", "1,5", "0x10", "--1", "+-1", "++1", "1e", "e5",
                                 "+", "-", ".", "1.2.3", "NA", "?", "true",
                                 "\xe2\x88\x92"
                                 "1"}) {
    CAPTURE(text);
    CHECK(number_complaint("x;y\n\"" + text + "\"\n") ==
          "file.csv:2: column 1 \"x;y\": a number is needed; got \"" + text + "\"" +
              (text == "1,5" ? "; is the decimal mark ','? .decimal sets it" : ""));
  }
  CHECK(number_complaint("a,b\n1,2\n3,\n") ==
        "file.csv:3: column 2 \"b\": a number is needed; the field is empty");
  CHECK(number_complaint("a,b\n1,\" \"\n") ==
        "file.csv:2: column 2 \"b\": a number is needed; the field is empty");
  CHECK(number_complaint("a,b\n\"1\n2\",3\n") ==
        "file.csv:2: column 1 \"a\": a number is needed; got \"1 2\"");
  CHECK(number_complaint("a\n" + std::string(100, 'z') + "\n") ==
        "file.csv:2: column 1 \"a\": a number is needed; got \"" + std::string(60, 'z') + "...\"");
  for (const std::string text : {"nan", "NaN", "inf", "-inf", "+Infinity"}) {
    CHECK(number_complaint("a\n" + text + "\n") ==
          "file.csv:2: column 1 \"a\": a finite number is needed; got \"" + text + "\"");
  }
  for (const std::string text : {"1e309", "-2e308"}) {
    CHECK(number_complaint("a\n" + text + "\n") ==
          "file.csv:2: column 1 \"a\": the number must lie in the range of float64; got \"" + text +
              "\"");
  }
  CHECK(number_complaint("a\n1e39\n", Dtype::float32) ==
        "file.csv:2: column 1 \"a\": the number must lie in the range of float32; got \"1e39\"");
  CHECK(read("a\n1e-50\n").numbers().item() == 0);  // rounded, as any number is
}

TEST_CASE("missing and infinite values where they are asked for") {
  const CsvOptions options{.missing = {"", "NA"}, .nonfinite = true};
  CHECK(std::isnan(number("\"\"", options)));
  CHECK(std::isnan(number("NA", options)));
  CHECK(std::isnan(number("\" NA\"", options)));
  CHECK(std::isnan(number("nan", options)));
  CHECK(number("-inf", options) == -infinity);
  CHECK(number("3", options) == 3);
  CHECK_THROWS_AS(number("?", options), IoError);
  CHECK(std::isnan(number("nan", {.missing = {"nan"}})));
  CHECK(read("a\n-inf\n", options).numbers().item() == -infinity);
}

TEST_CASE("read_csv: cut off anywhere, or any byte wrong") {
  const TemporaryDirectory directory;
  const std::string whole = "a,b\n\"1\n\",\"\"\"\"\r\n2,3\n";
  const auto survive = [&](const std::string& text) {
    try {
      const CsvTable table = read_csv(write(directory, text));
      CHECK(fields(table).size() == static_cast<std::size_t>(table.rows()));
    } catch (const IoError& error) {
      CHECK(std::string(error.what()).starts_with(directory.file("file.csv")));
    }
  };
  for (std::size_t place = 0; place < whole.size(); ++place) {
    survive(whole.substr(0, place));
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[place] = static_cast<char>(value);
      survive(changed);
    }
  }
}

TEST_CASE("read_csv: numbers closer to 0 than any of float64 are 0, larger ones than all refused") {
  const TemporaryDirectory directory;
  const auto number = [&](const std::string& text) {
    const std::string file = "p\n" + text + "\n";
    return read_csv(directory.write("file.csv", Bytes(file.begin(), file.end()))).number(0, 0);
  };
  const std::string zeros(400, '0');
  for (const std::string& text : {std::string("1e-400"), "0." + zeros + "1", std::string("1E-5000"),
                                  std::string("123.4e-99999999999999999999"), "0." + zeros + "1e+3",
                                  std::string("+1e-400")}) {
    CAPTURE(text);
    CHECK(number(text) == 0);
    CHECK_FALSE(std::signbit(number(text)));
  }
  CHECK(std::signbit(number("-1e-400")));
  CHECK(number("4.9406564584124654e-324") == 5e-324);
  CHECK(number("0." + zeros + "1e+401") == 1);
  for (const std::string& text : {std::string("1e400"), "1" + zeros, std::string("-1e999999999999"),
                                  "1" + zeros + "e-10", std::string("0.0001e+400")}) {
    CAPTURE(text);
    CHECK(error_of<IoError>([&] {
            return number(text);
          }).find("the number must lie in the range of float64; got") != std::string::npos);
  }
}
