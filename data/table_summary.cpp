#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/kernels/aligned.hpp>
#include <xtape/data/table_summary.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::data {
namespace {

/// The first of the most frequent keys, and how often it is there.
template <class Key>
std::pair<Key, std::int64_t> most_frequent(const std::map<Key, std::int64_t>& counts) {
  const auto found =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return *found;
}

std::string digits(double value, int precision) {
  if (std::isnan(value)) return "nan";  // whatever its sign
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::general, precision)
                       .ptr;
  return {text.data(), end};
}

void summarise_numbers(const Table& table, std::int64_t column,
                       const std::vector<double>& quantiles, ColumnSummary& summary) {
  constexpr double exact = 0x1p53;  // beyond, whole numbers that differ may be one double
  std::vector<double> values;
  std::map<double, std::int64_t> counts;
  std::map<std::string_view, std::int64_t> large;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = table.number(row, column);
    if (std::isnan(value)) continue;  // missing
    values.push_back(value);
    if (std::abs(value) < exact) {
      ++counts[value];
    } else {
      ++large[table.text(row, column)];
    }
  }
  summary.count = std::ssize(values);
  summary.distinct = std::ssize(counts) + std::ssize(large);
  if (!counts.empty()) {
    const auto [value, frequency] = most_frequent(counts);
    summary.most_frequent = xtape::detail::text(value);
    summary.frequency = frequency;
  }
  if (!large.empty()) {
    const auto [text, frequency] = most_frequent(large);
    if (frequency > summary.frequency) {
      summary.most_frequent = text;
      summary.frequency = frequency;
    }
  }
  const Tensor x = from_vector(std::move(values));
  summary.mean = mean(x).item();
  // As pandas and R describe it; a Scaler divides by n, as scikit-learn's does.
  if (x.size() > 1) summary.deviation = stddev(x, {}, {.correction = 1}).item();
  const std::vector<double> q = quantile(x, {0, 0.25, 0.5, 0.75, 1}).to_vector<double>();
  summary.min = q[0];
  summary.lower_quartile = q[1];
  summary.median = q[2];
  summary.upper_quartile = q[3];
  summary.max = q[4];
  if (!quantiles.empty()) summary.quantiles = quantile(x, quantiles).to_vector<double>();
}

void summarise_texts(const Table& table, std::int64_t column, ColumnSummary& summary) {
  std::map<std::string_view, std::int64_t> counts;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (table.missing(row, column)) continue;
    ++counts[table.text(row, column)];
    ++summary.count;
  }
  summary.distinct = std::ssize(counts);
  if (counts.empty()) return;
  const auto [text, frequency] = most_frequent(counts);
  summary.most_frequent = text;
  summary.frequency = frequency;
}

ColumnSummary summary_of(const Table& table, std::int64_t column,
                         const std::vector<double>& quantiles) {
  ColumnSummary summary;
  summary.name = table.columns()[static_cast<std::size_t>(column)];
  summary.numeric = table.is_numeric(summary.name);
  if (summary.numeric) {
    summarise_numbers(table, column, quantiles, summary);
  } else {
    summarise_texts(table, column, summary);
  }
  summary.missing = table.rows() - summary.count;
  return summary;
}

/// A line with `quantiles` numbers for those that were asked for.
std::vector<std::string> line_of(const ColumnSummary& of, std::size_t quantiles) {
  std::vector<std::string> line{kernels::shown(of.name, 60),
                                of.numeric     ? "number"
                                : of.count > 0 ? "text"
                                               : "none",
                                std::to_string(of.count), std::to_string(of.missing),
                                std::to_string(of.distinct)};
  std::vector<double> numbers{of.mean, of.deviation, of.min};
  numbers.insert(numbers.end(), of.quantiles.begin(), of.quantiles.end());
  numbers.push_back(of.max);
  numbers.resize(quantiles + 4);
  for (const double number : numbers) line.push_back(of.numeric ? digits(number, 5) : "");
  if (!of.numeric && of.count > 0) {
    line.push_back(kernels::shown(of.most_frequent, 24) + " (" + std::to_string(of.frequency) +
                   ")");
  } else {
    line.emplace_back();
  }
  return line;
}

}  // namespace

TableSummary::TableSummary(const Table& table, const std::vector<double>& quantiles)
    : quantiles_(quantiles), rows_(table.rows()) {
  for (const double quantile : quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    throw ValueError("describe: quantiles must lie in [0, 1]; got " +
                     xtape::detail::text(quantile));
  }
  for (std::int64_t column = 0; column < std::ssize(table.columns()); ++column) {
    columns_.push_back(summary_of(table, column, quantiles));
  }
}

std::vector<ColumnSummary> TableSummary::columns() && { return columns_; }

ColumnSummary TableSummary::operator[](const std::string& column) && {
  return std::as_const(*this)[column];
}

const ColumnSummary& TableSummary::operator[](const std::string& column) const& {
  for (const ColumnSummary& summary : columns_) {
    if (summary.name == column) return summary;
  }
  std::string names;
  for (const ColumnSummary& summary : columns_)
    names += (names.empty() ? "" : ", ") + kernels::quoted(summary.name);
  throw ValueError("describe: there is no column " + kernels::quoted(column) + "; there are " +
                   (names.empty() ? "none" : names));
}

std::ostream& operator<<(std::ostream& out, const TableSummary& summary) {
  std::vector<std::vector<std::string>> lines{
      {"column", "type", "count", "missing", "distinct", "mean", "deviation", "min"}};
  for (const double quantile : summary.quantiles_) {
    lines.front().push_back(digits(100 * quantile, 5) + " %");
  }
  lines.front().insert(lines.front().end(), {"max", "most frequent"});
  for (const ColumnSummary& column : summary.columns_) {
    lines.push_back(line_of(column, summary.quantiles_.size()));
  }
  std::vector<bool> to_the_left(lines.front().size(), false);
  to_the_left[0] = to_the_left[1] = to_the_left.back() = true;
  // Numbers as texts: whatever the locale of the stream.
  out << std::to_string(summary.rows_) << " rows\n" << kernels::aligned(lines, to_the_left);
  return out;
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
  constexpr std::int64_t most = 20, each = 10;  // rows: of more, the first and the last
  std::vector<std::vector<std::string>> lines(1);
  std::vector<bool> to_the_left;
  for (const std::string& column : table.columns()) {
    lines[0].push_back(kernels::shown(column, 24));
    to_the_left.push_back(!table.is_numeric(column));
  }
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    lines.emplace_back();
    if (table.rows() > most && row == each) {
      lines.back().assign(to_the_left.size(), "...");
      row = table.rows() - each - 1;
      continue;
    }
    for (std::int64_t column = 0; column < std::ssize(table.columns()); ++column)
      lines.back().push_back(kernels::shown(table.text(row, column), 24));
  }
  return out << kernels::aligned(lines, to_the_left);
}

TableSummary Table::describe(const std::vector<double>& quantiles) const {
  return TableSummary(*this, quantiles);
}

}  // namespace xtape::data
