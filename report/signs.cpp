#include <array>
#include <cmath>

#include <xtape/report/kernels/runs.hpp>
#include <xtape/report/signs.hpp>

namespace xtape::report::detail {
namespace {

constexpr std::size_t kinds = 4;

/// How often the colours have begun again before the i-th.
std::size_t round_of(std::size_t i) { return i / palette_size; }

}  // namespace

Marker marker_of(std::size_t i) { return static_cast<Marker>(round_of(i) % kinds); }
Hatch hatch_of(std::size_t i) { return static_cast<Hatch>(round_of(i) % kinds); }
Dash dash_of(std::size_t i) { return static_cast<Dash>(round_of(i) % kinds); }
std::optional<Marker> line_marker_of(std::size_t i) {
  return i < palette_size ? std::optional<Marker>() : marker_of(i);
}

void draw_marker(Svg& svg, Marker marker, double x, double y, double diameter,
                 const SvgAttributes& more) {
  const auto element = [&](const char* tag, SvgAttributes own) {
    own.insert(own.end(), more.begin(), more.end());
    svg.element(tag, own);
  };
  switch (marker) {
    case Marker::circle: return element("circle", {{"cx", x}, {"cy", y}, {"r", diameter / 2}});
    case Marker::square: {
      const double half = 0.443 * diameter;  // of equal area: sqrt(pi) / 4
      return element("rect",
                     {{"x", x - half}, {"y", y - half}, {"width", 2 * half}, {"height", 2 * half}});
    }
    case Marker::triangle: {
      const double side = 1.35 * diameter, above = side / std::sqrt(3.0);
      SvgPath path;
      path.move(x, y - above).line(x + side / 2, y + above / 2).line(x - side / 2, y + above / 2);
      return element("path", {{"d", path.close().text()}});
    }
    case Marker::diamond: {
      const double half = 0.66 * diameter;
      SvgPath path;
      path.move(x, y - half).line(x + half, y).line(x, y + half).line(x - half, y);
      return element("path", {{"d", path.close().text()}});
    }
  }
}

bool Hatching::any() const {
  return hatch != Hatch::none && std::isfinite(1 / across) && std::isfinite(1 / down);
}

// All that it shows is in the name, so that pictures in one document may have the same ones.
std::string Hatching::id() const {
  constexpr std::array names{"none", "rising", "falling", "crossed"};
  std::string id =
      std::string("hatch-") + names[static_cast<std::size_t>(hatch)] + "-" + color.hex().substr(1);
  if (across != 1 || down != 1)
    id += "-" + kernels::decimals(across) + "-" + kernels::decimals(down);
  return id;
}

void Hatching::define(Svg& svg) const {
  constexpr double size = 7;  // of a tile
  SvgAttributes tile{
      {"id", id()}, {"patternUnits", "userSpaceOnUse"}, {"width", size}, {"height", size}};
  if (across != 1 || down != 1)
    tile.push_back({"patternTransform", "scale(" + kernels::decimals(1 / across) + " " +
                                            kernels::decimals(1 / down) + ")"});
  SvgPath path;  // with the ends of the lines of the tiles around it
  for (const double start : {-size, 0.0, size}) {
    if (hatch != Hatch::falling) path.move(start - 1, size + 1).line(start + size + 1, -1);
    if (hatch != Hatch::rising) path.move(start - 1, -1).line(start + size + 1, size + 1);
  }
  svg.open("pattern", tile);
  svg.element("path", {{"d", path.text()}, {"stroke", color}, {"stroke-width", 1.2}});
  svg.close();
}

}  // namespace xtape::report::detail
