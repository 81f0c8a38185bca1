#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <xtape/data/kernels/utf8.hpp>

// Texts from files: numbers in them, and how messages show them.

namespace xtape::data::kernels {

/// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

struct Number {
  double value;
  std::errc status;  // invalid_argument if the text is no number, result_out_of_range if too large
};

/// Whether a decimal number that float64 does not hold is too close to 0 for it, not too large.
inline bool is_tiny(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, end);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  std::string_view power = text.substr(std::min(end + 1, text.size()));
  if (power.starts_with('+')) power.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto status = std::from_chars(power.data(), power.data() + power.size(), exponent).ec;
  if (status == std::errc::result_out_of_range) return power.starts_with('-');
  // The first digit stands for a multiple of 10^(exponent + point - first).
  const auto digit = static_cast<std::int64_t>(first), dot = static_cast<std::int64_t>(point);
  return exponent < digit - dot;
}

/// The number that all of a trimmed text stands for, whatever the locale; 0, with its sign, for one
/// that is closer to 0 than any other of float64.
inline Number number_in(std::string_view text) {
  // from_chars takes no plus sign.
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* const last = text.data() + text.size();
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), last, value);
  if (end != last) return {value, std::errc::invalid_argument};
  if (status == std::errc::result_out_of_range && is_tiny(text))
    return {text.starts_with('-') ? -0.0 : 0.0, std::errc()};
  return {value, status};
}

/// How numbers are written: with these in them; thousands may be none.
struct NumberForm {
  char decimal = '.';
  std::string_view thousands = {};
};

/// The number as C++ writes it, if the thousands stand apart as they must; else an empty text.
inline std::string plain_number(std::string_view text, const NumberForm& form) {
  const std::size_t first = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  const char ends[] = {form.decimal, 'e', 'E'};
  const std::size_t end =
      std::min(text.find_first_of(std::string_view(ends, 3), first), text.size());
  std::string plain(text.substr(0, first));
  std::string_view whole = text.substr(first, end - first);
  for (std::size_t groups = 0; !form.thousands.empty(); ++groups) {
    const std::size_t size = whole.find(form.thousands);
    if (size == whole.npos) {
      if (groups > 0 && whole.size() != 3) return {};
      break;
    }
    if (groups > 0 ? size != 3 : size < 1 || size > 3) return {};
    plain += whole.substr(0, size);
    whole.remove_prefix(size + form.thousands.size());
  }
  plain += whole;
  const std::string_view rest = text.substr(end);
  if (form.decimal != '.' && (plain.find('.') != plain.npos || rest.find('.') != rest.npos))
    return {};
  plain += rest;
  if (end < text.size() && text[end] == form.decimal) plain[plain.size() - rest.size()] = '.';
  return plain;
}

/// The number that all of a trimmed text in that form stands for.
inline Number number_in(std::string_view text, const NumberForm& form) {
  if (form.decimal == '.' && form.thousands.empty()) return number_in(text);
  return number_in(std::string_view(plain_number(text, form)));
}

/// One text for all trimmed ones that stand for the same number, "1" of "+1.0"; empty for no finite
/// one.
inline std::string canonical_number(std::string_view text, const NumberForm& form) {
  const auto [value, status] = number_in(text, form);
  if (status != std::errc() || !std::isfinite(value)) return {};
  const std::string plain = plain_number(text, form);
  const std::size_t first = plain.find_first_not_of("+-");
  const bool whole = plain.find_first_not_of("0123456789", first) == plain.npos;
  const std::size_t digit = plain.find_first_not_of('0', first);
  if (value == 0 && (!whole || digit == plain.npos)) return "0";
  // However many digits there are, whole numbers stay apart.
  if (whole) return (plain.starts_with('-') ? "-" : "") + plain.substr(digit);
  constexpr double limit = 9007199254740992;  // 2^53, below which float64 tells them apart
  if (std::abs(value) < limit && value == std::floor(value)) {
    return std::to_string(static_cast<std::int64_t>(value));
  }
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

/// Whether a trimmed text is a whole number with zeros in front, as numbers of things are written:
/// "01234", which as a number would be that of another thing.
inline bool is_code(std::string_view text) {
  return text.size() > 1 && text[0] == '0' &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether float64 holds the int64 that a text may be.
inline bool keeps_value(std::string_view text, double value) {
  std::int64_t whole = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (status != std::errc() || end != text.data() + text.size()) return true;
  return std::abs(value) < 9223372036854775808.0
             ? static_cast<std::int64_t>(value) == whole
             : whole == std::numeric_limits<std::int64_t>::min();
}

/// Whether a label says that there is none.
inline bool is_missing_label(std::string_view label, const std::vector<std::string>& missing) {
  constexpr std::string_view none[] = {"", "?", "na", "n/a", "null"};
  std::string lower(label);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto [value, status] = number_in(label);
  return std::find(std::begin(none), std::end(none), lower) != std::end(none) ||
         std::find(missing.begin(), missing.end(), label) != missing.end() ||
         (status == std::errc() && std::isnan(value));
}

/// Whether it is one character, of ASCII or UTF-8.
inline bool is_character(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return std::count_if(text.begin(), text.end(), begins) == 1 && is_utf8(text);
}

/// In quotes, its beginning only if it is long, without control characters or part of one of UTF-8.
inline std::string quoted(std::string_view text, std::size_t longest = 60) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t size = std::min(text.size(), longest);
  while (size < text.size() && size + 3 > longest && (byte(size) & 0xC0U) == 0x80U) --size;
  std::string shown = "\"";
  for (std::size_t i = 0; i < size; ++i) {
    const bool high = byte(i) == 0xC2 && i + 1 < size && byte(i + 1) >= 0x80 && byte(i + 1) < 0xA0;
    if (high) ++i;  // of two bytes: U+0080 to U+009F
    shown += high || byte(i) < ' ' || byte(i) == 0x7F ? ' ' : text[i];
  }
  return shown + (size < text.size() ? "...\"" : "\"");
}

/// Names as messages list them.
inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + quoted(name);
  return text;
}

}  // namespace xtape::data::kernels
