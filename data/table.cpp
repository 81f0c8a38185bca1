#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <type_traits>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/column_texts.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/table.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

/// A value as a text that stands for it exactly.
std::string text_of(const CsvValue& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(v)>, bool>) {
          return std::string(v ? "true" : "false");
        } else {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, double>) {
            if (std::isnan(v)) return std::string();
          }
          std::array<char, 32> digits;
          const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
          return std::string(digits.data(), end);
        }
      },
      value);
}

/// Whether a text reads as NaN, which stands for nothing in a table; most are told by a character.
bool is_nan(std::string_view text) {
  const std::size_t first = text.find_first_not_of("+-");
  if (first == text.npos || (text[first] != 'n' && text[first] != 'N')) return false;
  const auto [value, status] = kernels::number_in(text);
  return status == std::errc() && std::isnan(value);
}

void check_names(const std::string& table, const Columns& columns) {
  std::set<std::string_view> seen;
  for (const std::string& column : columns) {
    if (!seen.insert(column).second) {
      throw ValueError(table + ": names of columns must differ; got " + quoted(column) + " twice");
    }
  }
}

std::vector<std::int64_t> ascending(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// The value of a column as a number for each that differs, in the order of the texts, not of the
/// rows: which rows are drawn follows from less.
Tensor labels_of(const Table& table, const std::string& column) {
  const std::int64_t index = table.find(column);
  const KeyKind kind = texts_of(table, column, true).kind;
  const auto key = [&](std::int64_t row) {
    return key_of(table.text(row, index), kind, table.options());
  };
  std::map<std::string, std::int64_t> codes;
  for (std::int64_t row = 0; row < table.rows(); ++row) codes.emplace(key(row), 0);
  std::int64_t next = 0;
  for (auto& [text, code] : codes) code = next++;
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < table.rows(); ++row) labels.push_back(codes.at(key(row)));
  return from_vector(std::move(labels));
}

std::vector<TableSplit> splits(const Table& table, const std::vector<Fold>& folds) {
  std::vector<TableSplit> all;
  all.reserve(folds.size());
  for (const Fold& fold : folds) all.push_back(split(table, fold));
  return all;
}

}  // namespace

Table::Table(CsvTable table) : cells_(std::make_shared<const CsvTable>(std::move(table))) {
  names_ = cells_->columns();
  columns_ = ascending(std::ssize(names_));
  rows_ = ascending(cells_->rows());
}

Table::Table(const Columns& columns, const std::vector<std::vector<CsvValue>>& rows) {
  fill(columns, rows);
}

Table::Table(const TableRow& row) {
  Columns columns;
  std::vector<CsvValue> values;
  for (const auto& [column, value] : row) {
    columns.push_back(column);
    values.push_back(value);
  }
  fill(columns, {values});
}

void Table::fill(const Columns& columns, const std::vector<std::vector<CsvValue>>& rows) {
  check_names("table", columns);
  if (columns.empty() || rows.empty()) throw ValueError("table: columns and rows are needed");
  if (std::find(columns.begin(), columns.end(), "") != columns.end()) {
    throw ValueError("table: a column needs a name; got \"\"");
  }
  CsvTable cells;
  cells.columns_ = columns;
  for (const std::vector<CsvValue>& row : rows) {
    if (row.size() != columns.size()) {
      throw ValueError("table: row " + std::to_string(cells.rows()) + " needs " +
                       std::to_string(columns.size()) + " values; got " +
                       std::to_string(row.size()));
    }
    for (const CsvValue& value : row) {
      cells.text_ += text_of(value);
      cells.ends_.push_back(cells.text_.size());
      cells.given_.push_back(std::holds_alternative<std::string>(value) ? CsvTable::Given::text
                             : std::holds_alternative<bool>(value)      ? CsvTable::Given::boolean
                                                                        : CsvTable::Given::number);
    }
    cells.lines_.push_back(cells.rows());
  }
  *this = Table(std::move(cells));
}

Table Table::read_as(const CsvOptions& form) const {
  const CsvOptions& own = options();
  if (!cells_->path().empty() || (own.missing == form.missing && own.decimal == form.decimal &&
                                  own.thousands == form.thousands)) {
    return *this;
  }
  CsvTable cells = *cells_;
  cells.options_.missing = form.missing;
  cells.options_.decimal = form.decimal;
  cells.options_.thousands = form.thousands;
  // What was given as a number still is that number.
  for (std::size_t field = 0, begin = 0; field < cells.ends_.size(); ++field) {
    const std::size_t end = cells.ends_[field];
    const auto first = cells.text_.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = cells.text_.begin() + static_cast<std::ptrdiff_t>(end);
    if (cells.given_[field] == CsvTable::Given::number)
      std::replace(first, last, own.decimal, form.decimal);
    begin = end;
  }
  Table table = *this;
  table.cells_ = std::make_shared<const CsvTable>(std::move(cells));
  return table;
}

std::string Table::name() const { return cells_->path().empty() ? "table" : cells_->path(); }

Columns Table::columns() && { return names_; }

std::int64_t Table::find(const std::string& column) const {
  const auto found = std::find(names_.begin(), names_.end(), column);
  if (found != names_.end()) return found - names_.begin();
  throw ValueError(name() + ": there is no column " + quoted(column) + "; there are " +
                   kernels::listed(names_) + cells_->delimiter_hint());
}

/// The row of the cells.
std::int64_t Table::row_of(std::int64_t row, std::int64_t column) const {
  if (row < 0 || row >= rows() || column < 0 || column >= std::ssize(columns_)) {
    throw IndexError(name() + ": a field must lie in [0, " + std::to_string(rows()) + ") x [0, " +
                     std::to_string(columns_.size()) + "); got row " + std::to_string(row) +
                     ", column " + std::to_string(column));
  }
  return rows_[static_cast<std::size_t>(row)];
}

std::string_view Table::text(std::int64_t row, std::int64_t column) const& {
  const std::int64_t place = row_of(row, column);
  return kernels::trimmed(cells_->text(place, columns_[static_cast<std::size_t>(column)]));
}

bool Table::missing(std::int64_t row, std::int64_t column) const {
  const std::string_view field = text(row, column);
  const auto& missing = cells_->options().missing;
  return field.empty() || std::find(missing.begin(), missing.end(), field) != missing.end() ||
         (cells_->options().nonfinite && is_nan(field));
}

bool Table::is_boolean(std::int64_t row, std::int64_t column) const {
  const std::int64_t place = row_of(row, column);
  return cells_->given(place, columns_[static_cast<std::size_t>(column)]) ==
         CsvTable::Given::boolean;
}

double Table::number(std::int64_t row, std::int64_t column) const {
  if (missing(row, column)) return std::numeric_limits<double>::quiet_NaN();
  return cells_->number(row_of(row, column), columns_[static_cast<std::size_t>(column)]);
}

void Table::fail(std::int64_t row, std::int64_t column, const std::string& what) const {
  cells_->fail(row_of(row, column), columns_[static_cast<std::size_t>(column)], what);
}

Tensor Table::numbers(const Columns& columns, Dtype dtype) const {
  detail::check_floating("numbers", dtype);
  std::vector<std::int64_t> indices;
  for (const std::string& column : columns) indices.push_back(find(column));
  std::vector<double> values;
  for (std::int64_t row = 0; row < rows(); ++row) {
    for (const std::int64_t column : indices) {
      values.push_back(number(row, column));
      cells_->check_range(row_of(row, column), columns_[static_cast<std::size_t>(column)],
                          values.back(), dtype);
    }
  }
  return from_vector(std::move(values), {rows(), std::ssize(indices)}).to(dtype);
}

bool Table::is_numeric(const std::string& column) const {
  const std::int64_t index = find(column);
  const auto& types = options().types;
  const auto type = types.find(column);
  if (type != types.end() && type->second == ColumnType::text) return false;
  bool any = false;
  for (std::int64_t row = 0; row < rows(); ++row) {
    if (missing(row, index)) continue;
    const std::optional<double> number =
        cells_->parsed(row_of(row, index), columns_[static_cast<std::size_t>(index)]);
    if (!number || (type == types.end() && kernels::is_code(text(row, index)))) return false;
    any = any || !std::isnan(*number);
  }
  return any;
}

Columns Table::numeric_columns() const {
  Columns numeric;
  for (const std::string& column : names_) {
    if (is_numeric(column)) numeric.push_back(column);
  }
  return numeric;
}

Table Table::select(const Columns& columns) const {
  check_names(name(), columns);
  if (columns.empty()) throw ValueError(name() + ": at least one column is needed; got none");
  Table chosen;
  chosen.cells_ = cells_;
  chosen.names_ = columns;
  chosen.rows_ = rows_;
  for (const std::string& column : columns) {
    chosen.columns_.push_back(columns_[static_cast<std::size_t>(find(column))]);
  }
  return chosen;
}

Table Table::drop(const Columns& columns) const {
  check_names(name(), columns);
  for (const std::string& column : columns) find(column);
  Columns kept;
  for (const std::string& column : names_) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) kept.push_back(column);
  }
  return select(kept);
}

Table Table::drop_missing(const Columns& columns) const {
  std::vector<std::int64_t> indices;
  for (const std::string& column : columns.empty() ? names_ : columns) {
    indices.push_back(find(column));
  }
  std::vector<std::int64_t> kept;
  for (std::int64_t row = 0; row < rows(); ++row) {
    if (std::none_of(indices.begin(), indices.end(),
                     [&](std::int64_t column) { return missing(row, column); })) {
      kept.push_back(row);
    }
  }
  if (kept.empty()) {
    throw ValueError(name() + ": a row must be left; each of " + std::to_string(rows()) +
                     " has a field that is missing");
  }
  return data::rows(*this, from_vector(std::move(kept)));
}

Table Table::head(std::int64_t rows) const {
  detail::check_count("head", "rows", rows);
  return data::rows(*this, from_vector(ascending(std::min(rows, this->rows()))));
}

Table read_table(const std::string& path, const CsvOptions& options) {
  return Table(read_csv(path, options));
}

Table rows(const Table& table, const Tensor& indices) {
  if (indices.rank() != 1) {
    throw ShapeError("rows: indices must be [n]; got " + indices.describe());
  }
  if (indices.dtype() != Dtype::int64) {
    throw DtypeError("rows: indices must be int64; got " + indices.describe());
  }
  if (indices.size() == 0) throw ValueError("rows: a table needs rows; got no indices");
  const std::int64_t count = table.rows();
  Table chosen = table;
  chosen.rows_.clear();
  for (const std::int64_t index : indices.to_vector<std::int64_t>()) {
    if (index < -count || index >= count) {
      throw IndexError("rows: index must lie in [-" + std::to_string(count) + ", " +
                       std::to_string(count) + "); got " + std::to_string(index));
    }
    chosen.rows_.push_back(
        table.rows_[static_cast<std::size_t>(index < 0 ? index + count : index)]);
  }
  return chosen;
}

TableSplit split(const Table& table, const Fold& fold) {
  return {rows(table, fold.train), rows(table, fold.test)};
}

TableSplit random_split(const Table& table, double test_share, Rng& rng) {
  return split(table, random_split(table.rows(), test_share, rng));
}

TableSplit stratified_split(const Table& table, const std::string& column, double test_share,
                            Rng& rng) {
  return split(table, stratified_split(labels_of(table, column), test_share, rng));
}

TableSplit block_split(const Table& table, double test_share, const BlockOptions& options) {
  return split(table, block_split(table.rows(), test_share, options));
}

std::vector<TableSplit> k_fold(const Table& table, std::int64_t k, Rng& rng) {
  return splits(table, k_fold(table.rows(), k, rng));
}

std::vector<TableSplit> stratified_k_fold(const Table& table, const std::string& column,
                                          std::int64_t k, Rng& rng) {
  return splits(table, stratified_k_fold(labels_of(table, column), k, rng));
}

std::vector<TableSplit> blocked_k_fold(const Table& table, std::int64_t k,
                                       const BlockOptions& options) {
  return splits(table, blocked_k_fold(table.rows(), k, options));
}

}  // namespace xtape::data
