#include <algorithm>
#include <map>

#include <xtape/data/column_texts.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

namespace {

std::string lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::string key_of(std::string_view text, KeyKind kind, const CsvOptions& form) {
  if (kind == KeyKind::texts || (kind == KeyKind::numbers && kernels::is_code(text)))
    return std::string(text);
  std::string key = kernels::canonical_number(text, {form.decimal, form.thousands.text()});
  return key.empty() ? std::string(text) : key;
}

std::string key_of_bool(const Table& table, std::int64_t row, std::int64_t column, KeyKind kind,
                        const std::map<std::string_view, std::int64_t>& keys) {
  std::string text(table.text(row, column));
  if (keys.contains(text)) return text;
  const std::string ways[] = {kind == KeyKind::texts ? "false" : "0",
                              kind == KeyKind::texts ? "true" : "1"};
  const std::string& wanted = ways[text == "true" ? 1 : 0];
  Columns found;
  bool any = false;
  for (const auto& [key, code] : keys) {
    const std::string plain = lower(key);
    any = any || plain == ways[0] || plain == ways[1];
    if (plain == wanted) found.emplace_back(key);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    table.fail(row, column, "a text is needed, one of " + kernels::listed(found) + "; got a bool");
  }
  if (any) return wanted;
  table.fail(row, column,
             "a bool stands for " + kernels::quoted(ways[0]) + " and " + kernels::quoted(ways[1]) +
                 ", of which the training rows have neither");
}

ColumnTexts texts_of(const Table& table, const std::string& column, bool may_be_missing) {
  const std::int64_t index = table.find(column);
  const kernels::NumberForm form{table.options().decimal, table.options().thousands.text()};
  std::map<std::string_view, std::int64_t> texts;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (!table.missing(row, index)) {
      ++texts[table.text(row, index)];
    } else if (!may_be_missing) {
      table.fail(row, index, "a category is needed; the field is missing");
    }
  }
  ColumnTexts of;
  const auto& types = table.options().types;
  const auto type = types.find(column);
  const bool typed = type != types.end();
  const bool numbers = !texts.empty() && !(typed && type->second == ColumnType::text) &&
                       std::ranges::all_of(texts, [&](const auto& text) {
                         return (typed || !kernels::is_code(text.first)) &&
                                !kernels::canonical_number(text.first, form).empty();
                       });
  if (numbers) of.kind = typed ? KeyKind::all_numbers : KeyKind::numbers;
  std::map<std::string, std::int64_t> keys;
  for (const auto& [text, count] : texts) keys[key_of(text, of.kind, table.options())] += count;
  for (const auto& [key, count] : keys) of.keys.push_back(key);
  if (numbers) {
    std::ranges::stable_sort(of.keys, {},
                             [](const std::string& key) { return kernels::number_in(key).value; });
  }
  for (const std::string& key : of.keys) of.counts.push_back(keys.at(key));
  return of;
}

}  // namespace xtape::data
