#pragma once
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/export/model.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct CSourceOptions {
  std::string name = "model";  ///< of the function
  /// Inputs like the example, of any batch, that is of any extent along one axis of each: if given,
  /// products and convolutions by constant weights are of int8.
  ExportInputs calibration = {};
  /// Names in the declaration; otherwise "x" and "y", of several "input_0", ..., "output_0", ...
  std::vector<std::string> inputs = {}, outputs = {};
};

namespace detail {
void export_c(const std::string& path, const nn::Module& model, const ModelFunction& function,
              const std::vector<Tensor>& examples, const CSourceOptions& options);
}

/// Writes what a model computes in evaluation as one file of C11 that includes <math.h> and
/// <stdint.h> alone, with its weights as constants: `void model(const float* x, float* y)`. It
/// allocates nothing; intermediate values share static memory, so one call at a time.
///   example: the input's shape and dtype, batch included, which are those of each call; {a, b, ...}
///   for a model that takes several tensors: the function has a pointer for each, and then one for
///   each result
/// Elements are float, double, int64_t, and unsigned char for booleans. Sums go in the dtype, one
/// element behind the other, where the library keeps more digits. An index out of range reads the
/// nearest element. With a calibration weights of `Dense` and convolutions take a byte each, by a
/// scale of each output, and what they multiply one by the greatest magnitude that it has there;
/// sums go in int32, all else in float.
/// Throws ValueError for a name that is no identifier of C, if the model does something else for the
/// calibration or has nothing that it makes int8, and for one, or weights, that are not finite, or a layer that it gives only zeros;
/// ShapeError or DtypeError for one that is not like the example; otherwise as `export_onnx`.
template <ExportableModel Model>
void export_c(const std::string& path, const Model& model, const ExportInputs& example,
              const CSourceOptions& options = {}) {
  detail::export_c(path, model, detail::function_of("export_c", model), example.tensors(), options);
}

}  // namespace xtape

XTAPE_EXPORT_END
