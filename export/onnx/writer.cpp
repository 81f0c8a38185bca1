#include <algorithm>
#include <array>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/utf8.hpp>
#include <xtape/export/graph/rules.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape::exporting {
namespace {

const std::array<std::span<const OnnxRule>, 9>& tables() {
  static const std::array all{onnx_elementwise(), onnx_layout(),    onnx_products(),
                              onnx_reductions(),  onnx_scans(),     onnx_order(),
                              onnx_images(),      onnx_sequences(), onnx_signals()};
  return all;
}

/// Readers refuse the whole file for one.
void check_name(const std::string& name) {
  if (!data::kernels::is_utf8(name))
    throw ValueError("export_onnx: names must be UTF-8; got " + data::kernels::quoted(name));
}

}  // namespace

OnnxWriter::OnnxWriter(const Graph& graph, OnnxModel& model) : graph_(graph), model_(model) {
  check_name(model.batch);
  for (const auto& places : {model.inputs, model.outputs}) {
    for (const OnnxPlace& place : places) {
      check_name(place.name);
      used_.insert(place.name);
    }
  }
  for (std::size_t i = 0; i < model.inputs.size(); ++i)
    give(static_cast<int>(i), model.inputs[i].name);
  for (const GraphValue& value : graph.values) {
    if (value.name.empty()) continue;
    check_name(value.name);
    if (!used_.insert(value.name).second)
      throw ValueError("export_onnx: input and output need names of their own; the model has \"" +
                       value.name + "\"");
  }
}

void OnnxWriter::write() {
  for (const int i : graph_.needed) write(graph_.step(i));
  for (std::size_t i = 0; i < graph_.results.size(); ++i)
    model_.nodes.push_back(
        {"Identity", {name_of(graph_.results[i])}, {model_.outputs[i].name}, {}});
  model_.drop_unused();
}

void OnnxWriter::write(const GraphStep& step) {
  const OnnxRule& rule = rule_for<OnnxRule>("export_onnx", tables(), step);
  OnnxStep here(*this, step, rule.onnx);
  // Who runs the file need not know what an operation makes of nothing.
  const GraphValue& y = here.y();
  if (y.empty()) return here.give(here("Expand", here.number(0), extents(y.shape)));
  rule.write(here);
}

std::string OnnxWriter::unused(const std::string& hint) {
  std::string name = hint;
  for (int& last = last_of_[hint]; !used_.insert(name).second;)
    name = hint + "_" + std::to_string(last = std::max(last, 1) + 1);
  return name;
}

const std::string& OnnxWriter::name_of(int number) {
  if (const auto known = names_.find(number); known != names_.end()) return known->second;
  const GraphValue& value = graph_.value(number);
  // What moves a parameter stays an operation, so that the parameter keeps its name.
  if (value.moves_parameter) {
    write(graph_.step(value.made_by));
    return names_.at(number);
  }
  if (!value.constant.defined())
    throw ValueError("export_onnx: " + (value.made_as.empty() ? "a tensor" : value.made_as) +
                     ": the states of a recurrent net can be asked for outputs and last states");
  if (value.count) return names_[number] = count(value);
  std::string name = value.name;
  if (name.empty()) {
    name = constant(value.made_as.empty() ? "constant" : value.made_as, value.constant);
  } else {
    model_.initializers.emplace_back(name, value.constant);
  }
  const bool grows = !std::ranges::all_of(value.shape, &Extent::fixed);
  if (grows) name = node(name + "/rows", "Expand", {name, extents(value.shape)}, {}, 1)[0];
  return names_[number] = name;
}

std::string OnnxWriter::count(const GraphValue& value) {
  const std::string number =
      node("count", "Cast", {extent(*value.count)}, {{"to", onnx_type(value.dtype)}}, 1)[0];
  const bool grows = !std::ranges::all_of(value.shape, &Extent::fixed);
  return node("count", grows ? "Expand" : "Reshape", {number, extents(value.shape)}, {}, 1)[0];
}

std::vector<std::string> OnnxWriter::node(const std::string& hint, const char* type,
                                          std::vector<std::string> inputs,
                                          std::vector<OnnxAttribute> attributes,
                                          std::size_t outputs) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < outputs; ++i) names.push_back(unused(hint));
  model_.nodes.push_back({type, std::move(inputs), names, std::move(attributes)});
  return names;
}

std::string OnnxWriter::constant(const std::string& hint, const Tensor& tensor) {
  std::string name = unused(hint);
  model_.initializers.emplace_back(name, tensor);
  return name;
}

std::string OnnxWriter::extent(const Extent& of) {
  const auto number = [&](std::int64_t value) {
    return constant("extent", from_vector(std::vector<std::int64_t>{value}));
  };
  if (of.fixed()) return number(of.more);
  if (batch_.empty()) {
    std::size_t input = 0;
    while (!model_.batch_axes[input]) ++input;
    const std::int64_t axis = *model_.batch_axes[input];
    batch_ = node("batch_extent", "Shape", {model_.inputs[input].name},
                  {{"start", axis}, {"end", axis + 1}}, 1)[0];
  }
  std::string name = batch_;
  if (of.each != 1) name = node("extent", "Mul", {name, number(of.each)}, {}, 1)[0];
  if (of.more != 0) name = node("extent", "Add", {name, number(of.more)}, {}, 1)[0];
  return name;
}

std::string OnnxWriter::extents(const std::vector<Extent>& of) {
  std::vector<std::int64_t> fixed;
  for (const Extent& extent : of)
    if (extent.fixed()) fixed.push_back(extent.more);
  if (fixed.size() == of.size()) return constant("shape", from_vector(std::move(fixed)));
  std::vector<std::string> names;
  names.reserve(of.size());
  for (const Extent& each : of) names.push_back(extent(each));
  return node("shape", "Concat", std::move(names), {{"axis", std::int64_t{0}}}, 1)[0];
}

std::int64_t OnnxStep::extent(std::size_t i, std::int64_t axis) const {
  const std::int64_t place = axis < 0 ? axis + rank(i) : axis;
  const Extent& extent = x(i).shape[static_cast<std::size_t>(place)];
  if (!extent.fixed())
    refuse("extent " + std::to_string(place) +
           " of an operand must not depend on the batch (see dynamic_batch)");
  return extent.more;
}

std::string OnnxStep::in(std::size_t i, Dtype dtype) {
  return x(i).dtype == dtype ? in(i) : cast(in(i), dtype);
}
std::string OnnxStep::cast(const std::string& name, Dtype dtype) {
  return node("Cast", {name}, {{"to", onnx_type(dtype)}});
}

std::string OnnxStep::hint() const {
  return (step_.place.empty() ? "" : step_.place + "/") + step_.operation;
}
std::vector<std::string> OnnxStep::nodes(const char* type, std::vector<std::string> inputs,
                                         std::vector<OnnxAttribute> attributes,
                                         std::size_t outputs) {
  return writer_.node(hint(), type, std::move(inputs), std::move(attributes), outputs);
}

std::string OnnxStep::constant_of(std::size_t i, const Tensor& tensor) {
  return x(i).name.empty() ? constant(tensor) : writer_.constant(x(i).name + "/ordered", tensor);
}
std::string OnnxStep::constant(const Tensor& tensor) {
  return writer_.constant(hint() + "/constant", tensor);
}
std::string OnnxStep::number(double value, Dtype dtype) { return constant(full({}, value, dtype)); }
std::string OnnxStep::where(const std::string& condition, const std::string& yes,
                            const std::string& no) {
  auto& s = *this;
  if (y().dtype != Dtype::boolean) return s("Where", condition, yes, no);
  return s("Or", s("And", condition, yes), s("And", s("Not", condition), no));
}
std::string OnnxStep::integers(const std::vector<std::int64_t>& values) {
  return constant(from_vector(values));
}

std::string OnnxStep::reshaped(const std::string& x, const std::vector<Extent>& to) {
  // One extent that is not fixed is left to who has the elements, unless there are none.
  std::vector<std::int64_t> extents;
  std::int64_t fixed = 1, free = 0;
  for (const Extent& extent : to) {
    extents.push_back(extent.fixed() ? extent.more : -1);
    (extent.fixed() ? fixed *= extent.more : ++free);
  }
  const bool told = free == 0 || (free == 1 && fixed != 0);
  return node("Reshape", {x, told ? integers(extents) : this->extents(to)},
              {{"allowzero", std::int64_t{1}}});
}

OnnxStates* OnnxStep::states(std::size_t i) {
  const auto found = writer_.states.find(step_.operands[i]);
  return found == writer_.states.end() ? nullptr : &found->second;
}

void OnnxStep::refuse(const std::string& what) const { refuse_step("export_onnx", step_, what); }

}  // namespace xtape::exporting
