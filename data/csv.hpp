#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

namespace detail {
class CsvBuilder;
}

/// A mark in numbers: a character of one byte, '\0' for none, or one of several in UTF-8, such as
/// the narrow blank of French numbers, "\u202f".
class CsvMark {
 public:
  CsvMark(char mark = '\0') : text_(mark == '\0' ? 0 : 1, mark) {}
  CsvMark(const char* mark) : text_(mark) {}
  CsvMark(std::string mark) : text_(std::move(mark)) {}

  const std::string& text() const& { return text_; }
  std::string text() && { return text_; }
  friend bool operator==(const CsvMark&, const CsvMark&) = default;

 private:
  std::string text_;
};

/// What the fields of a column are, whatever they look like.
enum class ColumnType { text, number };

/// The form of a file; of its marks, '\0' is none.
struct CsvOptions {
  char delimiter = ',';                   ///< a blank: any run of blanks and tabs
  bool header = true;                     ///< the first row names the columns
  std::vector<std::string> missing = {};  ///< texts that become NaN, such as "" or "NA"
  bool nonfinite = false;                 ///< "nan" and "inf" are numbers
  char quote = '"';                       ///< around fields
  char decimal = '.';                     ///< in numbers, before the fraction
  CsvMark thousands = '\0';               ///< in numbers, between groups of three digits
  char comment = '\0';                    ///< begins lines that are passed over
  std::int64_t skip_lines = 0;            ///< at the top, whatever is in them
  bool trailing_delimiter = false;        ///< rows may end with one, behind which is no field
  std::optional<std::int64_t> max_rows =
      {};  ///< the first ones alone; what is behind is not looked at
  /// Of columns by their names, or without a header by "0", "1", ...; what the others are is seen
  /// from their fields. Texts stay as they are written; of numbers "01" is 1.
  std::map<std::string, ColumnType> types = {};
};

/// A column by its index, negative ones counted from the last, or by its name.
using CsvColumn = std::variant<std::int64_t, std::string>;

/// Rows of text fields, all as long as the first, and numbers made of them. A bool of the program
/// is "true" or "false" as a text, and 1 or 0 as a number.
class CsvTable {
 public:
  const std::string& path() const& { return path_; }
  std::string path() && { return path_; }
  const CsvOptions& options() const& { return options_; }
  CsvOptions options() &&;
  /// The names in the header; without one, the indices.
  const std::vector<std::string>& columns() const& { return columns_; }
  std::vector<std::string> columns() &&;
  std::int64_t rows() const { return static_cast<std::int64_t>(lines_.size()); }

  /// The text of a field, without quotes. Throws IndexError.
  std::string_view text(std::int64_t row, std::int64_t column) const&;
  std::string_view text(std::int64_t row, std::int64_t column) const&& = delete;
  /// The line of the file that a row begins in, counted from 1. Throws IndexError.
  std::int64_t line(std::int64_t row) const;
  /// The index of a column. Throws ValueError if there is none of that name or index.
  std::int64_t find(const CsvColumn& column) const;

  /// A field as a number. Throws IoError, which names the place, for a column whose type is text,
  /// and unless it is one: decimal, finite and in the range of float64, with blanks around it or a plus sign in front at most. Where
  /// there is a mark for thousands, it may stand between all groups of three digits, or be left
  /// out.
  double number(std::int64_t row, std::int64_t column) const;
  /// Columns as numbers, all of them unless named.   [rows, columns], of `dtype`
  /// Throws as `number`, and where float32 does not hold the number; DtypeError unless floating.
  Tensor numbers(Dtype dtype = default_dtype()) const;
  Tensor numbers(std::span<const CsvColumn> columns, Dtype dtype = default_dtype()) const;
  Tensor numbers(std::initializer_list<CsvColumn> columns, Dtype dtype = default_dtype()) const;

  /// Throws IoError: the place of a field, and what is wrong with it.
  [[noreturn]] void fail(std::int64_t row, std::int64_t column, const std::string& what) const;
  /// For messages: `column 3 "petal_width"`, counted from 1 as lines are; without a header
  /// `column 2`, the index, which is all that such a column is known by.
  std::string describe(std::int64_t column) const;

 private:
  friend class Table;
  friend class detail::CsvBuilder;

  /// The number of a field, unless it is none.
  std::optional<double> parsed(std::int64_t row, std::int64_t column) const;
  /// Whether what a field reads as may be one.
  bool is_number(double value, std::int64_t row, std::int64_t column) const;
  /// For messages: of a table of one column, the character that may be its delimiter, also in
  /// `field` if that is given; else nothing.
  std::string delimiter_hint(std::string_view field = {}) const;
  /// What the program gave the field as; texts are all those of files.
  enum class Given : unsigned char { text, number, boolean };
  Given given(std::int64_t row, std::int64_t column) const;
  bool is_text(std::int64_t column) const;  // by its type
  /// Throws IoError for a number of a field that would be an infinity of the dtype.
  void check_range(std::int64_t row, std::int64_t column, double number, Dtype dtype) const;
  Tensor gather(const std::vector<std::int64_t>& columns, Dtype dtype) const;

  std::string path_;
  CsvOptions options_;
  std::vector<std::string> columns_;
  std::string text_;               // of all fields, row by row
  std::vector<std::size_t> ends_;  // of the fields in it
  std::vector<std::int64_t> lines_;
  std::vector<Given> given_;                      // by field; none of a file
  std::vector<std::optional<ColumnType>> types_;  // by column; none if the options name none
};

/// A table of comma-separated values, plain or gzip. Fields may be quoted, with delimiters, line
/// ends and doubled quotes inside; blanks around a field, blank lines and a byte order mark of
/// UTF-8 are passed over; lines end with LF, CR LF or CR.
/// A column without a name in the header becomes "index" if it is the first, else "column_3" and so
/// on, as pandas and R write row names; not all of them may be empty. If all rows have a field
/// more than the header, as of R's `write.table`, the first is such a column, "index", whose texts
/// must differ, as names of rows do; the first 65536 are looked at.
/// Throws IoError, naming file, line and column, if the file cannot be read, has no rows, rows of
/// different lengths, a quote that does not enclose a whole field, names of columns that are alike,
/// or what is no number where the type of the column is number; ValueError for a type of a column
/// that is not there, and, before the file is opened, for options that contradict each other:
/// two marks alike (thousands may be as the delimiter is, in quoted fields), one that is a line end
/// or, but for the delimiter and thousands, a blank, a digit, a letter or a sign, thousands of more
/// than one character, and a negative number of lines, or one of rows below 1.
/// Source of the form: RFC 4180.
CsvTable read_csv(const std::string& path, const CsvOptions& options = {});

}  // namespace xtape::data

XTAPE_EXPORT_END
