#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include <xtape/core/error.hpp>
#include <xtape/data/date.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {
namespace {

/// What is left of a text, read from its front.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  bool accept(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// So many digits; whether they are there.
  bool digits(std::size_t count, int& value) {
    value = 0;
    if (rest_.size() < count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  /// The fraction of a second, if there is one.
  bool fraction(double& value) {
    if (!accept('.') && !accept(',')) return true;
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (size == 0) return false;
    value += kernels::number_in("0." + std::string(rest_.substr(0, size))).value;
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

bool read_offset(Reader& text, Date& date) {
  if (text.empty() || text.accept('Z')) return true;
  const bool behind = text.accept('-');
  if (!behind && !text.accept('+')) return false;
  int hours = 0, minutes = 0;
  if (!text.digits(2, hours)) return false;
  if (!text.empty() && (text.accept(':'), !text.digits(2, minutes))) return false;
  date.offset_minutes = (behind ? -1 : 1) * (hours * 60 + minutes);
  return hours < 24 && minutes < 60;
}

bool read_time(Reader& text, Date& date) {
  int second = 0;
  if (!text.digits(2, date.hour) || !text.accept(':') || !text.digits(2, date.minute)) return false;
  if (text.accept(':') &&
      !(text.digits(2, second) && (date.second = second, text.fraction(date.second)))) {
    return false;
  }
  return date.hour < 24 && date.minute < 60 && second < 60 && read_offset(text, date);
}

std::chrono::year_month_day day_of(const Date& date) {
  return {std::chrono::year(date.year), std::chrono::month(static_cast<unsigned>(date.month)),
          std::chrono::day(static_cast<unsigned>(date.day))};
}

bool read(std::string_view written, Date& date) {
  Reader text(written);
  return text.digits(4, date.year) && text.accept('-') && text.digits(2, date.month) &&
         text.accept('-') && text.digits(2, date.day) && day_of(date).ok() &&
         (text.empty() || ((text.accept('T') || text.accept(' ')) && read_time(text, date))) &&
         text.empty();
}

}  // namespace

Date parse_date(std::string_view text) {
  Date date;
  if (read(text, date)) return date;
  throw ValueError(
      "a date of ISO 8601 is needed, such as 2024-02-29 or 2024-02-29T23:59:58+01:00; got " +
      kernels::quoted(text));
}

double Date::seconds_since_1970() const {
  const auto days = std::chrono::sys_days(day_of(*this)).time_since_epoch().count();
  const std::int64_t minutes = (std::int64_t{days} * 24 + hour) * 60 + minute - offset_minutes;
  return static_cast<double>(minutes * 60) + second;
}

int Date::weekday() const {
  return static_cast<int>(
             std::chrono::weekday(std::chrono::sys_days(day_of(*this))).iso_encoding()) -
         1;
}

int Date::day_of_year() const {
  const auto first = std::chrono::sys_days(day_of({.year = year}));
  return static_cast<int>((std::chrono::sys_days(day_of(*this)) - first).count()) + 1;
}

}  // namespace xtape::data
