#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/data/pipeline.hpp>
#include <xtape/data/scaler.hpp>

/// Parts of Pipeline.
namespace xtape::data {

/// A group of columns with all that was fitted of it.
struct FittedGroup {
  enum class Kind { numbers, categories, dates };

  Kind kind = Kind::numbers;
  Columns columns = {};
  Missing missing = Missing::error;
  bool indicator = false;
  std::vector<DatePart> parts = {};  // of dates
  std::vector<double> fills = {};    // of each number, or part of a date
  std::optional<Scaler> scaler = {};
  Encoding encoding = Encoding::one_hot;
  Unseen unseen = Unseen::error;
  // Of each column of categories; the keys of those, see `ColumnTexts`.
  std::vector<bool> numeric = {};
  Columns text_fills = {};
  std::vector<Columns> categories = {}, rare = {};

  /// Numbers that one column makes, before indicators.
  std::int64_t numbers_of_column() const;
  /// The column that a feature is made of.
  const std::string& column_of(std::int64_t feature) const;
  /// float64 [rows, names().size()]
  Tensor features(const Table& table) const;
  Columns names() const;
};

[[noreturn]] void refuse(const std::string& what);
/// Throw ValueError for columns that are not there, or there twice, and an indicator of what is
/// never missing.
void check_columns(const Table& table, const Columns& columns);
void check_indicator(Missing missing, bool indicator);

FittedGroup fit(const Table& training, const NumberColumns& options);
FittedGroup fit(const Table& training, const CategoryColumns& options);
FittedGroup fit(const Table& training, const DateColumns& options);

/// The features of one column of categories, row by row.
std::vector<double> encoded(const FittedGroup& group, std::size_t which, const Table& table);

struct Pipeline::Fitted {
  /// Names all features. Columns have their names; those that are made of them and would be taken
  /// end in "_2", "_3", ... Throws ValueError if two columns have the same name.
  void name_features();
  /// Throws ValueError if none has that column.
  const FittedGroup& group_of_categories(const std::string& column) const;

  std::vector<FittedGroup> groups;
  std::optional<TargetColumn> target;
  bool numeric_classes = false;
  Columns classes;  // their keys
  CsvOptions form;  // of the training rows: missing, decimal, thousands
  Dtype dtype = Dtype::float32;
  Columns names;
};

}  // namespace xtape::data
