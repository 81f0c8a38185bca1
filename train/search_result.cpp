#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>
#include <utility>
#include <variant>

#include <xtape/core/error.hpp>
#include <xtape/data/csv_writer.hpp>
#include <xtape/train/search_result.hpp>

namespace xtape {

const double SearchTrial::unknown = std::numeric_limits<double>::quiet_NaN();

namespace {

/// A column of the table, with its heading on top.
struct Column {
  std::vector<std::string> texts;
  bool to_the_right = true;
};

/// Gives the texts one width.
void pad(Column& column) {
  std::size_t width = 0;
  for (const std::string& text : column.texts) width = std::max(width, text.size());
  for (std::string& text : column.texts) {
    text.insert(column.to_the_right ? 0 : text.size(), width - text.size(), ' ');
  }
}

std::string decimals(double value, std::chars_format format, int digits) {
  if (std::isnan(value)) return "-";
  std::array<char, 512> text;
  return {text.data(), std::to_chars(text.begin(), text.end(), value, format, digits).ptr};
}

/// Four decimals; with exponents if the greatest would show too few digits, or too many.
Column score_column(const char* heading, const std::vector<SearchTrial>& trials,
                    double SearchTrial::*value) {
  double most = 0;
  for (const SearchTrial& trial : trials) {
    if (!trial.failed()) most = std::max(most, std::abs(trial.score));
  }
  const bool readable = most == 0 || (most >= 0.01 && most < 1e7);
  const auto format = readable ? std::chars_format::fixed : std::chars_format::scientific;
  Column column{{heading}};
  for (const SearchTrial& trial : trials) column.texts.push_back(decimals(trial.*value, format, 4));
  return column;
}

Column hyperparameter_column(const std::string& name, const std::vector<SearchTrial>& trials) {
  Column column{{name}};
  for (const SearchTrial& trial : trials) {
    const HyperparameterValue& value = trial.hyperparameters[name];
    column.texts.push_back(to_string(value));
    if (std::holds_alternative<std::string>(value)) column.to_the_right = false;
  }
  return column;
}

std::vector<Column> table(const std::vector<SearchTrial>& trials) {
  std::vector<Column> columns{{{"rank"}}};
  for (std::size_t i = 1; i <= trials.size(); ++i) columns[0].texts.push_back(std::to_string(i));
  for (const auto& [name, value] : trials.front().hyperparameters) {
    columns.push_back(hyperparameter_column(name, trials));
  }
  columns.push_back(score_column("score", trials, &SearchTrial::score));
  if (trials.front().fold_scores.size() > 1) {
    columns.push_back(score_column("spread", trials, &SearchTrial::spread));
  }
  if (trials.front().budget > 0) {
    Column budgets{{"budget"}};
    for (const SearchTrial& trial : trials) budgets.texts.push_back(std::to_string(trial.budget));
    columns.push_back(std::move(budgets));
  }
  Column seconds{{"seconds"}}, errors{{"error"}, false};
  for (const SearchTrial& trial : trials) {
    seconds.texts.push_back(decimals(trial.seconds, std::chars_format::fixed, 2));
    errors.texts.push_back(trial.error);
    std::ranges::replace(errors.texts.back(), '\n', ' ');
  }
  columns.push_back(std::move(seconds));
  if (std::ranges::any_of(trials, &SearchTrial::failed)) columns.push_back(std::move(errors));
  for (Column& column : columns) pad(column);
  return columns;
}

data::CsvValue cell(const HyperparameterValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return to_string(value);
}

data::CsvValue cell_unless_nan(double value) {
  if (std::isnan(value)) return std::string();
  return value;
}

}  // namespace

const SearchTrial& SearchResult::best() const {
  if (trials.empty() || trials.front().failed()) {
    throw ValueError("best: there must be a trial that did not fail; got none");
  }
  return trials.front();
}

void SearchResult::save_csv(const std::string& path) const {
  std::vector<std::string> columns{"rank", "candidate"};
  const SearchTrial empty, &first = trials.empty() ? empty : trials.front();
  for (const auto& [name, value] : first.hyperparameters) columns.push_back(name);
  columns.insert(columns.end(), {"score", "spread"});
  for (std::size_t fold = 0; fold < first.fold_scores.size(); ++fold) {
    columns.push_back("fold_" + std::to_string(fold));
  }
  columns.emplace_back("seconds");
  if (first.budget > 0) columns.emplace_back("budget");
  columns.insert(columns.end(), {"seed", "error"});

  data::CsvWriter writer(path, columns);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const SearchTrial& trial = trials[i];
    std::vector<data::CsvValue> row{static_cast<std::int64_t>(i + 1), trial.candidate};
    for (const auto& [name, value] : trial.hyperparameters) row.push_back(cell(value));
    row.push_back(cell_unless_nan(trial.score));
    row.push_back(cell_unless_nan(trial.spread));
    for (const double score : trial.fold_scores) row.push_back(cell_unless_nan(score));
    row.emplace_back(trial.seconds);
    if (first.budget > 0) row.emplace_back(trial.budget);
    row.insert(row.end(), {std::to_string(seed), trial.error});
    writer.write(row);
  }
  writer.commit();
}

std::ostream& operator<<(std::ostream& stream, const SearchResult& result) {
  if (result.trials.empty()) return stream << "no trials\n";
  const std::vector<Column> columns = table(result.trials);
  for (std::size_t row = 0; row <= result.trials.size(); ++row) {
    std::string line;
    for (const Column& column : columns) line += (line.empty() ? "" : "  ") + column.texts[row];
    line.erase(line.find_last_not_of(' ') + 1);
    stream << line << '\n';
  }
  return stream;
}

}  // namespace xtape
