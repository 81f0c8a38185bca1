#pragma once
#include <optional>
#include <string>
#include <vector>

#include <xtape/report/plot.hpp>
#include <xtape/report/svg.hpp>

/// What pictures have around their data.
namespace xtape::report::detail {

constexpr double font = 13, title_font = 16, small_font = 12, edge = 12;

/// A text that is at most so wide: if need be its end is cut and "…" in its place.
std::string fitted(const std::string& text, double font_size, double width);

/// The title, in the middle of a picture. Returns where it ends.
double draw_title(Svg& svg, const std::string& title, double width);

/// The picture below a title, if there is one.
Picture titled(const std::string& title, const Picture& picture);

struct LegendEntry {
  std::string label;
  Color color;
  Dash dash = Dash::solid;
  enum class Sign { line, point, area } sign = Sign::line;
  std::optional<Marker> marker = {};
  Hatch hatch = Hatch::none;
};
/// Signs and labels in as many rows as they take from `y` on. Returns where they end.
double draw_legend(Svg& svg, const std::vector<LegendEntry>& entries, double x, double y,
                   double width);

/// "stroke-dasharray", empty for a line without gaps.
std::string dashes(Dash dash, double width);

}  // namespace xtape::report::detail
