#pragma once
#include <optional>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {

/// The greatest magnitude that the data of each product by constant weights have for the
/// calibration. Throws ValueError, naming the layer, for weights and data that are not finite, and
/// data that are 0 throughout.
CRanges calibrated(const Graph& graph);

/// Operands of a product in bytes: the data as 128 + x / step, at their places, of a NaN 0, with a
/// variable `lost` that tells whether there is one; the weights as w / step, [outputs, terms]; and
/// for each output the product of the steps.
/// Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference (2018), section 2, with a step for each output.
struct CBytes {
  CView x, weights, scales;
};

/// The operands of this step so, if it is to be quantized: its weights are constant, and the range
/// of its data is known.
std::optional<CBytes> quantized(CStep& s);

}  // namespace xtape::exporting
