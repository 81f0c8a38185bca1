#include <cmath>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/report/plot.hpp>
#include <xtape/report/plot_drawing.hpp>
#include <xtape/report/signs.hpp>

namespace xtape::report {
namespace {

using detail::Mark;

void check(const char* axis, Scale scale, const Limits& limits) {
  for (const auto& [end, limit] :
       {std::pair("lower", limits.low), std::pair("upper", limits.high)}) {
    if (!limit) continue;
    const std::string what = std::string("the ") + end + " limit of " + axis;
    xtape::detail::require_finite("plot", what.c_str(), *limit);
    if (scale == Scale::log) xtape::detail::require_positive("plot", what.c_str(), *limit);
  }
  if (limits.low && limits.high && *limits.low >= *limits.high) {
    throw ValueError(std::string("plot: the lower limit of ") + axis +
                     " must lie below the upper one; got " + xtape::detail::text(*limits.low) +
                     " and " + xtape::detail::text(*limits.high));
  }
}

void check_points(const char* op, const Values& x, const Values& y) {
  if (!x.is_list() || !y.is_list() || x.size() != y.size()) {
    throw ShapeError(std::string(op) + ": x and y must be lists of one length; got " +
                     x.describe() + " and " + y.describe());
  }
}

/// Gives the i-th mark with a colour of the palette what it has beside that.
void tell_apart(Mark& mark, std::size_t i) {
  switch (mark.kind) {
    case Mark::Kind::line:
      if (mark.marker) return;
      if (mark.dash == Dash::solid) {
        mark.dash = detail::dash_of(i);
      } else {
        mark.marker = detail::line_marker_of(i);
      }
      return;
    case Mark::Kind::points: mark.marker = mark.marker.value_or(detail::marker_of(i)); return;
    case Mark::Kind::histogram:
    case Mark::Kind::band: mark.hatch = mark.hatch.value_or(detail::hatch_of(i)); return;
    default: return;
  }
}

}  // namespace

Plot::Plot(PlotOptions options) : options_(std::move(options)) {
  check("x", options_.x_scale, options_.x_limits);
  check("y", options_.y_scale, options_.y_limits);
  xtape::detail::require_in("plot", "the width", options_.size.width, 200, 10000);
  xtape::detail::require_in("plot", "the height", options_.size.height, 150, 10000);
}

Plot& Plot::add(Mark mark, const std::optional<Color>& color) {
  if (!color) tell_apart(mark, colors_);
  mark.color = color ? *color : palette(colors_++);
  marks_.push_back(std::move(mark));
  return *this;
}

Plot& Plot::line(const Values& y, LineOptions options) {
  std::vector<double> x(y.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  return line(x, y, std::move(options));
}

Plot& Plot::line(const Values& x, const Values& y, LineOptions options) {
  check_points("line", x, y);
  Mark mark{Mark::Kind::line, x.numbers(), y.numbers(), std::move(options.label), options.dash};
  mark.size = xtape::detail::require_positive("line", "width", options.width);
  mark.marker = options.marker;
  return add(std::move(mark), options.color);
}

Plot& Plot::scatter(const Values& x, const Values& y, ScatterOptions options) {
  check_points("scatter", x, y);
  Mark mark{Mark::Kind::points, x.numbers(), y.numbers(), std::move(options.label)};
  mark.size = xtape::detail::require_positive("scatter", "diameter", options.diameter);
  mark.marker = options.marker;
  return add(std::move(mark), options.color);
}

Plot& Plot::histogram(const Values& values, HistogramOptions options) {
  xtape::detail::require_in<std::int64_t>("histogram", "bins", options.bins, 1, 10000);
  Mark mark{Mark::Kind::histogram, values.numbers(), {}, std::move(options.label)};
  mark.columns = options.bins;
  mark.density = options.density;
  mark.hatch = options.hatch;
  return add(std::move(mark), options.color);
}

Plot& Plot::band(const Values& x, const Values& low, const Values& high, BandOptions options) {
  check_points("band", x, low);
  check_points("band", x, high);
  Mark mark{Mark::Kind::band, x.numbers(), low.numbers(),
            std::move(options.label)};  // there, and back
  mark.hatch = options.hatch;
  mark.x.insert(mark.x.end(), x.numbers().rbegin(), x.numbers().rend());
  mark.y.insert(mark.y.end(), high.numbers().rbegin(), high.numbers().rend());
  return add(std::move(mark), options.color);
}

Plot& Plot::vertical(double x, LineOptions options) {
  xtape::detail::require_finite("vertical", "x", x);
  return add({Mark::Kind::vertical,
              {x},
              {},
              std::move(options.label),
              options.dash,
              xtape::detail::require_positive("vertical", "width", options.width)},
             options.color.value_or(Color{0x77, 0x77, 0x77}));
}

Plot& Plot::horizontal(double y, LineOptions options) {
  xtape::detail::require_finite("horizontal", "y", y);
  return add({Mark::Kind::horizontal,
              {},
              {y},
              std::move(options.label),
              options.dash,
              xtape::detail::require_positive("horizontal", "width", options.width)},
             options.color.value_or(Color{0x77, 0x77, 0x77}));
}

Plot& Plot::regions(const Tensor& classes, double left, double right, double bottom, double top) {
  if (classes.rank() != 2 || classes.size() == 0)
    throw ShapeError("regions: classes must be [rows, columns]; got " + classes.describe());
  if (classes.dtype() != Dtype::int64)
    throw DtypeError("regions: classes must be int64; got " + classes.describe());
  for (const double edge : {left, right, bottom, top})
    xtape::detail::require_finite("regions", "an edge", edge);
  Mark mark{Mark::Kind::regions, {left, right}, {bottom, top}};
  mark.classes = classes.to_vector<std::int64_t>();
  mark.columns = classes.extent(1);
  return add(std::move(mark), Color{});
}

Picture Plot::picture() const { return detail::drawn(options_, marks_); }

}  // namespace xtape::report
