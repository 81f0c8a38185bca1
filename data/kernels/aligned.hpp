#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <xtape/data/kernels/text.hpp>

// Tables as people read them.

namespace xtape::data::kernels {

/// Cut, and without control characters, as in messages, but not in quotes.
inline std::string shown(std::string_view text, std::size_t longest) {
  const std::string in_quotes = quoted(text, longest);
  return in_quotes.substr(1, in_quotes.size() - 2);
}

/// Characters that a terminal shows: of UTF-8, bytes that do not continue one.
inline std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Lines of as many fields, in columns: some begin below each other, the others end there.
inline std::string aligned(const std::vector<std::vector<std::string>>& lines,
                           const std::vector<bool>& to_the_left) {
  std::vector<std::size_t> widths(to_the_left.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string blanks(widths[i] - width(line[i]), ' ');
      row += (i == 0 ? "" : "  ") + (to_the_left[i] ? line[i] + blanks : blanks + line[i]);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace xtape::data::kernels
