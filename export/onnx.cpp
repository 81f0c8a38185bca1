#include <limits>
#include <optional>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/export/graph/graph.hpp>
#include <xtape/export/onnx.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape {

void detail::export_onnx(const std::string& path, const nn::Module& model,
                         const std::function<Tensor(const Tensor&)>& function,
                         const Tensor& example, const OnnxOptions& options) {
  using namespace exporting;
  if (options.input.empty() || options.output.empty() || options.input == options.output)
    throw ValueError("export_onnx: input and output need names of their own; got \"" +
                     options.input + "\" and \"" + options.output + "\"");
  require_defined("export_onnx", "the example", example);
  std::optional<int> axis;
  if (options.dynamic_batch)
    axis =
        example.rank() == 0 ? 0 : normalize_axis("export_onnx", options.batch_axis, example.rank());
  const Graph graph = graph_of("export_onnx", model, function, example, axis);
  const auto place = [&](const std::string& name, int value) {
    return OnnxPlace{name, graph.value(value).dtype, graph.value(value).shape};
  };
  OnnxModel onnx{{},
                 {},
                 place(options.input, 0),
                 place(options.output, graph.result),
                 options.batch,
                 axis.value_or(0)};
  OnnxWriter(graph, onnx).write();
  const std::string bytes = onnx.bytes();
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw ValueError("export_onnx: a file of ONNX holds at most 2 GiB; got " +
                     std::to_string(bytes.size()) + " bytes");
  data::OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace xtape
