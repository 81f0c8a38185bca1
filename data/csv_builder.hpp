#pragma once
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/data/csv.hpp>
#include <xtape/data/kernels/csv_lexer.hpp>

namespace xtape::data::detail {

/// Where rows of a file begin that are read together.
struct CsvPiece {
  std::size_t offset;
  std::int64_t line;  // that begins there
  std::int64_t rows;
};

/// Makes a table of the rows that the lexer finds in a text that comes in blocks.
class CsvBuilder {
 public:
  /// Of a file from its beginning. Throws ValueError for options that contradict each other.
  CsvBuilder(const std::string& path, const CsvOptions& options);
  /// Of a text from the middle, which is in that line.
  CsvBuilder(const std::string& path, const CsvOptions& options, std::vector<std::string> columns,
             std::int64_t line);

  /// Takes a block; false once there are as many rows as the options allow.
  bool feed(std::string_view block);
  /// Takes the end. Throws IoError if there are no rows.
  void finish();
  CsvTable take() { return std::move(table_); }

  /// Keeps no rows from now on, but where pieces of so many bytes begin.
  void find_pieces(std::size_t bytes) { piece_bytes_ = bytes; }
  const std::vector<CsvPiece>& pieces() const { return pieces_; }
  const std::vector<std::string>& columns() const { return table_.columns_; }

  // For the lexer.
  void take_field(std::string_view text);
  void end_row();

 private:
  using Fault = kernels::CsvLexer::Fault;
  struct Enough {};

  void skip_byte_order_mark(std::string_view& text);
  void drop_last(std::size_t kept);
  void take_header();
  void take_row();
  bool ends_in_delimiter() const;
  void begin_rows();
  void take_types();
  void check_row();
  void begin_piece();
  void check(Fault fault) const;
  [[noreturn]] void fail_row(const std::string& what) const;

  CsvTable table_;
  kernels::CsvLexer lexer_;
  std::size_t fields_ = 0;  // of this row
  std::int64_t rows_ = 0;
  bool at_front_ = true, at_first_row_ = true;
  bool has_row_names_ = false;       // in front of the columns that the header names
  std::set<std::string> row_names_;  // which differ
  std::size_t mark_bytes_ = 0;       // of a byte order mark
  std::size_t piece_bytes_ = 0;      // 0: all rows are kept
  std::vector<CsvPiece> pieces_;
};

}  // namespace xtape::data::detail
