#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <xtape/report/axis.hpp>
#include <xtape/report/bins.hpp>
#include <xtape/report/kernels/course.hpp>
#include <xtape/report/kernels/runs.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/plot_drawing.hpp>
#include <xtape/report/signs.hpp>
#include <xtape/report/svg.hpp>

namespace xtape::report::detail {
namespace {

using Kind = Mark::Kind;
constexpr Color grid_color{0xe4, 0xe4, 0xe4}, frame_color{0x88, 0x88, 0x88};

class Drawing {
 public:
  Drawing(const PlotOptions& options, const std::vector<Mark>& marks)
      : options_(options),
        marks_(marks),
        x_(x_axis()),
        bins_(all_bins(marks, options.x_scale)),
        y_(y_axis()) {}
  Picture picture();

 private:
  Axis x_axis() const;
  Axis y_axis() const;
  std::vector<LegendEntry> legend() const;
  std::vector<Tick> x_ticks() const;
  void draw_axes(const std::vector<Tick>& across, const std::vector<Tick>& up);
  void define_hatchings();
  void draw_labels();
  void draw_marks();
  void draw(const Mark& mark);
  void draw_bins(const Mark& mark, const Bins& bins);
  void draw_points(const Mark& mark);
  void draw_regions(const Mark& mark);
  void draw_band(const Mark& mark);
  void draw_course(const Mark& mark, const kernels::Course& course);
  void draw_markers(const Mark& mark, const std::vector<double>& x, const std::vector<double>& y);
  void draw_hatched(const Mark& mark, SvgAttributes area, const SvgAttributes& look);

  // Pixels of the area of the data, from its upper left. NaN where a number has no place.
  double across(double x) const { return near(x_.share(x) * width_); }
  double down(double y) const { return near((1 - y_.share(y)) * height_); }
  static Hatching hatching(const Mark& mark) {
    return {mark.hatch.value_or(Hatch::none), mark.color};
  }
  static double near(double pixel) {
    return std::isnan(pixel) ? pixel : std::clamp(pixel, -1e5, 1e5);
  }

  const PlotOptions& options_;
  const std::vector<Mark>& marks_;
  Axis x_;
  std::vector<Bins> bins_;
  Axis y_;
  Svg svg_;
  double left_ = 0, top_ = 0, width_ = 0, height_ = 0;
};

Limits within(Limits limits, const std::vector<double>& ends) {
  if (!limits.low) limits.low = ends[0];
  if (!limits.high) limits.high = ends[1];
  return limits;
}

Axis Drawing::x_axis() const {
  Range range;
  Limits limits = options_.x_limits;
  for (const Mark& mark : marks_) {
    if (mark.kind == Kind::regions) limits = within(limits, mark.x);
    const bool paired =
        mark.kind == Kind::line || mark.kind == Kind::points || mark.kind == Kind::band;
    for (std::size_t i = 0; i < mark.x.size(); ++i) {
      Range both;
      both.add(paired ? mark.y[i] : 1, paired ? options_.y_scale : Scale::linear);
      if (both.any) range.add(mark.x[i], options_.x_scale);
    }
    // Epochs and steps are counted; what lies at whole numbers otherwise might lie between them.
    if (mark.kind != Kind::line && mark.kind != Kind::band) range.whole = false;
  }
  return {options_.x_scale, range, limits, 0.03};
}

Axis Drawing::y_axis() const {
  Range range;
  Limits limits = options_.y_limits;
  bool others = false;
  for (const Mark& mark : marks_) {
    if (mark.kind == Kind::regions) limits = within(limits, mark.y);
    others =
        others || mark.kind == Kind::line || mark.kind == Kind::points || mark.kind == Kind::band;
    for (std::size_t i = 0; i < mark.y.size(); ++i) {
      Range both;
      both.add(mark.x.empty() ? 1 : mark.x[i], mark.x.empty() ? Scale::linear : options_.x_scale);
      if (both.any) range.add(mark.y[i], options_.y_scale);
    }
  }
  if (others) range.whole = false;
  const bool linear = options_.y_scale == Scale::linear;
  for (const Bins& bins : bins_) {
    for (const double height : bins.heights) range.add(height, options_.y_scale);
    if (!others && linear && !limits.low && limits.high.value_or(1) > 0) limits.low = 0;
  }
  if (linear && limits.low == 0.0 && !limits.high && range.greatest <= 0) limits.high = 1;
  return {options_.y_scale, range, limits, 0.05};
}

std::vector<LegendEntry> Drawing::legend() const {
  std::vector<LegendEntry> entries;
  for (const Mark& mark : marks_) {
    if (mark.label.empty()) continue;
    using Sign = LegendEntry::Sign;
    const bool area = mark.kind == Kind::histogram || mark.kind == Kind::band;
    const Sign sign = mark.kind == Kind::points ? Sign::point : area ? Sign::area : Sign::line;
    entries.push_back({mark.label, mark.color, mark.dash, sign, mark.marker, hatching(mark).hatch});
  }
  return entries;
}

/// As many as have space for their labels.
std::vector<Tick> Drawing::x_ticks() const {
  for (double wanted = std::max(width_ / 65, 2.0);; --wanted) {
    std::vector<Tick> ticks = x_.ticks(wanted);
    const auto meet = [this](const Tick& a, const Tick& b) {
      const double both = text_width(a.label, small_font) + text_width(b.label, small_font);
      return (b.share - a.share) * width_ < both / 2 + 12;
    };
    if (wanted <= 2 || std::adjacent_find(ticks.begin(), ticks.end(), meet) == ticks.end())
      return ticks;
  }
}

void Drawing::define_hatchings() {
  std::set<std::string> known;
  for (const Mark& mark : marks_) {
    const Hatching lines = hatching(mark);
    if (lines.any() && known.insert(lines.fill()).second) lines.define(svg_);
  }
}

Picture Drawing::picture() {
  const double width = options_.size.width, height = options_.size.height;
  define_hatchings();
  top_ = draw_title(svg_, options_.title, width);
  const bool below = !options_.x_label.empty() || !x_.offset_label().empty();
  const double bottom = edge + 20 + (below ? 22 : 0);
  const auto up = [this](double pixels) { return y_.ticks(std::max(pixels / 45, 2.0)); };
  double labels = 0;
  for (const Tick& tick : up(height - top_ - bottom))
    labels = std::max(labels, text_width(tick.label, small_font));
  left_ = edge + (options_.y_label.empty() ? 0 : 22) + std::min(labels, width / 3) + 8;
  width_ = width - left_ - 2 * edge;
  top_ = draw_legend(svg_, legend(), left_, top_, width_);
  if (!y_.offset_label().empty()) top_ += small_font;
  height_ = std::max(height - top_ - bottom, 0.45 * height);
  const double needed = top_ + height_ + bottom;  // more than asked for, with a long legend

  draw_axes(x_ticks(), up(height_));
  draw_labels();
  svg_.open("svg", {{"x", left_}, {"y", top_}, {"width", width_}, {"height", height_}});
  draw_marks();
  svg_.close();
  svg_.element("rect", {{"x", left_},
                        {"y", top_},
                        {"width", width_},
                        {"height", height_},
                        {"fill", "none"},
                        {"stroke", frame_color}});
  return {width, needed, svg_.elements()};
}

void Drawing::draw_axes(const std::vector<Tick>& across, const std::vector<Tick>& up) {
  const double below = top_ + height_;
  svg_.open("g", {{"font-size", small_font}, {"stroke-width", 1}});
  for (const Tick& tick : across) {
    const double x = left_ + tick.share * width_;
    svg_.element("line",
                 {{"x1", x}, {"y1", top_}, {"x2", x}, {"y2", below + 4}, {"stroke", grid_color}});
    svg_.text(x, below + 18, tick.label, {{"text-anchor", "middle"}});
  }
  for (const Tick& tick : up) {
    const double y = top_ + (1 - tick.share) * height_;
    svg_.element(
        "line",
        {{"x1", left_ - 4}, {"y1", y}, {"x2", left_ + width_}, {"y2", y}, {"stroke", grid_color}});
    svg_.text(left_ - 8, y + small_font * 0.35, tick.label, {{"text-anchor", "end"}});
  }
  if (!y_.offset_label().empty()) svg_.text(left_, top_ - 6, y_.offset_label());
  if (!x_.offset_label().empty())
    svg_.text(left_ + width_, below + 40, x_.offset_label(), {{"text-anchor", "end"}});
  svg_.close();
}

void Drawing::draw_labels() {
  if (!options_.x_label.empty()) {
    const double beside = text_width(x_.offset_label(), small_font);
    svg_.text(left_ + width_ / 2, top_ + height_ + 40,
              fitted(options_.x_label, font, width_ - (beside > 0 ? 2 * (beside + 8) : 0)),
              {{"text-anchor", "middle"}});
  }
  if (options_.y_label.empty()) return;
  const double x = edge + font * 0.7, y = top_ + height_ / 2;
  svg_.text(x, y, fitted(options_.y_label, font, height_),
            {{"text-anchor", "middle"},
             {"transform", "rotate(-90 " + svg_number(x) + " " + svg_number(y) + ")"}});
}

void Drawing::draw_marks() {
  const std::size_t before = svg_.elements().size();
  std::size_t histogram = 0;
  for (const Mark& mark : marks_) {
    if (mark.kind == Kind::histogram) {
      draw_bins(mark, bins_[histogram++]);
    } else {
      draw(mark);
    }
  }
  if (svg_.elements().size() == before) {
    svg_.text(width_ / 2, height_ / 2, "no data", {{"text-anchor", "middle"}, {"fill", "#777"}});
  }
}

void Drawing::draw_course(const Mark& mark, const kernels::Course& course) {
  SvgAttributes path{{"fill", "none"},
                     {"stroke", mark.color},
                     {"stroke-linecap", "round"},
                     {"stroke-linejoin", "round"}};
  const auto draw = [&](const std::string& outline, SvgAttributes more) {
    more.insert(more.begin(), {"d", outline});
    more.insert(more.end(), path.begin(), path.end());
    if (!outline.empty()) svg_.element("path", more);
  };
  draw(course.dots, {{"stroke-width", 2.5 * mark.size}});
  if (mark.dash != Dash::solid) path.push_back({"stroke-dasharray", dashes(mark.dash, mark.size)});
  draw(course.line, {{"stroke-width", mark.size}});
}

void Drawing::draw(const Mark& mark) {
  switch (mark.kind) {
    case Kind::points: return draw_points(mark);
    case Kind::regions: return draw_regions(mark);
    case Kind::band: return draw_band(mark);
    case Kind::vertical: {
      const double x = across(mark.x[0]);
      return draw_course(mark, kernels::course({x, x}, {0, height_}));
    }
    case Kind::horizontal: {
      const double y = down(mark.y[0]);
      return draw_course(mark, kernels::course({0, width_}, {y, y}));
    }
    default: break;
  }
  std::vector<double> x, y;
  for (std::size_t i = 0; i < mark.x.size(); ++i) {
    x.push_back(across(mark.x[i]));
    y.push_back(down(mark.y[i]));
  }
  draw_course(mark, kernels::course(x, y));
  if (mark.marker) draw_markers(mark, x, y);
}

/// About ten along a line.
void Drawing::draw_markers(const Mark& mark, const std::vector<double>& x,
                           const std::vector<double>& y) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isnan(x[i]) && !std::isnan(y[i])) shown.push_back(i);
  if (shown.empty()) return;
  const std::size_t every = shown.size() / 10 + 1;
  svg_.open("g", {{"fill", mark.color}});
  for (std::size_t i = (shown.size() - 1) % every / 2; i < shown.size(); i += every)
    draw_marker(svg_, *mark.marker, x[shown[i]], y[shown[i]], 4 * mark.size);
  svg_.close();
}

void Drawing::draw_hatched(const Mark& mark, SvgAttributes area, const SvgAttributes& look) {
  const Hatching lines = hatching(mark);
  SvgAttributes hatched = area;
  area.insert(area.end(), look.begin(), look.end());
  svg_.element("path", area);
  if (!lines.any()) return;
  hatched.push_back({"fill", lines.fill()});
  svg_.element("path", hatched);
}

void Drawing::draw_bins(const Mark& mark, const Bins& bins) {
  const auto bottom = [&](double height) {
    const double y = down(height);
    return std::isnan(y) ? height_ + 2 : y;  // nothing, on a logarithmic scale
  };
  if (std::all_of(bins.heights.begin(), bins.heights.end(), [](double h) { return h == 0; }))
    return;
  SvgPath outline;
  outline.move(across(bins.edges[0]), bottom(0));
  for (std::size_t i = 0; i < bins.heights.size(); ++i) {
    outline.line(across(bins.edges[i]), bottom(bins.heights[i]));
    outline.line(across(bins.edges[i + 1]), bottom(bins.heights[i]));
  }
  outline.line(across(bins.edges.back()), bottom(0)).close();
  draw_hatched(mark, {{"d", outline.text()}},
               {{"fill", mark.color},
                {"fill-opacity", 0.35},
                {"stroke", mark.color},
                {"stroke-width", 1.5}});
}

void Drawing::draw_points(const Mark& mark) {
  Svg points;
  for (std::size_t i = 0; i < mark.x.size(); ++i) {
    const double x = across(mark.x[i]), y = down(mark.y[i]);
    if (std::isnan(x) || std::isnan(y)) continue;
    draw_marker(points, mark.marker.value_or(Marker::circle), x, y, mark.size);
  }
  if (points.elements().empty()) return;
  svg_.open("g", {{"fill", mark.color}, {"stroke", "white"}, {"stroke-width", 0.8}});
  svg_.append(points.elements()).close();
}

void Drawing::draw_band(const Mark& mark) {
  const std::size_t count = mark.x.size() / 2;
  const auto x = [&](std::size_t i) { return across(mark.x[i]); };
  const auto low = [&](std::size_t i) {
    const double y = down(mark.y[i]);
    return std::isnan(y) && std::isfinite(mark.y[i]) ? height_ + 2 : y;
  };
  const auto high = [&](std::size_t i) { return down(mark.y[2 * count - 1 - i]); };
  const auto gap = [&](std::size_t i) {
    return std::isnan(x(i)) || std::isnan(low(i)) || std::isnan(high(i));
  };
  SvgPath outline;  // a closed part between gaps
  for (std::size_t i = 0; i < count;) {
    std::size_t end = i;
    while (end < count && !gap(end)) ++end;
    if (end > i + 1) {
      outline.move(x(i), low(i));
      for (std::size_t k = i + 1; k < end; ++k) outline.line(x(k), low(k));
      for (std::size_t k = end; k > i; --k) outline.line(x(k - 1), high(k - 1));
      outline.close();
    }
    i = end + 1;
  }
  if (outline.empty()) return;
  draw_hatched(mark, {{"d", outline.text()}}, {{"fill", mark.color}, {"fill-opacity", 0.2}});
}

void Drawing::draw_regions(const Mark& mark) {
  const auto rows = static_cast<std::int64_t>(mark.classes.size()) / mark.columns;
  const double left = across(mark.x[0]), bottom = down(mark.y[0]);
  const double wide = (across(mark.x[1]) - left) / static_cast<double>(mark.columns);
  const double high = (down(mark.y[1]) - bottom) / static_cast<double>(rows);
  const std::string place = "matrix(" + kernels::decimals(wide) + " 0 0 " +
                            kernels::decimals(high) + " " + svg_number(left) + " " +
                            svg_number(bottom) + ")";
  svg_.open("g", {{"transform", place}, {"shape-rendering", "crispEdges"}});
  for (const auto& [kind, outline] : kernels::runs(mark.classes, mark.columns)) {
    const auto number = static_cast<std::size_t>(kind);
    const auto light = [&](double share) { return mixed(palette(number), {255, 255, 255}, share); };
    svg_.element("path", {{"d", outline}, {"fill", light(0.65)}});
    const Hatching lines{hatch_of(number), light(0.35), wide, high};
    if (!lines.any()) continue;
    lines.define(svg_);
    svg_.element("path", {{"d", outline}, {"fill", lines.fill()}});
  }
  svg_.close();
}

}  // namespace

Picture drawn(const PlotOptions& options, const std::vector<Mark>& marks) {
  return Drawing(options, marks).picture();
}

}  // namespace xtape::report::detail
