#include <algorithm>
#include <ranges>
#include <unordered_set>

#include <xtape/core/body.hpp>
#include <xtape/export/onnx/model.hpp>
#include <xtape/export/onnx/wire.hpp>

namespace xtape::exporting {

std::int64_t onnx_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::boolean: return 9;
    case Dtype::int64: return 7;
    case Dtype::float32: return 1;
    default: return 11;
  }
}

namespace {

Message written(const OnnxAttribute& attribute) {
  // name 1, f 2, i 3, s 4, ints 8, strings 9, type 20
  Message message;
  message.add(1, attribute.first);
  const auto& value = attribute.second;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    message.add(3, *integer);
    message.add(20, std::int64_t{2});
  } else if (const auto* number = std::get_if<float>(&value)) {
    message.add(2, *number);
    message.add(20, std::int64_t{1});
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    message.add(4, *text);
    message.add(20, std::int64_t{3});
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    for (const std::int64_t one : *integers) message.add(8, one);
    message.add(20, std::int64_t{7});
  } else {
    for (const std::string& one : std::get<std::vector<std::string>>(value)) message.add(9, one);
    message.add(20, std::int64_t{8});
  }
  return message;
}

Message written(const OnnxNode& node) {
  // input 1, output 2, name 3, op_type 4, attribute 5
  Message message;
  for (const std::string& input : node.inputs) message.add(1, input);
  for (const std::string& output : node.outputs) message.add(2, output);
  message.add(3, node.outputs[0]);
  message.add(4, node.type);
  for (const OnnxAttribute& attribute : node.attributes) message.add(5, written(attribute));
  return message;
}

Message written(const std::string& name, const Tensor& tensor) {
  // dims 1, data_type 2, name 8, raw_data 9
  Message message;
  for (const std::int64_t extent : tensor.shape()) message.add(1, extent);
  message.add(2, onnx_type(tensor.dtype()));
  message.add(8, name);
  const Tensor dense = tensor.contiguous();
  message.add(9, std::string_view(reinterpret_cast<const char*>(dense.body().data),
                                  static_cast<std::size_t>(dense.size()) * size_of(dense.dtype())));
  return message;
}

Message written(const OnnxPlace& place, const std::string& batch) {
  Message shape;  // dim 1 of dim_value 1 or dim_param 2
  for (const Extent& extent : place.shape) {
    Message dim;
    if (extent.fixed()) dim.add(1, extent.more);
    if (extent == Extent{1, 0}) dim.add(2, batch);
    shape.add(1, dim);
  }
  Message tensor, type, message;
  tensor.add(1, onnx_type(place.dtype));
  tensor.add(2, shape);
  type.add(1, tensor);
  message.add(1, place.name);
  message.add(2, type);
  return message;
}

}  // namespace

void OnnxModel::drop_unused() {
  std::unordered_set<std::string> wanted{output.name};
  std::vector<OnnxNode> kept;
  for (OnnxNode& node : std::ranges::reverse_view(nodes)) {
    const bool used = std::ranges::any_of(
        node.outputs, [&](const std::string& name) { return wanted.contains(name); });
    if (!used) continue;
    wanted.insert(node.inputs.begin(), node.inputs.end());
    kept.push_back(std::move(node));
  }
  std::ranges::reverse(kept);
  nodes = std::move(kept);
  std::erase_if(initializers, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

std::string OnnxModel::bytes() const {
  Message graph;  // node 1, name 2, initializer 5, input 11, output 12
  for (const OnnxNode& node : nodes) graph.add(1, written(node));
  graph.add(2, "xtape");
  for (const auto& [name, tensor] : initializers) graph.add(5, written(name, tensor));
  graph.add(11, written(input, batch));
  graph.add(12, written(output, batch));
  Message operators;
  operators.add(1, "");
  operators.add(2, std::int64_t{17});
  Message model;  // ir_version 1, producer_name 2, graph 7, opset_import 8
  model.add(1, std::int64_t{8});
  model.add(2, "xtape");
  model.add(7, graph);
  model.add(8, operators);
  return model.bytes();
}

}  // namespace xtape::exporting
