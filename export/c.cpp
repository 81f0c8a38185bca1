#include <algorithm>
#include <unordered_set>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/export/c.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/c/writer.hpp>
#include <xtape/export/graph/rules.hpp>

namespace xtape {
namespace {

void check_name(const std::string& name) {
  if (exporting::is_free_in_c(name)) return;
  throw ValueError("export_c: the name must be an identifier of C that begins with a letter and " +
                   std::string("is not taken; got \"") + name + "\"");
}

void check_calibration(const Tensor& given, const Tensor& example) {
  if (given.dtype() != example.dtype())
    throw DtypeError("export_c: the calibration must be like the example; got " + given.describe() +
                     " for " + example.describe());
  int others = 0;  // extents that are not those of the example: one, of the batch
  for (int i = 0; i < std::min(given.rank(), example.rank()); ++i)
    others += given.extent(i) != example.extent(i);
  if (given.rank() != example.rank() || given.size() == 0 || others > 1) {
    const bool one = given.rank() == example.rank() + 1;  // a row, without the axis of the batch
    throw ShapeError("export_c: the calibration must be like the example, of any batch; got " +
                     given.describe() + " for " + example.describe() +
                     (one ? ", which has no axis of a batch: give an example [n, ...]" : ""));
  }
  if (const std::string bad = detail::first_not_finite(given); !bad.empty())
    throw ValueError("export_c: the calibration must be finite; got " + bad);
}

void check_calibration(const std::vector<Tensor>& given, const std::vector<Tensor>& examples) {
  if (given.size() != examples.size())
    throw ValueError("export_c: the calibration must have a tensor for each input; got " +
                     std::to_string(given.size()) + " for " + std::to_string(examples.size()));
  for (std::size_t i = 0; i < given.size(); ++i) {
    detail::require_defined("export_c", "the calibration", given[i]);
    check_calibration(given[i], examples[i]);
  }
}

/// Those in the declaration.
exporting::CNames names_in(const CSourceOptions& options, const exporting::Graph& graph) {
  const auto of = [](const char* what, const std::vector<std::string>& given, const char* one,
                     std::size_t count) {
    return exporting::names_of("export_c", what, given, count == 1 ? one : what, count);
  };
  exporting::CNames names{options.name, of("input", options.inputs, "x", graph.inputs.size()),
                          of("output", options.outputs, "y", graph.results.size())};
  std::unordered_set<std::string> all;
  for (const auto& list : {names.inputs, names.outputs})
    for (const std::string& name : list) {
      const bool free = name == "x" || name == "y" || exporting::is_free_in_c(name);
      if (free && all.insert(name).second) continue;
      throw ValueError("export_c: inputs and outputs need names of their own, which are " +
                       std::string("identifiers of C and not taken; got \"") + name + "\"");
    }
  return names;
}

}  // namespace

void detail::export_c(const std::string& path, const nn::Module& model,
                      const ModelFunction& function, const std::vector<Tensor>& examples,
                      const CSourceOptions& options) {
  using namespace exporting;
  check_name(options.name);
  if (examples.empty()) throw ValueError("export_c: an example of each input is needed");
  for (const Tensor& example : examples) {
    require_defined("export_c", "the example", example);
    if (example.size() == 0)
      throw ShapeError("export_c: an example with elements is needed; got " + example.describe());
  }
  const Tensors& calibration = options.calibration.tensors();
  const bool in_bytes = !options.calibration.empty();
  if (in_bytes) check_calibration(calibration, examples);
  const Graph graph =
      graph_of("export_c", model, function, examples, {}, in_bytes ? calibration : Tensors());
  CNames names = names_in(options, graph);
  CRanges ranges = in_bytes ? calibrated(graph) : CRanges();
  if (in_bytes && ranges.empty()) {
    throw ValueError(
        "export_c: a calibration needs a product or convolution of float32 by constant weights, "
        "that is then of int8; the model has none");
  }
  const std::string source = CWriter(graph, std::move(names), std::move(ranges)).source();
  data::OutputFile file(path);
  file.write(source);
  file.commit();
}

}  // namespace xtape
