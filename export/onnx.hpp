#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/export/model.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct OnnxOptions {
  bool dynamic_batch = true;    ///< whether an axis may have any extent, 0 and 1 too
  std::string input = "input";  ///< names in the file
  std::string output = "output";
  std::string batch = "batch";  ///< of the extent of that axis
  std::int64_t batch_axis = 0;  ///< of the input: 1 where steps come first
  /// Of each of several inputs, if it is not the same; none of one that has no batch.
  std::vector<std::optional<std::int64_t>> batch_axes = {};
  /// Names of several; otherwise they are "input_0", "input_1", ..., "output_0", ...
  std::vector<std::string> inputs = {}, outputs = {};
};

namespace detail {
void export_onnx(const std::string& path, const nn::Module& model, const ModelFunction& function,
                 const std::vector<Tensor>& examples, const OnnxOptions& options);
}

/// Writes what a model computes in evaluation to a file of ONNX, operator set 17, that appears
/// whole or not at all. Parameters keep the names of the model's state.
///   example [n, ...], float32, float64 or int64: tells the shape and dtype of the input, any n >= 1;
///   {a, b, ...} for a model that takes several tensors
/// The model is called with it, and with other numbers of its shape; for a dynamic batch with 7, 2,
/// 17 rows and 1 like its own, along the axis of the batch. It must do the same each time, but
/// for the layout of what it computes and where its constants come from: a branch on the batch is
/// decided by these. Its flags stay.
/// Throws ValueError, naming the operation and the layer, for what has no rule, for random numbers,
/// derivatives, decisions by values of the input, constants that differ, a result in which no input
/// has a part, an input that has none in any, extents that are not linear in the batch, and names
/// that are no UTF-8, not distinct or not as many; ShapeError for an example that has no batch;
/// IndexError for an axis that there is not; IoError if it cannot write. Source: ONNX, "Operator
/// Schemas"; onnx.proto.
template <ExportableModel Model>
void export_onnx(const std::string& path, const Model& model, const ExportInputs& example,
                 const OnnxOptions& options = {}) {
  detail::export_onnx(path, model, detail::function_of("export_onnx", model), example.tensors(),
                      options);
}

}  // namespace xtape

XTAPE_EXPORT_END
