#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/report/axis.hpp>
#include <xtape/report/kernels/course.hpp>
#include <xtape/report/kernels/runs.hpp>
#include <xtape/report/layout.hpp>
#include <xtape/report/plot.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"

using namespace xtape;
using namespace xtape::report;
using report::detail::Axis, report::detail::Range, report::detail::Tick;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Axis axis(Scale scale, double low, double high) { return {scale, {}, {low, high}, 0}; }

std::string labels(const std::vector<Tick>& ticks) {
  std::string text;
  for (const Tick& tick : ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

}  // namespace

TEST_CASE("axis: ticks are 1, 2 and 5 times powers of ten") {
  const auto linear = [](double low, double high, double wanted) {
    return labels(axis(Scale::linear, low, high).ticks(wanted));
  };
  CHECK(linear(0, 10, 5) == "0 2 4 6 8 10");
  CHECK(linear(0, 1, 5) == "0 0.2 0.4 0.6 0.8 1.0");
  CHECK(linear(-0.07, 0.11, 4) == "-0.05 0 0.05 0.10");
  CHECK(linear(0, 10000, 4) == "0 5000 10000");
  CHECK(linear(0, 3e6, 3) == "0 1e6 2e6 3e6");
  CHECK(linear(0, 2.5e-7, 5) == "0 5e-8 1e-7 1.5e-7 2e-7 2.5e-7");
  CHECK(linear(1000.1, 1000.4, 3) == "1000.1 1000.2 1000.3 1000.4");
  CHECK(linear(-2, 42, 2) == "0 20 40");  // 50 would leave one
  CHECK(linear(-1e308, 1e308, 2) == "-1e308 0 1e308");
}

TEST_CASE("axis: logarithmic ticks are decades, with 2 and 5 where there is space") {
  const auto log = [](double low, double high, double wanted) {
    return labels(axis(Scale::log, low, high).ticks(wanted));
  };
  CHECK(log(1e-3, 1, 5) == "0.001 0.01 0.1 1");
  CHECK(log(0.1, 10, 9) == "0.1 0.2 0.5 1 2 5 10");
  CHECK(log(1e-12, 1e8, 5) == "1e-10 1e-5 1 100000");
  CHECK(log(3, 4, 5) == "3.0 3.2 3.4 3.6 3.8 4.0");  // within a decade: as on a linear one
  CHECK(axis(Scale::log, 1, 100).share(10) == doctest::Approx(0.5));
  CHECK(std::isnan(axis(Scale::log, 1, 100).share(0)));
  CHECK(std::isnan(axis(Scale::log, 1, 100).share(-3)));
}

TEST_CASE("axis: what there is to show is within, with some space") {
  const auto of = [](std::vector<double> values, Scale scale) {
    Range range;
    for (const double v : values) range.add(v, scale);
    return Axis(scale, range, {}, 0.05);
  };
  const Axis usual = of({1, 3, NAN, INFINITY}, Scale::linear);
  CHECK(usual.low() == doctest::Approx(0.9));
  CHECK(usual.high() == doctest::Approx(3.1));
  const Axis log = of({1, 100, 0, -5}, Scale::log);
  CHECK(log.low() == doctest::Approx(std::pow(10, -0.1)));
  CHECK(log.high() == doctest::Approx(std::pow(10, 2.1)));
  const double most = std::numeric_limits<double>::max(),
               tiny = std::numeric_limits<double>::denorm_min();
  for (const Scale scale : {Scale::linear, Scale::log}) {
    for (const auto& values : std::vector<std::vector<double>>{{},
                                                               {0},
                                                               {5},
                                                               {5, 5},
                                                               {-5, -5},
                                                               {tiny},
                                                               {0, tiny},
                                                               {tiny, most},
                                                               {most},
                                                               {-most, most},
                                                               {1, 1 + 1e-15},
                                                               {1e-310, 1e-309}}) {
      CAPTURE(values.size());
      const Axis any = of(values, scale);
      CHECK(std::isfinite(any.low()));
      CHECK(std::isfinite(any.high()));
      CHECK(any.low() < any.high());
      const auto ticks = any.ticks(6);
      CHECK(ticks.size() <= 12);
      for (const Tick& tick : ticks) CHECK(std::abs(tick.share - 0.5) <= 0.5 + 1e-6);
      for (const double v : values)
        if (scale == Scale::linear || v > 0) CHECK(std::abs(any.share(v) - 0.5) <= 0.5 + 1e-9);
    }
  }
}

TEST_CASE("axis: integers have no ticks between them") {
  Range epochs;
  for (const double v : {1., 2., 3.}) epochs.add(v, Scale::linear);
  CHECK(labels(Axis(Scale::linear, epochs, {}, 0.03).ticks(10)) == "1 2 3");
}

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
