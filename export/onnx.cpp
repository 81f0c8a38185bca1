#include <algorithm>
#include <limits>
#include <unordered_set>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/export/graph/graph.hpp>
#include <xtape/export/graph/rules.hpp>
#include <xtape/export/onnx.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape {
namespace {

using exporting::OnnxPlace, exporting::Tensors;

void check_names(const exporting::OnnxModel& model) {
  std::unordered_set<std::string> names;
  std::string all;
  for (const auto& places : {model.inputs, model.outputs})
    for (const OnnxPlace& place : places) {
      names.insert(place.name);
      all += (all.empty() ? "\"" : " and \"") + place.name + "\"";
    }
  if (names.contains("") || names.size() != model.inputs.size() + model.outputs.size())
    throw ValueError("export_onnx: input and output need names of their own; got " + all);
}

/// The axis of the batch of each input.
exporting::BatchAxes axes_of(const Tensors& examples, const OnnxOptions& options) {
  exporting::BatchAxes axes(examples.size());
  if (!options.dynamic_batch) return axes;
  if (!options.batch_axes.empty() && options.batch_axes.size() != examples.size())
    throw ValueError("export_onnx: batch_axes must be one for each input; got " +
                     std::to_string(options.batch_axes.size()) + " for " +
                     std::to_string(examples.size()));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::optional<std::int64_t> axis =
        options.batch_axes.empty() ? options.batch_axis : options.batch_axes[i];
    const int rank = examples[i].rank();
    if (axis) axes[i] = rank == 0 ? 0 : normalize_axis("export_onnx", *axis, rank);
  }
  return axes;
}

std::vector<OnnxPlace> places(const char* what, const std::vector<std::string>& given,
                              const std::string& stem, const exporting::Graph& graph,
                              const std::vector<int>& values) {
  const std::vector<std::string> names =
      exporting::names_of("export_onnx", what, given, stem, values.size());
  std::vector<OnnxPlace> all;
  for (std::size_t i = 0; i < values.size(); ++i)
    all.push_back({names[i], graph.value(values[i]).dtype, graph.value(values[i]).shape});
  return all;
}

}  // namespace

void detail::export_onnx(const std::string& path, const nn::Module& model,
                         const ModelFunction& function, const std::vector<Tensor>& examples,
                         const OnnxOptions& options) {
  using namespace exporting;
  if (examples.empty()) throw ValueError("export_onnx: an example of each input is needed");
  for (const Tensor& example : examples) require_defined("export_onnx", "the example", example);
  const BatchAxes axes = axes_of(examples, options);
  const Graph graph = graph_of("export_onnx", model, function, examples, axes);
  OnnxModel onnx{{},
                 {},
                 places("input", options.inputs, options.input, graph, graph.inputs),
                 places("output", options.outputs, options.output, graph, graph.results),
                 options.batch,
                 axes};
  check_names(onnx);
  OnnxWriter(graph, onnx).write();
  const std::string bytes = onnx.bytes();
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw ValueError("export_onnx: a file of ONNX holds at most 2 GiB; got " +
                     std::to_string(bytes.size()) + " bytes");
  data::OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace xtape
