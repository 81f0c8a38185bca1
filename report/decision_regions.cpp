#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/report/decision_regions.hpp>
#include <xtape/report/labels.hpp>
#include <xtape/report/signs.hpp>

namespace xtape::report {
namespace {

constexpr const char* op = "decision_regions";

/// The ends of an axis with some space around the points.
std::pair<double, double> ends(const Tensor& numbers) {
  const double least = amin(numbers).item(), greatest = amax(numbers).item();
  const double space =
      greatest > least ? 0.06 * (greatest - least) : std::max(1.0, std::abs(least) / 10);
  return {least - space, greatest + space};
}

/// The middles of so many cells.
Tensor middles(std::pair<double, double> ends, std::int64_t count, Dtype dtype) {
  const double half = (ends.second - ends.first) / static_cast<double>(2 * count);
  return linspace(ends.first + half, ends.second - half, count, dtype);
}

void check(const Tensor& x, const Tensor& labels, const Tensor& classes,
           const DecisionRegionsOptions& options) {
  xtape::detail::require_in<std::int64_t>(op, "resolution", options.resolution, 2, 2000);
  xtape::detail::require_finite(op, "threshold", options.threshold);
  xtape::detail::require_positive(op, "diameter", options.diameter);
  if (x.rank() != 2 || x.extent(1) != 2)
    throw ShapeError(std::string(op) + ": x must be [n, 2]; got " + x.describe());
  nn::detail::check_floating(op, "x", x);
  if (classes.extent(0) != x.extent(0)) {
    throw ShapeError(std::string(op) + ": x needs a label for each row; got " + x.describe() +
                     " and " + labels.describe());
  }
  if (x.extent(0) == 0) throw ValueError(std::string(op) + ": points are needed; got none");
  for (const double end : {amin(x).item(), amax(x).item()})
    xtape::detail::require_finite(op, "x", end);
}

}  // namespace

Plot decision_regions(const Classifier& classifier, const Tensor& x, const Tensor& labels,
                      const DecisionRegionsOptions& options) {
  const NoGradGuard off;
  const Tensor classes = detail::classes_of(op, labels), points = x.detach();
  check(points, labels, classes, options);
  const std::int64_t n = options.resolution;
  const Tensor first = take(points, 0, 1), second = take(points, 1, 1);
  const auto across = ends(first), up = ends(second);
  const Tensor columns = middles(across, n, x.dtype()), rows = middles(up, n, x.dtype());

  std::vector<Tensor> said;  // row by row, so that little memory is taken
  for (std::int64_t row = 0; row < n; ++row) {
    const Tensor places = stack({columns, full({n}, rows[row].item(), x.dtype())}, 1);
    const Tensor scores = classifier(places);
    if (scores.rank() == 0 || scores.extent(0) != n) {
      throw ShapeError(std::string(op) + ": the classifier must give scores for each row of " +
                       places.describe() + "; got " + scores.describe());
    }
    said.push_back(detail::predicted_classes(op, scores, options.threshold));
  }

  Plot plot({.title = options.title,
             .x_label = options.x_label,
             .y_label = options.y_label,
             .size = options.size});
  plot.regions(stack(said), across.first, across.second, up.first, up.second);
  const auto label = classes.to_vector<std::int64_t>();
  const auto xs = first.to_vector<double>(), ys = second.to_vector<double>();
  std::map<std::int64_t, std::pair<std::vector<double>, std::vector<double>>> of_class;
  for (std::size_t i = 0; i < label.size(); ++i) {
    of_class[label[i]].first.push_back(xs[i]);
    of_class[label[i]].second.push_back(ys[i]);
  }
  for (const auto& [i, own] : of_class) {
    const auto number = static_cast<std::size_t>(i);
    plot.scatter(own.first, own.second,
                 {.label = detail::class_name(options.names, i),
                  .color = palette(number),
                  .diameter = options.diameter,
                  .marker = detail::marker_of(number)});
  }
  return plot;
}

}  // namespace xtape::report
