#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/data/table.hpp>

namespace xtape::data {

/// The texts of a column that are there, by what stands for them, their keys: of numbers, if all of
/// them are, one text for each number however it is written ("1" for "1.0"), else the texts
/// themselves.
struct ColumnTexts {
  bool numeric = false;
  Columns keys = {};  // that differ, in order: of numbers or of texts
  std::vector<std::int64_t> counts = {};
};

/// Throws, naming the place of the first, for missing ones unless they may be.
ColumnTexts texts_of(const Table& table, const std::string& column, bool may_be_missing);
/// What stands for a text of a table.
std::string key_of(std::string_view text, bool numeric, const CsvOptions& form);

}  // namespace xtape::data
