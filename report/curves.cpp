#include <algorithm>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/report/curves.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/plot.hpp>

namespace xtape::report {
namespace {

using Runs = std::vector<std::pair<std::string, History>>;
const std::string validation = "validation_";

bool changes(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [&](double v) { return v != values[0]; });
}

/// Without those of validation, which are shown beside them.
std::vector<std::string> metrics_of(const Runs& runs) {
  std::vector<std::string> metrics;
  for (const auto& [run, history] : runs) {
    for (std::string name : history.names()) {
      if (name == "seconds") continue;
      if (name == "learning_rate" && !changes(history[name])) continue;
      if (name.starts_with(validation)) name = name.substr(validation.size());
      if (std::ranges::count(metrics, name) == 0) metrics.push_back(name);
    }
  }
  return metrics;
}

/// The end behind which no run has epochs.
std::int64_t epochs_of(const Runs& runs) {
  std::int64_t epochs = 0;
  for (const auto& [name, history] : runs) epochs = std::max(epochs, history.epochs());
  return epochs;
}

void add(Plot& plot, const std::string& label, const std::vector<double>& values, Dash dash,
         Color color) {
  std::vector<double> epochs(values.size());
  for (std::size_t i = 0; i < epochs.size(); ++i) epochs[i] = static_cast<double>(i + 1);
  plot.line(epochs, values, {.label = label, .dash = dash, .color = color});
}

Plot plot_of(const Runs& runs, const std::string& metric, const CurvesOptions& options) {
  const bool log = std::ranges::count(options.log_scale, metric) > 0;
  Plot plot({.title = metric,
             .x_label = "epoch",
             .y_scale = log ? Scale::log : Scale::linear,
             .size = options.size});
  const bool one = runs.size() == 1;
  bool found = false;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [name, history] = runs[i];
    const bool trained = history.has(metric), validated = history.has(validation + metric);
    found = found || trained || validated;
    if (trained)
      add(plot,
          !one                        ? name
          : metric == "learning_rate" ? ""
                                      : "training",
          history[metric], Dash::solid, palette(i));
    if (validated) {
      add(plot, one ? "validation" : name + ", validation", history[validation + metric],
          Dash::dashed, palette(one ? 1 : i));
    }
  }
  if (!found && !runs.empty()) static_cast<void>(runs[0].second[metric]);  // tells what there is
  if (one && runs[0].second.best_epoch > 0) {
    plot.vertical(static_cast<double>(runs[0].second.best_epoch),
                  {.label = "best epoch", .dash = Dash::dotted, .width = 1.5});
  }
  return plot;
}

}  // namespace

Picture curves(const History& history, const CurvesOptions& options) {
  return curves(Runs{{"", history}}, options);
}

Picture curves(const Runs& runs, const CurvesOptions& options) {
  std::vector<Picture> plots;
  const auto metrics = options.metrics.empty() ? metrics_of(runs) : options.metrics;
  plots.reserve(metrics.size());
  for (const std::string& metric : metrics) plots.push_back(plot_of(runs, metric, options));
  if (metrics.empty() || epochs_of(runs) == 0) plots = {plot_of({}, "", options)};
  return detail::titled(options.title, grid(plots, options.columns));
}

}  // namespace xtape::report
