#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xtape::data::kernels {

/// What has a meaning in a text of rows; '\0': nothing has.
struct CsvMarks {
  char delimiter = ',';  // a blank: any run of blanks and tabs
  char quote = '"';
  char comment = '\0';
};

/// Takes a text of rows apart that comes block by block, and knows the lines that they are in. A
/// sink has `take_field(text)` and `end_row()`.
class CsvLexer {
 public:
  enum class Fault { none, stray_quote, open_quote };

  explicit CsvLexer(const CsvMarks& marks, std::int64_t skipped_lines = 0)
      : marks_(marks), skipped_(skipped_lines), state_(skipped_lines > 0 ? skipping : between) {
    for (const char c : {marks.delimiter, marks.quote, ' ', '\t', '\r', '\n'}) {
      is_special_[static_cast<unsigned char>(c)] = true;
    }
  }

  std::int64_t line() const { return line_; }
  /// For a text that does not begin where the file does.
  void begin_at(std::int64_t line) { line_ = line; }
  /// How many characters have been taken, with the one at hand.
  std::size_t place() const { return place_; }
  /// The lines that this row, and this field, begin in.
  std::int64_t row_line() const { return row_line_; }
  std::int64_t field_line() const { return field_line_; }
  /// Whether the text has reached what comes behind the skipped lines.
  bool past_skipped() const { return state_ != skipping; }

  /// Takes a block; stops at a fault, in the line that it is in.
  template <class Sink>
  Fault feed(std::string_view block, Sink& sink) {
    const std::size_t front = taken_;
    taken_ += block.size();
    for (std::size_t i = 0; i < block.size();) {
      if (const std::size_t run = ordinary(block, i); run > 0) {
        field_.append(block, i, run);
        after_return_ = false;
        i += run;
        continue;
      }
      const char c = block[i++];
      place_ = front + i;
      const bool ends_return = after_return_ && c == '\n';  // CR LF ends one line, not two
      const bool ends_line = c == '\n' || c == '\r';
      after_return_ = c == '\r';
      if (!take(c, ends_line, ends_return, sink)) return Fault::stray_quote;
      if (ends_line && !ends_return) {
        ++line_;
        if (state_ == skipping && --skipped_ == 0) state_ = between;
      }
    }
    return Fault::none;
  }

  /// Takes the end of the text.
  template <class Sink>
  Fault finish(Sink& sink) {
    if (state_ == quoted) return Fault::open_quote;
    place_ = taken_;
    end_line(sink);
    return Fault::none;
  }

 private:
  enum State {
    skipping,    // lines at the top
    between,     // rows
    comment,     // until the line ends
    before,      // a field, of which nothing has been seen
    gap,         // of blanks that delimit
    plain,       // a field without quotes
    quoted,      // a field, within its quotes
    quote_seen,  // in a quoted field: its end, or the first of two
    behind       // a quoted field
  };

  // With tabs for delimiters, only blanks are passed over around fields.
  bool delimited_by_blanks() const { return marks_.delimiter == ' '; }
  bool is_blank(char c) const { return c == ' ' || (c == '\t' && marks_.delimiter != '\t'); }
  bool is_quote(char c) const { return marks_.quote != '\0' && c == marks_.quote; }

  /// How many characters there are at this place that go into the field as they are.
  std::size_t ordinary(std::string_view block, std::size_t first) const {
    if (state_ != plain && state_ != quoted) return 0;
    std::size_t last = first;
    while (last < block.size() && !is_special_[static_cast<unsigned char>(block[last])]) ++last;
    return last - first;
  }

  template <class Sink>
  bool take(char c, bool ends_line, bool ends_return, Sink& sink) {
    switch (state_) {
      case skipping: return true;
      case comment:
        if (ends_line) state_ = between;
        return true;
      case quoted:
        if (is_quote(c)) {
          state_ = quote_seen;
        } else {
          field_ += c;
        }
        return true;
      case quote_seen:
        if (is_quote(c)) {
          field_ += c;
          state_ = quoted;
          return true;
        }
        break;
      case between:
        if (ends_line || is_blank(c)) return true;
        if (marks_.comment != '\0' && c == marks_.comment) {
          state_ = comment;
          return true;
        }
        row_line_ = line_;
        begin_field();
        break;
      default: break;
    }
    if (ends_line) {
      if (!ends_return) end_line(sink);
      return true;
    }
    return take_in_row(c, sink);
  }

  /// Takes what neither ends a line nor stands in quotes.
  template <class Sink>
  bool take_in_row(char c, Sink& sink) {
    if (is_blank(c)) {
      if (delimited_by_blanks() && state_ != before && state_ != gap) {
        end_field(sink);
        state_ = gap;
      } else if (state_ == plain) {
        field_ += c;
      } else if (state_ == quote_seen) {
        state_ = behind;
      }
      return true;
    }
    if (state_ == gap) begin_field();
    if (c == marks_.delimiter) {
      end_field(sink);
      begin_field();
      return true;
    }
    if (state_ == quote_seen || state_ == behind) return false;
    if (is_quote(c)) {
      if (state_ == plain) return false;
      state_ = quoted;
      return true;
    }
    field_ += c;
    state_ = plain;
    return true;
  }

  // A field may begin lines before it ends, in quotes: a fault is told where it begins.
  void begin_field() {
    state_ = before;
    field_line_ = line_;
  }

  template <class Sink>
  void end_field(Sink& sink) {
    if (state_ == plain) {
      while (is_blank(field_.back())) field_.pop_back();
    }
    sink.take_field(std::string_view(field_));
    field_.clear();
  }

  template <class Sink>
  void end_line(Sink& sink) {
    if (state_ == skipping || state_ == between || state_ == comment) return;
    if (state_ != gap) end_field(sink);  // blanks at the end delimit nothing
    sink.end_row();
    state_ = between;
  }

  CsvMarks marks_;
  std::array<bool, 256> is_special_{};
  std::int64_t skipped_;  // lines still to come
  State state_;
  std::string field_;
  bool after_return_ = false;
  std::size_t taken_ = 0, place_ = 0;
  std::int64_t line_ = 1, row_line_ = 1, field_line_ = 1;
};

}  // namespace xtape::data::kernels
