#include <cmath>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/recurrent.hpp>
#include <xtape/ops/batch_part.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {
namespace {

LstmResult with_no_cell(const RecurrentResult& of) { return {of.output, of.hidden, {}}; }

LstmResult tanh_net(const Tensor& x, const RecurrentWeights& weights, const LstmState& state,
                    const RecurrentOptions& options) {
  return with_no_cell(rnn(x, weights, state.hidden, options));
}
LstmResult relu_net(const Tensor& x, const RecurrentWeights& weights, const LstmState& state,
                    const RecurrentOptions& options) {
  return with_no_cell(rnn(x, weights, state.hidden, options, Nonlinearity::relu));
}
LstmResult gru_net(const Tensor& x, const RecurrentWeights& weights, const LstmState& state,
                   const RecurrentOptions& options) {
  return with_no_cell(gru(x, weights, state.hidden, options));
}

void check(const char* op, std::int64_t inputs, std::int64_t width,
           const RecurrentLayerOptions& options) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>(op, "inputs", inputs, 1);
  require_at_least<std::int64_t>(op, "width", width, 1);
  require_at_least<std::int64_t>(op, "layers", options.layers, 1);
  xtape::detail::require_in(op, "dropout", options.dropout, 0.0, 1.0);
}

/// One part of a state, or nothing.
Tensor part(const Tensor& states, std::size_t i) {
  return states.defined() ? states[static_cast<std::int64_t>(i)] : Tensor();
}

std::string arguments_of(std::int64_t inputs, std::int64_t width,
                         const RecurrentLayerOptions& options) {
  const bool rectified = options.nonlinearity == Nonlinearity::relu;
  return detail::Arguments(inputs, width)("layers", options.layers, 1)(
             "bidirectional", options.bidirectional, false)("bias", options.bias, true)(
             "dropout", options.dropout, 0)("batch_first", options.batch_first, true)(
             "nonlinearity", std::string(rectified ? "relu" : "tanh"), "tanh")
      .text;
}

}  // namespace

RecurrentLayer::RecurrentLayer(const Kind& kind, std::int64_t inputs, std::int64_t width,
                               const RecurrentLayerOptions& options, Rng& rng)
    : kind_(kind), inputs_(inputs), width_(width), options_(options) {
  check(kind.op, inputs, width, options);
  const double limit = 1 / std::sqrt(static_cast<double>(width));
  const std::int64_t rows = kind.gates * width;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    for (std::int64_t direction = 0; direction < directions(); ++direction) {
      const std::string name = "_l" + std::to_string(layer) + (direction == 0 ? "" : "_reverse");
      const auto drawn = [&](const char* what, const Shape& shape) {
        return parameter(what + name, rng.uniform(shape, -limit, limit, options.dtype));
      };
      Weights& of = weights_.emplace_back();
      of.weight_ih = drawn("weight_ih", {rows, layer == 0 ? inputs : directions() * width});
      of.weight_hh = drawn("weight_hh", {rows, width});
      if (!options.bias) continue;
      of.bias_ih = drawn("bias_ih", Shape{rows});
      of.bias_hh = drawn("bias_hh", Shape{rows});
    }
  }
  if (options.dropout > 0) dropout_.push_back(child("dropout", Dropout(options.dropout, rng)));
  describe(kind.type, arguments_of(inputs, width, options));
}

RecurrentLayer& RecurrentLayer::operator=(const RecurrentLayer& other) {
  std::vector<Weights> weights = other.weights_;
  std::vector<Dropout> dropout = other.dropout_;
  Module::operator=(other);
  kind_ = other.kind_;
  inputs_ = other.inputs_;
  width_ = other.width_;
  options_ = other.options_;
  weights_.swap(weights);
  dropout_.swap(dropout);
  return *this;
}

const RecurrentLayer::Weights& RecurrentLayer::weights(std::int64_t layer, bool reverse) const {
  if (layer < 0 || layer >= options_.layers || (reverse && !options_.bidirectional)) {
    throw IndexError(std::string(kind_.op) + ": there are " + std::to_string(options_.layers) +
                     " layers of " + std::to_string(directions()) + " directions; got layer " +
                     std::to_string(layer) + (reverse ? ", in reverse" : ""));
  }
  return weights_[static_cast<std::size_t>(layer * directions() + (reverse ? 1 : 0))];
}

/// x as [steps, batch, inputs].
Tensor RecurrentLayer::checked(const Tensor& x) const {
  xtape::detail::require_defined(kind_.op, "x", x);
  if ((x.rank() != 3 && x.rank() != 2) || x.extent(-1) != inputs_) {
    const char* axes = options_.batch_first ? "batch, steps, " : "steps, batch, ";
    throw ShapeError(std::string(kind_.op) + ": [" + axes + std::to_string(inputs_) +
                     " inputs], or [steps, inputs] of one sequence, is needed; got " +
                     x.describe());
  }
  if (x.rank() == 2) return expand_dims(x, 1);
  return options_.batch_first ? swapaxes(x, 0, 1) : x;
}

/// States with an axis for the batch.
LstmState RecurrentLayer::checked(const LstmState& state, const Tensor& x, bool single) const {
  const auto with_batch = [&](const char* what, const Tensor& given) {
    if (!given.defined()) return given;
    Shape wanted{options_.layers * directions(), x.extent(1), width_};
    if (single) wanted.erase(1);
    if (given.shape() != wanted) {
      throw ShapeError(std::string(kind_.op) + ": " + what + " must be " + to_string(wanted) +
                       ", [layers directions, " + (single ? "" : "batch, ") + "width]; got " +
                       given.describe());
    }
    return single ? expand_dims(given, 1) : given;
  };
  return {with_batch("hidden", state.hidden), with_batch("cell", state.cell)};
}

namespace {

/// y [steps, batch, width] through dropout; of a part of a batch through its part of the whole
/// mask, of several sequences a row if there are.
Tensor dropped(const Dropout& dropout, const Tensor& y) {
  const BatchPart* const part = BatchPart::current();
  if (part == nullptr || part->rows() == part->total() || !dropout.training()) return dropout(y);
  const std::int64_t sequences = y.extent(1);
  if (sequences > 0 && (part->rows() == 0 || sequences % part->rows() != 0)) {
    throw ShapeError(
        "recurrent dropout: in a part of a batch there must be as many sequences of each row; "
        "got " +
        std::to_string(sequences) + " for " + std::to_string(part->rows()) + " rows");
  }
  const std::int64_t each = sequences > 0 ? sequences / part->rows() : 1,
                     total = part->total() * each, first = part->first() * each;
  const BatchPart whole(0, total, total);
  const Tensor mask = slice(dropout(ones({y.extent(0), total, y.extent(2)}, y.dtype())),
                            {Slice::all, range(first, first + sequences)});
  return where(mask == 0, 0, y * mask);
}

}  // namespace

LstmResult RecurrentLayer::run_layers(const Tensor& x, const LstmState& state,
                                      const Tensor& lengths) const {
  Tensor y = x;
  std::vector<Tensor> hidden, cell;
  for (std::int64_t layer = 0; layer < options_.layers; ++layer) {
    if (layer > 0 && !dropout_.empty()) y = dropped(dropout_[0], y);
    std::vector<Tensor> outputs;
    for (std::int64_t direction = 0; direction < directions(); ++direction) {
      const std::size_t i = hidden.size();
      const Weights& of = weights_[i];
      const LstmResult result = kind_.net(y, {of.weight_ih, of.weight_hh, of.bias_ih, of.bias_hh},
                                          {part(state.hidden, i), part(state.cell, i)},
                                          {.reverse = direction == 1, .lengths = lengths});
      outputs.push_back(result.output);
      hidden.push_back(result.hidden);
      if (result.cell.defined()) cell.push_back(result.cell);
    }
    y = outputs.size() == 1 ? outputs[0] : concatenate(outputs, -1);
  }
  return {y, stack(hidden), cell.empty() ? Tensor() : stack(cell)};
}

LstmResult RecurrentLayer::run(const Tensor& x, const LstmState& state,
                               const Tensor& lengths) const {
  LstmResult result;
  result.output = call(x, [&](const Tensor& in) {
    const bool single = in.rank() == 2;
    const Tensor steps = checked(in);
    result = run_layers(steps, checked(state, steps, single), lengths);
    if (single) {
      result.hidden = squeeze(result.hidden, 1);
      if (result.cell.defined()) result.cell = squeeze(result.cell, 1);
      return squeeze(result.output, 1);
    }
    return options_.batch_first ? swapaxes(result.output, 0, 1) : result.output;
  });
  return result;
}

RNN::RNN(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options, Rng& rng)
    : RecurrentLayer(
          {"RNN", "rnn", 1, options.nonlinearity == Nonlinearity::relu ? relu_net : tanh_net},
          inputs, width, options, rng) {}
Tensor RNN::operator()(const Tensor& x) const { return run(x, {}, {}).output; }
RecurrentResult RNN::operator()(const Tensor& x, const RecurrentInput& beside) const {
  const LstmResult all = run(x, {beside.hidden, {}}, beside.lengths);
  return {all.output, all.hidden};
}

GRU::GRU(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options, Rng& rng)
    : RecurrentLayer({"GRU", "gru", 3, gru_net}, inputs, width, options, rng) {}
Tensor GRU::operator()(const Tensor& x) const { return run(x, {}, {}).output; }
RecurrentResult GRU::operator()(const Tensor& x, const RecurrentInput& beside) const {
  const LstmResult all = run(x, {beside.hidden, {}}, beside.lengths);
  return {all.output, all.hidden};
}

LSTM::LSTM(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options, Rng& rng)
    : RecurrentLayer({"LSTM", "lstm", 4, lstm}, inputs, width, options, rng) {}
Tensor LSTM::operator()(const Tensor& x) const { return run(x, {}, {}).output; }
LstmResult LSTM::operator()(const Tensor& x, const LstmInput& beside) const {
  return run(x, {beside.hidden, beside.cell}, beside.lengths);
}

}  // namespace xtape::nn
