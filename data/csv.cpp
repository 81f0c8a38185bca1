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
#include <xtape/data/csv_builder.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

using kernels::quoted;

namespace {

kernels::NumberForm form_of(const CsvOptions& options) {
  return {options.decimal, options.thousands.text()};
}

/// Of a field that is a number with another decimal mark.
std::string decimal_hint(std::string_view field, const CsvOptions& options) {
  const char other = options.decimal == '.' ? ',' : '.';
  const std::size_t mark = field.find(other);
  if (mark == field.npos || options.thousands.text() == std::string_view(&other, 1) ||
      field.find(other, mark + 1) != field.npos)
    return "";
  std::string text(field);
  text[mark] = '.';
  if (kernels::number_in(text).status != std::errc()) return "";
  return std::string("; is the decimal mark '") + other + "'? .decimal sets it";
}

}  // namespace

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  detail::CsvBuilder builder(path, options);
  InputFile file(path);
  std::string block;
  const auto read = [&] {
    block.resize(std::size_t{1} << 16);
    block.resize(file.read(reinterpret_cast<std::byte*>(block.data()), block.size()));
    return !block.empty();
  };
  while (read()) {
    if (!builder.feed(block)) return builder.take();
  }
  builder.finish();
  return builder.take();
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

CsvTable::Given CsvTable::given(std::int64_t row, std::int64_t column) const {
  if (given_.empty()) return Given::text;
  return given_[static_cast<std::size_t>(row * std::ssize(columns_) + column)];
}

bool CsvTable::is_text(std::int64_t column) const {
  return !types_.empty() && types_[static_cast<std::size_t>(column)] == ColumnType::text;
}

bool CsvTable::is_number(double value, std::int64_t row, std::int64_t column) const {
  if (std::isfinite(value) || options_.nonfinite) return true;
  // Of the program's texts "nan" may be a number that is missing; "inf" was not given as a number.
  return given(row, column) == Given::number || (path_.empty() && std::isnan(value));
}

std::optional<double> CsvTable::parsed(std::int64_t row, std::int64_t column) const {
  if (given(row, column) == Given::boolean) return text(row, column) == "true" ? 1 : 0;
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
  if (is_text(column)) fail(row, column, "a number is needed; the type of the column is text");
  if (given(row, column) == Given::boolean) return field == "true" ? 1 : 0;
  const auto [value, status] = kernels::number_in(field, form_of(options_));
  if (status == std::errc() && is_number(value, row, column)) {
    if (given(row, column) == Given::number && !kernels::keeps_value(field, value)) {
      fail(row, column, "a number that float64 holds is needed; got " + quoted(field));
    }
    return value;
  }
  if (status == std::errc::invalid_argument) {
    fail(row, column,
         "a number is needed; " + (field.empty() ? "the field is empty" : "got " + quoted(field)) +
             (field.empty() ? "" : delimiter_hint(field)) + decimal_hint(field, options_));
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
