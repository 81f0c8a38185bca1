#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/pipeline.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/train/checkpoint.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CategoryColumns;
using data::Columns;
using data::DateColumns;
using data::DatePart;
using data::Missing;
using data::NumberColumns;
using data::Pipeline;
using data::PipelineOptions;
using data::Scaling;
using data::Table;
using data::TargetColumn;
using data::Unseen;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Means 3 and 40, deviations 2 and 20; "Cork" twice, "Kiel" three times.
Table people() {
  return Table({"age", "fare", "port", "born", "rich"},
               {{0, 10, "Cork", "1970-01-02", "no"},
                {2, 30, "Kiel", "1970-01-01T06:00", "no"},
                {3, 40, "Kiel", "1969-12-31", "yes"},
                {4, 50, "Cork", "1970-01-03T00:00+02:00", "no"},
                {6, 70, "Kiel", "1970-01-05", "yes"}});
}

PipelineOptions options() {
  return {
      .features = {NumberColumns{.columns = {"age", "fare"}}, CategoryColumns{.columns = {"port"}}},
      .target = TargetColumn{"rich"},
      .dtype = Dtype::float64};
}

std::string refusal(const PipelineOptions& of, const Table& table = people()) {
  return error_of<ValueError>([&] { return Pipeline(table, of); });
}

/// Names and bits of a state.
std::string written(const NamedTensors& state) {
  std::string text;
  for (const auto& [name, value] : state) {
    text += name + " " + value.describe() + ":";
    for (const double v : value.to_vector<double>()) {
      text += " " + std::to_string(std::bit_cast<std::uint64_t>(v));
    }
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("pipeline: features, target and names of tables and of rows") {
  const Pipeline prepare(people(), options());
  CHECK(prepare.feature_names() == Columns{"age", "fare", "port_Cork", "port_Kiel"});
  CHECK(prepare.class_names() == Columns{"no", "yes"});
  const auto [x, y] = prepare(people());
  CHECK(mismatch(x, tensor({{-1.5, -1.5, 1.0, 0.0},
                            {-0.5, -0.5, 0.0, 1.0},
                            {0.0, 0.0, 0.0, 1.0},
                            {0.5, 0.5, 1.0, 0.0},
                            {1.5, 1.5, 0.0, 1.0}},
                           Dtype::float64)) == "");
  CHECK(mismatch(y, tensor({0, 0, 1, 0, 1})) == "");
  const Tensor one =
      prepare.features(data::TableRow{{"port", "Cork"}, {"fare", 60}, {"age", 5.0}, {"name", "x"}});
  CHECK(mismatch(one, tensor({{1.0, 1.0, 1.0, 0.0}}, Dtype::float64)) == "");
  CHECK(mismatch(prepare.features(data::TableRow{{"port", "Cork"}, {"fare", "60"}, {"age", "5"}}),
                 one) == "");
  PipelineOptions single = options();
  single.dtype = Dtype::float32;
  CHECK(Pipeline(people(), single).features(people()).dtype() == Dtype::float32);
}

TEST_CASE("pipeline: what it is applied to leaves no trace in it") {
  Rng rng(1);
  std::vector<std::vector<data::CsvValue>> cells;
  for (int i = 0; i < 200; ++i) {
    cells.push_back({i % 7 == 0 ? data::CsvValue(not_a_number) : data::CsvValue(i * i),
                     std::string(1, static_cast<char>('a' + i % 5)), i});
  }
  const Table all({"x", "kind", "y"}, cells);
  const data::TableSplit parts = random_split(all, 0.4, rng);
  const PipelineOptions of{
      .features = {NumberColumns{.columns = {"x"}, .missing = Missing::median, .indicator = true},
                   CategoryColumns{.columns = {"kind"}, .unseen = Unseen::ignore}},
      .target = TargetColumn{"y", data::Task::regression}};
  const Pipeline prepare(parts, of);
  const std::string before = written(prepare.state());
  const Tensor training = prepare.features(parts.train);
  static_cast<void>(prepare(parts.test));
  static_cast<void>(prepare.features(data::TableRow{{"x", 1e9}, {"kind", "new"}}));
  CHECK(written(prepare.state()) == before);
  CHECK(mismatch(prepare.features(parts.train), training) == "");
  // Rows that are not in the table cannot be in the state: it is that of the training rows alone.
  CHECK(written(Pipeline(parts.train, of).state()) == before);
  CHECK(written(Pipeline(all, of).state()) != before);
  std::vector<std::vector<data::CsvValue>> other = cells;
  for (const std::int64_t row :
       parts.test.numbers({"y"}).to(Dtype::int64).to_vector<std::int64_t>()) {
    other[static_cast<std::size_t>(row)] = {1e6, "odd", 0};
  }
  Rng again(1);
  CHECK(written(Pipeline(random_split(Table({"x", "kind", "y"}, other), 0.4, again), of).state()) ==
        before);
}

TEST_CASE("pipeline: dates as numbers and parts") {
  const Table table = people();
  const auto features = [&](const std::vector<DatePart>& parts) {
    return Pipeline(
        table,
        {.features = {DateColumns{.columns = {"born"}, .parts = parts, .scaling = Scaling::none}},
         .dtype = Dtype::float64});
  };
  const Pipeline days = features({DatePart::days});
  CHECK(days.feature_names() == Columns{"born_days"});
  CHECK(values(days.features(table)) == Doubles{1, 0.25, -1, 2 - 2 / 24.0, 4});
  CHECK(values(features({DatePart::seconds}).features(table)) ==
        Doubles{86400, 21600, -86400, 165600, 345600});
  const Pipeline several =
      features({DatePart::year, DatePart::month, DatePart::day, DatePart::weekday,
                DatePart::day_of_year, DatePart::hour, DatePart::minute});
  CHECK(several.feature_names() == Columns{"born_year", "born_month", "born_day", "born_weekday",
                                           "born_day_of_year", "born_hour", "born_minute"});
  const Tensor one = several.features(data::TableRow{{"born", "2024-02-29T23:45-05:00"}});
  CHECK(values(one) == Doubles{2024, 2, 29, 3, 60, 23, 45});
  const Pipeline filled(table, {.features = {DateColumns{.columns = {"born"},
                                                         .parts = {DatePart::hour, DatePart::days},
                                                         .missing = Missing::median,
                                                         .indicator = true,
                                                         .scaling = Scaling::none}},
                                .dtype = Dtype::float64});
  CHECK(filled.feature_names() == Columns{"born_hour", "born_days", "born_missing"});
  CHECK(values(filled.features(data::TableRow{{"born", ""}})) == Doubles{0, 1, 1});
  CHECK(error_of<ValueError>([&] {
          return days.features(data::TableRow{{"born", "May"}});
        }) ==
        "row 0: column 1 \"born\": a date of ISO 8601 is needed, such as 2024-02-29 or "
        "2024-02-29T23:59:58+01:00; got \"May\"");
}

TEST_CASE("pipeline: categories and classes that are numbers are in the order of numbers") {
  const Table table({"size", "kind"}, {{10, 9}, {9, 10}, {-2, 9}, {1.5, 100}});
  const Pipeline prepare(
      table, {.features = {CategoryColumns{.columns = {"size"}}}, .target = TargetColumn{"kind"}});
  CHECK(prepare.feature_names() == Columns{"size_-2", "size_1.5", "size_9", "size_10"});
  CHECK(prepare.class_names() == Columns{"9", "10", "100"});
}

TEST_CASE("pipeline: a state comes back, beside a model, bit for bit") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("pipeline.npz");
  PipelineOptions of = options();
  of.features.push_back(DateColumns{.columns = {"born"},
                                    .parts = {DatePart::days, DatePart::hour},
                                    .missing = Missing::mean,
                                    .indicator = true});
  of.features.push_back(CategoryColumns{.columns = {"rich\xc3\xa9"},
                                        .unseen = Unseen::rare,
                                        .min_count = 2,
                                        .missing = Missing::constant,
                                        .fill = "none"});
  const Table table({"age", "fare", "port", "born", "rich", "rich\xc3\xa9"},
                    {{0.1, 1e-300, "Cork", "1970-01-02", "no", "a"},
                     {1.0 / 3, 2e-300, "", "", "yes", ""},
                     {0.7, 3e-300, "Kiel", "1970-01-05", "yes", "a"}});
  of.features[1] = CategoryColumns{
      .columns = {"port"}, .encoding = data::Encoding::codes, .missing = Missing::most_frequent};
  Pipeline prepare(table, of);
  prepare.save(path);
  const Pipeline back = Pipeline::load(path);
  const Table others(
      {"fare", "age", "port", "born", "rich\xc3\xa9", "rich"},
      {{1e-300, 3, "Kiel", "2000-01-01T10:00", "zzz", "no"}, {7, 8, "", "", "", "yes"}});
  CHECK(mismatch(back.features(others), prepare.features(others)) == "");
  CHECK(mismatch(back.target(others), prepare.target(others)) == "");
  CHECK(back.feature_names() == prepare.feature_names());
  CHECK(back.class_names() == prepare.class_names());
  CHECK(written(back.state()) == written(prepare.state()));

  const nn::Dense model(3, 2), same(3, 2);
  Checkpoint out, in;
  Pipeline of_file;
  out.add("model", model).add("prepare", prepare);
  in.add("model", same).add("prepare", of_file);
  out.save(path);
  in.load(path);
  CHECK(mismatch(of_file.features(others), prepare.features(others)) == "");
  CHECK(mismatch(same.weight, model.weight) == "");
  Checkpoint of_const;
  of_const.add("model", same).add("prepare", back);
  of_const.save(path);
  in.load(path);
  CHECK(error_of<ValueError>([&] {
          of_const.load(path);
          return 0;
        }).find("prepare: must not be const, to be restored") != std::string::npos);
  // Beside a part that is not of the file it stays fitted to nothing.
  const nn::Dense other(4, 2);
  Pipeline none;
  Checkpoint wrong;
  wrong.add("prepare", none).add("model", other);
  CHECK(error_of<ValueError>([&] {
          wrong.load(path);
          return 0;
        }).find("model: ") != std::string::npos);
  CHECK(none.state().empty());
}

TEST_CASE("pipeline: states that are none are refused, with nothing changed") {
  Pipeline prepare(people(), options());
  const NamedTensors state = prepare.state();
  const std::string before = written(state);
  const auto refused = [&](const NamedTensors& given) {
    const std::string error = error_of<ValueError>([&] { prepare.restore(given); });
    CHECK(error.starts_with("pipeline: "));
    CHECK(written(prepare.state()) == before);
    return error;
  };
  for (std::size_t i = 0; i < state.size(); ++i) {
    CAPTURE(state[i].first);
    NamedTensors less = state, twice = state, shorter = state, other = state;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(refused(less) == "pipeline: restore: there is no entry \"" + state[i].first + "\"");
    twice.push_back(state[i]);
    CHECK(refused(twice) == "pipeline: restore: there must be no entry \"" + state[i].first + "\"");
    other[i].second = zeros({2}, Dtype::boolean);
    CHECK(refused(other).find("\" must be ") != std::string::npos);
    const std::int64_t size = state[i].second.size();
    if (size > 0 && state[i].second.rank() == 1) {
      shorter[i].second = slice(state[i].second, {range(0, size - 1)});
      refused(shorter);
    }
  }
  NamedTensors newer = state;
  newer[0].second = tensor({2, 2, 1, 1, 0});
  CHECK(refused(newer) == "pipeline: restore: version must be 1; got 2");
  // Any other number anywhere makes another pipeline, or none, and nothing worse.
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].second.dtype() != Dtype::int64) continue;
    const auto numbers = state[i].second.to_vector<std::int64_t>();
    for (std::size_t place = 0; place < numbers.size(); ++place) {
      for (const std::int64_t value :
           {std::int64_t{-3}, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
            std::int64_t{9}, std::int64_t{300}, std::numeric_limits<std::int64_t>::max()}) {
        auto changed = numbers;
        changed[place] = value;
        NamedTensors given = state;
        given[i].second = from_vector(std::move(changed));
        Pipeline one;
        try {
          one.restore(given);
          static_cast<void>(one.features(people()));
        } catch (const ValueError&) {
        }
      }
    }
  }
  const TemporaryDirectory directory;
  data::save_npz(directory.file("a.npz"), {{"x", tensor(1.0)}});
  CHECK(error_of<IoError>([&] { return Pipeline::load(directory.file("a.npz")); }) ==
        directory.file("a.npz") + ": pipeline: restore: there is no entry \"pipeline\"");
  CHECK_THROWS_AS(Pipeline::load(directory.file("none")), IoError);
  CHECK(error_of<ValueError>([] { return Pipeline().feature_names(); }) ==
        "pipeline: is fitted to nothing; it must be made from training rows, or restored");
  CHECK(Pipeline().state().empty());
  CHECK(refused({}) == "pipeline: restore: there are no entries");
  CHECK_THROWS_AS(Pipeline().save(directory.file("b.npz")), ValueError);
  CHECK_THROWS_AS(Pipeline::load(directory.file("b.npz")), IoError);  // there is no file
  data::save_npz(directory.file("a.npz"), NamedTensors());
  CHECK(error_of<IoError>([&] { return Pipeline::load(directory.file("a.npz")); }) ==
        directory.file("a.npz") + ": pipeline: restore: there are no entries");
}

TEST_CASE("pipeline: options that do not fit") {
  const auto of = [](const data::ColumnGroup& group) {
    return PipelineOptions{.features = {group}};
  };
  CHECK(refusal({}) == "pipeline: features are needed; got none");
  CHECK(refusal(of(NumberColumns{})) == "pipeline: a group needs columns; got none");
  CHECK(refusal(of(NumberColumns{.columns = {"age", "age"}})) ==
        "pipeline: a group has column \"age\" twice");
  CHECK(refusal(of(NumberColumns{.columns = {"height"}})).starts_with("table: there is no column"));
  CHECK(refusal(
            {.features = {NumberColumns{.columns = {"age"}}, NumberColumns{.columns = {"age"}}}}) ==
        "pipeline: column \"age\" stands in two groups");
  CHECK(refusal({.features = {NumberColumns{.columns = {"age"}}}, .target = TargetColumn{"age"}}) ==
        "pipeline: what is to be learned, \"age\", must not be a feature");
  CHECK(refusal({.features = {NumberColumns{.columns = {"age"}}}, .target = TargetColumn{"poor"}})
            .starts_with("table: there is no column \"poor\""));
  for (const double fill : {not_a_number, HUGE_VAL}) {
    CHECK(refusal(of(NumberColumns{.columns = {"age"}, .missing = Missing::constant, .fill = fill}))
              .starts_with("pipeline: fill must be finite; got "));
  }
  CHECK(refusal(of(NumberColumns{.columns = {"age"}, .indicator = true})) ==
        "pipeline: an indicator of what is missing needs something that fills it in");
  CHECK(refusal(of(DateColumns{.columns = {"born"}, .parts = {}})) ==
        "pipeline: dates need parts that differ");
  CHECK(refusal(of(DateColumns{.columns = {"born"}, .parts = {DatePart::day, DatePart::day}})) ==
        "pipeline: dates need parts that differ");
  CHECK(refusal(of(CategoryColumns{.columns = {"port"}, .min_count = 0})) ==
        "pipeline: min_count must be at least 1; got 0");
  for (const Missing missing : {Missing::mean, Missing::median}) {
    CHECK(refusal(of(CategoryColumns{.columns = {"port"}, .missing = missing}))
              .starts_with("pipeline: texts have no mean and no median"));
  }
  CHECK(
      refusal(of(CategoryColumns{.columns = {"port"}, .missing = Missing::constant, .fill = ""})) ==
      "pipeline: the fill of categories must not be empty");
  CHECK_THROWS_AS(Pipeline(people(), {.features = options().features, .dtype = Dtype::int64}),
                  DtypeError);
  const Table none({"a", "b"}, {{"", 1}, {not_a_number, 1}});
  for (const Missing missing : {Missing::mean, Missing::median, Missing::most_frequent}) {
    CHECK(refusal(of(NumberColumns{.columns = {"b", "a"}, .missing = missing}), none) ==
          "pipeline: column \"a\": a value is needed to fit to; all of the training rows are "
          "missing");
  }
  CHECK(
      refusal(of(CategoryColumns{.columns = {"a"}, .missing = Missing::most_frequent}), none) ==
      "pipeline: column \"a\": a value is needed to fit to; all of the training rows are missing");
  CHECK(refusal({.features = {NumberColumns{.columns = {"b"}}}, .target = TargetColumn{"b"}},
                none) == "pipeline: what is to be learned, \"b\", must not be a feature");
  CHECK(refusal({.features = {NumberColumns{.columns = {"a"}, .missing = Missing::constant}},
                 .target = TargetColumn{"b"}},
                none) == "pipeline: column \"b\": at least 2 classes are needed; got only \"1\"");
}

TEST_CASE("pipeline: fields that do not fit are told with their place") {
  const Pipeline prepare(people(), options());
  const auto of_row = [&](const data::CsvValue& age, const data::CsvValue& port) {
    return error_of<ValueError>([&] {
      return prepare.features(Table({"age", "fare", "port"}, {{1, 2, "Cork"}, {age, 1, port}}));
    });
  };
  CHECK(of_row("old", "Cork") == "row 1: column 1 \"age\": a number is needed; got \"old\"");
  CHECK(of_row("", "Cork") == "row 1: column 1 \"age\": a value is needed; the field is missing");
  CHECK(of_row(1, "") == "row 1: column 3 \"port\": a category is needed; the field is missing");
  CHECK(of_row(1, "Rome") ==
        "row 1: column 3 \"port\": must be one of the 2 categories of the training rows; got "
        "\"Rome\"");
  CHECK(error_of<ValueError>([&] {
          return prepare.features(data::TableRow{{"age", 3}});
        }) == "pipeline: the row must have \"fare\", \"port\"");
  const auto of_label = [&](const data::CsvValue& label) {
    return error_of<ValueError>([&] {
      return prepare.target(Table(data::TableRow{{"rich", label}}));
    });
  };
  CHECK(of_label("") == "row 0: column 1 \"rich\": a label is needed; the field is missing");
  CHECK(
      of_label("maybe") ==
      "row 0: column 1 \"rich\": must be one of the 2 classes of the training rows; got \"maybe\"");
  const Pipeline raw(people(),
                     {.features = {NumberColumns{.columns = {"age"}, .scaling = Scaling::none}},
                      .target = TargetColumn{"fare", data::Task::regression}});
  CHECK(error_of<ValueError>([&] {
          return raw.features(data::TableRow{{"age", 1e39}});
        }) ==
        "row 0: column 1 \"age\": the feature \"age\" must lie in the range of float32; got 1e+39");
  CHECK(mismatch(raw.target(people()), tensor({{10}, {30}, {40}, {50}, {70}}, Dtype::float32)) ==
        "");
  CHECK(error_of<ValueError>([&] {
          return raw.target(Table(data::TableRow{{"fare", HUGE_VAL}}));
        }) == "row 0: column 1 \"fare\": a label must be finite; got \"inf\"");
  CHECK(error_of<ValueError>([&] {
          return Pipeline(people(), {.features = options().features}).target(people());
        }) == "pipeline: a target is needed; none was named when it was fitted");
  const TemporaryDirectory directory;
  const std::string text = "age,fare,port\n1,2,Cork\n\n3,4,Rome\n";
  const std::string path = directory.write("new.csv", Bytes(text.begin(), text.end()));
  CHECK(error_of<IoError>([&] { return prepare.features(data::read_table(path)); }) ==
        path +
            ":4: column 3 \"port\": must be one of the 2 categories of the training rows; got "
            "\"Rome\"");
}
