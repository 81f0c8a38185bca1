#include <algorithm>
#include <cmath>
#include <limits>

#include <xtape/report/axis.hpp>
#include <xtape/report/bins.hpp>
#include <xtape/report/kernels/course.hpp>

namespace xtape::report::detail {
namespace {

constexpr double most = std::numeric_limits<double>::max();
constexpr double tiny = std::numeric_limits<double>::denorm_min();

Bins bins_of(const Mark& mark, bool log, double least, double greatest) {
  std::vector<double> values;
  for (const double value : mark.x) values.push_back(log ? std::log10(value) : value);
  const auto count = static_cast<std::size_t>(mark.columns);
  Bins bins{{}, kernels::counts(values, least, greatest, count)};
  double all = 0;
  for (const double height : bins.heights) all += height;
  for (std::size_t i = 0; i <= count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count);
    const double edge_of = least * (1 - share) + greatest * share;
    bins.edges.push_back(log ? std::clamp(std::pow(10, edge_of), tiny, most) : edge_of);
  }
  for (std::size_t i = 0; i < count && mark.density && all > 0; ++i)
    bins.heights[i] /= all * (bins.edges[i + 1] - bins.edges[i]);
  return bins;
}

}  // namespace

std::vector<Bins> all_bins(const std::vector<Mark>& marks, Scale x_scale) {
  Range range;
  const bool log = x_scale == Scale::log;
  for (const Mark& mark : marks) {
    if (mark.kind != Mark::Kind::histogram) continue;
    for (const double value : mark.x) range.add(log ? std::log10(value) : value, Scale::linear);
  }
  std::vector<Bins> bins;
  if (!range.any) range.greatest = 1;
  const double size = std::max(std::abs(range.least), std::abs(range.greatest));
  if (one_place(range.least, range.greatest)) {
    const double half = log ? 0.3 : size < 1e-290 ? 0.5 : size / 20;
    range = {std::max(range.least - half, -most), std::min(range.greatest + half, most)};
  }
  for (const Mark& mark : marks) {
    if (mark.kind == Mark::Kind::histogram)
      bins.push_back(bins_of(mark, log, range.least, range.greatest));
  }
  return bins;
}

}  // namespace xtape::report::detail
