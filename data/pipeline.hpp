#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/table.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// What becomes of a field that is missing: an error, a statistic of the training rows (the
/// smallest of the most frequent), or a constant.
enum class Missing { error, mean, median, most_frequent, constant };

/// See Scaler; min_max goes to [0, 1].
enum class Scaling { none, standard, min_max, max_abs };

/// Columns of numbers, one feature each.
struct NumberColumns {
  Columns columns;
  Missing missing = Missing::error;
  double fill = 0;         ///< of Missing::constant
  bool indicator = false;  ///< for each column a further feature, "NAME_missing": 1 where it is
  Scaling scaling = Scaling::standard;
};

/// one_hot: for each category a feature, "NAME_CATEGORY", 1 in its rows and 0 in others.
/// codes: one feature, the place of the category among those of the training rows in order: 0, 1,
/// ...
enum class Encoding { one_hot, codes };

/// What becomes of a category that the training rows have not: an error; zeros in all features, or
/// the first code that no category has; what becomes of rare ones, if there are any, else as by
/// ignore.
enum class Unseen { error, ignore, rare };

/// Columns of texts, each of which is one of the categories of the training rows. If all are
/// numbers, equal ones are one category, however they are written; but whole numbers with zeros in
/// front, "01234", are texts, and make all of them texts, unless `CsvOptions::types` says number.
/// "NA" and its like are categories unless `CsvOptions::missing` has them. A bool is the category
/// "true" or "false", in capitals or not, or of numbers 1 or 0, and an error if there is neither.
struct CategoryColumns {
  Columns columns;
  Encoding encoding = Encoding::one_hot;
  Unseen unseen = Unseen::error;
  std::int64_t min_count = 1;  ///< fewer training rows make a category rare: all those are one
  Missing missing = Missing::error;  ///< no mean, no median
  std::string fill = "missing";  ///< of Missing::constant: a category, needed or not, never rare
  bool indicator = false;
};

/// Since 1970 in UTC, with fraction, or a part as it is written; weekday 0 is Monday.
enum class DatePart { days, seconds, year, month, day, weekday, day_of_year, hour, minute };

/// Columns of dates, of ISO 8601 or of `format`, see `parse_date`; a feature for each part, "NAME_PART".
struct DateColumns {
  /// {DatePart::days}
  static std::vector<DatePart> days_alone();

  Columns columns;
  std::string format = {};  ///< such as "%d.%m.%Y"; empty: ISO 8601
  std::vector<DatePart> parts = days_alone();
  Missing missing = Missing::error;
  double fill = 0;  ///< of each part
  bool indicator = false;
  Scaling scaling = Scaling::standard;
};

using ColumnGroup = std::variant<NumberColumns, CategoryColumns, DateColumns>;

/// What is to be learned: of a classification, a column of names or numbers, the classes being
/// those of the training rows in order; equal numbers are one. What `load_csv_dataset` takes for a
/// label that is missing is refused.
struct TargetColumn {
  std::string column;
  Task task = Task::classification;
};

struct PipelineOptions {
  std::vector<ColumnGroup> features;  ///< in the order of the features
  std::optional<TargetColumn> target = {};
  Dtype dtype = default_dtype();
};

/// Turns tables into tensors for a model: fills in what is missing, encodes, scales.
/// ```
/// const data::Pipeline prepare(training, {.features = {
///     data::NumberColumns{.columns = {"age", "fare"}, .missing = data::Missing::median},
///     data::CategoryColumns{.columns = {"port"}}}, .target = data::TargetColumn{"survived"}});
/// const auto [x, y] = prepare(training);
/// const Tensor of_one = prepare.features(data::TableRow{{"age", 31}, {"fare", 7.9}, {"port", "Cork"}});
/// ```
/// It is fitted by making it from the training rows, and nothing else changes it but `restore`:
/// what it knows of a table that it is applied to, it forgets. Copies share what was fitted.
class Pipeline {
 public:
  /// Fitted to nothing, with an empty state, for `restore`: what needs more throws ValueError.
  Pipeline();
  /// Throws ValueError for columns that are not there, or stand in two groups, options that do not
  /// fit, and columns without a value to fit to; as `features` for fields that are none of numbers
  /// or dates.
  Pipeline(const Table& training, const PipelineOptions& options);
  /// Fitted to `train` alone.
  Pipeline(const TableSplit& split, const PipelineOptions& options)
      : Pipeline(split.train, options) {}

  /// Features of each row.   [rows, features], of the dtype of the options, computed in float64
  /// Throws ValueError for columns that are not there; naming the place of the field, IoError for a
  /// table of a file and ValueError for others: for what is no finite number or date, is missing or
  /// unseen where that is an error, or no number of the dtype. Texts of the program are read as the
  /// training file was: by its decimal mark, thousands and texts for what is missing, which numbers
  /// may be too.
  Tensor features(const Table& table) const;
  /// Of one.   [1, features]
  /// Throws ValueError for columns that it lacks, all of them, with those that it has and that are
  /// not needed.
  Tensor features(const TableRow& row) const;
  /// What is to be learned of each row.   int64 [rows], indices of classes; of a regression [rows,
  /// 1]
  /// Throws as `features`, ValueError without a target; for one that is missing, and a class that
  /// the training rows have not.
  Tensor target(const Table& table) const;
  /// Both.
  Dataset operator()(const Table& table) const { return {features(table), target(table)}; }

  const std::vector<std::string>& feature_names() const&;
  std::vector<std::string> feature_names() && { return std::as_const(*this).feature_names(); }
  /// By index; none of a regression.
  const std::vector<std::string>& class_names() const&;
  std::vector<std::string> class_names() && { return std::as_const(*this).class_names(); }

  /// The categories of a column in the order of their codes: of the training rows, and behind them
  /// "rare", of which the names are not told, if some were. Throws ValueError for a column that has
  /// none.
  std::vector<std::string> categories(const std::string& column) const;
  /// How many codes it may have, as many as an `nn::Embedding` needs: with one for what is unseen,
  /// where that is no error.
  std::int64_t code_count(const std::string& column) const;

  /// All that was fitted, texts as numbers of their bytes, for files and checkpoints; nothing
  /// before.
  NamedTensors state() const;
  /// Becomes the pipeline of that state. Throws ValueError, with nothing changed, for another form.
  void restore(const NamedTensors& state);
  /// Throws ValueError if it is fitted to nothing, IoError.
  void save(const std::string& path) const;
  /// Throws IoError for a file that cannot be read, or is no pipeline's.
  static Pipeline load(const std::string& path);

 private:
  struct Fitted;
  const Fitted& fitted() const;

  std::shared_ptr<const Fitted> fitted_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
