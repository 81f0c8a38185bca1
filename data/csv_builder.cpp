#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/csv_builder.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data::detail {

using kernels::quoted;

namespace {

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
  check_count("read_csv", "skip_lines", options.skip_lines, 0);
  if (options.max_rows) check_count("read_csv", "max_rows", *options.max_rows);
}

/// A name for the column in that place, which none of the others has.
std::string name_of(std::size_t place, const std::vector<std::string>& others) {
  const std::string name = place == 0 ? "index" : "column_" + std::to_string(place + 1);
  std::string free = name;
  for (int k = 2; std::ranges::find(others, free) != others.end(); ++k)
    free = name + "_" + std::to_string(k);
  return free;
}

}  // namespace

CsvBuilder::CsvBuilder(const std::string& path, const CsvOptions& options)
    : lexer_({options.delimiter, options.quote, options.comment}, options.skip_lines) {
  check_options(options);
  table_.path_ = path;
  table_.options_ = options;
  for (std::string& text : table_.options_.missing) text = kernels::trimmed(std::string(text));
}

CsvBuilder::CsvBuilder(const std::string& path, const CsvOptions& options,
                       std::vector<std::string> columns, std::int64_t line)
    : lexer_({options.delimiter, options.quote, options.comment}),
      at_front_(false),
      at_first_row_(false) {
  table_.path_ = path;
  table_.options_ = options;
  for (std::string& text : table_.options_.missing) text = kernels::trimmed(std::string(text));
  table_.columns_ = std::move(columns);
  lexer_.begin_at(line);
  take_types();
}

bool CsvBuilder::feed(std::string_view block) {
  if (std::exchange(at_front_, false)) skip_byte_order_mark(block);
  try {
    check(lexer_.feed(block, *this));
  } catch (const Enough&) {
    return false;
  }
  return true;
}

void CsvBuilder::finish() {
  try {
    check(lexer_.finish(*this));
  } catch (const Enough&) {
    return;
  }
  if (rows_ > 0) return;
  std::string found = table_.columns_.empty() ? "the file is empty" : "there is only the header";
  if (!lexer_.past_skipped()) {
    found = "the file has only lines to skip, of which there are " +
            std::to_string(table_.options_.skip_lines);
  }
  throw IoError(table_.path_ + ": a table needs rows; " + found);
}

void CsvBuilder::take_field(std::string_view text) {
  table_.text_.append(text);
  table_.ends_.push_back(table_.text_.size());
  ++fields_;
}

void CsvBuilder::end_row() {
  if (table_.columns_.empty() && table_.options_.header) {
    drop_last(fields_ - 1);
    take_header();
  } else {
    take_row();
  }
  fields_ = 0;
}

void CsvBuilder::take_row() {
  if (std::exchange(at_first_row_, false)) begin_rows();
  const std::size_t needed = table_.columns_.size();
  drop_last(needed);
  if (fields_ != needed) {
    const char* const as = has_row_names_           ? "first row, one more than in the header"
                           : table_.options_.header ? "header"
                                                    : "first row";
    fail_row(std::to_string(needed) + " fields are needed, as in the " + as + "; got " +
             std::to_string(fields_) + table_.delimiter_hint() +
             (fields_ == needed + 1 && ends_in_delimiter()
                  ? "; the last is empty: does .trailing_delimiter hold?"
                  : ""));
  }
  table_.lines_.push_back(lexer_.row_line());
  check_row();
  ++rows_;
  if (piece_bytes_ > 0) begin_piece();
  if (table_.options_.max_rows && rows_ >= *table_.options_.max_rows) throw Enough();
}

/// Whether the last field of a row is empty.
bool CsvBuilder::ends_in_delimiter() const {
  const std::vector<std::size_t>& ends = table_.ends_;
  return ends.size() > 1 && ends.back() == ends[ends.size() - 2];
}

/// The columns that the first row has, and the header none of, and the types of all.
void CsvBuilder::begin_rows() {
  std::vector<std::string>& columns = table_.columns_;
  if (columns.empty()) {
    drop_last(fields_ - 1);
    for (std::size_t i = 0; i < fields_; ++i) columns.push_back(std::to_string(i));
  } else if (fields_ == columns.size() + 1 && !table_.options_.trailing_delimiter &&
             !ends_in_delimiter() && table_.delimiter_hint().empty()) {
    columns.insert(columns.begin(), name_of(0, columns));
    has_row_names_ = true;
  }
  take_types();
}

/// Throws ValueError for the type of a column that is not there.
void CsvBuilder::take_types() {
  const auto& types = table_.options_.types;
  if (types.empty()) return;
  const std::vector<std::string>& columns = table_.columns_;
  table_.types_.assign(columns.size(), {});
  for (const auto& [column, type] : types) {
    const auto found = std::ranges::find(columns, column);
    if (found == columns.end()) {
      throw ValueError(table_.path_ + ": types: there is no column " + quoted(column) +
                       "; there are " + kernels::listed(columns));
    }
    table_.types_[static_cast<std::size_t>(found - columns.begin())] = type;
  }
}

/// Complains of a name of the last row that another has, and of no number where there must be one.
void CsvBuilder::check_row() {
  const std::int64_t row = table_.rows() - 1;
  constexpr std::int64_t looked_at = 65536;  // however many rows there are
  if (has_row_names_ && rows_ < looked_at && !row_names_.emplace(table_.text(row, 0)).second) {
    fail_row(std::to_string(fields_ - 1) + " fields are needed, as in the header; got " +
             std::to_string(fields_) + ", of which the first is no name of the row: " +
             quoted(table_.text(row, 0)) + " is there twice");
  }
  for (std::size_t i = 0; i < table_.types_.size(); ++i) {
    const auto column = static_cast<std::int64_t>(i);
    if (table_.types_[i] != ColumnType::number) continue;
    if (!kernels::trimmed(table_.text(row, column)).empty()) table_.number(row, column);
  }
}

/// A piece that the next row begins, if the one before is long enough.
void CsvBuilder::begin_piece() {
  const std::size_t place = mark_bytes_ + lexer_.place();
  if (pieces_.empty()) pieces_.push_back({0, 1, 0});
  ++pieces_.back().rows;
  if (place - pieces_.back().offset >= piece_bytes_)
    pieces_.push_back({place, lexer_.line() + 1, 0});
  table_.text_.clear();
  table_.ends_.clear();
  table_.lines_.clear();
}

/// Behind it begins the file.
void CsvBuilder::skip_byte_order_mark(std::string_view& text) {
  constexpr std::string_view utf8 = "\xef\xbb\xbf";
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw IoError(table_.path_ + ": must be ASCII or UTF-8; it begins as UTF-16 does");
  }
  if (!text.starts_with(utf8)) return;
  text.remove_prefix(utf8.size());
  mark_bytes_ = utf8.size();
}

/// Leaves the last field out if it is empty, as behind a trailing delimiter, and the one behind so
/// many.
void CsvBuilder::drop_last(std::size_t kept) {
  if (!table_.options_.trailing_delimiter || kept < 1 || fields_ != kept + 1) return;
  const std::size_t before = table_.ends_.size() < 2 ? 0 : table_.ends_[table_.ends_.size() - 2];
  if (table_.ends_.back() != before) return;
  table_.ends_.pop_back();
  --fields_;
}

/// Makes the fields that are there the names of the columns.
void CsvBuilder::take_header() {
  std::map<std::string_view, std::size_t> seen;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < fields_; ++i) {
    const std::size_t end = table_.ends_[i];
    const std::string_view name = std::string_view(table_.text_).substr(begin, end - begin);
    begin = end;
    table_.columns_.emplace_back(name);
    if (name.empty()) continue;
    const auto [known, is_new] = seen.emplace(name, i);
    if (!is_new) {
      fail_row("names of columns must differ; columns " + std::to_string(known->second + 1) +
               " and " + std::to_string(i + 1) + " are both " + quoted(name));
    }
  }
  if (seen.empty()) fail_row("the header needs names; all of it is empty");
  for (std::size_t i = 0; i < fields_; ++i) {
    if (table_.columns_[i].empty()) table_.columns_[i] = name_of(i, table_.columns_);
  }
  table_.text_.clear();
  table_.ends_.clear();
}

void CsvBuilder::check(Fault fault) const {
  if (fault == Fault::none) return;
  const bool open = fault == Fault::open_quote;
  throw IoError(table_.path_ + ":" + std::to_string(open ? lexer_.field_line() : lexer_.line()) +
                ": " + table_.describe(static_cast<std::int64_t>(fields_)) + ": " +
                (open ? "the field begins with a quote, and no quote ends it"
                      : "a quote must enclose the whole field, and be doubled inside it"));
}

void CsvBuilder::fail_row(const std::string& what) const {
  throw IoError(table_.path_ + ":" + std::to_string(lexer_.row_line()) + ": " + what);
}

}  // namespace xtape::data::detail
