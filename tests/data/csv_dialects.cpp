#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/csv_dataset.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CsvOptions;
using data::CsvTable;
using Texts = std::vector<std::string>;

namespace {

struct File {
  explicit File(const std::string& text)
      : path(directory.write("file.csv", Bytes(text.begin(), text.end()))) {}
  TemporaryDirectory directory;
  std::string path;
};

CsvTable read(const std::string& text, const CsvOptions& options) {
  return data::read_csv(File(text).path, options);
}

std::vector<Texts> fields(const CsvTable& table) {
  std::vector<Texts> rows;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    Texts& texts = rows.emplace_back();
    for (std::int64_t column = 0; column < std::ssize(table.columns()); ++column) {
      texts.emplace_back(table.text(row, column));
    }
  }
  return rows;
}

std::string complaint(const std::string& text, const CsvOptions& options) {
  const File file(text);
  std::string error =
      error_of<IoError>([&] { return data::read_csv(file.path, options).numbers(); });
  if (error.starts_with(file.directory.path())) error.erase(0, file.directory.path().size() + 1);
  return error;
}

/// What is wrong with the options, said before anybody looks for the file.
std::string refusal(const CsvOptions& options) {
  return error_of<ValueError>([&] { return data::read_csv("no such file", options); });
}

}  // namespace

TEST_CASE("read_csv: decimal comma and thousands") {
  const CsvOptions german{.delimiter = ';', .decimal = ',', .thousands = '.'};
  const CsvTable table = read("a;b\n1.234.567,25;-0,5\n1234567,25;+12\n,5;1,5e-3\n", german);
  CHECK(values(table.numbers(Dtype::float64)) ==
        Doubles{1234567.25, -0.5, 1234567.25, 12, 0.5, 0.0015});
  for (const char thousands : {'\'', ' ', '_'}) {
    const std::string text = std::string("1") + thousands + "234.5";
    CAPTURE(text);
    CHECK(
        read("a;b\n" + text + ";-999\n", {.delimiter = ';', .thousands = thousands}).number(0, 0) ==
        1234.5);
  }
  for (const std::string thousands :
       {"\u202f", "\u00a0", "\u2019", "٬"}) {  // French, Swiss, Arabic
    CAPTURE(thousands);
    const std::string big = "1" + thousands + "234" + thousands + "567,5";
    const CsvOptions form{.delimiter = ';', .decimal = ',', .thousands = thousands};
    CHECK(read("a;b\n" + big + "; 8\n", form).number(0, 0) == 1234567.5);
    for (const std::string& text : {"12" + thousands + "34", thousands + "123", "1" + thousands,
                                    "1" + thousands + thousands + "234"}) {
      CHECK(complaint("a;b\n1;" + text + "\n", form) ==
            "file.csv:2: column 2 \"b\": a number is needed; got \"" + text + "\"");
    }
  }
  // As of a spreadsheet in English: in quotes the delimiter is none.
  CHECK(values(read("a,b\n\"12,345\",1\n", {.thousands = ','}).numbers()) == Doubles{12345, 1});
  CHECK(values(read("a b\n1,5 2\n", {.delimiter = ' ', .decimal = ','}).numbers()) ==
        Doubles{1.5, 2});
}

TEST_CASE("read_csv: fields that are no numbers in another form") {
  const auto no_number = [](const std::string& text, const CsvOptions& options) {
    const bool english = text == "1.5" || text == "1.000";
    CHECK(complaint("a|b\n1|" + text + "\n", options) ==
          "file.csv:2: column 2 \"b\": a number is needed; got \"" + text + "\"" +
              (english ? "; is the decimal mark '.'? .decimal sets it" : ""));
  };
  // Of what else could a point in 1.5 be if a comma is the mark?
  for (const std::string text : {"1.5", "1,5,0", "1.000", "1e2,5", ",", "1 000", "-,"}) {
    no_number(text, {.delimiter = '|', .decimal = ','});
  }
  for (const std::string text : {"1,23", "12,34,567", "1,2345", ",123", "1234,567", "1,234,",
                                 "1.234,567", "1,,234", "1,234e1,000", "-,123", "1,23x", "1,2 3"}) {
    no_number(text, {.delimiter = '|', .thousands = ','});
  }
  for (const std::string text : {"1,234.5", "1.23", "1.234.56", "0,5.000"}) {
    no_number(text, {.delimiter = '|', .decimal = ',', .thousands = '.'});
  }
}

TEST_CASE("read_csv: labels are numbers in the form of their file") {
  const File file("x;y\n1,5;0\n2,5;1,0\n3,5;1\n");
  const data::CsvDataset classes =
      data::load_csv_dataset(file.path, {.csv = {.delimiter = ';', .decimal = ','}});
  CHECK(values(classes.dataset.y) == Doubles{0, 1, 1});
  CHECK(values(classes.dataset.x) == Doubles{1.5, 2.5, 3.5});
  CHECK(classes.class_names == Texts{"0", "1"});
}

TEST_CASE("read_csv: comments and lines to skip") {
  const std::vector<Texts> expected{{"1", "#2"}, {"3\n#4", "5"}};
  for (const std::string text : {
           "# what this is, \"and\" by whom\na,b\n1,#2\n  # a pause\n\"3\n#4\",5\n# the end",
           "#\r\n#,\r\na,b\r\n#\r\n1,\"#2\"\r\n\"3\n#4\",5\r\n",
           "#\r#\ra,b\r1,#2\r\r#\r\"3\n#4\",5",
       }) {
    CAPTURE(text);
    CHECK(fields(read(text, {.comment = '#'})) == expected);
  }
  CHECK(read("#\n#\na,b\n#\n1,2\n", {.comment = '#'}).line(0) == 5);
  for (const std::string text : {"An \"export\nof, today\na,b\n1,2\n", "\r\n\r\na,b\r\n1,2\r\n",
                                 "x\r\ra,b\r1,2\r", "\xef\xbb\xbf\n\na,b\n1,2\n"}) {
    CAPTURE(text);
    const CsvTable table = read(text, {.skip_lines = 2});
    CHECK(table.columns() == Texts{"a", "b"});
    CHECK(fields(table) == std::vector<Texts>{{"1", "2"}});
    CHECK(table.line(0) == 4);
  }
  CHECK(complaint("1\n2\n", {.skip_lines = 2}) ==
        "file.csv: a table needs rows; the file is empty");
  CHECK(complaint("1\n2\n", {.skip_lines = 3}) ==
        "file.csv: a table needs rows; the file has only lines to skip, of which there are 3");
  CHECK(complaint("#a\n#b\n", {.comment = '#'}) ==
        "file.csv: a table needs rows; the file is empty");
  CHECK(complaint("a\n#\n1\n#\nx\n", {.comment = '#'}) ==
        "file.csv:5: column 1 \"a\": a number is needed; got \"x\"");
}

TEST_CASE("read_csv: trailing delimiters") {
  const CsvOptions trailing{.trailing_delimiter = true};
  for (const std::string text :
       {"a,b,\n1,2,\n3,,\n", "a,b\n1,2,\n3,,\n", "a,b,\n1,2\n3,\n", "a,b , \n1,2, \n3,,\t\n"}) {
    CAPTURE(text);
    const CsvTable table = read(text, trailing);
    CHECK(table.columns() == Texts{"a", "b"});
    CHECK(fields(table) == std::vector<Texts>{{"1", "2"}, {"3", ""}});
  }
  CHECK(fields(read("1;2;\n3;4;\n",
                    {.delimiter = ';', .header = false, .trailing_delimiter = true})) ==
        std::vector<Texts>{{"1", "2"}, {"3", "4"}});
  CHECK(complaint("a,b,\n1,2,3\n", trailing) ==
        "file.csv:2: 2 fields are needed, as in the header; got 3");
  CHECK(complaint("a,b,\n1,2,,\n", trailing) ==
        "file.csv:2: 2 fields are needed, as in the header; got 4");
  CHECK(read("a,b,\n1,2,\n", {}).columns() == Texts{"a", "b", "column_3"});
  CHECK(complaint("a,b\n1,2,\n3,4,\n", {}) ==
        "file.csv:2: 2 fields are needed, as in the header; got 3; the last is empty: does "
        ".trailing_delimiter hold?");
}

TEST_CASE("read_csv: blanks as delimiter") {
  const CsvOptions blanks{.delimiter = ' '};
  const std::vector<Texts> expected{{"1", "2 \" x", ""}, {"4", "", "6"}};
  for (const std::string text : {"a b c\n1 \"2 \"\" x\" \"\"\n4 \"\" 6\n",
                                 "  a\t b   c  \n\n 1  \"2 \"\" x\"\t\"\" \n4 \"\" 6 ",
                                 "a \t b c\r\n1 \"2 \"\" x\" \"\"\r\n\t4 \"\"\t6\t\r\n"}) {
    CAPTURE(text);
    const CsvTable table = read(text, blanks);
    CHECK(table.columns() == Texts{"a", "b", "c"});
    CHECK(fields(table) == expected);
  }
  CHECK(complaint("a b\n1  2 3 4\n", blanks) ==
        "file.csv:2: 2 fields are needed, as in the header; got 4");
  CHECK(
      complaint("a b\n1 2\"\n", blanks) ==
      "file.csv:2: column 2 \"b\": a quote must enclose the whole field, and be doubled inside it");
  CHECK(
      complaint("a b\n1 \"2\"3\n", blanks) ==
      "file.csv:2: column 2 \"b\": a quote must enclose the whole field, and be doubled inside it");
  CHECK(complaint("a b\n\"x\ny\" \"2", blanks) ==
        "file.csv:3: column 2 \"b\": the field begins with a quote, and no quote ends it");
}

TEST_CASE("read_csv: another quote, or none") {
  CHECK(fields(read("a,b\n'x, \"y\"','it''s'\n", {.quote = '\''})) ==
        std::vector<Texts>{{"x, \"y\"", "it's"}});
  const std::string nul(1, '\0');
  CHECK(fields(read("a,b\n\"x, 5\" tall \n" + nul + "1,\"\"\n", {.quote = '\0'})) ==
        std::vector<Texts>{{"\"x", "5\" tall"}, {nul + "1", "\"\""}});
  CHECK(
      complaint("a,b\n1,2'\n", {.quote = '\''}) ==
      "file.csv:2: column 2 \"b\": a quote must enclose the whole field, and be doubled inside it");
}

TEST_CASE("read_csv: options that contradict each other") {
  CHECK(refusal({.delimiter = ',', .decimal = ','}) ==
        "read_csv: decimal must differ from delimiter; both are ','");
  CHECK(refusal({.thousands = '.'}) ==
        "read_csv: thousands must differ from decimal; both are '.'");
  CHECK(refusal({.delimiter = '"'}) == "read_csv: quote must differ from delimiter; both are '\"'");
  CHECK(refusal({.comment = ','}) == "read_csv: comment must differ from delimiter; both are ','");
  CHECK(refusal({.comment = '"'}) == "read_csv: comment must differ from quote; both are '\"'");
  CHECK(refusal({.comment = '.'}) == "read_csv: comment must differ from decimal; both are '.'");
  CHECK(refusal({.quote = '\'', .thousands = '\''}) ==
        "read_csv: quote must differ from thousands; both are '''");
  CHECK(refusal({.delimiter = ',', .quote = '\0', .thousands = ','}) ==
        "read_csv: thousands must differ from delimiter; both are ','");
  for (const char* wrong : {"ab", "\u202f\u202f", "\xff\xfe", "\u202f."}) {
    CAPTURE(wrong);
    CHECK(refusal({.thousands = wrong})
              .starts_with("read_csv: thousands must be one character; got \""));
  }
  CHECK_THROWS_AS(data::read_csv("no such file", {.thousands = ""}), IoError);  // none
  CHECK(refusal({.thousands = "."}) ==
        "read_csv: thousands must differ from decimal; both are '.'");
  CHECK(refusal({.delimiter = ' ', .thousands = ' '}) ==
        "read_csv: thousands must differ from delimiter; both are ' '");
  CHECK(refusal({.delimiter = '\0'}) == "read_csv: delimiter must be a character; got '\\0'");
  CHECK(refusal({.decimal = '\0'}) == "read_csv: decimal must be a character; got '\\0'");
  for (const char end : {'\n', '\r'}) {
    CHECK(refusal({.delimiter = end}) == "read_csv: delimiter must not be the end of a line");
    CHECK(refusal({.decimal = end}) == "read_csv: decimal must not be the end of a line");
    CHECK(refusal({.thousands = end}) == "read_csv: thousands must not be the end of a line");
    CHECK(refusal({.quote = end}) == "read_csv: quote must not be the end of a line");
    CHECK(refusal({.comment = end}) == "read_csv: comment must not be the end of a line");
  }
  for (const char blank : {' ', '\t'}) {
    CHECK(refusal({.decimal = blank}) == "read_csv: decimal must not be a blank");
    CHECK(refusal({.quote = blank}) == "read_csv: quote must not be a blank");
    CHECK(refusal({.comment = blank}) == "read_csv: comment must not be a blank");
  }
  for (const char taken : {'0', '9', 'e', 'N', '+', '-'}) {
    const std::string rule = std::string(" must not be a digit, a letter or a sign; got ") + taken;
    CHECK(refusal({.decimal = taken}) == "read_csv: decimal" + rule);
    CHECK(refusal({.thousands = taken}) == "read_csv: thousands" + rule);
    CHECK(refusal({.delimiter = taken}) == "read_csv: delimiter" + rule);
    CHECK(refusal({.quote = taken}) == "read_csv: quote" + rule);
    CHECK(refusal({.comment = taken}) == "read_csv: comment" + rule);
  }
}

TEST_CASE("read_csv: blanks around a text for what is missing mean nothing") {
  const CsvTable table = read("a,b\n NA ,1\n", {.missing = {"\tNA "}});
  CHECK(table.options().missing == Texts{"NA"});
  CHECK(std::isnan(table.number(0, 0)));
}

TEST_CASE("read_csv: whatever the form, cut off anywhere or any byte wrong") {
  const std::string whole = "skip\n%x\n a b\t\n1 '2 '' '\n\n%\n3 4 \n";
  const CsvOptions options{
      .delimiter = ' ', .quote = '\'', .comment = '%', .skip_lines = 1, .trailing_delimiter = true};
  REQUIRE(fields(read(whole, options)) == std::vector<Texts>{{"1", "2 ' "}, {"3", "4"}});
  const TemporaryDirectory directory;
  const auto survive = [&](const std::string& text) {
    const std::string path = directory.write("file.csv", Bytes(text.begin(), text.end()));
    try {
      const CsvTable table = data::read_csv(path, options);
      CHECK(fields(table).size() == static_cast<std::size_t>(table.rows()));
    } catch (const IoError& error) {
      CHECK(std::string(error.what()).starts_with(path));
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
