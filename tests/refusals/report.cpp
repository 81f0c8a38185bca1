#include <xtape/report/curves.hpp>
#include <xtape/report/decision_regions.hpp>
#include <xtape/report/heatmap.hpp>
#include <xtape/report/histograms.hpp>
#include <xtape/report/images.hpp>
#include <xtape/report/judging.hpp>
#include <xtape/report/plot.hpp>
#include <xtape/report/svg.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace xtape::report;
using namespace refusals;

namespace {

void regions(const DecisionRegionsOptions& options) {
  decision_regions([](const Tensor& x) { return zeros({x.extent(0)}); }, ones({1, 2}), ones({1}),
                   options);
}

}  // namespace

TEST_CASE("refusals: counts of pictures") {
  const std::vector<std::int64_t> none{0, -1, least}, bins{0, -1, least, 10001, most};
  const std::vector<std::int64_t> cells{-1, least, 1001, most};
  check(Counts{
      {"grid: columns", Kind::value, none, [](auto n) { grid({Picture(1, 1, "")}, n); },
       "grid: columns must be at least 1; got "},
      {"CurvesOptions.columns", Kind::value, none,
       [](auto n) { curves(History(), {.columns = n}); }, "grid: columns must be at least 1; got "},
      {"HistogramOptions.bins", Kind::value, bins,
       [](auto n) { Plot().histogram({1}, {.bins = n}); },
       "histogram: bins must lie in [1, 10000]; got "},
      {"HistogramsOptions.bins", Kind::value, bins,
       [](auto n) {
         histograms({{"w", ones({1})}}, {.bins = n});
       },
       "histogram: bins must lie in [1, 10000]; got "},
      {"CalibrationOptions.bins", Kind::value, bins,
       [](auto n) { calibration(ones({1}), ones({1}), {.bins = n}); },
       "calibration: bins must lie in [1, 10000]; got "},
      {"DecisionRegionsOptions.resolution",
       Kind::value,
       {1, 0, -1, least, 2001, most},
       [](auto n) { regions({.resolution = n}); },
       "decision_regions: resolution must lie in [2, 2000]; got "},
      {"HeatmapOptions.cell", Kind::value, cells,
       [](auto n) {
         heatmap(ones({1, 1}), {.cell = n});
       },
       "heatmap: cell must lie in [0, 1000]; got "},
      {"AttentionMapsOptions.cell", Kind::value, cells,
       [](auto n) {
         attention_maps(ones({1, 1}), {.cell = n});
       },
       "attention_maps: cell must lie in [0, 1000]; got "},
      {"AttentionMapsOptions.columns", Kind::value, none,
       [](auto n) {
         attention_maps(ones({1, 1}), {.columns = n});
       },
       "attention_maps: columns must be at least 1; got "},
      {"ConfusionOptions.cell", Kind::value, cells,
       [](auto n) {
         confusion(ones({1, 1}, Dtype::int64), {.cell = n});
       },
       "confusion: cell must lie in [0, 1000]; got "},
      {"ImageGridOptions.columns",
       Kind::value,
       {-1, least},
       [](auto n) {
         image_grid(ones({1, 1, 1}), {.columns = n});
       },
       "image_grid: columns must be at least 0; got "},
      {"ImageGridOptions.image_width",
       Kind::value,
       {7, 0, -1, least, 2001, most},
       [](auto n) {
         image_grid(ones({1, 1, 1}), {.image_width = n});
       },
       "image_grid: image_width must lie in [8, 2000]; got "},
      {"MistakesOptions.count", Kind::value, none,
       [](auto n) {
         mistakes(ones({1, 1, 1}), ones({1, 2}), tensor({1}), {.count = n});
       },
       "mistakes: count must be at least 1; got "},
      {"MistakesOptions.columns",
       Kind::value,
       {-1, least},
       [](auto n) {
         mistakes(ones({1, 1, 1}), ones({1, 2}), tensor({1}), {.columns = n});
       },
       "image_grid: columns must be at least 0; got "},
      {"MistakesOptions.image_width",
       Kind::value,
       {7, least, 2001, most},
       [](auto n) {
         mistakes(ones({1, 1, 1}), ones({1, 2}), tensor({1}), {.image_width = n});
       },
       "image_grid: image_width must lie in [8, 2000]; got "},
  });
}

TEST_CASE("refusals: numbers of pictures") {
  const std::vector<double> endless{not_a_number, inf, -inf}, no_size{0, -1, not_a_number, inf};
  check(Numbers{
      {"svg_number: value", Kind::value, endless, [](auto v) { return svg_number(v); },
       "=svg: a picture has no place for NaN and infinity"},
      {"LineOptions.width", Kind::value, no_size, [](auto v) { Plot().line({1}, {.width = v}); },
       "line: width must be finite and above 0; got "},
      {"ScatterOptions.diameter", Kind::value, no_size,
       [](auto v) { Plot().scatter({1}, {1}, {.diameter = v}); },
       "scatter: diameter must be finite and above 0; got "},
      {"DecisionRegionsOptions.diameter", Kind::value, no_size,
       [](auto v) { regions({.diameter = v}); },
       "decision_regions: diameter must be finite and above 0; got "},
      {"DecisionRegionsOptions.threshold", Kind::value, endless,
       [](auto v) { regions({.threshold = v}); },
       "decision_regions: threshold must be finite; got "},
      {"horizontal: y", Kind::value, endless, [](auto v) { Plot().horizontal(v); },
       "horizontal: y must be finite; got "},
      {"vertical: x", Kind::value, endless, [](auto v) { Plot().vertical(v); },
       "vertical: x must be finite; got "},
      {"regions: left", Kind::value, endless,
       [](auto v) {
         Plot().regions(ones({1, 1}, Dtype::int64), v, 1, 0, 1);
       },
       "regions: an edge must be finite; got "},
      {"HeatmapOptions.low",
       Kind::value,
       {1, 2, not_a_number, inf, -inf},
       [](auto v) {
         heatmap(ones({1, 1}), {.low = v, .high = 1});
       },
       "heatmap: low must lie below high; got % and 1"},
      {"HeatmapOptions.high",
       Kind::value,
       {1, 0, not_a_number, inf, -inf},
       [](auto v) {
         heatmap(ones({1, 1}), {.low = 1, .high = v});
       },
       "heatmap: low must lie below high; got 1 and %"},
      {"ImageGridOptions.low",
       Kind::value,
       {1, 2, not_a_number, inf, -inf},
       [](auto v) {
         image_grid(ones({1, 1, 1}), {.low = v, .high = 1});
       },
       "image_grid: low must lie below high; got % and 1"},
      {"ImageGridOptions.high",
       Kind::value,
       {1, 0, not_a_number, inf, -inf},
       [](auto v) {
         image_grid(ones({1, 1, 1}), {.low = 1, .high = v});
       },
       "image_grid: low must lie below high; got 1 and %"},
  });
}
