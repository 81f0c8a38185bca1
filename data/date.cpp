#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>

#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
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
  /// In capitals or not, as are all ASCII letters.
  bool accept(std::string_view word) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    if (!std::ranges::equal(rest_.substr(0, word.size()), word, {}, lower, lower)) return false;
    rest_.remove_prefix(word.size());
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

/// One number or two, or just two.
bool read_short(Reader& text, bool two, int& value) {
  return text.digits(2, value) || (!two && text.digits(1, value));
}

bool read_month(Reader& text, int& month) {
  constexpr std::string_view names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto found = std::ranges::find_if(names, [&](auto name) { return text.accept(name); });
  month = static_cast<int>(found - std::begin(names)) + 1;
  return found != std::end(names);
}

/// What a letter of a format stands for; `two`: a number has no fewer digits; `fraction`: of
/// seconds, there may be one.
bool read_part(char letter, bool two, bool fraction, Reader& text, Date& date) {
  int number = 0;
  switch (letter) {
    case 'Y': return text.digits(4, date.year);
    case 'y':
      if (!text.digits(2, number)) return false;
      date.year = number + (number < 69 ? 2000 : 1900);
      return true;
    case 'm': return read_short(text, two, date.month);
    case 'b': return read_month(text, date.month);
    case 'd': return read_short(text, two, date.day);
    case 'H': return read_short(text, two, date.hour) && date.hour < 24;
    case 'I':
      if (!read_short(text, two, number) || number < 1 || number > 12) return false;
      date.hour += number % 12;
      return true;
    case 'p':
      if (text.accept("am")) return true;
      date.hour += 12;
      return text.accept("pm");
    case 'M': return read_short(text, two, date.minute) && date.minute < 60;
    case 'S':
      if (!read_short(text, two, number) || number >= 60) return false;
      date.second = number;
      return !fraction || text.fraction(date.second);
    case 'z': return !text.empty() && read_offset(text, date);
    default: return text.accept('%');
  }
}

bool read(std::string_view written, std::string_view format, Date& date) {
  Reader text(written);
  bool after_part = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      if (!text.accept(format[i])) return false;
      after_part = false;
      continue;
    }
    const char next = i + 2 < format.size() ? format[i + 2] : '\0';
    const bool touches = next == '%' || after_part;
    after_part = format[++i] != '%';
    if (!read_part(format[i], touches, next != '.' && next != ',', text, date)) return false;
  }
  return text.empty() && day_of(date).ok();
}

}  // namespace

void detail::check_date_format(std::string_view format) {
  const auto refuse = [&](const std::string& what) {
    throw ValueError("a format of dates " + what + "; got " + kernels::quoted(format));
  };
  std::string letters;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char letter = ++i < format.size() ? format[i] : '\0';
    if (letter == '%') continue;
    if (std::string_view("YymbdHIMSpz").find(letter) == std::string_view::npos)
      refuse("has only %Y %y %m %b %d %H %I %M %S %p %z and %%");
    if (letters.find(letter) != letters.npos) refuse(std::string("has %") + letter + " once");
    letters += letter;
  }
  const auto count = [&](std::string_view of) {
    return std::ranges::count_if(letters, [&](char c) { return of.find(c) != of.npos; });
  };
  if (count("Yy") != 1 || count("mb") != 1 || count("d") != 1)
    refuse("needs one year, month and day");
  if (count("HI") > 1 || count("I") != count("p")) refuse("needs %H, or %I and %p");
}

Date parse_date(std::string_view text, std::string_view format) {
  detail::check_date_format(format);
  Date date;
  if (read(text, format, date)) return date;
  throw ValueError("a date of the form " + kernels::quoted(format) + " is needed; got " +
                   kernels::quoted(text));
}

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
