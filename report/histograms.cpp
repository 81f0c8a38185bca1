#include <xtape/core/tensor.hpp>
#include <xtape/report/histograms.hpp>

namespace xtape::report {

Plot histograms(const NamedTensors& tensors, const HistogramsOptions& options) {
  Plot plot({.title = options.title,
             .x_label = options.x_label,
             .y_label = options.density ? "density" : "count",
             .size = options.size});
  for (const auto& [name, tensor] : tensors)
    plot.histogram(tensor, {.label = name, .bins = options.bins, .density = options.density});
  return plot;
}

Plot gradient_histograms(const NamedTensors& parameters, const HistogramsOptions& options) {
  NamedTensors gradients;
  for (const auto& [name, parameter] : parameters)
    if (parameter.grad().defined()) gradients.push_back({name, parameter.grad()});
  return histograms(gradients, options);
}

}  // namespace xtape::report
