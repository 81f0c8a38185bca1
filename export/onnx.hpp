#pragma once
#include <cstdint>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/export/model.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct OnnxOptions {
  bool dynamic_batch = true;    ///< whether an axis may have any extent, 0 and 1 too
  std::string input = "input";  ///< names in the file
  std::string output = "output";
  std::string batch = "batch";  ///< of the extent of that axis
  std::int64_t batch_axis = 0;  ///< of the input: 1 where steps come first
};

namespace detail {
void export_onnx(const std::string& path, const nn::Module& model,
                 const std::function<Tensor(const Tensor&)>& function, const Tensor& example,
                 const OnnxOptions& options);
}

/// Writes what a model computes in evaluation to a file of ONNX, operator set 17, that appears
/// whole or not at all. Parameters keep the names of the model's state; the graph has one input and
/// one output.
///   example [n, ...], float32, float64 or int64: tells the shape and dtype of the input, any n >= 1
/// The model is called with it, and with other numbers of its shape; for a dynamic batch with 7, 2,
/// 17 rows and 1 like its own, along the axis of the batch. It must do the same each time: a branch
/// on the batch is decided by these. Its flags stay.
/// Throws ValueError, naming the operation and the layer, for what has no rule, for random numbers,
/// derivatives, decisions by values of the input, constants that differ, a result in which the
/// input has no part, names that are no UTF-8, and extents that are not linear in the batch;
/// IndexError for an axis that there is not; IoError if it cannot write. Source: ONNX, "Operator
/// Schemas"; onnx.proto.
template <ExportableModel Model>
void export_onnx(const std::string& path, const Model& model, const Tensor& example,
                 const OnnxOptions& options = {}) {
  detail::export_onnx(
      path, model, [&](const Tensor& x) { return model(x); }, example, options);
}

}  // namespace xtape

XTAPE_EXPORT_END
