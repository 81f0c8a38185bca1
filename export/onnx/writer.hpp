#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <xtape/export/graph/graph.hpp>
#include <xtape/export/onnx/model.hpp>

namespace xtape::exporting {

/// What the states of a recurrent net, all of them in one tensor, are in ONNX.
struct OnnxStates {
  std::string every, last, first;  // h: of every step, and at the ends
  std::string last_cell;           // of an LSTM
  Extent steps;
  bool reverse, of_cell = false;
};

/// Makes the nodes of a graph: the rules of its operations ask it for operands and give it results.
class OnnxWriter {
 public:
  OnnxWriter(const Graph& graph, OnnxModel& model);

  void write();

  const Graph& graph() const { return graph_; }
  /// A value, which a node or an initializer gives.
  const std::string& name_of(int value);
  void give(int value, const std::string& name) { names_[value] = name; }

  std::vector<std::string> node(const std::string& hint, const char* type,
                                std::vector<std::string> inputs,
                                std::vector<OnnxAttribute> attributes, std::size_t outputs);
  std::string constant(const std::string& hint, const Tensor& tensor);
  /// Extents as a vector of int64.
  std::string extents(const std::vector<Extent>& of);

  std::unordered_map<int, OnnxStates> states;  // of values that have no tensor of their own

 private:
  std::string unused(const std::string& hint);
  void write(const GraphStep& step);
  std::string extent(const Extent& of);
  std::string count(const GraphValue& value);

  const Graph& graph_;
  OnnxModel& model_;
  std::unordered_map<int, std::string> names_;
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string, int> last_of_;  // the number that a name of many has got last
  std::string batch_;
};

/// One step, for its rule.
class OnnxStep {
 public:
  OnnxStep(OnnxWriter& writer, const GraphStep& of, const char* onnx_type)
      : onnx(onnx_type), writer_(writer), step_(of) {}

  const char* const onnx;  // the type that the table has beside the rule
  std::size_t count() const { return step_.operands.size(); }
  const GraphValue& x(std::size_t i) const { return writer_.graph().value(step_.operands[i]); }
  const GraphValue& y() const { return writer_.graph().value(step_.result); }
  const Attributes& attributes() const { return step_.attributes; }
  std::int64_t rank(std::size_t i) const { return std::ssize(x(i).shape); }
  /// An extent that must not depend on the batch.
  std::int64_t extent(std::size_t i, std::int64_t axis) const;

  std::string in(std::size_t i) { return writer_.name_of(step_.operands[i]); }
  /// The operand in a dtype.
  std::string in(std::size_t i, Dtype dtype);
  std::string cast(const std::string& name, Dtype dtype);

  /// A node of one result.
  template <class... Names>
  std::string operator()(const char* type, const Names&... inputs) {
    return node(type, {std::string(inputs)...});
  }
  std::string node(const char* type, std::vector<std::string> inputs,
                   std::vector<OnnxAttribute> attributes = {}) {
    return nodes(type, std::move(inputs), std::move(attributes), 1)[0];
  }
  std::vector<std::string> nodes(const char* type, std::vector<std::string> inputs,
                                 std::vector<OnnxAttribute> attributes, std::size_t outputs);
  std::string constant(const Tensor& tensor);
  /// One that is made of an operand, and has its name.
  std::string constant_of(std::size_t i, const Tensor& tensor);
  std::string number(double value) { return number(value, y().dtype); }
  std::string number(double value, Dtype dtype);
  std::string integers(const std::vector<std::int64_t>& values);
  std::string extents(const std::vector<Extent>& of) { return writer_.extents(of); }
  std::string reshaped(const std::string& x, const std::vector<Extent>& to);
  /// In the dtype of the result. Of truths ONNX Runtime has no Where.
  std::string where(const std::string& condition, const std::string& yes, const std::string& no);

  void give(const std::string& name) { writer_.give(step_.result, name); }
  /// Of a recurrent net, and what a slice takes of them.
  OnnxStates* states(std::size_t i);
  void give(const OnnxStates& states) { writer_.states[step_.result] = states; }

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  std::string hint() const;

  OnnxWriter& writer_;
  const GraphStep& step_;
};

/// How an operation is written: its rule, and the type of the node if the rule takes several.
struct OnnxRule {
  const char* operation;
  void (*write)(OnnxStep& step);
  const char* onnx = "";
};

/// The rules, by subject.
std::span<const OnnxRule> onnx_elementwise();
std::span<const OnnxRule> onnx_layout();
std::span<const OnnxRule> onnx_products();
std::span<const OnnxRule> onnx_reductions();
std::span<const OnnxRule> onnx_scans();
std::span<const OnnxRule> onnx_order();
std::span<const OnnxRule> onnx_images();
std::span<const OnnxRule> onnx_sequences();
std::span<const OnnxRule> onnx_signals();

}  // namespace xtape::exporting
