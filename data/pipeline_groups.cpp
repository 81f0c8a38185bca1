#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/date.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/pipeline_fitted.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::data {
namespace {

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

[[noreturn]] void refuse(const std::string& what) { throw ValueError("pipeline: " + what); }

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

/// The numbers of a group, NaN where they are missing.   [rows, numbers]
std::vector<double> numbers_of(const FittedGroup& group, const Table& table) {
  std::vector<std::int64_t> indices;
  for (const std::string& column : group.columns) indices.push_back(table.find(column));
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    for (const std::int64_t column : indices) {
      if (group.missing == Missing::error && table.missing(row, column)) {
        table.fail(row, column, "a value is needed; the field is missing");
      }
      if (group.kind == FittedGroup::Kind::numbers) {
        numbers.push_back(table.number(row, column));
      } else if (table.missing(row, column)) {
        numbers.insert(numbers.end(), group.parts.size(), std::numeric_limits<double>::quiet_NaN());
      } else {
        Date date;
        try {  // for a message with the place
          date = parse_date(table.text(row, column));
        } catch (const ValueError& error) {
          table.fail(row, column, error.what());
        }
        for (const DatePart part : group.parts) numbers.push_back(part_of(date, part));
      }
    }
  }
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

/// Which code each text of a column has; -1: none.
class Codes {
 public:
  Codes(const FittedGroup& group, std::size_t column)
      : unseen_(group.unseen), count_(std::ssize(group.categories[column])) {
    for (const std::string& text : group.categories[column]) {
      codes_.emplace(text, std::ssize(codes_));
    }
    for (const std::string& text : group.rare[column]) codes_.emplace(text, count_);
    has_rare_ = !group.rare[column].empty();
  }

  std::int64_t width() const { return count_ + (has_rare_ ? 1 : 0); }
  std::int64_t of(const Table& table, std::int64_t row, std::int64_t column,
                  std::string_view text) const {
    const auto found = codes_.find(text);
    if (found != codes_.end()) return found->second;
    if (unseen_ == Unseen::error) {
      table.fail(row, column,
                 "must be one of the " + std::to_string(codes_.size()) +
                     " categories of the training rows; got " + quoted(text));
    }
    return unseen_ == Unseen::rare && has_rare_ ? count_ : -1;
  }

 private:
  std::map<std::string_view, std::int64_t> codes_;
  Unseen unseen_;
  std::int64_t count_;
  bool has_rare_ = false;
};

/// The features of one column of categories, row by row.
std::vector<double> encoded(const FittedGroup& group, std::size_t which, const Table& table) {
  const Codes codes(group, which);
  const std::int64_t column = table.find(group.columns[which]);
  const bool hot = group.encoding == Encoding::one_hot;
  std::vector<double> features(static_cast<std::size_t>(table.rows() * (hot ? codes.width() : 1)));
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const bool missing = table.missing(row, column);
    if (missing && group.missing == Missing::error) {
      table.fail(row, column, "a category is needed; the field is missing");
    }
    // Texts of the table are looked up as they lie; nothing is copied for a row.
    const std::int64_t code =
        codes.of(table, row, column,
                 missing ? std::string_view(group.text_fills[which]) : table.text(row, column));
    if (!hot) {
      features[static_cast<std::size_t>(row)] =
          static_cast<double>(code < 0 ? codes.width() : code);
    } else if (code >= 0) {
      features[static_cast<std::size_t>(row * codes.width() + code)] = 1;
    }
  }
  return features;
}

std::vector<double> indicators(const FittedGroup& group, const Table& table) {
  std::vector<double> flags;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    for (const std::string& column : group.columns) {
      flags.push_back(table.missing(row, table.find(column)) ? 1 : 0);
    }
  }
  return flags;
}

}  // namespace

Columns distinct_texts(const Table& table, const std::string& column, const std::string* fill) {
  const std::int64_t index = table.find(column);
  std::set<std::string_view> texts;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (!table.missing(row, index)) {
      texts.insert(table.text(row, index));
    } else if (fill != nullptr) {
      texts.insert(*fill);
    } else {
      table.fail(row, index, "a category is needed; the field is missing");
    }
  }
  const auto number = [](std::string_view text) { return kernels::number_in(text); };
  const bool numeric = std::all_of(texts.begin(), texts.end(), [&](std::string_view text) {
    return number(text).status == std::errc() && std::isfinite(number(text).value);
  });
  Columns ordered(texts.begin(), texts.end());
  // Stable: "1" stays before "1.0", which is another text.
  if (numeric) {
    std::ranges::stable_sort(ordered, {},
                             [&](const std::string& text) { return number(text).value; });
  }
  return ordered;
}

std::int64_t FittedGroup::numbers_of_column() const {
  return kind == Kind::dates ? std::ssize(parts) : 1;
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
  FittedGroup group{.kind = FittedGroup::Kind::dates,
                    .columns = options.columns,
                    .missing = options.missing,
                    .indicator = options.indicator,
                    .parts = options.parts};
  fit_numbers(group, training, options.fill, options.scaling);
  return group;
}

FittedGroup fit(const Table& training, const CategoryColumns& options) {
  check_columns(training, options.columns);
  check_indicator(options.missing, options.indicator);
  xtape::detail::require_at_least("pipeline", "min_count", options.min_count, std::int64_t{1});
  if (options.missing == Missing::mean || options.missing == Missing::median) {
    refuse(
        "texts have no mean and no median; missing ones are filled in by the most frequent or a "
        "constant");
  }
  if (options.missing == Missing::constant && options.fill.empty()) {
    refuse("the fill of categories must not be empty");
  }
  FittedGroup group{.kind = FittedGroup::Kind::categories,
                    .columns = options.columns,
                    .missing = options.missing,
                    .indicator = options.indicator,
                    .encoding = options.encoding,
                    .unseen = options.unseen};
  for (const std::string& column : options.columns) {
    const std::int64_t index = training.find(column);
    std::map<std::string, std::int64_t> counts;
    std::int64_t missing = 0;
    for (std::int64_t row = 0; row < training.rows(); ++row) {
      if (training.missing(row, index)) {
        ++missing;
      } else {
        ++counts[std::string(training.text(row, index))];
      }
    }
    std::string fill = options.missing == Missing::constant ? options.fill : "";
    if (options.missing == Missing::most_frequent) {
      if (counts.empty()) {
        refuse("column " + quoted(column) +
               ": a value is needed to fit to; all of the training rows are missing");
      }
      fill = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
               return a.second < b.second;
             })->first;
    }
    // What fills in counts too: a category of which most rows are missing is not rare.
    const bool fills = options.missing != Missing::error;
    if (fills) counts[fill] += missing;
    Columns& categories = group.categories.emplace_back();
    Columns& rare = group.rare.emplace_back();
    for (std::string& text : distinct_texts(training, column, fills ? &fill : nullptr)) {
      (counts[text] < options.min_count ? rare : categories).push_back(std::move(text));
    }
    group.text_fills.push_back(std::move(fill));
  }
  return group;
}

Tensor FittedGroup::features(const Table& table) const {
  const auto block = [&](std::vector<double>&& numbers) {
    const std::int64_t width = std::ssize(numbers) / table.rows();
    return from_vector(std::move(numbers), {table.rows(), width});
  };
  std::vector<Tensor> blocks;
  if (kind == Kind::categories) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      blocks.push_back(block(encoded(*this, column, table)));
    }
  } else {
    std::vector<double> numbers = numbers_of(*this, table);
    for (std::size_t i = 0; i < numbers.size() && !fills.empty(); ++i) {
      if (std::isnan(numbers[i])) numbers[i] = fills[i % fills.size()];
    }
    const Tensor x = block(std::move(numbers));
    blocks.push_back(scaler ? (*scaler)(x) : x);
  }
  if (indicator) blocks.push_back(block(indicators(*this, table)));
  return concatenate(blocks, 1);
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
