// Dates by their format: pandas (tests/reference/tables.py).
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/date.hpp>
#include <xtape/data/pipeline.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/table_values.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::DateColumns;
using data::DatePart;
using data::parse_date;
using data::Pipeline;
using data::Scaling;
using data::Table;
using data::TableRow;

TEST_CASE("dates by a format, as of pandas") {
  for (const table_values::Instant& instant : table_values::instants) {
    CAPTURE(instant.text);
    CHECK(parse_date(instant.text, instant.format).seconds_since_1970() == instant.seconds);
  }
  CHECK(parse_date("1.2.2024 03:04:05.25", "%d.%m.%Y %H:%M:%S").second == 5.25);
  CHECK(parse_date("3:04:05.1.2.2024", "%H:%M:%S.%d.%m.%Y").second == 5);  // no fraction
  CHECK(parse_date("29.2.2024 23:30 -0500", "%d.%m.%Y %H:%M %z").offset_minutes == -300);
}

TEST_CASE("what is no date of a format") {
  using Wrong = std::pair<std::string, std::string>;
  for (const auto& [format, text] : {Wrong{"%d.%m.%Y", "2024-12-31"},
                                     {"%d.%m.%Y", "12/31/2024"},
                                     {"%d.%m.%Y", "31.13.2024"},
                                     {"%d.%m.%Y", "30.2.2024"},
                                     {"%d.%m.%Y", "0.2.2024"},
                                     {"%d.%m.%Y", "1.2.24"},
                                     {"%d.%m.%Y", "1.2.2024 "},
                                     {"%d.%m.%Y", "1.2.2024x"},
                                     {"%d.%m.%Y", "+1.2.2024"},
                                     {"%d.%m.%Y", ""},
                                     {"%Y%m%d", "2024121"},
                                     {"%Y%m%d", "202411"},
                                     {"%Y%m%d %H:%M", "20240101 24:00"},
                                     {"%Y%m%d %H:%M", "20240101 23:60"},
                                     {"%Y%m%d %H:%M:%S", "20240101 23:59:60"},
                                     {"%Y%m%d %I:%M %p", "20240101 13:00 PM"},
                                     {"%Y%m%d %I:%M %p", "20240101 0:00 PM"},
                                     {"%Y%m%d %I:%M %p", "20240101 1:00 XM"},
                                     {"%d %b %Y", "1 Mai 2024"},
                                     {"%Y%m%d%z", "20240101"},
                                     {"%Y%m%d%z", "20240101+25"}}) {
    const std::string wrong = text, of = format;
    CAPTURE(wrong);
    CHECK(error_of<ValueError>([&] { return parse_date(wrong, of); }) ==
          "a date of the form \"" + of + "\" is needed; got \"" + wrong + "\"");
  }
}

TEST_CASE("what is no format of dates") {
  const auto told = [](const std::string& format) {
    return error_of<ValueError>([&] { return parse_date("", format); });
  };
  const std::string known = "a format of dates has only %Y %y %m %b %d %H %I %M %S %p %z and %%";
  CHECK(told("%d.%m.%Q") == known + "; got \"%d.%m.%Q\"");
  CHECK(told("%Y%m%d%") == known + "; got \"%Y%m%d%\"");
  CHECK(told("%Y%m%d%d") == "a format of dates has %d once; got \"%Y%m%d%d\"");
  const std::string needed = "a format of dates needs one year, month and day; got ";
  for (const std::string format : {"", "%m.%Y", "%Y %y %m %d", "%Y %m %b %d", "%Y-%m"})
    CHECK(told(format) == needed + "\"" + format + "\"");
  for (const std::string format : {"%Y%m%d %I", "%Y%m%d %H %p", "%Y%m%d %H %I %p"}) {
    CHECK(told(format) == "a format of dates needs %H, or %I and %p; got \"" + format + "\"");
  }
}

TEST_CASE("pipeline: columns of dates with a format, saved too") {
  const TemporaryDirectory directory;
  const std::string text = "d,e\n31.12.2024,1\n1.1.2025,2\n";
  const Table table = data::read_table(directory.write("a.csv", Bytes(text.begin(), text.end())));
  const data::PipelineOptions options{
      .features = {DateColumns{.columns = {"d"},
                               .format = "%d.%m.%Y",
                               .parts = {DatePart::year, DatePart::month, DatePart::day},
                               .scaling = Scaling::none}},
      .dtype = Dtype::float64};
  const Pipeline prepare(table, options);
  const Tensor expected = tensor({{2024.0, 12.0, 31.0}, {2025.0, 1.0, 1.0}}, Dtype::float64);
  CHECK(mismatch(prepare.features(table), expected) == "");
  prepare.save(directory.file("p.npz"));
  const Pipeline back = Pipeline::load(directory.file("p.npz"));
  CHECK(mismatch(back.features(table), expected) == "");
  CHECK(error_of<ValueError>([&] {
          return back.features(TableRow{{"d", "2024-12-31"}});
        }) ==
        "row 0: column 1 \"d\": a date of the form \"%d.%m.%Y\" is needed; got \"2024-12-31\"");
  const std::string wrong = "d,e\n31.12.2024,1\n12/31/2024,2\n";
  const std::string path = directory.write("b.csv", Bytes(wrong.begin(), wrong.end()));
  CHECK(error_of<IoError>([&] { return Pipeline(data::read_table(path), options); }) ==
        path + ":3: column 1 \"d\": a date of the form \"%d.%m.%Y\" is needed; got \"12/31/2024\"");
  CHECK(error_of<ValueError>([&] {
          return Pipeline(table, {.features = {DateColumns{.columns = {"d"}, .format = "%d.%m"}}});
        }) ==
        "pipeline: DateColumns::format: a format of dates needs one year, month and day; got "
        "\"%d.%m\"");
  // A number of the program is a date as it would be written.
  const Pipeline compact(
      Table({"d"}, {{20241231}, {20250101}}),
      {.features = {DateColumns{.columns = {"d"}, .format = "%Y%m%d", .scaling = Scaling::none}},
       .dtype = Dtype::float64});
  CHECK(compact.features(TableRow{{"d", 20241231}}).item() == 20088);
}
