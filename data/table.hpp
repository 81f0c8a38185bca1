#pragma once
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/csv_writer.hpp>
#include <xtape/data/split.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

class TableSummary;

/// Names of columns.
using Columns = std::vector<std::string>;
/// A row by the names of its columns: `{{"age", 41}, {"colour", "red"}}`.
using TableRow = std::map<std::string, CsvValue>;

/// Rows with named columns, of a file or of the program. What is chosen of it shares its memory.
/// A field is a text; whoever reads it says whether it stands for a number. It is missing if it is
/// empty, one of `CsvOptions::missing`, was given as NaN, or is "nan" in a file where that is a
/// number. "nan" as a text of the program is missing where a number is asked for, and a name
/// elsewhere.
class Table {
 public:
  explicit Table(CsvTable table);
  /// Throws ValueError unless there are columns and rows, as long as they, and names differ.
  Table(const Columns& columns, const std::vector<std::vector<CsvValue>>& rows);
  explicit Table(const TableRow& row);

  const Columns& columns() const& { return names_; }
  Columns columns() &&;
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
  /// The index of a column. Throws ValueError if there is none of that name.
  std::int64_t find(const std::string& column) const;

  bool missing(std::int64_t row, std::int64_t column) const;
  /// A field without the blanks around it. Throws IndexError, as all that take a row do.
  std::string_view text(std::int64_t row, std::int64_t column) const&;
  std::string_view text(std::int64_t row, std::int64_t column) const&& = delete;
  /// Whether the program gave the field as a bool, which is "true" or "false" as a text.
  bool is_boolean(std::int64_t row, std::int64_t column) const;
  /// A field as a number, NaN where it is missing. Throws as `CsvTable::number`, and for an int64
  /// of the program that float64 does not hold.
  double number(std::int64_t row, std::int64_t column) const;
  /// Columns as numbers.   [rows, columns], of `dtype`
  Tensor numbers(const Columns& columns, Dtype dtype = default_dtype()) const;
  /// How texts are read; for a table of the program as C++ writes numbers, nothing but "" missing.
  const CsvOptions& options() const& { return cells_->options(); }
  CsvOptions options() && { return cells_->options(); }

  /// Whether there are numbers in a column, and nothing else but what is missing. Unless the type of
  /// the column is number, a whole number with zeros in front, "01234", is none but a text.
  bool is_numeric(const std::string& column) const;
  Columns numeric_columns() const;

  /// These columns, in this order, or all but these. Throws ValueError for one that is not there or
  /// is named twice, and if none is left.
  Table select(const Columns& columns) const;
  Table drop(const Columns& columns) const;
  /// The rows in which none of these columns is missing; of all columns unless named.
  /// Throws ValueError if there is no such row.
  Table drop_missing(const Columns& columns = {}) const;

  /// The first rows, all if there are fewer. Throws ValueError for less than 1.
  Table head(std::int64_t rows = 5) const;
  /// A line a row, of more than 20 of the first and the last ten: `std::cout << table.head();`
  friend std::ostream& operator<<(std::ostream& out, const Table& table);
  /// What is in each column: counts, means, quantiles, the most frequent text. Throws ValueError
  /// for quantiles that do not lie in [0, 1].
  TableSummary describe(const std::vector<double>& quantiles = {0.25, 0.5, 0.75}) const;

  /// Throws an error that names the place of a field: IoError with file and line, or ValueError
  /// with the row of a table that is of no file.
  [[noreturn]] void fail(std::int64_t row, std::int64_t column, const std::string& what) const;

 private:
  friend class Pipeline;
  friend Table rows(const Table& table, const Tensor& indices);

  Table() = default;
  /// A table of the program with its texts read by the marks of a file; one of a file as it is.
  Table read_as(const CsvOptions& form) const;
  void fill(const Columns& columns, const std::vector<std::vector<CsvValue>>& rows);
  std::int64_t row_of(std::int64_t row, std::int64_t column) const;
  std::string name() const;

  std::shared_ptr<const CsvTable> cells_;
  Columns names_;
  std::vector<std::int64_t> columns_, rows_;  // of the cells
};

/// Reads a table of comma-separated values. Throws as `read_csv`.
Table read_table(const std::string& path, const CsvOptions& options = {});

/// What a model learns from, and what it is judged by.
struct TableSplit {
  Table train, test;
};

/// These rows. Throws ValueError for none, and as `rows` of a dataset.
Table rows(const Table& table, const Tensor& indices);
/// Both sets of a fold.
TableSplit split(const Table& table, const Fold& fold);
/// As of a dataset; the second with the share kept of each value of a column, where equal numbers
/// are one if all are numbers, as of categories in a Pipeline. Throws as those.
TableSplit random_split(const Table& table, double test_share, Rng& rng = default_rng());
TableSplit stratified_split(const Table& table, const std::string& column, double test_share,
                            Rng& rng = default_rng());
TableSplit block_split(const Table& table, double test_share, const BlockOptions& options = {});
/// Each fold as two tables, which share the memory of the whole.
std::vector<TableSplit> k_fold(const Table& table, std::int64_t k, Rng& rng = default_rng());
std::vector<TableSplit> stratified_k_fold(const Table& table, const std::string& column,
                                          std::int64_t k, Rng& rng = default_rng());
std::vector<TableSplit> blocked_k_fold(const Table& table, std::int64_t k,
                                       const BlockOptions& options = {});

}  // namespace xtape::data

XTAPE_EXPORT_END
