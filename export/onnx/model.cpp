#include <algorithm>
#include <unordered_set>

#include <xtape/core/body.hpp>
#include <xtape/data/kernels/wire.hpp>
#include <xtape/export/onnx/model.hpp>

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

using data::kernels::Message;

Message written(const OnnxAttribute& attribute) {
  // name 1, f 2, i 3, s 4, ints 8, strings 9, type 20
  Message message;
  message.bytes(1, attribute.first);
  const auto& value = attribute.second;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    message.integer(3, *integer).integer(20, 2);
  } else if (const auto* number = std::get_if<float>(&value)) {
    message.real(2, *number).integer(20, 1);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    message.bytes(4, *text).integer(20, 3);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    for (const std::int64_t one : *integers) message.integer(8, one);
    message.integer(20, 7);
  } else {
    for (const std::string& one : std::get<std::vector<std::string>>(value)) message.bytes(9, one);
    message.integer(20, 8);
  }
  return message;
}

Message written(const OnnxNode& node) {
  // input 1, output 2, name 3, op_type 4, attribute 5
  Message message;
  for (const std::string& input : node.inputs) message.bytes(1, input);
  for (const std::string& output : node.outputs) message.bytes(2, output);
  message.bytes(3, node.outputs[0]).bytes(4, node.type);
  for (const OnnxAttribute& attribute : node.attributes) message.message(5, written(attribute));
  return message;
}

Message written(const std::string& name, const Tensor& tensor) {
  // dims 1, data_type 2, name 8, raw_data 9
  Message message;
  for (const std::int64_t extent : tensor.shape()) message.integer(1, extent);
  const Tensor dense = tensor.contiguous();
  const auto bytes = static_cast<std::size_t>(dense.size()) * size_of(dense.dtype());
  message.integer(2, onnx_type(tensor.dtype())).bytes(8, name);
  message.bytes(9, {reinterpret_cast<const char*>(dense.body().data), bytes});
  return message;
}

Message written(const OnnxPlace& place, const std::string& batch) {
  Message shape;  // dim 1 of dim_value 1 or dim_param 2
  for (const Extent& extent : place.shape) {
    Message dim;
    if (extent.fixed()) dim.integer(1, extent.more);
    if (extent == Extent{1, 0}) dim.bytes(2, batch);
    shape.message(1, dim);
  }
  Message tensor, type, message;
  tensor.integer(1, onnx_type(place.dtype)).message(2, shape);
  type.message(1, tensor);
  message.bytes(1, place.name).message(2, type);
  return message;
}

}  // namespace

void OnnxModel::drop_unused() {
  std::unordered_set<std::string> wanted;
  for (const OnnxPlace& output : outputs) wanted.insert(output.name);
  std::vector<OnnxNode> kept;
  std::ranges::reverse(nodes);
  for (OnnxNode& node : nodes) {
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
  for (const OnnxNode& node : nodes) graph.message(1, written(node));
  graph.bytes(2, "xtape");
  for (const auto& [name, tensor] : initializers) graph.message(5, written(name, tensor));
  for (const OnnxPlace& input : inputs) graph.message(11, written(input, batch));
  for (const OnnxPlace& output : outputs) graph.message(12, written(output, batch));
  Message operators, model;  // ir_version 1, producer_name 2, graph 7, opset_import 8
  operators.bytes(1, "").integer(2, 17);
  model.integer(1, 8).bytes(2, "xtape").message(7, graph).message(8, operators);
  return model.text();
}

}  // namespace xtape::exporting
