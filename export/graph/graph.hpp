#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/export/graph/attributes.hpp>
#include <xtape/export/graph/recording.hpp>

namespace xtape::exporting {

struct GraphValue {
  Dtype dtype{};
  std::vector<Extent> shape;
  /// If no input has a part in it; with extent 1 along axes that grow with the batch, where it
  /// repeats.
  Tensor constant;
  std::optional<Extent> count;   // one number, which grows with the batch: what a mean divides by
  std::string name;              // of a parameter or buffer
  std::string made_as;           // the operation that made it, of a constant too
  int made_by = -1;              // the step, of a constant if it moves a parameter
  bool moves_parameter = false;  // it is a constant with the elements of one that has a name
  Tensor calibrated;             // what it is for the calibration, if an input has a part in it

  /// Whether it has no elements, whatever the batch.
  bool empty() const { return std::ranges::find(shape, Extent{}) != shape.end(); }
};

struct GraphStep {
  std::string operation, place;
  Attributes attributes;
  std::vector<int> operands;
  int result;
};

/// What a model computes of its inputs, the first values, with shapes that may grow with the batch.
struct Graph {
  std::vector<GraphValue> values;
  std::vector<GraphStep> steps;  // those too that move parameters
  std::vector<int> needed;       // those that an input has a part in, in order
  std::vector<int> inputs, results;

  const GraphValue& value(int i) const { return values[static_cast<std::size_t>(i)]; }
  const GraphStep& step(int i) const { return steps[static_cast<std::size_t>(i)]; }
};

using BatchAxes = std::vector<std::optional<int>>;

/// The graph of a model for such inputs, of any extent along the axes of the batch, if there are
/// some, one for each input or none: what recordings of several batches have in common. Throws
/// ValueError, in the name of `op` and of the operation, if they differ in more than extents that
/// are linear in the batch, and if the model does something else for the calibration.
Graph graph_of(const char* op, const nn::Module& model, const ModelFunction& function,
               const Tensors& examples, const BatchAxes& batch_axes = {},
               const Tensors& calibration = {});

}  // namespace xtape::exporting
