#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <type_traits>

#include <xtape/core/error.hpp>
#include <xtape/data/csv_writer.hpp>

namespace xtape::data {
namespace {

std::string number(auto value) {
  std::array<char, 32> digits;
  const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

/// Whether a file that begins so is read as another one: byte order marks, and gzip.
bool begins_otherwise(std::string_view text) {
  constexpr std::string_view beginnings[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\x1f\x8b"};
  return std::ranges::any_of(beginnings, [&](auto each) { return text.starts_with(each); });
}

/// Quoted if a reader would take it apart or cut it.
std::string field(const std::string& text) {
  constexpr std::string_view blanks = " \t";
  if (text.empty()) return text;
  const bool plain = text.find_first_of(",\"\r\n") == text.npos && !begins_otherwise(text) &&
                     blanks.find(text.front()) == blanks.npos &&
                     blanks.find(text.back()) == blanks.npos;
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

/// The path, if the names are such that the table can be read back.
const std::string& checked(const std::string& path, const std::vector<std::string>& names) {
  const std::set<std::string> distinct(names.begin(), names.end());
  if (names.empty() || distinct.size() != names.size() || distinct.contains("")) {
    throw ValueError(path + ": a table needs columns with names that differ and are not empty");
  }
  return path;
}

}  // namespace

CsvWriter::CsvWriter(const std::string& path, const std::vector<std::string>& columns)
    : file_(checked(path, columns)), columns_(columns.size()) {
  write({columns.begin(), columns.end()});
}

void CsvWriter::write(const std::vector<CsvValue>& row) {
  if (row.size() != columns_) {
    throw ValueError(file_.path() + ": a row needs a value for each of " +
                     std::to_string(columns_) + " columns; got " + std::to_string(row.size()));
  }
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += ',';
    line += std::visit(
        [](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
            return field(v);
          } else if constexpr (std::is_same_v<std::decay_t<decltype(v)>, bool>) {
            return std::string(v ? "true" : "false");
          } else {
            return number(v);
          }
        },
        row[i]);
  }
  if (line.empty()) line = "\"\"";  // a blank line is no row
  file_.write(line + '\n');
}

}  // namespace xtape::data
