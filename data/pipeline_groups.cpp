#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/date.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/pipeline_fitted.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::data {
namespace {

using Doubles = std::vector<double>;
using kernels::quoted;

constexpr const char* part_names[] = {"days",    "seconds",     "year", "month", "day",
                                      "weekday", "day_of_year", "hour", "minute"};

double part_of(const Date& date, DatePart part) {
  switch (part) {
    case DatePart::days: return date.days_since_1970();
    case DatePart::seconds: return date.seconds_since_1970();
    case DatePart::year: return date.year;
    case DatePart::month: return date.month;
    case DatePart::day: return date.day;
    case DatePart::weekday: return date.weekday();
    case DatePart::day_of_year: return date.day_of_year();
    case DatePart::hour: return date.hour;
    case DatePart::minute: return date.minute;
  }
  return 0;
}

std::vector<std::int64_t> indices_of(const Table& table, const Columns& columns) {
  std::vector<std::int64_t> indices;
  for (const std::string& column : columns) indices.push_back(table.find(column));
  return indices;
}

/// Adds the numbers of a row, NaN where they are missing.
/// What reads as NaN is missing where numbers are asked for, and may be a name elsewhere.
void read_row(const FittedGroup& group, const Table& table, std::int64_t row,
              const std::vector<std::int64_t>& indices, std::vector<double>& numbers) {
  const bool are_numbers = group.kind == FittedGroup::Kind::numbers;
  for (const std::int64_t column : indices) {
    const double number = are_numbers ? table.number(row, column) : 0;
    const bool missing = are_numbers ? std::isnan(number) : table.missing(row, column);
    if (group.missing == Missing::error && missing) {
      table.fail(row, column, "a value is needed; the field is missing");
    }
    if (are_numbers) {
      numbers.push_back(number);
      if (std::isinf(number)) {
        table.fail(row, column,
                   "a finite number is needed; got " + quoted(table.text(row, column)));
      }
    } else if (missing) {
      numbers.insert(numbers.end(), group.parts.size(), std::numeric_limits<double>::quiet_NaN());
    } else {
      Date date;
      try {  // for a message with the place
        const std::string_view text = table.text(row, column);
        date = group.format.empty() ? parse_date(text) : parse_date(text, group.format);
      } catch (const ValueError& error) {
        table.fail(row, column, error.what());
      }
      for (const DatePart part : group.parts) numbers.push_back(part_of(date, part));
    }
  }
}

/// The numbers of all rows.   [rows, numbers]
std::vector<double> numbers_of(const FittedGroup& group, const Table& table) {
  const std::vector<std::int64_t> indices = indices_of(table, group.columns);
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    read_row(group, table, row, indices, numbers);
  return numbers;
}

/// What stands for missing values, by the others.
double fill_of(Missing missing, double constant, std::vector<double> present) {
  if (missing == Missing::constant) return constant;
  if (missing == Missing::most_frequent) {
    std::map<double, std::int64_t> counts;
    for (const double value : present) ++counts[value];
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }
  const Tensor x = from_vector(std::move(present));
  return (missing == Missing::median ? median(x) : mean(x)).item();
}

void fit_numbers(FittedGroup& group, const Table& training, double constant, Scaling scaling) {
  xtape::detail::require_finite("pipeline", "fill", constant);
  check_indicator(group.missing, group.indicator);
  std::vector<double> numbers = numbers_of(group, training);
  const std::size_t width = numbers.size() / static_cast<std::size_t>(training.rows());
  for (std::size_t j = 0; group.missing != Missing::error && j < width; ++j) {
    std::vector<double> present;
    for (std::size_t i = j; i < numbers.size(); i += width) {
      if (!std::isnan(numbers[i])) present.push_back(numbers[i]);
    }
    if (present.empty() && group.missing != Missing::constant) {
      refuse("column " + quoted(group.columns[j * group.columns.size() / width]) +
             ": a value is needed to fit to; all of the training rows are missing");
    }
    group.fills.push_back(fill_of(group.missing, constant, std::move(present)));
    xtape::detail::require_finite("pipeline", "what fills in", group.fills.back());
  }
  if (scaling == Scaling::none) return;
  // Filled in before: the model sees numbers whose mean is 0 and deviation 1, as of a chain of
  // scikit-learn's SimpleImputer and StandardScaler.
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::isnan(numbers[i]) && !group.fills.empty()) numbers[i] = group.fills[i % width];
  }
  const Tensor x =
      from_vector(std::move(numbers), {training.rows(), static_cast<std::int64_t>(width)});
  group.scaler = scaling == Scaling::standard  ? Scaler::standard(x)
                 : scaling == Scaling::min_max ? Scaler::min_max(x)
                                               : Scaler::max_abs(x);
}

}  // namespace

void refuse(const std::string& what) { throw ValueError("pipeline: " + what); }

void check_columns(const Table& table, const Columns& columns) {
  if (columns.empty()) refuse("a group needs columns; got none");
  std::set<std::string_view> seen;
  for (const std::string& column : columns) {
    table.find(column);
    if (!seen.insert(column).second) refuse("a group has column " + quoted(column) + " twice");
  }
}

void check_indicator(Missing missing, bool indicator) {
  if (indicator && missing == Missing::error) {
    refuse("an indicator of what is missing needs something that fills it in");
  }
}

std::int64_t FittedGroup::numbers_of_column() const {
  return kind == Kind::dates ? std::ssize(parts) : 1;
}

const std::string& FittedGroup::column_of(std::int64_t feature) const {
  std::int64_t first = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool hot = kind == Kind::categories && encoding == Encoding::one_hot;
    first += hot ? std::ssize(categories[i]) + (rare[i].empty() ? 0 : 1) : numbers_of_column();
    if (feature < first) return columns[i];
  }
  return columns[static_cast<std::size_t>(feature - first)];  // an indicator
}

FittedGroup fit(const Table& training, const NumberColumns& options) {
  check_columns(training, options.columns);
  FittedGroup group{.kind = FittedGroup::Kind::numbers,
                    .columns = options.columns,
                    .missing = options.missing,
                    .indicator = options.indicator};
  fit_numbers(group, training, options.fill, options.scaling);
  return group;
}

FittedGroup fit(const Table& training, const DateColumns& options) {
  check_columns(training, options.columns);
  const std::set<DatePart> distinct(options.parts.begin(), options.parts.end());
  if (distinct.empty() || distinct.size() != options.parts.size()) {
    refuse("dates need parts that differ");
  }
  try {
    if (!options.format.empty()) detail::check_date_format(options.format);
  } catch (const ValueError& error) {
    refuse(std::string("DateColumns::format: ") + error.what());
  }
  FittedGroup group{.kind = FittedGroup::Kind::dates,
                    .columns = options.columns,
                    .missing = options.missing,
                    .indicator = options.indicator,
                    .parts = options.parts,
                    .format = options.format};
  fit_numbers(group, training, options.fill, options.scaling);
  return group;
}

FeatureColumns::FeatureColumns(const FittedGroup& group, const Table& table, const Tensor& all,
                               std::int64_t first)
    : group_(group), table_(table), width_(all.extent(1)), first_(first) {
  if (all.dtype() == Dtype::float32) {
    floats_ = all.body().elements<float>();
    greatest_ = static_cast<double>(std::numeric_limits<float>::max());
  } else {
    doubles_ = all.body().elements<double>();
    greatest_ = std::numeric_limits<double>::max();
  }
}

void FeatureColumns::fail(std::int64_t row, std::int64_t feature, double value) const {
  const Dtype dtype = floats_ != nullptr ? Dtype::float32 : Dtype::float64;
  table_.fail(row, table_.find(group_.column_of(feature)),
              "the feature " + quoted(group_.names()[static_cast<std::size_t>(feature)]) +
                  " must lie in the range of " + std::string(to_string(dtype)) + "; got " +
                  xtape::detail::text(value));
}

void FittedGroup::features(const Table& table, const Tensor& all, std::int64_t first) const {
  const FeatureColumns to(*this, table, all, first);
  const std::vector<std::int64_t> indices = indices_of(table, columns);
  if (kind == Kind::categories) {
    std::int64_t feature = 0;
    for (std::size_t i = 0; i < columns.size(); ++i)
      feature += encode(*this, i, table, to, feature);
    for (std::int64_t row = 0; indicator && row < table.rows(); ++row) {
      for (std::size_t i = 0; i < indices.size(); ++i) {
        if (table.missing(row, indices[i])) to.put(row, feature + static_cast<std::int64_t>(i), 1);
      }
    }
    return;
  }
  const std::int64_t each = numbers_of_column(), count = std::ssize(columns) * each;
  const Doubles center = scaler ? scaler->center().to_vector<double>() : Doubles();
  const Doubles scale = scaler ? scaler->scale().to_vector<double>() : Doubles();
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    numbers.clear();
    read_row(*this, table, row, indices, numbers);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      double number = numbers[at];
      if (std::isnan(number)) {
        if (indicator && i % each == 0) to.put(row, count + i / each, 1);
        number = fills[at];
      }
      to.put(row, i, scaler ? (number - center[at]) / scale[at] : number);
    }
  }
}

Columns FittedGroup::names() const {
  Columns names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& column = columns[i];
    if (kind == Kind::dates) {
      for (const DatePart part : parts) {
        names.push_back(column + "_" + part_names[static_cast<std::size_t>(part)]);
      }
    } else if (kind == Kind::numbers || encoding == Encoding::codes) {
      names.push_back(column);
    } else {
      for (const std::string& category : categories[i]) names.push_back(column + "_" + category);
      if (!rare[i].empty()) names.push_back(column + "_rare");
    }
  }
  for (const std::string& column : columns) {
    if (indicator) names.push_back(column + "_missing");
  }
  return names;
}

}  // namespace xtape::data
