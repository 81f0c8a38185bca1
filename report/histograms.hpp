#pragma once
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>
#include <xtape/report/plot.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct HistogramsOptions {
  std::string title = {}, x_label = "value";
  std::int64_t bins = 60;
  bool density = true;  ///< areas of 1, so that small tensors are seen beside large ones
  Size size = {640, 400};
};

/// Histograms of tensors by their names, over each other: `histograms(model.named_parameters())`.
/// Throws ValueError for no bins.
Plot histograms(const NamedTensors& tensors, const HistogramsOptions& options = {});
/// Of the gradients of leaves, those that have one.
Plot gradient_histograms(const NamedTensors& parameters, const HistogramsOptions& options = {});

}  // namespace xtape::report

XTAPE_EXPORT_END
