#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <new>
#include <numeric>
#include <system_error>

#include <csv.h>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

using kernels::quoted;

/// libcsv takes rows apart; this knows where in the file they are.
class CsvTable::Parser {
 public:
  explicit Parser(CsvTable& table) : table_(table) {
    csv_init(&csv_, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&csv_, static_cast<unsigned char>(table.options_.delimiter));
    csv_set_blk_size(&csv_, 4096);
  }
  ~Parser() { csv_free(&csv_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  void parse(InputFile& file) {
    std::string block;
    for (bool first = true; read(file, block); first = false) {
      std::string_view rest = block;
      if (first) skip_byte_order_mark(file, rest);
      while (!rest.empty()) {
        const std::size_t end = rest.find_first_of("\r\n");
        const std::string_view line = rest.substr(0, end == rest.npos ? end : end + 1);
        parse_line(line);
        rest.remove_prefix(line.size());
      }
    }
    if (csv_fini(&csv_, take_field, take_row, this) != 0) {
      line_ = field_line_;
      fail("the field begins with a quote, and no quote ends it");
    }
    rethrow();
  }

 private:
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

  /// Takes a line, or what a block holds of it, with its end.
  void parse_line(std::string_view line) {
    if (between_rows_ && line.find_first_not_of(blanks()) != line.npos) {
      between_rows_ = false;
      row_line_ = field_line_ = line_;
    }
    const std::size_t taken =
        csv_parse(&csv_, line.data(), line.size(), take_field, take_row, this);
    rethrow();
    if (taken != line.size()) {
      if (csv_error(&csv_) != CSV_EPARSE) throw std::bad_alloc();
      fail("a quote must enclose the whole field, and be doubled inside it");
    }
    const bool ends_line = line.back() == '\n' || line.back() == '\r';
    const bool ends_return = after_return_ && line == "\n";
    after_return_ = line.back() == '\r';
    if (ends_line && !ends_return) ++line_;
  }

  const char* blanks() const { return table_.options_.delimiter == '\t' ? " \r\n" : " \t\r\n"; }

  // libcsv is C: what a callback throws is kept until it returns.

  static void take_field(void* text, std::size_t size, void* parser) noexcept {
    static_cast<Parser*>(parser)->guarded([&](Parser& self) {
      self.table_.text_.append(static_cast<const char*>(text), size);
      self.table_.ends_.push_back(self.table_.text_.size());
      self.field_line_ = self.line_;
      ++self.fields_;
    });
  }

  static void take_row(int, void* parser) noexcept {
    static_cast<Parser*>(parser)->guarded([](Parser& self) { self.end_row(); });
  }

  template <class F>
  void guarded(F&& f) noexcept {
    try {
      if (!error_) f(*this);
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

  void end_row() {
    const bool has_header = table_.options_.header;
    if (table_.columns_.empty() && has_header) {
      take_header();
    } else {
      while (table_.lines_.empty() && !has_header && table_.columns_.size() < fields_) {
        table_.columns_.push_back(std::to_string(table_.columns_.size()));
      }
      const std::size_t needed = table_.columns_.size();
      if (fields_ != needed) {
        fail_row(std::to_string(needed) + " fields are needed, as in the " +
                 (has_header ? "header" : "first row") + "; got " + std::to_string(fields_));
      }
      table_.lines_.push_back(row_line_);
    }
    fields_ = 0;
    between_rows_ = true;
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

  [[noreturn]] void fail_row(const std::string& what) const {
    throw IoError(table_.path_ + ":" + std::to_string(row_line_) + ": " + what);
  }
  /// Complains about the field that has begun.
  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(table_.path_ + ":" + std::to_string(line_) + ": " +
                  table_.describe(static_cast<std::int64_t>(fields_)) + ": " + what);
  }

  CsvTable& table_;
  csv_parser csv_{};
  std::exception_ptr error_;
  std::size_t fields_ = 0;     // of this row
  bool between_rows_ = true;   // nothing of the next row has been seen
  bool after_return_ = false;  // CR LF ends one line, not two
  std::int64_t line_ = 1, row_line_ = 1, field_line_ = 1;
};

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  if (options.delimiter == '\0' ||
      std::string_view("\" \r\n").find(options.delimiter) != std::string_view::npos) {
    throw ValueError("read_csv: the delimiter must not be a quote, a blank or the end of a line");
  }
  CsvTable table;
  table.path_ = path;
  table.options_ = options;
  InputFile file(path);
  CsvTable::Parser(table).parse(file);
  if (table.lines_.empty()) {
    file.fail(table.columns_.empty() ? "a table needs rows; the file is empty"
                                     : "a table needs rows; there is only the header");
  }
  return table;
}

std::string_view CsvTable::text(std::int64_t row, std::int64_t column) const {
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
  std::string known;
  for (const std::string& other : columns_) known += (known.empty() ? "" : ", ") + quoted(other);
  throw ValueError(
      path_ + ": there is no column " + quoted(name) +
      (options_.header ? "; there are " + known : "; without a header columns have no names"));
}

std::string CsvTable::describe(std::int64_t column) const {
  if (!options_.header) return "column " + std::to_string(column);
  std::string text = "column " + std::to_string(column + 1);
  const auto index = static_cast<std::size_t>(column);
  if (index < columns_.size()) text += " " + quoted(columns_[index]);
  return text;
}

void CsvTable::fail(std::int64_t row, std::int64_t column, const std::string& what) const {
  throw IoError(path_ + ":" + std::to_string(line(row)) + ": " + describe(column) + ": " + what);
}

double CsvTable::number(std::int64_t row, std::int64_t column) const {
  const std::string_view field = kernels::trimmed(text(row, column));
  const auto& missing = options_.missing;
  if (std::find(missing.begin(), missing.end(), field) != missing.end()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto [value, status] = kernels::number_in(field);
  if (status == std::errc::invalid_argument) {
    fail(row, column,
         "a number is needed; " + (field.empty() ? "the field is empty" : "got " + quoted(field)));
  }
  if (status == std::errc::result_out_of_range) {
    fail(row, column, "the number must lie in the range of float64; got " + quoted(field));
  }
  if (!std::isfinite(value) && !options_.nonfinite) {
    fail(row, column, "a finite number is needed; got " + quoted(field));
  }
  return value;
}

Tensor CsvTable::gather(const std::vector<std::int64_t>& columns, Dtype dtype) const {
  if (!is_floating(dtype)) {
    throw DtypeError(path_ + ": numbers need a floating dtype; got " +
                     std::string(to_string(dtype)));
  }
  Tensor y = detail::make_tensor({rows(), static_cast<std::int64_t>(columns.size())}, dtype);
  const auto fill = [&]<class To>(To* to) {
    constexpr double greatest = std::numeric_limits<To>::max();
    for (std::int64_t row = 0; row < rows(); ++row) {
      for (const std::int64_t column : columns) {
        const double value = number(row, column);
        if (std::isfinite(value) && std::abs(value) > greatest) {
          fail(row, column,
               "the number must lie in the range of float32; got " + quoted(text(row, column)));
        }
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

Tensor CsvTable::numbers(std::span<const CsvColumn> columns, Dtype dtype) const {
  std::vector<std::int64_t> indices;
  for (const CsvColumn& column : columns) indices.push_back(find(column));
  return gather(indices, dtype);
}

}  // namespace xtape::data
