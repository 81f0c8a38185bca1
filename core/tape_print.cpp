#include <ostream>
#include <string>
#include <vector>

#include <xtape/core/node_place.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/core/text.hpp>

namespace xtape {
namespace {

std::string result_text(const Node& node) {
  return std::string(to_string(node.dtype())) + to_string(node.shape());
}

/// The operation with its attributes, or a leaf with its name.
std::string title(const Node& node) {
  const std::string more = node.is_leaf() ? node.label() : node.attributes();
  return node.name() + (more.empty() ? "" : " " + more);
}

std::string inputs_text(const Node& node) {
  std::string text;
  for (std::size_t i = 0; i < node.inputs().size(); ++i) {
    if (i > 0) text += ", ";
    const Ref<Node>& input = node.inputs()[i];
    text += input ? "%" + std::to_string(input->number()) + " " + result_text(*input) : "-";
  }
  return text;
}

std::size_t result_bytes(const Node& node) {
  return static_cast<std::size_t>(node.shape().size()) * size_of(node.dtype());
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Tape& tape) {
  std::vector<std::vector<std::string>> rows{
      {"operation", "operands", "result", "bytes", "saved", "place", "line"}};
  std::size_t bytes = 0;
  bool modules = false, lines = false;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    const Node& node = tape[i];
    const std::size_t own = result_bytes(node);
    const detail::Place place = detail::NodePlaces::of(node);
    bytes += own;
    modules = modules || !place.module.empty();
    lines = lines || !place.line.empty();
    rows.push_back({title(node), inputs_text(node),
                    "%" + std::to_string(node.number()) + " " + result_text(node),
                    std::to_string(own), std::to_string(node.saved_bytes()), place.module,
                    place.line});
  }
  rows.push_back({"", "", "", std::to_string(bytes), std::to_string(tape.saved_bytes()), "", ""});
  if (!modules) rows[0][5].clear();
  if (!lines) rows[0][6].clear();
  return stream << detail::table(rows, {3, 4});
}

std::string Tape::to_dot() const {
  const auto id = [](const Node& node) { return "n" + std::to_string(node.number()); };
  std::string dot = "digraph tape {\n";
  for (std::size_t i = 0; i < size(); ++i) {
    const Node& node = (*this)[i];
    const std::string name = node.is_leaf() ? node.label() : title(node);
    const std::string label = name + (name.empty() ? "" : "\n") + result_text(node);
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
