#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/report/axis.hpp>
#include <xtape/report/plot.hpp>

using namespace xtape;
using namespace xtape::report;
using report::detail::Axis, report::detail::Range, report::detail::Tick;

namespace {

Axis axis(Scale scale, double low, double high) { return {scale, {}, {low, high}, 0}; }

std::string labels(const std::vector<Tick>& ticks) {
  std::string text;
  for (const Tick& tick : ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
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

TEST_CASE("axis: what all ticks have stands at its end") {
  const auto of = [](double low, double high, double wanted = 5) {
    const Axis any = axis(Scale::linear, low, high);
    return labels(any.ticks(wanted)) + " " + any.offset_label();
  };
  CHECK(of(1700000000, 1700000003, 3) == "0 1 2 3 +1.7e9");
  CHECK(of(1e9, 1e9 + 2, 2) == "0 1 2 +1e9");
  CHECK(of(1699999998, 1700000003) == "-2 -1 0 1 2 3 +1.7e9");
  CHECK(of(1704067200, 1704067260, 6) == "200 210 220 230 240 250 260 +1.704067e9");
  CHECK(of(-1700000003, -1700000000, 3) == "-3 -2 -1 0 -1.7e9");
  CHECK(of(1, 1 + 2e-12, 2) == "0 1e-12 2e-12 +1");
  CHECK(of(0.25, 0.250002, 2) == "0 1e-6 2e-6 +0.25");
  CHECK(of(1.00000001, 1.00000001 + 1e-12, 3) == "0 5e-13 1e-12 +1.00000001");
  CHECK(of(1704067200, 1735689600, 3) == "1.71e9 1.72e9 1.73e9 ");  // four digits are no burden
  CHECK(of(123456, 123460, 2) == "123456 123458 123460 ");
  const Axis log = axis(Scale::log, 1e9, 1e9 + 3);
  CHECK(labels(log.ticks(3)) + " " + log.offset_label() == "0 1 2 3 +1e9");
  CHECK(axis(Scale::log, 1, 1e9).offset_label().empty());
}

TEST_CASE("axis: numbers that a double tells apart have places of their own") {
  for (const double start : {1.7e9, -1.7e9, 1.0, 3e-200, 5e200}) {
    for (const double relative : {1e-12, 2e-10, 1e-9}) {
      CAPTURE(start);
      CAPTURE(relative);
      Range range;
      const double end = start + std::abs(start) * relative, middle = start / 2 + end / 2;
      for (const double value : {start, middle, end}) range.add(value, Scale::linear);
      const Axis any(Scale::linear, range, {}, 0.05);
      CHECK(any.share(start) == doctest::Approx(0.5 / 11).epsilon(0.02));
      CHECK(any.share(end) == doctest::Approx(10.5 / 11).epsilon(0.02));
      CHECK(any.ticks(5).size() >= 2);
    }
  }
}

TEST_CASE("axis: what there is to show is within, with some space") {
  const auto of = [](const std::vector<double>& values, Scale scale) {
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
