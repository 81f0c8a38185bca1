#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/data/table.hpp>

namespace xtape::data {

/// What stands for the texts of a column, their keys: the texts themselves; for numbers one text
/// for each number however it is written ("1" for "1.0"), but for those with zeros in front, which
/// are texts ("01"), unless the type of the column says that they are numbers.
enum class KeyKind { texts, numbers, all_numbers };

/// The texts of a column that are there, by their keys: of numbers if all of them are.
struct ColumnTexts {
  KeyKind kind = KeyKind::texts;
  Columns keys = {};  // that differ, in order: of numbers or of texts
  std::vector<std::int64_t> counts = {};
};

/// Throws, naming the place of the first, for missing ones unless they may be.
ColumnTexts texts_of(const Table& table, const std::string& column, bool may_be_missing);
/// What stands for a text of a table.
std::string key_of(std::string_view text, KeyKind kind, const CsvOptions& form);
/// What stands for a bool of the program among keys: "1" and "0" of numbers, "true" and "false",
/// in capitals or not, of texts. Throws, naming the place, if there is neither, or more than one.
std::string key_of_bool(const Table& table, std::int64_t row, std::int64_t column, KeyKind kind,
                        const std::map<std::string_view, std::int64_t>& keys);

}  // namespace xtape::data
