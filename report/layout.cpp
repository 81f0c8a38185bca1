#include <algorithm>

#include <xtape/data/kernels/utf8.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/signs.hpp>

namespace xtape::report::detail {
namespace {

constexpr double bold = 1.16;  // so much wider are letters of titles

}  // namespace

std::string fitted(const std::string& text, double font_size, double width) {
  if (text_width(text, font_size) <= width) return text;
  std::string cut;
  const std::string dots = "…";
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = data::kernels::first_letter(rest).size;
    const std::string longer = cut + std::string(rest.substr(0, size));
    if (text_width(longer + dots, font_size) > width) break;
    cut = longer;
    rest.remove_prefix(size);
  }
  return cut + dots;
}

double draw_title(Svg& svg, const std::string& title, double width) {
  if (title.empty()) return edge;
  svg.text(width / 2, edge + title_font, fitted(title, title_font * bold, width - 2 * edge),
           {{"font-size", title_font}, {"font-weight", "bold"}, {"text-anchor", "middle"}});
  return edge + title_font + 12;
}

Picture titled(const std::string& title, const Picture& picture) {
  if (title.empty()) return picture;
  Svg svg;
  const double top = draw_title(svg, title, picture.width());
  svg.open("g", {{"transform", "translate(0 " + svg_number(top) + ")"}});
  svg.append(picture.elements()).close();
  return {picture.width(), top + picture.height(), svg.elements()};
}

std::string dashes(Dash dash, double width) {
  switch (dash) {
    case Dash::solid: return {};
    case Dash::dashed: return svg_number(3 * width) + " " + svg_number(2.5 * width);
    case Dash::dotted: return "0.1 " + svg_number(2 * width);
    case Dash::dash_dotted:
      return svg_number(3 * width) + " " + svg_number(2.5 * width) + " 0.1 " +
             svg_number(2.5 * width);
  }
  return {};
}

double draw_legend(Svg& svg, const std::vector<LegendEntry>& entries, double x, double y,
                   double width) {
  if (entries.empty()) return y;
  constexpr double sign = 22, gap = 7, between = 18, row = 20;
  double at = x;
  for (const LegendEntry& entry : entries) {
    const std::string label = fitted(entry.label, font, width - sign - gap);
    const double wide = sign + gap + text_width(label, font);
    if (at > x && at + wide > x + width) {
      at = x;
      y += row;
    }
    const double middle = y + row / 2;
    switch (entry.sign) {
      case LegendEntry::Sign::line: {
        SvgAttributes line{{"x1", at},     {"y1", middle},          {"x2", at + sign},
                           {"y2", middle}, {"stroke", entry.color}, {"stroke-width", 2}};
        if (entry.dash != Dash::solid)
          line.insert(line.end(),
                      {{"stroke-dasharray", dashes(entry.dash, 2)}, {"stroke-linecap", "round"}});
        svg.element("line", line);
        if (entry.marker)
          draw_marker(svg, *entry.marker, at + sign / 2, middle, 8, {{"fill", entry.color}});
        break;
      }
      case LegendEntry::Sign::point:
        draw_marker(svg, entry.marker.value_or(Marker::circle), at + sign - 5, middle, 8,
                    {{"fill", entry.color}});
        break;
      case LegendEntry::Sign::area: {
        const SvgAttributes area{
            {"x", at + sign - 14}, {"y", middle - 6}, {"width", 14}, {"height", 12}};
        const auto draw = [&](SvgAttributes look) {
          look.insert(look.begin(), area.begin(), area.end());
          svg.element("rect", look);
        };
        draw({{"fill", entry.color}, {"fill-opacity", 0.5}, {"stroke", entry.color}});
        const Hatching hatching{entry.hatch, entry.color};
        if (hatching.any()) draw({{"fill", hatching.fill()}});
        break;
      }
    }
    svg.text(at + sign + gap, middle + font * 0.35, label);
    at += wide + between;
  }
  return y + row + 6;
}

}  // namespace xtape::report::detail
