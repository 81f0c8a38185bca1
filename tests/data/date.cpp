#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/date.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using data::Date;
using data::parse_date;

TEST_CASE("dates of ISO 8601, in seconds since 1970") {
  // By Python: datetime.fromisoformat(text).timestamp(), with tzinfo=UTC where none is told.
  const std::vector<std::tuple<std::string, double>> cases{
      {"1970-01-01", 0},
      {"1970-01-01T00:00:01Z", 1},
      {"2000-02-29", 951782400},
      {"2024-02-29T23:59", 1709251140},
      {"2024-02-29 23:59:58.25Z", 1709251198.25},
      {"2024-02-29T23:59:58+01:00", 1709247598},
      {"2024-02-29T23:59:58,5-0930", 1709285398.5},
      {"2024-12-31T23:30-01", 1735691400},
      {"1969-12-31T23:59:59", -1},
      {"1900-03-01", -2203891200},
      {"0001-01-01", -62135596800},
      {"9999-12-31T23:59:59", 253402300799}};
  for (const auto& expected : cases) {
    const std::string& text = std::get<0>(expected);
    CAPTURE(text);
    CHECK(parse_date(text).seconds_since_1970() == std::get<1>(expected));
  }
  CHECK(parse_date("1970-01-03T12:00").days_since_1970() == 2.5);
  CHECK(parse_date("1969-12-31").days_since_1970() == -1);
}

TEST_CASE("parts of a date are those of its own clock") {
  const Date late = parse_date("2024-02-29T23:30:15.5-05:00");  // the first of March in UTC
  CHECK(late.year == 2024);
  CHECK(late.month == 2);
  CHECK(late.day == 29);
  CHECK(late.hour == 23);
  CHECK(late.minute == 30);
  CHECK(late.second == 15.5);
  CHECK(late.offset_minutes == -300);
  CHECK(late.weekday() == 3);  // a Thursday
  CHECK(late.day_of_year() == 60);
  CHECK(parse_date("1970-01-01").weekday() == 3);
  CHECK(parse_date("2026-11-29").weekday() == 6);
  CHECK(parse_date("2026-11-30").weekday() == 0);
  CHECK(parse_date("2023-12-31").day_of_year() == 365);
  CHECK(parse_date("2024-12-31").day_of_year() == 366);
  CHECK(parse_date("1600-01-01").day_of_year() == 1);
}

TEST_CASE("what is no date") {
  for (const std::string text : {"",
                                 "2024",
                                 "2024-02",
                                 "20240229",
                                 "2024-2-29",
                                 "2023-02-29",
                                 "2024-13-01",
                                 "2024-00-10",
                                 "2024-04-31",
                                 "2024-04-00",
                                 "24-04-01",
                                 "2024/04/01",
                                 "01.04.2024",
                                 "2024-04-01T",
                                 "2024-04-01 ",
                                 "2024-04-01T1:00",
                                 "2024-04-01T12",
                                 "2024-04-01T24:00",
                                 "2024-04-01T12:60",
                                 "2024-04-01T12:00:60",
                                 "2024-04-01T12:00:",
                                 "2024-04-01T12:00:00.",
                                 "2024-04-01T12:00:00x",
                                 "2024-04-01T12:00+",
                                 "2024-04-01T12:00+1",
                                 "2024-04-01T12:00+01:0",
                                 "2024-04-01T12:00+24",
                                 "2024-04-01T12:00+01:60",
                                 "2024-04-01T12:00Z1",
                                 "2024-04-01x12:00",
                                 "+2024-04-01",
                                 "2024-04-01Z",
                                 "2024-04-01T12:00:0"}) {
    CAPTURE(text);
    CHECK(error_of<ValueError>([&] { return parse_date(text); }) ==
          "a date of ISO 8601 is needed, such as 2024-02-29 or 2024-02-29T23:59:58+01:00; got \"" +
              text + "\"");
  }
}
