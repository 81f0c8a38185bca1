#pragma once
#include <cstdint>
#include <string_view>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// A date, with the time of day if there is one, as it was written: the parts are of its own clock,
/// which is `offset_minutes` ahead of UTC.
struct Date {
  int year = 1970, month = 1, day = 1;
  int hour = 0, minute = 0;
  double second = 0;
  int offset_minutes = 0;

  /// Seconds and days, with their fraction, since the beginning of 1970 in UTC, leap seconds left
  /// out.
  double seconds_since_1970() const;
  double days_since_1970() const { return seconds_since_1970() / 86400; }
  int weekday() const;      ///< 0 is Monday, 6 Sunday
  int day_of_year() const;  ///< from 1
};

/// A date of ISO 8601 in the extended form: 2024-02-29, 2024-02-29T23:59, 2024-02-29 23:59:58.25Z,
/// 2024-02-29T23:59:58+01:00; with a T or a blank between, and UTC where no offset is told.
/// Throws ValueError for another text, and a day or time that there is not.
Date parse_date(std::string_view text);

/// A date as `format` has it: "%d.%m.%Y" of 31.12.2024, "%Y%m%d %H%M" of 20241231 2359,
/// "%b %d, %Y %I:%M %p" of Dec 31, 2024 11:59 PM. %Y is a year of four digits, %y one of two, from
/// 1969 to 2068, %m %d the month and day, %H %M %S the time, seconds with a fraction if there is
/// one, %I and %p the hour of twelve with AM or PM, %b the first three letters of the month in
/// English, %z an offset from UTC, %% a percent sign; the rest must be there as it stands. Numbers
/// may lack a zero in front unless they touch the next.
/// Throws ValueError as above, and for a format with others, one twice, or no year, month and day.
/// Source of the letters: POSIX, strptime.
Date parse_date(std::string_view text, std::string_view format);

}  // namespace xtape::data

XTAPE_EXPORT_END
