#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/report/curves.hpp>
#include <xtape/report/decision_regions.hpp>
#include <xtape/report/heatmap.hpp>
#include <xtape/report/histograms.hpp>
#include <xtape/report/images.hpp>
#include <xtape/report/judging.hpp>

#include "../support/golden.hpp"

using namespace xtape;
using namespace xtape::report;

namespace {

constexpr Size size{330, 280};

History run(double rate, double noise) {
  Rng rng(3);
  History history;
  for (int i = 0; i < 30; ++i) {
    const double loss = std::exp(-rate * i) + noise * rng.uniform({}).item();
    history.add({{"loss", loss}, {"validation_loss", 0.12 + loss}});
  }
  history.best_epoch = 24;
  return history;
}

/// Ten rings around the middle, the last two of colours that were before.
Plot rings() {
  const auto ring = [](const Tensor& x) {
    return clip(floor(sqrt(square(take(x, 0, 1)) + square(take(x, 1, 1)))), 0, 9).to(Dtype::int64);
  };
  std::vector<double> x, y;
  std::vector<std::int64_t> of;
  for (int i = 0; i < 60; ++i) {
    const double radius = 10.0 * (i + 0.5) / 60, angle = 2.4 * i;
    x.push_back(radius * std::cos(angle));
    y.push_back(radius * std::sin(angle));
    of.push_back(i / 6);
  }
  return decision_regions(ring, stack({from_vector(x), from_vector(y)}, 1), from_vector(of),
                          {.title = "decision_regions", .resolution = 48, .size = size});
}

Picture images(bool wrong) {
  std::vector<double> pixels;
  for (int n = 0; n < 6; ++n)
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; ++column)
        pixels.push_back(0.5 + 0.5 * std::sin(0.2 * (n + 2) * row) * std::cos(column - n));
  const Tensor all = reshape(from_vector(pixels), {6, 8, 8});
  if (!wrong) return image_grid(all, {.title = "image_grid", .columns = 3, .image_width = 80});
  const Tensor logits = take(eye(3) * 4, tensor({0, 1, 2, 0, 1, 2}));
  return mistakes(all, logits, tensor({1, 2, 0, 2, 0, 1}),
                  {.title = "mistakes", .names = {"cat", "dog", "heron"}, .columns = 3});
}

}  // namespace

// Shown in docs/report.md.
TEST_CASE("overview: a picture of each kind") {
  const Tensor scores = tensor({0.1, 0.3, 0.35, 0.4, 0.55, 0.6, 0.7, 0.8, 0.85, 0.9});
  const Tensor truth = tensor({0, 0, 1, 0, 1, 0, 1, 1, 0, 1});
  Rng rng(1);
  const NamedTensors tensors{{"wide", rng.randn({1000})}, {"narrow", 0.4 * rng.randn({1000}) + 1}};
  Plot points({.title = "Plot",
               .x_label = "size",
               .y_label = "time",
               .x_scale = Scale::log,
               .y_scale = Scale::log,
               .size = size});
  points.scatter({1, 3, 10, 30, 100}, {2, 4, 13, 28, 90}, {.label = "measured"});
  points.line({1, 100}, {1, 100}, {.label = "linear", .dash = Dash::dashed}).horizontal(50);
  std::vector<double> waves;
  for (int row = 0; row < 6; ++row)
    for (int column = 0; column < 8; ++column)
      waves.push_back(std::sin(0.7 * row) + std::cos(0.9 * column));
  const Tensor weights =
      tensor({{{0.7, 0.2, 0.1}, {0.1, 0.6, 0.3}}, {{0.2, 0.3, 0.5}, {0.0, 0.1, 0.9}}});
  const std::vector<Picture> pictures{
      curves(run(0.1, 0.05), {.title = "curves", .size = size}),
      curves({{"adam", std::vector{run(0.1, 0.05), run(0.12, 0.4), run(0.08, 0.1)}},
              {"sgd", {run(0.05, 0.05), run(0.04, 0.1)}}},
             {.title = "curves of several runs", .size = size}),
      points,
      rings(),
      histograms(tensors, {.title = "histograms", .bins = 30, .size = size}),
      roc_curve({{"a", scores}, {"b", sin(9 * scores)}}, truth,
                {.title = "roc_curve", .size = size}),
      calibration(scores, truth, {.title = "calibration", .bins = 5, .size = size}),
      confusion(tensor({{50, 2, 1}, {10, 30, 4}, {0, 3, 27}}),
                {.title = "confusion", .names = {"cat", "dog", "heron"}}),
      heatmap(reshape(from_vector(waves), {6, 8}),
              {.title = "heatmap", .map = Colormap::diverging, .cell = 26}),
      attention_maps(weights, {.title = "attention_maps",
                               .queries = {"il", "dort"},
                               .keys = {"he", "is", "asleep"},
                               .cell = 40}),
      images(false),
      images(true)};
  golden::check("../../../docs/pictures/overview", grid(pictures, 4));
}
