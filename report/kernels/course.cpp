#include <algorithm>
#include <cmath>

#include <xtape/report/kernels/course.hpp>
#include <xtape/report/svg.hpp>

namespace xtape::report::kernels {
namespace {

constexpr std::size_t many = 4000;

struct Points {
  const std::vector<double>&x, &y;
  bool gap(std::size_t i) const { return std::isnan(x[i]) || std::isnan(y[i]); }
};

void draw(SvgPath& path, const Points& of, std::size_t first, std::size_t end) {
  path.move(of.x[first], of.y[first]);
  for (std::size_t i = first + 1; i < end; ++i) path.line(of.x[i], of.y[i]);
}

void draw_thinned(SvgPath& path, const Points& of, std::size_t first, std::size_t end) {
  path.move(of.x[first], of.y[first]);
  for (std::size_t i = first; i < end;) {
    const double column = std::floor(of.x[i]);
    std::size_t low = i, high = i, last = i;
    for (; last < end && std::floor(of.x[last]) == column; ++last) {
      if (of.y[last] < of.y[low]) low = last;
      if (of.y[last] > of.y[high]) high = last;
    }
    std::size_t kept[]{i, std::min(low, high), std::max(low, high), last - 1};
    const auto* const until = std::unique(std::begin(kept), std::end(kept));
    for (const std::size_t* k = kept; k != until; ++k) path.line(of.x[*k], of.y[*k]);
    i = last;
  }
}

}  // namespace

Course course(const std::vector<double>& x, const std::vector<double>& y) {
  const Points of{x, y};
  SvgPath path, dots;
  for (std::size_t first = 0; first < x.size(); ++first) {
    if (of.gap(first)) continue;
    std::size_t end = first + 1;
    while (end < x.size() && !of.gap(end)) ++end;
    const auto from = x.begin() + static_cast<std::ptrdiff_t>(first),
               to = x.begin() + static_cast<std::ptrdiff_t>(end);
    if (end - first == 1) {
      dots.move(x[first], y[first]).line(x[first], y[first]);
    } else if (end - first > many && std::is_sorted(from, to)) {
      draw_thinned(path, of, first, end);
    } else {
      draw(path, of, first, end);
    }
    first = end;
  }
  return {path.text(), dots.text()};
}

std::vector<double> counts(const std::vector<double>& values, double low, double high,
                           std::size_t bins) {
  std::vector<double> result(bins);
  for (const double value : values) {
    if (!(value >= low && value <= high)) continue;
    const double share = (value / 2 - low / 2) / (high / 2 - low / 2);
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(bins));
    result[std::min(bin, bins - 1)] += 1;
  }
  return result;
}

}  // namespace xtape::report::kernels
