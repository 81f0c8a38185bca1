#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/data/column_texts.hpp>
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
  std::string format = {};           // of dates; empty: ISO 8601
  std::vector<double> fills = {};    // of each number, or part of a date
  std::optional<Scaler> scaler = {};
  Encoding encoding = Encoding::one_hot;
  Unseen unseen = Unseen::error;
  // Of each column of categories; the keys of those, see `ColumnTexts`.
  std::vector<KeyKind> kinds = {};
  Columns text_fills = {};
  std::vector<Columns> categories = {}, rare = {};

  /// Numbers that one column makes, before indicators.
  std::int64_t numbers_of_column() const;
  /// The column that a feature is made of.
  const std::string& column_of(std::int64_t feature) const;
  /// Puts the features of all rows where they belong in those of all groups.
  void features(const Table& table, const Tensor& all, std::int64_t first) const;
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

/// Where a group puts its features: into its columns of those of all groups, which begin as zeros.
///   all float32 or float64 [rows, features]
class FeatureColumns {
 public:
  FeatureColumns(const FittedGroup& group, const Table& table, const Tensor& all,
                 std::int64_t first);

  /// Throws, naming the place of the field, for a number that the dtype does not hold.
  void put(std::int64_t row, std::int64_t feature, double value) const {
    if (!(std::abs(value) <= greatest_)) fail(row, feature, value);
    const auto place = static_cast<std::size_t>(row * width_ + first_ + feature);
    if (floats_ != nullptr) {
      floats_[place] = static_cast<float>(value);
    } else {
      doubles_[place] = value;
    }
  }

 private:
  [[noreturn]] void fail(std::int64_t row, std::int64_t feature, double value) const;

  const FittedGroup& group_;
  const Table& table_;
  float* floats_ = nullptr;
  double* doubles_ = nullptr;
  double greatest_;
  std::int64_t width_, first_;
};

/// Puts one column of categories; how many features that are.
std::int64_t encode(const FittedGroup& group, std::size_t which, const Table& table,
                    const FeatureColumns& to, std::int64_t feature);

struct Pipeline::Fitted {
  /// Names all features. Columns have their names; those that are made of them and would be taken
  /// end in "_2", "_3", ... Throws ValueError if two columns have the same name.
  void name_features();
  /// Throws ValueError if none has that column.
  const FittedGroup& group_of_categories(const std::string& column) const;

  std::vector<FittedGroup> groups;
  std::optional<TargetColumn> target;
  KeyKind class_kind = KeyKind::texts;
  Columns classes;  // their keys
  CsvOptions form;  // of the training rows: missing, decimal, thousands
  Dtype dtype = Dtype::float32;
  Columns names;
};

}  // namespace xtape::data
