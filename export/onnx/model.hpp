#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/export/graph/attributes.hpp>

namespace xtape::exporting {

using OnnxAttribute =
    std::pair<const char*, std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                                        std::vector<std::string>>>;

struct OnnxNode {
  std::string type;
  std::vector<std::string> inputs, outputs;
  std::vector<OnnxAttribute> attributes;
};

/// An input or output; an extent that is not fixed has a name.
struct OnnxPlace {
  std::string name;
  Dtype dtype{};
  std::vector<Extent> shape;
};

/// TensorProto.DataType
std::int64_t onnx_type(Dtype dtype);

/// A model as a file of ONNX holds it.
struct OnnxModel {
  std::vector<OnnxNode> nodes;
  std::vector<std::pair<std::string, Tensor>> initializers;
  std::vector<OnnxPlace> inputs, outputs;
  std::string batch;                                // the name of its extent
  std::vector<std::optional<int>> batch_axes = {};  // of the inputs

  /// Drops what no output depends on.
  void drop_unused();
  /// The file: ModelProto, IR version 8, operator set 17. Source: ONNX, onnx.proto.
  std::string bytes() const;
};

}  // namespace xtape::exporting
