#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/report/color.hpp>
#include <xtape/report/picture.hpp>
#include <xtape/report/values.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

enum class Scale { linear, log };

/// Where an axis begins and ends; what is not given is where the data do.
struct Limits {
  std::optional<double> low = {}, high = {};
};

struct PlotOptions {
  std::string title = {}, x_label = {}, y_label = {};
  Scale x_scale = Scale::linear, y_scale = Scale::linear;
  Limits x_limits = {}, y_limits = {};
  Size size = {640, 400};
};

// What tells marks apart where the colours of `palette` begin again: the second eight have the
// second of each, and so on.
enum class Dash { solid, dashed, dotted, dash_dotted };
enum class Marker { circle, square, triangle, diamond };  ///< of points, and along lines
enum class Hatch { none, rising, falling, crossed };      ///< of areas

struct LineOptions {
  std::string label = {};  ///< for the legend, above the plot; those without are not in it
  Dash dash = Dash::solid;
  /// By default the next of `palette`; where that begins again, lines are dashed, then dotted, then
  /// both; those with dashes of their own have markers.
  std::optional<Color> color = {};
  double width = 2;
  std::optional<Marker> marker = {};  ///< along it, but for vertical and horizontal ones
};

struct ScatterOptions {
  std::string label = {};
  std::optional<Color> color = {};
  double diameter = 6;
  std::optional<Marker> marker = {};  ///< by default circles; without colour as that begins again
};

struct HistogramOptions {
  std::string label = {};
  std::int64_t bins = 40;
  bool density = false;  ///< areas of 1 in place of counts, to compare samples of unlike size
  std::optional<Color> color = {};
  std::optional<Hatch> hatch = {};  ///< by default none; without colour as that begins again
};

struct BandOptions {
  std::string label = {};
  std::optional<Color> color = {};
  std::optional<Hatch> hatch = {};
};

namespace detail {
/// What a plot draws.
struct Mark {
  enum class Kind { line, points, histogram, vertical, horizontal, regions, band };
  Kind kind;
  std::vector<double> x, y;
  std::string label = {};
  Dash dash = Dash::solid;
  double size = 0;
  bool density = false;
  std::vector<std::int64_t> classes = {};
  std::int64_t columns = 0;
  Color color = {};
  std::optional<Marker> marker = {};
  std::optional<Hatch> hatch = {};
};
}  // namespace detail

/// Lines, points and histograms on two axes.
/// ```
/// report::Plot plot({.title = "Spiral", .x_label = "epoch", .y_scale = report::Scale::log});
/// plot.line(history["loss"], {.label = "training"});
/// plot.save("loss.svg");
/// ```
/// What has no place on an axis, NaN, infinity, and on a logarithmic scale what is not positive, is
/// a gap. Where there is nothing to show, the picture says "no data".
class Plot {
 public:
  /// Throws ValueError for limits that are not finite, in order and, on a logarithmic scale,
  /// positive, and for a size out of range.
  explicit Plot(PlotOptions options = {});

  /// A line through the points, in order; without x at 0, 1, 2, ...
  /// Throws ShapeError unless x and y are lists of one length.
  Plot& line(const Values& y, LineOptions options = {});
  Plot& line(const Values& x, const Values& y, LineOptions options = {});
  /// Points. Throws as line.
  Plot& scatter(const Values& x, const Values& y, ScatterOptions options = {});
  /// How many values, of any shape, lie in each of so many bins between the least and the greatest
  /// of all that the plot has histograms of. Throws ValueError for no bins.
  Plot& histogram(const Values& values, HistogramOptions options = {});
  /// The area between two lines over the same x, in a light colour: a spread around a mean. On a
  /// logarithmic scale what is not positive lies below the plot. Throws ShapeError unless all are
  /// lists of one length.
  Plot& band(const Values& x, const Values& low, const Values& high, BandOptions options = {});
  /// A line across the plot. Throws ValueError unless finite.
  Plot& vertical(double x, LineOptions options = {});
  Plot& horizontal(double y, LineOptions options = {});
  /// Areas of the plot in light colours of `palette`, hatched where that begins again: classes
  /// int64 [rows, columns] of a grid that covers the limits, from its lower left; negative ones are
  /// white. Throws ShapeError, DtypeError.
  Plot& regions(const Tensor& classes, double left, double right, double bottom, double top);

  Picture picture() const;
  operator Picture() const { return picture(); }
  std::string svg() const { return picture().svg(); }
  /// See Picture::save.
  void save(const std::string& path) const { picture().save(path); }

 private:
  Plot& add(detail::Mark mark, const std::optional<Color>& color);

  PlotOptions options_;
  std::vector<detail::Mark> marks_;
  std::size_t colors_ = 0;  // of the palette that are used
};

}  // namespace xtape::report

XTAPE_EXPORT_END
