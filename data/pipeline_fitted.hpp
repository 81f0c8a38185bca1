#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <xtape/data/pipeline.hpp>
#include <xtape/data/scaler.hpp>

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
  Columns text_fills = {};                          // of each column of categories
  std::vector<Columns> categories = {}, rare = {};  // of each column

  /// Numbers that one column makes, before indicators.
  std::int64_t numbers_of_column() const;
  /// float64 [rows, names().size()]
  Tensor features(const Table& table) const;
  Columns names() const;
};

FittedGroup fit(const Table& training, const NumberColumns& options);
FittedGroup fit(const Table& training, const CategoryColumns& options);
FittedGroup fit(const Table& training, const DateColumns& options);

/// The texts of a column that are there, with `fill` in the place of missing ones, in order: as numbers
/// if all of them are. Throws, naming the place of the first, for missing ones without fill.
Columns distinct_texts(const Table& table, const std::string& column, const std::string* fill);

struct Pipeline::Fitted {
  /// Names all features. Throws ValueError if two have the same name.
  void name_features();

  std::vector<FittedGroup> groups;
  std::optional<TargetColumn> target;
  Columns classes;
  Dtype dtype = Dtype::float32;
  Columns names;
};

}  // namespace xtape::data
