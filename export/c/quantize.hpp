#pragma once
#include <optional>

#include <xtape/export/c/writer.hpp>
#include <xtape/export/graph/recording.hpp>

namespace xtape::exporting {

/// The greatest magnitude that the input of each product by constant weights has in a recording.
/// Throws ValueError if that is of other steps than the graph.
CRanges calibrated(const Graph& graph, const Recording& recording);

/// Operands of a product in bytes: the first as 128 + x / step, at its places; the weights of each
/// output as w / step, one output behind the other; and for each output the product of the steps.
/// Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference (2018), section 2, with a step for each output.
struct CBytes {
  CView x;
  std::string weights;
  CView scales;
};

/// The operands of this step so, if it is to be quantized: its weights are constant, and the range
/// of its input is known. They are [outputs, ...] if `rows`, else [..., outputs].
std::optional<CBytes> quantized(CStep& s, std::int64_t outputs, bool rows);

}  // namespace xtape::exporting
