#include <algorithm>
#include <map>

#include <xtape/data/column_texts.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

std::string key_of(std::string_view text, bool numeric, const CsvOptions& form) {
  if (!numeric) return std::string(text);
  std::string key = kernels::canonical_number(text, {form.decimal, form.thousands.text()});
  return key.empty() ? std::string(text) : key;
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
  of.numeric = !texts.empty() && std::ranges::all_of(texts, [&](const auto& text) {
    return !kernels::canonical_number(text.first, form).empty();
  });
  std::map<std::string, std::int64_t> keys;
  for (const auto& [text, count] : texts) keys[key_of(text, of.numeric, table.options())] += count;
  for (const auto& [key, count] : keys) of.keys.push_back(key);
  if (of.numeric) {
    std::ranges::stable_sort(of.keys, {},
                             [](const std::string& key) { return kernels::number_in(key).value; });
  }
  for (const std::string& key : of.keys) of.counts.push_back(keys.at(key));
  return of;
}

}  // namespace xtape::data
