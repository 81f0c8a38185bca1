#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {
namespace {

using kernels::NumberForm;
using kernels::quoted;

NumberForm form_of(const CsvTable& table) {
  return {table.options().decimal, table.options().thousands.text()};
}

/// The texts of a column, which must stand for something: for one of the classes, if they say so.
std::vector<std::string> read_labels(const CsvTable& table, std::int64_t column,
                                     const std::vector<std::string>& classes) {
  std::vector<std::string> labels;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::string_view label = kernels::trimmed(table.text(row, column));
    if (std::find(classes.begin(), classes.end(), label) == classes.end() &&
        kernels::is_missing_label(label, table.options().missing)) {
      table.fail(
          row, column,
          "a label is needed; " + (label.empty() ? "the field is empty" : "got " + quoted(label)));
    }
    labels.emplace_back(label);
  }
  return labels;
}

/// What the labels of a column are told to be, if anything.
std::optional<ColumnType> type_of(const CsvTable& table, std::int64_t column) {
  const auto& types = table.options().types;
  const auto found = types.find(table.columns()[static_cast<std::size_t>(column)]);
  if (found == types.end()) return {};
  return found->second;
}

bool is_number(const std::string& label, const NumberForm& form) {
  const auto [value, status] = kernels::number_in(label, form);
  return status == std::errc() && std::isfinite(value);
}

/// The one text of a whole number, "1" of "1.0"; none of other texts, nor, unless all are told to be
/// numbers, of "01".
std::optional<std::string> whole_number(const std::string& label, const NumberForm& form = {},
                                        std::optional<ColumnType> type = {}) {
  if (!type && kernels::is_code(label)) return {};
  constexpr double limit = 9007199254740992;  // 2^53, below which float64 tells them apart
  const auto [value, status] = kernels::number_in(label, form);
  if (status != std::errc() || !(std::abs(value) < limit) || value != std::floor(value)) return {};
  return std::to_string(static_cast<std::int64_t>(value));
}

/// Whether labels are numbers, in front of which there are no zeros unless they are told to be so.
/// Complains of one that is what the first one is not.
bool all_numbers(const CsvTable& table, std::int64_t column,
                 const std::vector<std::string>& labels) {
  const std::optional<ColumnType> type = type_of(table, column);
  if (type == ColumnType::text) return false;
  const NumberForm form = form_of(table);
  const bool numbers = is_number(labels.front(), form);
  const auto odd = std::find_if(labels.begin(), labels.end(), [&](const std::string& label) {
    return is_number(label, form) != numbers;
  });
  if (odd != labels.end()) {
    table.fail(odd - labels.begin(), column,
               "labels must be all numbers or all names, unless `classes` names them; got " +
                   quoted(*odd) + " after " + quoted(labels.front()));
  }
  return numbers && (type || std::none_of(labels.begin(), labels.end(), kernels::is_code));
}

constexpr const char* regression = "; quantities need .task = Task::regression";

/// The classes of labels that are numbers, which must be 0 to k - 1.
std::vector<std::string> numbered_classes(const CsvTable& table, std::int64_t column,
                                          const std::vector<std::string>& labels) {
  const std::optional<ColumnType> type = type_of(table, column);
  std::set<std::int64_t> distinct;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const std::optional<std::string> number = whole_number(labels[row], form_of(table), type);
    if (!number || number->starts_with('-')) {
      table.fail(
          static_cast<std::int64_t>(row), column,
          "a class must be a name or a whole number from 0, unless `classes` names it; got " +
              quoted(labels[row]) + regression);
    }
    distinct.insert(std::stoll(*number));
  }
  std::vector<std::string> classes;
  for (const std::int64_t label : distinct) {
    const auto next = static_cast<std::int64_t>(classes.size());
    if (label != next) {
      throw IoError(table.path() + ": " + table.describe(column) +
                    ": classes that are numbers must be 0 to k - 1, unless `classes` names them; "
                    "got " +
                    std::to_string(distinct.size()) + " classes up to " +
                    std::to_string(*distinct.rbegin()) + ", without " + std::to_string(next) +
                    regression);
    }
    classes.push_back(std::to_string(label));
  }
  return classes;
}

/// Whether classes are compared as numbers, not as texts.
bool are_whole_numbers(const std::vector<std::string>& classes) {
  return std::all_of(classes.begin(), classes.end(),
                     [](const std::string& name) { return whole_number(name).has_value(); });
}

/// The index of each label among the classes.
Tensor indices_of(const CsvTable& table, std::int64_t column,
                  const std::vector<std::string>& labels, const std::vector<std::string>& classes) {
  const std::optional<ColumnType> type = type_of(table, column);
  const bool numbers = type != ColumnType::text && are_whole_numbers(classes);
  const auto key = [&](const std::string& text, const NumberForm& form,
                       std::optional<ColumnType> of = {}) {
    return numbers ? whole_number(text, form, of).value_or(text) : text;
  };
  std::map<std::string, std::int64_t> known;
  for (const std::string& name : classes) {
    known.emplace(key(name, {}), static_cast<std::int64_t>(known.size()));
  }
  std::vector<std::int64_t> indices;
  for (const std::string& label : labels) {
    const auto found = known.find(key(label, form_of(table), type));
    if (found == known.end()) {
      table.fail(static_cast<std::int64_t>(indices.size()), column,
                 "must be one of the " + std::to_string(classes.size()) + " classes; got " +
                     quoted(label));
    }
    indices.push_back(found->second);
  }
  return from_vector(std::move(indices));
}

void check_classes(const std::vector<std::string>& classes, Task task) {
  if (classes.empty()) return;
  const bool numbers = are_whole_numbers(classes);
  std::set<std::string> distinct;
  for (const std::string& name : classes) distinct.insert(numbers ? *whole_number(name) : name);
  if (task == Task::classification && classes.size() >= 2 && distinct.size() == classes.size()) {
    return;
  }
  throw ValueError(
      "load_csv_dataset: classes must be at least 2 that differ, and are for a classification");
}

}  // namespace

CsvDataset load_csv_dataset(const std::string& path, const CsvDatasetOptions& options) {
  check_classes(options.classes, options.task);
  const CsvTable table = read_csv(path, options.csv);
  if (table.columns().size() < 2) {
    throw IoError(path + ": a feature and a label are needed; got 1 column");
  }
  const std::int64_t label = table.find(options.label);
  CsvDataset result;
  std::vector<CsvColumn> features;
  for (std::int64_t column = 0; column < static_cast<std::int64_t>(table.columns().size());
       ++column) {
    if (column == label) continue;
    features.emplace_back(column);
    result.feature_names.push_back(table.columns()[static_cast<std::size_t>(column)]);
  }
  const std::vector<std::string> labels = read_labels(table, label, options.classes);
  result.dataset.x = table.numbers(features, options.dtype);
  if (options.task == Task::regression) {
    result.dataset.y = table.numbers({label}, options.dtype);
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      if (std::isfinite(table.number(row, label))) continue;
      table.fail(row, label,
                 "a label must be finite; got " + quoted(labels[static_cast<std::size_t>(row)]));
    }
    return result;
  }
  std::vector<std::string>& classes = result.class_names;
  if (!options.classes.empty()) {
    classes = options.classes;
  } else if (all_numbers(table, label, labels)) {
    classes = numbered_classes(table, label, labels);
  } else {
    const std::set<std::string> distinct(labels.begin(), labels.end());
    classes.assign(distinct.begin(), distinct.end());
  }
  if (classes.size() < 2) {
    throw IoError(path + ": " + table.describe(label) +
                  ": at least 2 classes are needed; got only " + quoted(classes.front()));
  }
  result.dataset.y = indices_of(table, label, labels, classes);
  return result;
}

}  // namespace xtape::data
