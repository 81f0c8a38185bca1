#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/train/goal.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A number and what it is called: {"accuracy", 0.93}.
using Metric = std::pair<std::string, double>;

/// Why a run has ended: it has trained all its epochs; the monitor has not improved for long
/// enough; a limit of steps or seconds; Ctrl-C, whatever else ended it then; a callback or the loop
/// asked for it. `none` before its end.
enum class FitStop { none, epochs, patience, steps, seconds, interrupt, asked };

/// What a run has come to: a column for each metric, a row for each epoch. NaN stands where an
/// epoch had no such metric.
class History {
 public:
  std::int64_t epochs() const { return epochs_; }
  /// In the order in which they came.
  std::vector<std::string> names() const;
  bool has(const std::string& name) const;
  /// One number for each epoch: `history["validation_loss"]`. Throws ValueError for a name that is
  /// not there, with those that are.
  const std::vector<double>& operator[](const std::string& name) const;
  /// The best of them, over the epochs. Throws ValueError alike, and if all are NaN.
  double best(const std::string& name, SearchGoal goal) const;

  /// What the run looks at to tell which epoch was best, and that epoch, counted from 1; 0 if none
  /// was better than NaN.
  std::string monitor;
  std::int64_t best_epoch = 0;
  FitStop stop = FitStop::none;
  /// Whether the last row is of an epoch that the run has stopped in.
  bool last_is_part = false;

  /// Adds a row.
  void add(const std::vector<Metric>& row);

  /// Writes "epoch" and a column for each metric; numbers are exact, NaN is an empty cell. The file
  /// appears whole or not at all. Throws IoError.
  void save_csv(const std::string& path) const;

 private:
  struct Column {
    std::string name;
    std::vector<double> values;
  };
  const Column* find(const std::string& name) const;

  std::vector<Column> columns_;
  std::int64_t epochs_ = 0;
};

/// Prints a table, a row for each epoch, and why the run ended.
std::ostream& operator<<(std::ostream& stream, const History& history);

/// "all epochs", "no improvement", "the limit of steps", ...
std::string to_string(FitStop stop);
std::ostream& operator<<(std::ostream& stream, FitStop stop);

}  // namespace xtape

XTAPE_EXPORT_END
