#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/report/kernels/course.hpp>
#include <xtape/report/kernels/runs.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/plot.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"

using namespace xtape;
using namespace xtape::report;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

/// The lines of a plot in which something is drawn so many times.
template <class Draw>
std::vector<std::string> drawn(const Draw& draw, int times) {
  Plot plot({.size = {400, 300}});
  for (int i = 0; i < times; ++i) draw(plot);
  std::istringstream text(plot.svg());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string attribute(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(" " + name + "=\"");
  if (at == line.npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return line.substr(begin, line.find('"', begin) - begin);
}

/// Of an element: its kind, and how many corners a path has.
std::string form(const std::string& line) {
  return line.substr(0, line.find(' ')) + std::to_string(count(attribute(line, "d"), "L"));
}

}  // namespace

TEST_CASE("course: a line through points, with gaps and single points") {
  using kernels::course;
  const auto plain = course({0, 1, 2}, {5, 6, 7});
  CHECK(plain.line == "M0 5L1 6L2 7");
  CHECK(plain.dots.empty());
  const auto gaps = course({0, 1, 2, 3, 4, 5, 6}, {0, 1, NAN, 3, NAN, 5, 6});
  CHECK(gaps.line == "M0 0L1 1M5 5L6 6");
  CHECK(gaps.dots == "M3 3L3 3");
  CHECK(course({}, {}).line.empty());
  CHECK(course({NAN}, {1}).line.empty());
}

TEST_CASE("course: of very many points no extreme is lost") {
  std::vector<double> x, y;
  for (int i = 0; i < 100000; ++i) {
    x.push_back(i / 200.0);
    y.push_back(i % 7);
  }
  y[51234] = -900;
  y[61234] = 900;
  const auto thinned = kernels::course(x, y);
  CHECK(thinned.line.size() < 30000);
  CHECK(thinned.line.find(" -900") != std::string::npos);
  CHECK(thinned.line.find(" 900") != std::string::npos);
  CHECK(thinned.line.starts_with("M0 0L"));
  CHECK(thinned.line.ends_with("L" + svg_number(x.back()) + " " + svg_number(y.back())));
}

TEST_CASE("counts: each value is in one bin, the last has its upper edge") {
  using kernels::counts;
  CHECK(counts({0, 0.5, 1, 1.5, 2, NAN, -1, 3, INFINITY}, 0, 2, 2) == std::vector<double>{2, 3});
  CHECK(counts({}, 0, 1, 3) == std::vector<double>{0, 0, 0});
}

TEST_CASE("runs: cells of one number are outlined together") {
  const auto outlines = kernels::runs({0, 0, 1, 1, -1, 0}, 3);
  REQUIRE(outlines.size() == 2);
  CHECK(outlines[0] == std::pair<std::int64_t, std::string>{0, "M0 0h2v1h-2zM2 1h1v1h-1z"});
  CHECK(outlines[1] == std::pair<std::int64_t, std::string>{1, "M2 0h1v1h-1zM0 1h1v1h-1z"});
}

TEST_CASE("fitted: what is too long is cut between letters") {
  using report::detail::fitted;
  CHECK(fitted("short", 10, 100) == "short");
  const std::string cut = fitted("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", 10, 30);
  CHECK(cut.ends_with("\u00e4\u2026"));
  CHECK(text_width(cut, 10) <= 30);
  CHECK(fitted("anything", 10, 0) == "\u2026");
}

TEST_CASE("plot: lines with a legend, gaps, two scales") {
  std::vector<double> training, validation;
  for (int i = 0; i < 20; ++i) {
    training.push_back(std::ldexp(1.0, -i));
    validation.push_back(0.25 + std::ldexp(0.75, -i));
  }
  training[5] = NAN;
  training[7] = 0;  // 6 is alone
  validation[12] = INFINITY;
  Plot plot(
      {.title = "Loss <&>", .x_label = "epoch", .y_label = "cross-entropy", .y_scale = Scale::log});
  plot.line(training, {.label = "training"})
      .line(validation, {.label = "validation", .dash = Dash::dashed});
  plot.vertical(9, {.label = "best epoch", .dash = Dash::dotted}).horizontal(0.5);
  golden::check("lines", plot);
  CHECK(plot.svg() == plot.picture().svg());
}

TEST_CASE("plot: a long legend makes the picture higher, not the plot low") {
  Plot plot({.title = "Legend", .x_label = "x", .y_label = "y", .size = {360, 200}});
  for (int i = 0; i < 20; ++i)
    plot.line({1.0 * i, 2.0 * i, 40.0}, {.label = "line of number " + std::to_string(i)});
  CHECK(plot.picture().height() > 300);
  golden::check("legend", plot);
}

TEST_CASE("plot: points") {
  Plot plot({.title = "Points", .x_label = "x", .y_label = "y", .size = {400, 300}});
  plot.scatter({1.0, 2.0, not_a_number, 4.0}, {1, 4, 9, 16}, {.label = "squares"});
  plot.scatter(tensor({1.5, 2.5}), tensor({3.0, INFINITY}), {.label = "others", .diameter = 9});
  golden::check("points", plot);
  CHECK(count(plot.svg(), "<circle") == 4 + 2);  // and two in the legend
}

TEST_CASE("plot: seconds of these years, and what they add to") {
  Plot plot({.title = "Times", .x_label = "time", .y_label = "counter", .size = {420, 300}});
  plot.line({1700000000.0, 1700000001.0, 1700000002.0, 1700000003.0},
            {1e9, 1e9 + 1, 1e9 + 2, 1e9 + 1});
  golden::check("times", plot);
  CHECK(count(plot.svg(), ">+1.7e9<") == 1);
  CHECK(count(plot.svg(), ">+1e9<") == 1);
  const Plot bins = Plot().histogram({1.7e9, 1.7e9 + 1e-3, 1.7e9 + 3e-3}, {.bins = 3});
  CHECK(count(bins.svg(), ">+1.7e9<") == 1);
}

TEST_CASE("plot: where colours begin again, shapes, dashes and hatchings tell marks apart") {
  constexpr int many = 32;
  const std::vector<std::string> dots = drawn([](Plot& plot) { plot.scatter({1}, {2}); }, many);
  std::set<std::string> looks;
  for (std::size_t i = 0; i + 1 < dots.size(); ++i) {
    if (dots[i].starts_with("<g fill=\"#") && !dots[i + 1].starts_with("<text"))
      looks.insert(attribute(dots[i], "fill") + form(dots[i + 1]));
  }
  CHECK(looks.size() == many);

  looks.clear();
  for (const std::string& line : drawn([](Plot& plot) { plot.line({1, 2}); }, many))
    if (line.starts_with("<path"))
      looks.insert(attribute(line, "stroke") + " " + attribute(line, "stroke-dasharray"));
  CHECK(looks.size() == many);

  looks.clear();  // of lines that are dashed already
  std::string color;
  for (const std::string& line : drawn(
           [](Plot& plot) {
             plot.line({1, 2}, {.dash = Dash::dashed});
           },
           many)) {
    if (line.starts_with("<path") && line.find("dasharray") != line.npos) {
      color = attribute(line, "stroke");
      looks.insert(color);
    } else if (!line.starts_with("<g") && !color.empty()) {
      looks.insert(color + form(line));
    }
  }
  CHECK(looks.size() >= many);

  const auto hatchings = [](const auto& draw, int times) {
    std::set<std::string> ids;
    for (const std::string& line : drawn(draw, times))
      if (line.starts_with("<pattern")) ids.insert(attribute(line, "id"));
    return ids.size();
  };
  CHECK(hatchings([](Plot& plot) { plot.histogram({1, 2}); }, many) == many - 8);
  CHECK(hatchings([](Plot& plot) { plot.histogram({1, 2}); }, 8) == 0);
  CHECK(hatchings([](Plot& plot) { plot.band({1, 2}, {1, 2}, {2, 3}); }, many) == many - 8);
  const Tensor classes = reshape(arange(many), {4, 8});
  CHECK(hatchings([&](Plot& plot) { plot.regions(classes, 0, 1, 0, 1); }, 1) == many - 8);
}

TEST_CASE("plot: points, lines and areas behind the eighth") {
  Plot marks({.title = "Marks", .size = {420, 340}});
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i);
    const double x = i, up = i % 4;
    marks.scatter({x, x + 0.5}, {up, up + 1}, {.label = "points " + name, .diameter = 8});
  }
  for (int i = 0; i < 3; ++i)
    marks.line({0, 4, 8, 11}, {6.0 + i, 7.0 + i, 5.0 + i, 6.0 + i},
               {.label = "marked " + std::to_string(i),
                .color = palette(0),
                .marker = static_cast<Marker>(i + 1)});
  golden::check("signs", marks);

  Plot areas({.title = "Areas", .size = {420, 300}});
  areas.histogram({1, 2, 2, 3}, {.label = "rising", .bins = 5, .hatch = Hatch::rising});
  areas.histogram({2, 3, 3, 3}, {.label = "falling", .bins = 5, .hatch = Hatch::falling});
  areas.band({1, 2, 3}, {3.2, 3.4, 3.2}, {3.8, 3.9, 3.6},
             {.label = "crossed", .hatch = Hatch::crossed});
  golden::check("hatchings", areas);
}

TEST_CASE("plot: histograms over each other share their bins") {
  Plot plot({.title = "Weights", .x_label = "value", .y_label = "count", .size = {400, 300}});
  plot.histogram(tensor({{0.0, 0.1}, {0.1, 1.0}}), {.label = "a", .bins = 10});
  plot.histogram({-1.0, 0.5, not_a_number, 0.5}, {.label = "b", .bins = 10});
  golden::check("histograms", plot);
}

TEST_CASE("plot: the area of a density is one") {
  const auto heights = [](Scale scale) {
    Plot plot({.x_scale = scale, .y_limits = {0, 1}, .size = {400, 300}});
    plot.histogram({1, 2, 2, 3}, {.bins = 1, .density = true});
    return plot.svg();
  };
  // One bin from 1 to 3, 0.5 high: half of the area.
  const std::string svg = heights(Scale::linear);
  const std::string height = svg.substr(svg.find("height=\"", svg.find("<svg", 1)) + 8);
  const double area = std::stod(height);
  CHECK(svg.find(" " + svg_number(area / 2) + "L") != std::string::npos);
  CHECK(golden::well_formed(heights(Scale::log)));
}

TEST_CASE("plot: regions fill the area") {
  Plot plot({.size = {300, 250}});
  plot.regions(tensor({{0, 0, 1}, {2, -1, 1}}), -1, 1, 0, 4);
  golden::check("regions", plot);
}

TEST_CASE("plot: where there is nothing to show it says so") {
  const auto empty = [](const Plot& plot) { return count(plot.svg(), ">no data<") == 1; };
  CHECK(empty(Plot()));
  CHECK(empty(Plot().line(std::vector<double>{})));
  CHECK(empty(Plot().line({NAN, INFINITY})));
  CHECK(empty(Plot({.y_scale = Scale::log}).line({0, -1})));
  CHECK(empty(Plot().scatter(zeros({0}), zeros({0}))));
  CHECK(empty(Plot().histogram(std::vector<double>{})));
  CHECK(empty(Plot().histogram({NAN})));
  CHECK(empty(Plot({.x_scale = Scale::log}).histogram({-1, 0})));
  CHECK(!empty(Plot().line({1})));
  golden::check("no_data", Plot({.title = "Nothing", .size = {300, 200}}));
}

TEST_CASE("plot: one point, equal ones, extremes") {
  const double most = std::numeric_limits<double>::max();
  for (const std::vector<double>& y : std::vector<std::vector<double>>{
           {3}, {3, 3, 3}, {0, 0}, {-most, most}, {1e-310, 2e-310}, {most}}) {
    for (const Scale scale : {Scale::linear, Scale::log}) {
      CHECK(golden::well_formed(Plot({.y_scale = scale}).line(y).svg()));
      CHECK(golden::well_formed(Plot({.x_scale = scale}).histogram(y).svg()));
      CHECK(golden::well_formed(Plot({.x_scale = scale, .y_scale = scale}).scatter(y, y).svg()));
    }
  }
  const std::string clipped = Plot({.y_limits = {0, 1}}).line({-1e300, 0.5, 1e300}).svg();
  CHECK(clipped.size() < 10000);
  golden::check("one_point", Plot({.size = {300, 200}}).line({3}));
}

TEST_CASE("plot: values of recorded tensors and of vectors of any kind") {
  const Tensor w = tensor({1.0, 4.0}).set_requires_grad(true);
  const std::string expected = Plot().line({1, 4}).svg();
  CHECK(Plot().line(w).svg() == expected);
  CHECK(Plot().line(w * 1).svg() == expected);
  CHECK(Plot().line(tensor({1, 4})).svg() == expected);
  CHECK(Plot().line(std::vector<float>{1, 4}).svg() == expected);
  CHECK(Plot().line(std::vector<std::int64_t>{1, 4}).svg() == expected);
  CHECK(Plot().line({0, 1}, {1, 4}).svg() == expected);
  const nn::Dense layer(2, 1);  // registered tensors
  CHECK(Plot().histogram(layer.weight).svg() ==
        Plot().histogram(layer.weight.to_vector<float>()).svg());
}

TEST_CASE("plot: what is wrong is told") {
  CHECK(
      error_of<ShapeError>([] {
        return Plot().line({1, 2}, {1}).svg();
      }) ==
      "line: x and y must be lists of one length; got a list of 2 numbers and a list of 1 number");
  CHECK(error_of<ShapeError>([] {
          return Plot().scatter({1}, zeros({1, 1})).svg();
        }) ==
        "scatter: x and y must be lists of one length; got a list of 1 number and float32[1, 1]");
  CHECK(error_of<ValueError>([] {
          return Plot({.x_limits = {2, 2}}).svg();
        }) == "plot: the lower limit of x must lie below the upper one; got 2 and 2");
  CHECK(error_of<ValueError>([] { return Plot({.y_limits = {.low = NAN}}).svg(); }) ==
        "plot: the lower limit of y must be finite; got nan");
  CHECK(error_of<ValueError>([] {
          return Plot({.y_scale = Scale::log, .y_limits = {.high = 0}}).svg();
        }) == "plot: the upper limit of y must be finite and above 0; got 0");
  CHECK(error_of<ValueError>([] {
          return Plot({.size = {100, 300}}).svg();
        }) == "plot: the width must lie in [200, 10000]; got 100");
  CHECK(error_of<ValueError>([] {
          return Plot({.size = {300, 100}}).svg();
        }) == "plot: the height must lie in [150, 10000]; got 100");
  CHECK(error_of<DtypeError>([] {
          return Plot().regions(zeros({2, 2}), 0, 1, 0, 1).svg();
        }) == "regions: classes must be int64; got float32[2, 2]");
  CHECK(error_of<ShapeError>([] { return Plot().regions(tensor({1}), 0, 1, 0, 1).svg(); }) ==
        "regions: classes must be [rows, columns]; got int64[1]");
}
