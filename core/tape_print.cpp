#include <ostream>
#include <string>
#include <vector>

#include <xtape/core/tape.hpp>
#include <xtape/core/text.hpp>

namespace xtape {
namespace {

using Row = std::vector<std::string>;  // number, operation, inputs, result, bytes saved

std::string result_text(const Node& node) {
  return std::string(to_string(node.dtype())) + to_string(node.shape());
}

std::string inputs_text(const Node& node) {
  std::string text;
  for (std::size_t i = 0; i < node.inputs().size(); ++i) {
    if (i > 0) text += ", ";
    const Ref<Node>& input = node.inputs()[i];
    text += input ? std::to_string(input->number()) : "-";
  }
  return text;
}

Row row(const Node& node) {
  return {std::to_string(node.number()), node.name(), inputs_text(node), result_text(node),
          std::to_string(node.saved_bytes())};
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Tape& tape) {
  std::vector<Row> rows{{"#", "operation", "inputs", "result", "saved"}};
  for (std::size_t i = 0; i < tape.size(); ++i) rows.push_back(row(tape[i]));
  rows.push_back({"", "", "", "", std::to_string(tape.saved_bytes())});
  return stream << detail::table(rows, {0, 4});
}

std::string Tape::to_dot() const {
  const auto id = [](const Node& node) { return "n" + std::to_string(node.number()); };
  std::string dot = "digraph tape {\n";
  for (std::size_t i = 0; i < size(); ++i) {
    const Node& node = (*this)[i];
    const std::string label =
        (node.is_leaf() ? "" : std::string(node.name()) + "\n") + result_text(node);
    dot += "  " + id(node) + " [label=" + detail::quoted(label) +
           (node.is_leaf() ? ", shape=box];\n" : "];\n");
    for (std::size_t input = 0; input < node.inputs().size(); ++input) {
      const Ref<Node>& source = node.inputs()[input];
      if (!source) continue;
      dot += "  " + id(*source) + " -> " + id(node);
      if (node.inputs().size() > 1)
        dot += " [label=" + std::to_string(input) + "]";  // a - b is not b - a
      dot += ";\n";
    }
  }
  return dot + "}\n";
}

}  // namespace xtape
