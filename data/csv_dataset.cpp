#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

/// The texts of a column, which must stand for something.
std::vector<std::string> read_labels(const CsvTable& table, std::int64_t column) {
  constexpr std::string_view none[] = {"", "?", "NA", "N/A", "NaN", "nan", "null"};
  const std::vector<std::string>& missing = table.options().missing;
  std::vector<std::string> labels;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::string_view label = kernels::trimmed(table.text(row, column));
    if (std::find(std::begin(none), std::end(none), label) != std::end(none) ||
        std::find(missing.begin(), missing.end(), label) != missing.end()) {
      table.fail(
          row, column,
          "a label is needed; " + (label.empty() ? "the field is empty" : "got " + quoted(label)));
    }
    labels.emplace_back(label);
  }
  return labels;
}

bool all_numbers(const std::vector<std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    const auto [value, status] = kernels::number_in(label);
    return status == std::errc() && std::isfinite(value);
  });
}

/// The classes of labels that are numbers, which must be 0 to k - 1. Makes "1" of a label "1.0".
std::vector<std::string> numbered_classes(const CsvTable& table, std::int64_t column,
                                          std::vector<std::string>& labels) {
  constexpr double most = 9007199254740992;  // 2^53, up to which float64 counts
  std::set<std::int64_t> distinct;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const double number = kernels::number_in(labels[row]).value;
    if (number < 0 || number > most || number != std::floor(number)) {
      table.fail(static_cast<std::int64_t>(row), column,
                 "a class must be a name, or a whole number from 0; got " + quoted(labels[row]));
    }
    const auto label = static_cast<std::int64_t>(number);
    distinct.insert(label);
    labels[row] = std::to_string(label);
  }
  std::vector<std::string> classes;
  for (const std::int64_t label : distinct) {
    const auto next = static_cast<std::int64_t>(classes.size());
    if (label != next) {
      throw IoError(table.path() + ": " + table.describe(column) +
                    ": classes that are numbers must be 0 to k - 1; got " +
                    std::to_string(distinct.size()) + " classes up to " +
                    std::to_string(*distinct.rbegin()) + ", without " + std::to_string(next));
    }
    classes.push_back(std::to_string(label));
  }
  return classes;
}

/// The index of each label among the classes.
Tensor indices_of(const CsvTable& table, std::int64_t column,
                  const std::vector<std::string>& labels, const std::vector<std::string>& classes) {
  std::map<std::string, std::int64_t> known;
  for (const std::string& name : classes) {
    known.emplace(name, static_cast<std::int64_t>(known.size()));
  }
  std::vector<std::int64_t> indices;
  for (const std::string& label : labels) {
    const auto found = known.find(label);
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
  const std::set<std::string_view> distinct(classes.begin(), classes.end());
  if (classes.empty() ||
      (task == Task::classification && classes.size() >= 2 && distinct.size() == classes.size())) {
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
  std::vector<std::string> labels = read_labels(table, label);
  result.dataset.x = table.numbers(features, options.dtype);
  if (options.task == Task::regression) {
    result.dataset.y = table.numbers({label}, options.dtype);
    return result;
  }
  std::vector<std::string>& classes = result.class_names;
  if (!options.classes.empty()) {
    classes = options.classes;
  } else if (all_numbers(labels)) {
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
