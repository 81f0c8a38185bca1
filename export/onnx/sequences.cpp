#include <array>

#include <xtape/core/create.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::exporting {
namespace {

using std::string;

/// The operands, in this order.
enum Operand : std::size_t { input, hidden, weight_ih, weight_hh, bias_ih, bias_hh, cell };

constexpr std::int64_t int32 = 6;  // TensorProto.DataType

/// Rows of a parameter, gate by gate, in another order; one direction as an axis in front.
Tensor ordered(OnnxStep& s, std::size_t i, std::span<const std::int64_t> gates) {
  const Tensor& rows = s.x(i).constant;
  if (!rows.defined()) s.refuse("weights that depend on the input have no rule");
  const std::int64_t width = rows.extent(0) / std::ssize(gates);
  std::vector<Tensor> parts;
  for (const std::int64_t gate : gates)
    parts.push_back(slice(rows, {range(gate * width, (gate + 1) * width)}));
  return expand_dims(concatenate(parts, 0), 0).contiguous();
}

/// An initial state [1, batch, width]; none if it is 0.
string state(OnnxStep& s, std::size_t i) {
  if (all_zero(s.x(i).constant)) return "";
  std::vector<Extent> shape = s.x(i).shape;
  shape.insert(shape.begin(), Extent{0, 1});
  return s.reshaped(s.in(i), shape);
}

/// Of the sequences, if they are given.
string lengths(OnnxStep& s, std::size_t i) {
  return i < s.count() ? s.node("Cast", {s.in(i)}, {{"to", int32}}) : "";
}

/// The order of our gates is i, f, g, o, and r, z, n; that of ONNX i, o, f, c, and z, r, h.
void recurrent(OnnxStep& s) {
  static constexpr std::array<std::int64_t, 4> orders[] = {{0}, {1, 0, 2}, {0, 3, 1, 2}};
  const string type = s.onnx;
  const std::size_t kind = type == "RNN" ? 0 : type == "GRU" ? 1 : 2;
  const std::span<const std::int64_t> gates(orders[kind].data(), kind == 0 ? 1 : kind + 2);
  const bool reverse = s.attributes().flag("reverse");
  const Tensor bias = concatenate({ordered(s, bias_ih, gates), ordered(s, bias_hh, gates)}, 1);

  std::vector<string> inputs{s.in(input),
                             s.constant_of(weight_ih, ordered(s, weight_ih, gates)),
                             s.constant_of(weight_hh, ordered(s, weight_hh, gates)),
                             s.constant_of(bias_ih, bias.contiguous()),
                             lengths(s, kind == 2 ? cell + 1 : cell),
                             state(s, hidden)};
  std::vector<OnnxAttribute> attributes{{"hidden_size", s.extent(weight_hh, 1)},
                                        {"direction", string(reverse ? "reverse" : "forward")}};
  if (kind == 0 && s.attributes().has("nonlinearity"))
    attributes.emplace_back("activations", std::vector<string>{"Relu"});
  if (kind == 1) attributes.emplace_back("linear_before_reset", std::int64_t{1});
  if (kind == 2) inputs.push_back(state(s, cell));
  while (inputs.back().empty()) inputs.pop_back();

  const std::vector<string> outputs = s.nodes(s.onnx, inputs, attributes, kind == 2 ? 3 : 2);
  OnnxStates states;
  states.steps = s.x(input).shape[0];
  states.reverse = reverse;
  states.every = s("Squeeze", outputs[0], s.integers({1}));
  states.last = s("Squeeze", outputs[1], s.integers({0}));
  if (kind == 2) states.last_cell = s("Squeeze", outputs[2], s.integers({0}));
  s.give(states);
}

constexpr OnnxRule rules[] = {
    {"rnn", recurrent, "RNN"},
    {"gru", recurrent, "GRU"},
    {"lstm", recurrent, "LSTM"},
};

}  // namespace

std::span<const OnnxRule> onnx_sequences() { return rules; }

}  // namespace xtape::exporting
