#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/csv_writer.hpp>

#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CsvTable;
using data::CsvWriter;
using data::read_csv;
using Texts = std::vector<std::string>;

namespace {

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("csv writer: what it writes, to the letter") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("log.csv");
  CsvWriter writer(path, {"epoch", "loss", "no,te"});
  writer.write({1, 0.1, "plain"});
  writer.write({std::int64_t{-9223372036854775807} - 1, 1e300, "say \"hi\", twice\n"});
  writer.write({0, -0.0, ""});
  writer.write({2, 3.0, " x"});
  writer.write({3, std::numeric_limits<double>::quiet_NaN(), "-"});
  CHECK(content(path).empty());  // not there yet
  writer.commit();
  CHECK(content(path) ==
        "epoch,loss,\"no,te\"\n"
        "1,0.1,plain\n"
        "-9223372036854775808,1e+300,\"say \"\"hi\"\", twice\n\"\n"
        "0,-0,\n"
        "2,3,\" x\"\n"
        "3,nan,-\n");
}

TEST_CASE("what the csv writer writes read_csv reads, to the last bit") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.csv");
  const std::vector<double> numbers = [] {
    std::vector<double> values = Rng(0).normal({1000}, 0, 1, Dtype::float64).to_vector<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = std::ldexp(values[i], static_cast<int>(i * 2) - 1000);
    }
    for (const double special : {5e-324, 1.7976931348623157e308, 0.1, 1.0 / 3}) {
      values.push_back(special);
    }
    return values;
  }();
  const Texts texts{"",   " ",   "a b",  " a",     "a\t",     "\"",   "\"\"",
                    ",",  "\n",  "\r",   "\r\n",   "x,y",     "x\"y", "\xc3\xa9",
                    "12", "nan", "#abc", "a\nb,c", "'quote'", ";",    "\t"};
  CsvWriter writer(path, {"number", "text"});
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    writer.write({numbers[i], texts[i % texts.size()]});
  }
  writer.commit();
  const CsvTable table = read_csv(path);
  REQUIRE(table.rows() == static_cast<std::int64_t>(numbers.size()));
  CHECK(table.numbers({"number"}, Dtype::float64).to_vector<double>() == numbers);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    CHECK(table.text(row, 1) == texts[static_cast<std::size_t>(row) % texts.size()]);
  }
}

TEST_CASE("every text comes back from a csv file, wherever it stands") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.csv");
  const Texts pieces{"\"",   ",",  "\r", "\n",       std::string(1, '\0'),
                     " ",    "\t", "a",  "\xc3\xa9", "\xef\xbb\xbf",
                     "\xff", "+1", ";"};
  Rng rng(11);
  const auto drawn = [&] {
    std::string text;
    for (std::int64_t left = rng.integer(0, 5); left > 0; --left)
      text += pieces[static_cast<std::size_t>(rng.integer(0, std::ssize(pieces)))];
    return text;
  };
  for (int trial = 0; trial < 300; ++trial) {
    CAPTURE(trial);
    const auto width = static_cast<std::size_t>(1 + trial % 3);
    Texts columns;
    for (std::size_t i = 0; i < width; ++i) columns.push_back(drawn() + "." + std::to_string(i));
    const Texts beginnings{"", "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\x1f\x8b\b"};  // gzip
    columns[0] = beginnings[static_cast<std::size_t>(trial) % beginnings.size()] + columns[0];
    std::vector<Texts> rows;
    CsvWriter writer(path, columns);
    for (int row = 0; row < 10; ++row) {
      rows.emplace_back();
      for (std::size_t i = 0; i < width; ++i) rows.back().push_back(drawn());
      writer.write({rows.back().begin(), rows.back().end()});
    }
    writer.commit();
    const CsvTable table = read_csv(path);
    CHECK(table.columns() == columns);
    REQUIRE(table.rows() == std::ssize(rows));
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      for (std::size_t i = 0; i < width; ++i) {
        CHECK(table.text(row, static_cast<std::int64_t>(i)) ==
              rows[static_cast<std::size_t>(row)][i]);
      }
    }
  }
}

TEST_CASE("csv writer: a single column, whose empty text is no blank line") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.csv");
  CsvWriter writer(path, {"text"});
  for (const char* text : {"", "a", ""}) writer.write({text});
  writer.commit();
  CHECK(read_csv(path).rows() == 3);
}

TEST_CASE("csv writer refuses, and keeps an older file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file.csv");
  CsvWriter(path, {"old"}).commit();
  for (const Texts& columns : {Texts{}, Texts{""}, Texts{"a", "a"}}) {
    CHECK(error_of<ValueError>([&] {
            CsvWriter(path, columns).commit();
            return 0;
          }) == path + ": a table needs columns with names that differ and are not empty");
  }
  CHECK(error_of<ValueError>([&] {
          CsvWriter writer(path, {"a", "b"});
          writer.write({1});
          return 0;
        }) == path + ": a row needs a value for each of 2 columns; got 1");
  CHECK(error_of<IoError>([&] {
          CsvWriter("/dev/full", {"a"}).commit();
          return 0;
        }) == "/dev/full: cannot be written: No space left on device");
  CHECK(content(path) == "old\n");
}
