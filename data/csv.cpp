#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <system_error>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/csv_lexer.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

using kernels::quoted;

/// Makes a table of the rows that the lexer finds.
class CsvTable::Builder {
 public:
  explicit Builder(CsvTable& table)
      : table_(table),
        lexer_({table.options_.delimiter, table.options_.quote, table.options_.comment},
               table.options_.skip_lines) {}

  void read(InputFile& file) {
    std::string block;
    for (bool first = true; read(file, block); first = false) {
      std::string_view rest = block;
      if (first) skip_byte_order_mark(file, rest);
      check(lexer_.feed(rest, *this));
    }
    check(lexer_.finish(*this));
    if (!table_.lines_.empty()) return;
    if (!lexer_.past_skipped()) {
      file.fail("a table needs rows; the file has only lines to skip, of which there are " +
                std::to_string(table_.options_.skip_lines));
    }
    file.fail(table_.columns_.empty() ? "a table needs rows; the file is empty"
                                      : "a table needs rows; there is only the header");
  }

  void take_field(std::string_view text) {
    table_.text_.append(text);
    table_.ends_.push_back(table_.text_.size());
    ++fields_;
  }

  void end_row() {
    const bool has_header = table_.options_.header;
    if (table_.columns_.empty() && has_header) {
      drop_last(fields_ - 1);
      take_header();
    } else {
      if (table_.lines_.empty() && !has_header) {
        drop_last(fields_ - 1);
        for (std::size_t i = 0; i < fields_; ++i) table_.columns_.push_back(std::to_string(i));
      }
      const std::size_t needed = table_.columns_.size();
      drop_last(needed);
      if (fields_ != needed) {
        fail_row(std::to_string(needed) + " fields are needed, as in the " +
                 (has_header ? "header" : "first row") + "; got " + std::to_string(fields_) +
                 table_.delimiter_hint());
      }
      table_.lines_.push_back(lexer_.row_line());
    }
    fields_ = 0;
  }

 private:
  using Fault = kernels::CsvLexer::Fault;

  static bool read(InputFile& file, std::string& block) {
    block.resize(std::size_t{1} << 16);
    block.resize(file.read(reinterpret_cast<std::byte*>(block.data()), block.size()));
    return !block.empty();
  }

  static void skip_byte_order_mark(const InputFile& file, std::string_view& text) {
    constexpr std::string_view utf8 = "\xef\xbb\xbf";
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
      file.fail("must be ASCII or UTF-8; it begins as UTF-16 does");
    }
    if (text.starts_with(utf8)) text.remove_prefix(utf8.size());
  }

  /// Leaves the last field out if it is empty, as behind a trailing delimiter, and the one behind so many.
  void drop_last(std::size_t kept) {
    if (!table_.options_.trailing_delimiter || kept < 1 || fields_ != kept + 1) return;
    const std::size_t before = table_.ends_.size() < 2 ? 0 : table_.ends_[table_.ends_.size() - 2];
    if (table_.ends_.back() != before) return;
    table_.ends_.pop_back();
    --fields_;
  }

  /// Makes the fields that are there the names of the columns.
  void take_header() {
    std::map<std::string_view, std::size_t> seen;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < fields_; ++i) {
      const std::size_t end = table_.ends_[i];
      const std::string_view name = std::string_view(table_.text_).substr(begin, end - begin);
      begin = end;
      if (name.empty()) fail_row("column " + std::to_string(i + 1) + " needs a name");
      const auto [known, is_new] = seen.emplace(name, i);
      if (!is_new) {
        fail_row("names of columns must differ; columns " + std::to_string(known->second + 1) +
                 " and " + std::to_string(i + 1) + " are both " + quoted(name));
      }
      table_.columns_.emplace_back(name);
    }
    table_.text_.clear();
    table_.ends_.clear();
  }

  void check(Fault fault) const {
    if (fault == Fault::none) return;
    const bool open = fault == Fault::open_quote;
    throw IoError(table_.path_ + ":" + std::to_string(open ? lexer_.field_line() : lexer_.line()) +
                  ": " + table_.describe(static_cast<std::int64_t>(fields_)) + ": " +
                  (open ? "the field begins with a quote, and no quote ends it"
                        : "a quote must enclose the whole field, and be doubled inside it"));
  }
  [[noreturn]] void fail_row(const std::string& what) const {
    throw IoError(table_.path_ + ":" + std::to_string(lexer_.row_line()) + ": " + what);
  }

  CsvTable& table_;
  kernels::CsvLexer lexer_;
  std::size_t fields_ = 0;  // of this row
};

namespace {

kernels::NumberForm form_of(const CsvOptions& options) {
  return {options.decimal, options.thousands.text()};
}

/// Throws ValueError for marks that contradict each other.
void check_options(const CsvOptions& options) {
  struct Mark {
    const char* name;
    char c;
    bool needed, may_be_blank;
  };
  const std::string& thousands = options.thousands.text();
  if (thousands.size() > 1 && !kernels::is_character(thousands))
    throw ValueError("read_csv: thousands must be one character; got " + quoted(thousands));
  const Mark marks[] = {{"delimiter", options.delimiter, true, true},
                        {"decimal", options.decimal, true, false},
                        {"thousands", thousands.size() == 1 ? thousands[0] : '\0', false, true},
                        {"quote", options.quote, false, false},
                        {"comment", options.comment, false, false}};
  constexpr std::string_view digits_and_signs = "0123456789+-";
  const auto refuse = [](const Mark& mark, const std::string& rule) {
    throw ValueError(std::string("read_csv: ") + mark.name + " must " + rule);
  };
  for (const Mark& mark : marks) {
    if (mark.c == '\0' && mark.needed) refuse(mark, "be a character; got '\\0'");
    if (mark.c == '\n' || mark.c == '\r') refuse(mark, "not be the end of a line");
    if (!mark.may_be_blank && (mark.c == ' ' || mark.c == '\t')) refuse(mark, "not be a blank");
    const bool letter = (mark.c >= 'a' && mark.c <= 'z') || (mark.c >= 'A' && mark.c <= 'Z');
    // A comment of '-' would be all negative numbers at the beginning of a line.
    if (letter || digits_and_signs.find(mark.c) != std::string_view::npos) {
      refuse(mark, std::string("not be a digit, a letter or a sign; got ") + mark.c);
    }
  }
  for (const Mark& one : marks) {
    for (const Mark& other : marks) {
      if (&one >= &other || one.c == '\0' || one.c != other.c) continue;
      const bool within_quotes = &one == &marks[0] && &other == &marks[2] && one.c != ' ';
      if (within_quotes && options.quote != '\0') continue;
      refuse(other, std::string("differ from ") + one.name + "; both are '" + one.c + "'");
    }
  }
  detail::check_count("read_csv", "skip_lines", options.skip_lines, 0);
}

}  // namespace

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  check_options(options);
  CsvTable table;
  table.path_ = path;
  table.options_ = options;
  for (std::string& text : table.options_.missing) text = kernels::trimmed(std::string(text));
  InputFile file(path);
  CsvTable::Builder(table).read(file);
  return table;
}

CsvOptions CsvTable::options() && { return options_; }
std::vector<std::string> CsvTable::columns() && { return columns_; }

std::string_view CsvTable::text(std::int64_t row, std::int64_t column) const& {
  const auto width = static_cast<std::int64_t>(columns_.size());
  if (row < 0 || row >= rows() || column < 0 || column >= width) {
    throw IndexError(path_ + ": a field must lie in [0, " + std::to_string(rows()) + ") x [0, " +
                     std::to_string(width) + "); got row " + std::to_string(row) + ", column " +
                     std::to_string(column));
  }
  const auto field = static_cast<std::size_t>(row * width + column);
  const std::size_t begin = field == 0 ? 0 : ends_[field - 1];
  return std::string_view(text_).substr(begin, ends_[field] - begin);
}

std::int64_t CsvTable::line(std::int64_t row) const {
  text(row, 0);  // for its check
  return lines_[static_cast<std::size_t>(row)];
}

std::int64_t CsvTable::find(const CsvColumn& column) const {
  const auto count = static_cast<std::int64_t>(columns_.size());
  if (const auto* index = std::get_if<std::int64_t>(&column)) {
    if (*index >= -count && *index < count) return *index < 0 ? *index + count : *index;
    throw ValueError(path_ + ": a column must lie in [-" + std::to_string(count) + ", " +
                     std::to_string(count) + "); got " + std::to_string(*index));
  }
  const auto& name = std::get<std::string>(column);
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (options_.header && found != columns_.end()) return found - columns_.begin();
  throw ValueError(path_ + ": there is no column " + quoted(name) +
                   (options_.header ? "; there are " + kernels::listed(columns_) + delimiter_hint()
                                    : "; without a header columns have no names"));
}

std::string CsvTable::describe(std::int64_t column) const {
  if (!options_.header) return "column " + std::to_string(column);
  std::string text = "column " + std::to_string(column + 1);
  const auto index = static_cast<std::size_t>(column);
  if (index < columns_.size()) text += " " + quoted(columns_[index]);
  return text;
}

void CsvTable::fail(std::int64_t row, std::int64_t column, const std::string& what) const {
  if (path_.empty()) {  // of no file
    throw ValueError("row " + std::to_string(row) + ": " + describe(column) + ": " + what);
  }
  throw IoError(path_ + ":" + std::to_string(line(row)) + ": " + describe(column) + ": " + what);
}

std::string CsvTable::delimiter_hint(std::string_view field) const {
  if (columns_.size() != 1 || path_.empty()) return "";
  const std::string_view head = options_.header || rows() == 0 ? columns_[0] : text(0, 0);
  for (const char other : {';', '\t', '|', ','}) {
    if (other == options_.delimiter || head.find(other) == head.npos) continue;
    if (!field.empty() && field.find(other) == field.npos) continue;
    return std::string("; it is the only column: is the delimiter '") +
           (other == '\t' ? "\\t" : std::string(1, other)) + "'?";
  }
  return "";
}

bool CsvTable::is_given(std::int64_t row, std::int64_t column) const {
  return !given_.empty() && given_[static_cast<std::size_t>(row * std::ssize(columns_) + column)];
}

bool CsvTable::is_number(double value, std::int64_t row, std::int64_t column) const {
  if (std::isfinite(value) || options_.nonfinite) return true;
  // Of the program's texts "nan" may be a number that is missing; "inf" was not given as a number.
  return is_given(row, column) || (path_.empty() && std::isnan(value));
}

std::optional<double> CsvTable::parsed(std::int64_t row, std::int64_t column) const {
  const auto [value, status] =
      kernels::number_in(kernels::trimmed(text(row, column)), form_of(options_));
  if (status != std::errc() || !is_number(value, row, column)) return {};
  return value;
}

double CsvTable::number(std::int64_t row, std::int64_t column) const {
  const std::string_view field = kernels::trimmed(text(row, column));
  const auto& missing = options_.missing;
  if (std::find(missing.begin(), missing.end(), field) != missing.end()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto [value, status] = kernels::number_in(field, form_of(options_));
  if (status == std::errc() && is_number(value, row, column)) {
    if (is_given(row, column) && !kernels::keeps_value(field, value)) {
      fail(row, column, "a number that float64 holds is needed; got " + quoted(field));
    }
    return value;
  }
  if (status == std::errc::invalid_argument) {
    fail(row, column,
         "a number is needed; " + (field.empty() ? "the field is empty" : "got " + quoted(field)) +
             (field.empty() ? "" : delimiter_hint(field)));
  }
  if (status == std::errc::result_out_of_range) {
    fail(row, column, "the number must lie in the range of float64; got " + quoted(field));
  }
  fail(row, column, "a finite number is needed; got " + quoted(field));
}

void CsvTable::check_range(std::int64_t row, std::int64_t column, double number,
                           Dtype dtype) const {
  if (dtype != Dtype::float32 || !std::isfinite(number) ||
      std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max())) {
    return;
  }
  fail(row, column,
       "the number must lie in the range of float32; got " + quoted(text(row, column)));
}

Tensor CsvTable::gather(const std::vector<std::int64_t>& columns, Dtype dtype) const {
  if (!is_floating(dtype)) {
    throw DtypeError(path_ + ": numbers need a floating dtype; got " +
                     std::string(to_string(dtype)));
  }
  Tensor y = xtape::detail::make_tensor({rows(), static_cast<std::int64_t>(columns.size())}, dtype);
  const auto fill = [&]<class To>(To* to) {
    constexpr double greatest = std::numeric_limits<To>::max();
    for (std::int64_t row = 0; row < rows(); ++row) {
      for (const std::int64_t column : columns) {
        const double value = number(row, column);
        if (!(std::abs(value) <= greatest)) check_range(row, column, value, dtype);
        *to++ = static_cast<To>(value);
      }
    }
  };
  if (dtype == Dtype::float32) {
    fill(y.body().elements<float>());
  } else {
    fill(y.body().elements<double>());
  }
  return y;
}

Tensor CsvTable::numbers(Dtype dtype) const {
  std::vector<std::int64_t> all(columns_.size());
  std::iota(all.begin(), all.end(), 0);
  return gather(all, dtype);
}

Tensor CsvTable::numbers(std::initializer_list<CsvColumn> columns, Dtype dtype) const {
  return numbers(std::span(columns.begin(), columns.size()), dtype);
}

Tensor CsvTable::numbers(std::span<const CsvColumn> columns, Dtype dtype) const {
  std::vector<std::int64_t> indices;
  for (const CsvColumn& column : columns) indices.push_back(find(column));
  return gather(indices, dtype);
}

}  // namespace xtape::data
