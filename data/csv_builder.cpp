#include <map>
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
    : lexer_({options.delimiter, options.quote, options.comment}), at_front_(false) {
  table_.path_ = path;
  table_.options_ = options;
  for (std::string& text : table_.options_.missing) text = kernels::trimmed(std::string(text));
  table_.columns_ = std::move(columns);
  lexer_.begin_at(line);
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
  const bool has_header = table_.options_.header;
  if (table_.columns_.empty()) {
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
  ++rows_;
  if (piece_bytes_ > 0) begin_piece();
  if (table_.options_.max_rows && rows_ >= *table_.options_.max_rows) throw Enough();
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
