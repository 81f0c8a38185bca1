#include <algorithm>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/report/curves.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/plot.hpp>
#include <xtape/report/signs.hpp>

namespace xtape::report {
namespace {

using Runs = std::vector<std::pair<std::string, History>>;
using Kinds = std::vector<std::pair<std::string, std::vector<History>>>;
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

std::vector<double> counted(std::size_t count) {
  std::vector<double> epochs(count);
  for (std::size_t i = 0; i < count; ++i) epochs[i] = static_cast<double>(i + 1);
  return epochs;
}

/// Dashes are for validation, so that runs of one colour have signs.
void add(Plot& plot, const std::string& label, const std::vector<double>& values, Dash dash,
         std::size_t color) {
  plot.line(counted(values.size()), values,
            {.label = label,
             .dash = dash,
             .color = palette(color),
             .marker = detail::line_marker_of(color)});
}

/// The mean of the runs that have come to each epoch, and the ends of the band; NaN, a gap, for one
/// run alone.
struct Spread {
  std::vector<double> mean, low, high;
};

Spread spread_of(const std::vector<History>& runs, const std::string& metric) {
  Spread spread;
  for (std::size_t epoch = 0;; ++epoch) {
    double sum = 0, squares = 0, count = 0;
    const auto each = [&](auto f) {
      for (const History& run : runs) {
        if (!run.has(metric)) continue;
        const std::vector<double>& values = run[metric];
        if (epoch < values.size()) f(values[epoch]);
      }
    };
    each([&](double value) { sum += value, ++count; });
    if (count == 0) return spread;
    const double mean = sum / count;
    each([&](double value) { squares += (value - mean) * (value - mean); });
    const double deviation = std::sqrt(squares / (count - 1));  // 0 / 0 of one
    spread.mean.push_back(mean);
    spread.low.push_back(mean - deviation);
    spread.high.push_back(mean + deviation);
  }
}

/// The metrics to show, those of all runs if none are asked for. Throws ValueError for what no run
/// has, and for a scale of what would not be shown.
std::vector<std::string> shown_metrics(const Runs& runs, const CurvesOptions& options) {
  std::vector<std::string> shown = options.metrics.empty() ? metrics_of(runs) : options.metrics;
  if (epochs_of(runs) == 0) return shown;
  for (const std::string& name : shown) {
    const auto has = [&](const auto& run) {
      return run.second.has(name) || run.second.has(validation + name);
    };
    if (std::ranges::none_of(runs, has))
      static_cast<void>(runs[0].second[name]);  // tells what there is
  }
  for (const std::string& name : options.log_scale) {
    if (name == "learning_rate" || std::ranges::count(shown, name) > 0) continue;
    std::string names;
    for (const std::string& one : shown) names += (names.empty() ? "" : ", ") + one;
    throw ValueError("curves: log_scale must name what is shown, " + names + "; got \"" + name +
                     "\"");
  }
  return shown;
}

Plot empty_plot(const std::string& metric, const CurvesOptions& options) {
  const bool log = std::ranges::count(options.log_scale, metric) > 0;
  return Plot({.title = metric,
               .x_label = "epoch",
               .y_scale = log ? Scale::log : Scale::linear,
               .size = options.size});
}

Plot plot_of(const Kinds& kinds, const std::string& metric, const CurvesOptions& options) {
  Plot plot = empty_plot(metric, options);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& [name, runs] = kinds[i];
    for (const bool validated : {false, true}) {
      const Spread of = spread_of(runs, (validated ? validation : "") + metric);
      if (of.mean.empty()) continue;
      plot.band(counted(of.mean.size()), of.low, of.high, {.color = palette(i)});
      add(plot, validated ? name + ", validation" : name, of.mean,
          validated ? Dash::dashed : Dash::solid, i);
    }
  }
  return plot;
}

Plot plot_of(const Runs& runs, const std::string& metric, const CurvesOptions& options) {
  Plot plot = empty_plot(metric, options);
  const bool one = runs.size() == 1;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [name, history] = runs[i];
    const bool trained = history.has(metric), validated = history.has(validation + metric);
    if (trained)
      add(plot,
          !one                        ? name
          : metric == "learning_rate" ? ""
                                      : "training",
          history[metric], Dash::solid, i);
    if (validated) {
      add(plot, one ? "validation" : name + ", validation", history[validation + metric],
          Dash::dashed, one ? 1 : i);
    }
  }
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
  const std::vector<std::string> metrics = shown_metrics(runs, options);
  plots.reserve(metrics.size());
  for (const std::string& metric : metrics) plots.push_back(plot_of(runs, metric, options));
  if (metrics.empty() || epochs_of(runs) == 0) plots = {empty_plot("", options)};
  return detail::titled(options.title, grid(plots, options.columns));
}

Picture curves(const Kinds& kinds, const CurvesOptions& options) {
  Runs all;
  for (const auto& [kind, runs] : kinds)
    for (const History& run : runs) all.emplace_back(kind, run);
  const std::vector<std::string> metrics = shown_metrics(all, options);
  std::vector<Picture> plots;
  plots.reserve(metrics.size());
  for (const std::string& metric : metrics) plots.push_back(plot_of(kinds, metric, options));
  if (metrics.empty() || epochs_of(all) == 0) plots = {empty_plot("", options)};
  return detail::titled(options.title, grid(plots, options.columns));
}

}  // namespace xtape::report
