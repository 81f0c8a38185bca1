#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>

#include <xtape/core/error.hpp>
#include <xtape/core/text.hpp>
#include <xtape/data/csv_writer.hpp>
#include <xtape/train/history.hpp>

namespace xtape {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string short_text(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> text;
  return {text.data(),
          std::to_chars(text.begin(), text.end(), value, std::chars_format::general, 4).ptr};
}

}  // namespace

std::string to_string(FitStop stop) {
  switch (stop) {
    case FitStop::none: return "not ended";
    case FitStop::epochs: return "all epochs";
    case FitStop::patience: return "no improvement";
    case FitStop::steps: return "the limit of steps";
    case FitStop::seconds: return "the limit of time";
    case FitStop::interrupt: return "interrupted";
    case FitStop::asked: return "asked to stop";
  }
  return {};
}

std::ostream& operator<<(std::ostream& stream, FitStop stop) { return stream << to_string(stop); }

const History::Column* History::find(const std::string& name) const {
  const auto found = std::ranges::find(columns_, name, &Column::name);
  return found == columns_.end() ? nullptr : &*found;
}

std::vector<std::string> History::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  return names;
}

bool History::has(const std::string& name) const { return find(name) != nullptr; }

const std::vector<double>& History::operator[](const std::string& name) const {
  if (const Column* column = find(name)) return column->values;
  std::string known;
  for (const Column& column : columns_) known += (known.empty() ? "" : ", ") + column.name;
  throw ValueError("history: there is no \"" + name + "\"; there is " +
                   (known.empty() ? "nothing: no epoch has ended" : known));
}

double History::best(const std::string& name, SearchGoal goal) const {
  double best = nan;
  for (const double value : (*this)[name]) {
    if (std::isnan(best) || (goal == SearchGoal::minimize ? value < best : value > best))
      best = value;
  }
  if (std::isnan(best)) throw ValueError("history: all of \"" + name + "\" are NaN");
  return best;
}

void History::add(const std::vector<Metric>& row) {
  const auto rows = static_cast<std::size_t>(++epochs_);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto& [name, value] = row[i];
    auto column = columns_.begin() + static_cast<std::ptrdiff_t>(std::min(i, columns_.size()));
    if (column == columns_.end() || column->name != name) {  // most rows are like those before
      column = std::ranges::find(columns_, name, &Column::name);
      if (column == columns_.end()) column = columns_.insert(column, {name, {}});
    }
    if (column->values.size() + 1 != rows) column->values.resize(rows - 1, nan);
    column->values.push_back(value);
  }
  for (Column& column : columns_) {
    if (column.values.size() != rows) column.values.resize(rows, nan);
  }
}

void History::save_csv(const std::string& path) const {
  std::vector<std::string> names = this->names();
  names.insert(names.begin(), "epoch");
  data::CsvWriter writer(path, names);
  for (std::int64_t epoch = 0; epoch < epochs_; ++epoch) {
    std::vector<data::CsvValue> row{epoch + 1};
    for (const Column& column : columns_) {
      const double value = column.values[static_cast<std::size_t>(epoch)];
      if (std::isnan(value)) {
        row.emplace_back(std::string());
      } else {
        row.emplace_back(value);
      }
    }
    writer.write(row);
  }
  writer.commit();
}

std::ostream& operator<<(std::ostream& stream, const History& history) {
  std::vector<std::vector<std::string>> rows{history.names()};
  rows.front().insert(rows.front().begin(), "epoch");
  for (std::int64_t epoch = 0; epoch < history.epochs(); ++epoch) {
    std::vector<std::string> row{std::to_string(epoch + 1)};
    for (const std::string& name : history.names())
      row.push_back(short_text(history[name][static_cast<std::size_t>(epoch)]));
    rows.push_back(std::move(row));
  }
  stream << detail::table(rows, {}) << "ended: " << to_string(history.stop);
  if (history.best_epoch > 0)
    stream << "; best " << history.monitor << " in epoch " << history.best_epoch;
  return stream << '\n';
}

}  // namespace xtape
