#include <algorithm>
#include <charconv>

#include <xtape/core/error.hpp>
#include <xtape/data/kernels/json_reader.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/utf8.hpp>

namespace xtape::data::kernels {
namespace {

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto rest = [&](int shift) { put(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0U | point >> 6);
  } else if (point < 0x10000) {
    put(0xE0U | point >> 12), rest(6);
  } else {
    put(0xF0U | point >> 18), rest(12), rest(6);
  }
  rest(0);
}

}  // namespace

JsonReader::JsonReader(std::string_view text, const std::string& place)
    : text_(text), rest_(text), place_(place) {
  if (!is_utf8(text)) throw IoError(place + ": the header must be UTF-8");
}

void JsonReader::fail(const std::string& wanted) const {
  throw IoError(place_ + ": the header must have " + wanted + " at byte " +
                std::to_string(text_.size() - rest_.size()) + "; got " +
                (rest_.empty() ? "its end" : quoted(rest_, 20)));
}

void JsonReader::skip_blanks() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
}

bool JsonReader::accept(char wanted) {
  skip_blanks();
  if (!rest_.starts_with(wanted)) return false;
  rest_.remove_prefix(1);
  return true;
}

void JsonReader::expect(char wanted) {
  if (!accept(wanted)) fail(std::string("'") + wanted + "'");
}

char JsonReader::next() {
  if (rest_.empty()) fail("the end of a text");
  const char first = rest_.front();
  rest_.remove_prefix(1);
  return first;
}

std::string JsonReader::string() {
  expect('"');
  std::string text;
  while (true) {
    const std::size_t plain = std::min(rest_.find_first_of("\"\\"), rest_.size());
    const std::string_view run = rest_.substr(0, plain);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    const auto control = std::find_if(run.begin(), run.end(), is_control);
    text.append(run.begin(), control);
    rest_.remove_prefix(static_cast<std::size_t>(control - run.begin()));
    if (control != run.end()) fail("no control characters");
    if (next() == '"') return text;
    unescape(text);
  }
}

void JsonReader::unescape(std::string& text) {
  constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  const char name = next();
  if (const std::size_t i = names.find(name); i != names.npos) {
    text += meant[i];
    return;
  }
  if (name != 'u') fail("a known escape");
  std::uint32_t point = hexadecimal();
  if (point >= 0xD800 && point < 0xDC00 && rest_.starts_with("\\u")) {
    rest_.remove_prefix(2);
    const std::uint32_t low = hexadecimal();
    if (low < 0xDC00 || low >= 0xE000) fail("the second half of a surrogate pair");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (point >= 0xD800 && point < 0xE000) fail("surrogates in pairs");
  append_utf8(text, point);
}

std::uint32_t JsonReader::hexadecimal() {
  std::uint32_t number = 0;
  const std::string_view digits = rest_.substr(0, 4);
  const char* const last = digits.data() + digits.size();
  const auto [end, status] = std::from_chars(digits.data(), last, number, 16);
  if (digits.size() < 4 || status != std::errc() || end != last) fail("four hexadecimal digits");
  rest_.remove_prefix(4);
  return number;
}

std::int64_t JsonReader::count() {
  skip_blanks();
  const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
  if (digits == 0 || (digits > 1 && rest_.front() == '0')) fail("a whole number");
  std::int64_t number = 0;
  const auto status = std::from_chars(rest_.data(), rest_.data() + digits, number).ec;
  if (status != std::errc()) fail("a number below 2^63");
  rest_.remove_prefix(digits);
  if (!rest_.empty() && std::string_view(".eE").find(rest_.front()) != std::string_view::npos)
    fail("a whole number without a point");
  return number;
}

}  // namespace xtape::data::kernels
