#include <algorithm>

#include <xtape/core/text.hpp>

namespace xtape::detail {

std::string table(const std::vector<std::vector<std::string>>& rows,
                  std::initializer_list<std::size_t> numbers) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& texts : rows) {
    for (std::size_t i = 0; i < texts.size(); ++i) widths[i] = std::max(widths[i], texts[i].size());
  }
  std::string result;
  for (const auto& texts : rows) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string blanks(widths[i] - texts[i].size(), ' ');
      const bool number = std::find(numbers.begin(), numbers.end(), i) != numbers.end();
      result += (i > 0 ? "  " : "") + (number ? blanks + texts[i] : texts[i] + blanks);
    }
    result.erase(result.find_last_not_of(' ') + 1);
    result += '\n';
  }
  return result;
}

std::string quoted(const std::string& text) {
  std::string quote = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quote += '\\';
    quote += c == '\n' ? "\\n" : std::string(1, c);
  }
  return quote + "\"";
}

}  // namespace xtape::detail
