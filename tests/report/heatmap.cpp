#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/report/heatmap.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"

using namespace xtape;

namespace {

bool shows(const std::string& svg, const std::string& text) {
  return svg.find(">" + text + "<") != std::string::npos;
}

}  // namespace

TEST_CASE("confusion: counts, coloured by the shares of their rows") {
  const Tensor counts = tensor({{50, 2, 0}, {10, 30, 0}, {0, 0, 0}});
  golden::check("confusion", report::confusion(
                                 counts, {.title = "Confusion", .names = {"cat", "dog", "heron"}}));
  const std::string svg = report::confusion(counts).svg();
  CHECK(shows(svg, "50"));
  CHECK(svg.find(report::color_of(report::Colormap::blues, 0.75).hex()) != std::string::npos);
  CHECK(!shows(report::confusion(eye(60, Dtype::int64)).svg(), "predicted "));
  CHECK(error_of<ShapeError>([] {
          return report::confusion(tensor({{1, 2}}));
        }) == "confusion: counts must be [classes, classes]; got int64[1, 2]");
  CHECK(error_of<DtypeError>([] { return report::confusion(eye(2)); }) ==
        "confusion: counts must be int64; got float32[2, 2]");
  CHECK(error_of<ValueError>([] { return report::confusion(tensor({{-1}})); }) ==
        "confusion: a count is negative: -1");
  CHECK(error_of<ShapeError>([&] { return report::confusion(counts, {.names = {"a"}}); }) ==
        "confusion: there must be a name for each of the classes; got 1 names for int64[3, 3]");
}

TEST_CASE("heatmap: colours, a bar, gaps") {
  const Tensor x = tensor({{0.0, 1.0, NAN}, {-2.0, INFINITY, 0.5}});
  golden::check("heatmap", report::heatmap(x, {.title = "Numbers",
                                               .x_label = "column",
                                               .y_label = "row",
                                               .map = report::Colormap::diverging}));
  const std::string svg = report::heatmap(x).svg();
  using report::color_of, report::Colormap;
  CHECK(svg.find("fill=\"" + color_of(Colormap::viridis, 0).hex()) != std::string::npos);
  CHECK(svg.find("fill=\"" + color_of(Colormap::viridis, 2.0 / 3).hex()) != std::string::npos);
  for (const Tensor& plain : {zeros({1, 1}), full({2, 2}, NAN), full({3, 1}, 7), ones({60, 60})})
    CHECK(golden::well_formed(report::heatmap(plain).svg()));
  CHECK(error_of<ValueError>([] {
          return report::heatmap(tensor({{1e308, -1e308}}, Dtype::float64));
        }) == "heatmap: high - low must be finite; got -1e+308 and 1e+308");
  CHECK(error_of<ShapeError>([] { return report::heatmap(zeros({3})); }) ==
        "heatmap: the matrix must be [rows, columns]; got float32[3]");
  CHECK(error_of<ShapeError>([] {
          return report::heatmap(zeros({0, 3}));
        }) == "heatmap: the matrix must be [rows, columns]; got float32[0, 3]");
}

TEST_CASE("heatmap: few rows or columns beside many") {
  std::vector<double> wave(120);
  for (std::size_t i = 0; i < wave.size(); ++i) wave[i] = std::sin(0.1 * static_cast<double>(i));
  const Tensor rows = reshape(from_vector(wave), {2, 60});
  const std::string wide = report::heatmap(rows, {.row_names = {"first", "second"}}).svg();
  CHECK(shows(wide, "first"));
  CHECK(shows(wide, "second"));
  const std::string high =
      report::heatmap(transpose(rows), {.column_names = {"first", "second"}}).svg();
  CHECK(shows(high, "first"));
  CHECK(shows(high, "second"));
  CHECK(report::heatmap(zeros({28, 28})).width() ==
        report::heatmap(zeros({28, 28}), {.cell = 0}).width());
}

TEST_CASE("attention maps: of one query, with a bar and names that can be read") {
  const auto picture = report::attention_maps(
      tensor({{0.1, 0.2, 0.05, 0.65}}),
      {.title = "One query", .queries = {"it"}, .keys = {"the", "animal", "was", "tired"}});
  golden::check("attention_of_one", picture);
  CHECK(shows(picture.svg(), "query"));
  CHECK(shows(picture.svg(), "it"));
  const std::string many = report::attention_maps(full({1, 30}, 0.75)).svg();
  const auto place = [&](const std::string& label) {  // of a label of the bar, the last ones
    const std::size_t end = many.rfind(">" + label + "<");
    REQUIRE(end != std::string::npos);
    return std::stod(many.substr(many.rfind(" y=\"", end) + 4));
  };
  CHECK(place("0") - place("0.5") >= 15);
  CHECK(shows(many, "query"));
  CHECK(!shows(many, "1.0"));  // the bar ends with the greatest weight
}

TEST_CASE("heatmap: a bar of large numbers that are near to each other") {
  const auto picture = report::heatmap(tensor({{1.7e9, 1.7e9 + 4}}, Dtype::float64));
  CHECK(shows(picture.svg(), "+1.7e9"));
  CHECK(shows(picture.svg(), "2"));
}

TEST_CASE("attention maps: a map a head, all on one scale") {
  const Tensor weights = tensor({{{1.0, 0.0}, {0.5, 0.5}}, {{0.25, 0.75}, {0.0, 1.0}}});
  golden::check("attention",
                report::attention_maps(weights, {.queries = {"to", "be"}, .keys = {"or", "not"}}));
  CHECK(golden::well_formed(report::attention_maps(weights[0]).svg()));
  CHECK(error_of<ShapeError>([] {
          return report::attention_maps(zeros({1, 2, 3, 4}));
        }) ==
        "attention_maps: weights must be [queries, keys] or [heads, queries, keys]; got "
        "float32[1, 2, 3, 4]");
}
