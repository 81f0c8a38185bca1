#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/state.hpp>
#include <xtape/train/fit_loop.hpp>

namespace xtape::detail {
namespace {

constexpr std::string_view mean_prefix = "mean.", history_prefix = "history.",
                           best_prefix = "best_weights.", monitor_prefix = "monitor.";

std::string prefixed(std::string_view prefix, const std::string& name) {
  return std::string(prefix) + name;
}

/// The name behind a prefix; empty without it.
std::string behind(std::string_view prefix, const std::string& name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string();
}

/// Takes a number out of a state.
template <class T>
T taken(const NamedTensors& state, const std::string& name) {
  const auto entry = std::ranges::find(state, name, &NamedTensor::first);
  if (entry == state.end() || entry->second.rank() != 0)
    throw ValueError("must have a number \"" + name + "\"");
  return number<T>(entry->second);
}

}  // namespace

NamedTensors FitLoop::state() const {
  NamedTensors state{{"epoch", number(epoch_)},
                     {"batch", number(batch_)},
                     {"passed", number(std::int64_t{passed_})},
                     {"steps", number(steps_)},
                     {"bad_epochs", number(bad_epochs_)},
                     {"best_epoch", number(history_.best_epoch)},
                     {"maximizes", number(std::int64_t{options_.goal == SearchGoal::maximize})},
                     {"seconds", number(seconds_of_epoch())},
                     {"data", number(data_)},
                     {"validation_data", number(validation_data_)},
                     {prefixed(monitor_prefix, options_.monitor), number(best_value_)}};
  for (const Means::Entry& entry : training_.entries())
    state.emplace_back(prefixed(mean_prefix, entry.name),
                       from_vector(std::vector{entry.sum, entry.weight}));
  for (const std::string& name : history_.names())
    state.emplace_back(prefixed(history_prefix, name), from_vector(history_[name]));
  for (const auto& [name, weight] : best_weights_)
    state.emplace_back(prefixed(best_prefix, name), weight);
  return state;
}

void FitLoop::restore(const NamedTensors& state) {
  const auto check_data = [&](const char* name, const char* kind, std::int64_t own) {
    if (taken<std::int64_t>(state, name) != own && options_.folder.same_data)
      throw ValueError(std::string("must be of the same ") + kind + " data; got others");
  };
  check_data("data", "training", data_);
  check_data("validation_data", "validation", validation_data_);
  const std::string monitor = prefixed(monitor_prefix, options_.monitor);
  for (const auto& [name, value] : state) {
    if (name != monitor && name.starts_with(monitor_prefix))
      throw ValueError("must have the monitor \"" + options_.monitor + "\"; got \"" +
                       behind(monitor_prefix, name) + "\"");
  }
  const bool maximized = taken<std::int64_t>(state, "maximizes") != 0;
  if (maximized != (options_.goal == SearchGoal::maximize)) {
    const char* const goals[] = {"minimize", "maximize"};
    throw ValueError("must have the goal " + std::string(goals[!maximized]) + " of \"" +
                     options_.monitor + "\"; got " + goals[maximized]);
  }
  History history;
  Means training;
  NamedTensors best;
  std::vector<std::pair<std::string, std::vector<double>>> columns;
  for (const auto& [name, value] : state) {
    if (const std::string own = behind(best_prefix, name); !own.empty())
      best.emplace_back(own, value);
    if (const std::string own = behind(history_prefix, name); !own.empty())
      columns.emplace_back(own, value.to_vector<double>());
    if (const std::string own = behind(mean_prefix, name); !own.empty()) {
      const std::vector<double> sums = value.to_vector<double>();
      if (sums.size() != 2) throw ValueError("must have a sum and a weight in \"" + name + "\"");
      Means::Entry& entry = training.at(own);
      entry.sum = sums[0], entry.weight = sums[1];
    }
  }
  const auto epoch = taken<std::int64_t>(state, "epoch");
  for (std::int64_t i = 0; i < epoch; ++i) {
    std::vector<Metric> row;
    for (const auto& [name, values] : columns)
      if (i < std::ssize(values)) row.emplace_back(name, values[static_cast<std::size_t>(i)]);
    history.add(row);
  }
  const auto batch = taken<std::int64_t>(state, "batch"),
             steps = taken<std::int64_t>(state, "steps"),
             bad = taken<std::int64_t>(state, "bad_epochs"),
             passed = taken<std::int64_t>(state, "passed");
  const auto seconds = taken<double>(state, "seconds");
  best_value_ = taken<double>(state, monitor);
  history.best_epoch = taken<std::int64_t>(state, "best_epoch");
  if (history.best_epoch > 0) history.monitor = options_.monitor;
  epoch_ = epoch, batch_ = batch, steps_ = saved_at_ = steps, bad_epochs_ = bad;
  passed_ = passed != 0;
  seconds_before_ = seconds;
  best_weights_ = std::move(best);
  training_ = std::move(training);
  history_ = std::move(history);
}

}  // namespace xtape::detail
