#pragma once
#include <cstddef>
#include <string>

#include <xtape/report/plot.hpp>
#include <xtape/report/svg.hpp>

/// What tells marks of one colour apart.
namespace xtape::report::detail {

/// Of the i-th of a plot: another one each time that the colours of `palette` begin again, and from
/// the first on behind four times.
Marker marker_of(std::size_t i);
Hatch hatch_of(std::size_t i);
Dash dash_of(std::size_t i);
/// For a line whose dashes tell something else: none while colours do.
std::optional<Marker> line_marker_of(std::size_t i);

/// A marker around a place, as large as a circle of this diameter.
void draw_marker(Svg& svg, Marker marker, double x, double y, double diameter,
                 const SvgAttributes& more = {});

/// A hatching in pixels for areas whose own units are so many pixels wide and high.
struct Hatching {
  Hatch hatch;
  Color color;
  double across = 1, down = 1;

  bool any() const;
  /// Its definition has to stand before its use.
  void define(Svg& svg) const;
  /// For the attribute "fill".
  std::string fill() const { return "url(#" + id() + ")"; }

 private:
  std::string id() const;
};

}  // namespace xtape::report::detail
