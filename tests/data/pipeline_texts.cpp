// Categories and classes: identifiers of digits, bools, and what fills in.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/data/csv_writer.hpp>
#include <xtape/data/pipeline.hpp>
#include <xtape/data/table_summary.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/table_of.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CategoryColumns;
using data::Columns;
using data::ColumnType;
using data::CsvOptions;
using data::CsvValue;
using data::Missing;
using data::NumberColumns;
using data::Pipeline;
using data::Table;
using data::TableRow;
using data::TargetColumn;
using data::Unseen;

namespace {

Pipeline of_categories(const Table& training, CategoryColumns categories = {}) {
  categories.columns = {"k"};
  return {training, {.features = {categories}, .dtype = Dtype::float64}};
}

Doubles row(const Pipeline& prepare, const CsvValue& value) {
  return values(prepare.features(TableRow{{"k", value}}));
}

std::string refusal(const Pipeline& prepare, const CsvValue& value) {
  return error_of<ValueError>([&] { return row(prepare, value); });
}

/// The same from a file.
Pipeline restored(const Pipeline& prepare) {
  const TemporaryDirectory directory;
  prepare.save(directory.file("p.npz"));
  return Pipeline::load(directory.file("p.npz"));
}

}  // namespace

TEST_CASE("pipeline: identifiers with zeros in front are categories of their own") {
  const std::string text = "k\n01234\n1234\n98765\n";
  const Pipeline prepare = restored(of_categories(table_of(text)));
  CHECK(prepare.categories("k") == Columns{"01234", "1234", "98765"});
  CHECK(row(prepare, "01234") == Doubles{1, 0, 0});
  CHECK(row(prepare, 1234) == Doubles{0, 1, 0});
  CHECK(refusal(prepare, "1234.0").starts_with("row 0: column 1 \"k\": must be one of the 3"));
  // Of a column that had none, they are not those of the numbers without.
  const Pipeline plain = restored(of_categories(table_of("k\n1234\n98765.0\n")));
  CHECK(plain.categories("k") == Columns{"1234", "98765"});
  CHECK(row(plain, "98765") == Doubles{0, 1});
  CHECK(refusal(plain, "01234").ends_with("of the training rows; got \"01234\""));
}

TEST_CASE("pipeline: categories by the types of their columns") {
  const std::string text = "k\n01\n1\n1.0\n2\n";
  const auto of = [&](ColumnType type) {
    return restored(of_categories(table_of(text, {.types = {{"k", type}}})));
  };
  const Pipeline texts = of(ColumnType::text);
  CHECK(texts.categories("k") == Columns{"01", "1", "1.0", "2"});
  CHECK(row(texts, "1.0") == Doubles{0, 0, 1, 0});
  CHECK(row(texts, 1) == Doubles{0, 1, 0, 0});
  CHECK(refusal(texts, "2.0").ends_with("of the training rows; got \"2.0\""));
  const Pipeline numbers = of(ColumnType::number);
  CHECK(numbers.categories("k") == Columns{"1", "2"});
  for (const char* one : {"01", "1", "1.0"}) CHECK(row(numbers, one) == Doubles{1, 0});
}

TEST_CASE("pipeline: classes with zeros in front, and by type") {
  const auto classes = [](const std::string& text, const CsvOptions& options = {}) {
    const Table table = table_of(text, options);
    const Pipeline prepare = restored(
        {table, {.features = {NumberColumns{.columns = {"x"}}}, .target = TargetColumn{"y"}}});
    return std::pair(prepare.class_names(), prepare.target(table).to_vector<std::int64_t>());
  };
  using Integers = std::vector<std::int64_t>;
  const std::string text = "x,y\n1,01\n2,1\n3,2.0\n";
  CHECK(classes(text) == std::pair(Columns{"01", "1", "2.0"}, Integers{0, 1, 2}));
  CHECK(classes(text, {.types = {{"y", ColumnType::number}}}) ==
        std::pair(Columns{"1", "2"}, Integers{0, 0, 1}));
  CHECK(classes("x,y\n1,1\n2,1.0\n", {.types = {{"y", ColumnType::text}}}) ==
        std::pair(Columns{"1", "1.0"}, Integers{0, 1}));
}

TEST_CASE("pipeline: a bool is the category that is written so, or an error") {
  for (const auto& words : {Columns{"true", "false"}, Columns{"True", "False"},
                            Columns{"TRUE", "FALSE"}, Columns{"1", "0"}, Columns{"1.0", "0.0"}}) {
    const std::string text = "k\n" + words[0] + "\n" + words[1] + "\n";
    CAPTURE(text);
    const Pipeline prepare =
        of_categories(table_of(text), {.columns = {"k"}, .unseen = Unseen::ignore});
    CHECK(row(prepare, true) == row(prepare, words[0]));
    CHECK(row(prepare, false) == row(prepare, words[1]));
    CHECK(row(prepare, true) != row(prepare, false));
  }
  const Pipeline other =
      of_categories(table_of("k\nja\nnein\n"), {.columns = {"k"}, .unseen = Unseen::ignore});
  CHECK(refusal(other, true) ==
        "row 0: column 1 \"k\": a bool stands for \"false\" and \"true\", of which the training "
        "rows have neither");
  CHECK(refusal(of_categories(table_of("k\n2\n3\n"), {.columns = {"k"}, .unseen = Unseen::ignore}),
                false) ==
        "row 0: column 1 \"k\": a bool stands for \"0\" and \"1\", of which the training rows have "
        "neither");
  const Pipeline mixed = of_categories(table_of("k\nTrue\nTRUE\ntrue\nFalse\nFALSE\n"));
  CHECK(row(mixed, true) == Doubles{0, 0, 0, 0, 1});
  CHECK(refusal(mixed, false) ==
        "row 0: column 1 \"k\": a text is needed, one of \"FALSE\", \"False\"; got a bool");
  const Pipeline half =
      of_categories(table_of("k\nTrue\nx\n"), {.columns = {"k"}, .unseen = Unseen::ignore});
  CHECK(row(half, false) == Doubles{0, 0});  // new as any other
}

TEST_CASE("bools of the program: texts, numbers, classes, files") {
  const Table table({"k", "x"}, {{true, 1}, {false, 2}, {true, 3}});
  CHECK(table.text(0, 0) == "true");
  CHECK(table.is_boolean(1, 0));
  CHECK_FALSE(table.is_boolean(1, 1));
  CHECK(table.numeric_columns() == Columns{"k", "x"});
  CHECK(mismatch(table.numbers({"k"}), tensor({{1.0}, {0.0}, {1.0}})) == "");
  CHECK(of_categories(table).categories("k") == Columns{"false", "true"});
  const Pipeline numbers(
      table, {.features = {NumberColumns{.columns = {"k"}, .scaling = data::Scaling::none}}});
  CHECK(row(numbers, true) == Doubles{1});
  const Pipeline target(
      table_of("x,k\n1,True\n2,False\n"),
      {.features = {NumberColumns{.columns = {"x"}}}, .target = TargetColumn{"k"}});
  CHECK(mismatch(target.target(table), tensor({1, 0, 1})) == "");
  const TemporaryDirectory directory;
  data::CsvWriter writer(directory.file("b.csv"), {"k"});
  writer.write({true});
  writer.write({false});
  writer.commit();
  const Table back = data::read_table(directory.file("b.csv"));
  CHECK(back.text(0, 0) == "true");
  CHECK(back.text(1, 0) == "false");
}

TEST_CASE("pipeline: what fills in by name is no rare category") {
  const Table training({"k"}, {{"a"}, {"a"}, {"b"}, {"c"}});
  const Pipeline prepare = of_categories(training, {.columns = {"k"},
                                                    .unseen = Unseen::rare,
                                                    .min_count = 2,
                                                    .missing = Missing::constant,
                                                    .fill = "none"});
  CHECK(prepare.categories("k") == Columns{"a", "none", "rare"});
  CHECK(row(prepare, "") == Doubles{0, 1, 0});
  CHECK(row(prepare, "new") == Doubles{0, 0, 1});
  CHECK(row(prepare, "b") == Doubles{0, 0, 1});
  // One that some rows have is named too, however few.
  CHECK(of_categories(training,
                      {.columns = {"k"}, .min_count = 2, .missing = Missing::constant, .fill = "b"})
            .categories("k") == Columns{"a", "b", "rare"});
  // The most frequent one is as rare as its rows.
  CHECK(
      of_categories(training, {.columns = {"k"}, .min_count = 3, .missing = Missing::most_frequent})
          .categories("k") == Columns{"rare"});
}

TEST_CASE("pipeline: a table becomes one tensor, and needs the memory of no other") {
  std::string text = "x,k,d\n";
  for (int i = 0; i < 2000; ++i) {
    text += std::to_string(i * 0.5) + ",k" + std::to_string(i % 100) + ",2024-01-" +
            std::to_string(10 + i % 20) + "\n";
  }
  const Table table = table_of(text);
  const Pipeline prepare(
      table, {.features = {NumberColumns{.columns = {"x"}}, CategoryColumns{.columns = {"k"}},
                           data::DateColumns{.columns = {"d"}}},
              .dtype = Dtype::float32});
  const std::int64_t before = memory::live_bytes();
  memory::reset_peak_bytes();
  const Tensor x = prepare.features(table);
  CHECK(x.shape() == Shape{2000, 102});
  // In whole blocks of the pool.
  CHECK(memory::peak_bytes() - before < 2000 * 102 * 4 * 5 / 4);
}
