#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/report/picture.hpp>
#include <xtape/train/history.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct CurvesOptions {
  std::string title = {};
  /// Which ones: "loss" is shown with "validation_loss". By default all but the seconds and a
  /// learning rate that stays as it is.
  std::vector<std::string> metrics = {};
  std::vector<std::string> log_scale = {};  ///< those on a logarithmic scale
  std::int64_t columns = 2;                 ///< plots beside each other
  Size size = {480, 340};                   ///< of a plot
};

/// The course of a run: a plot for each metric, over the epochs, of training and, dashed, of
/// validation. A dotted line is at the best epoch.
/// Throws ValueError for a metric that there is not, shown or on a logarithmic scale, with those
/// that are.
Picture curves(const History& history, const CurvesOptions& options = {});
/// Several runs by their names: a colour for each.
Picture curves(const std::vector<std::pair<std::string, History>>& runs,
               const CurvesOptions& options = {});

/// Several runs of each kind, such as from different seeds, by the kinds' names: the mean of those
/// that have come to an epoch, in a band of one standard deviation (of a sample, divided by n - 1)
/// to each side.
Picture curves(const std::vector<std::pair<std::string, std::vector<History>>>& kinds,
               const CurvesOptions& options = {});

}  // namespace xtape::report

XTAPE_EXPORT_END
