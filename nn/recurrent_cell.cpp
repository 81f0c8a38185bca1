#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/recurrent_cell.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {

RecurrentCell::RecurrentCell(const char* type, const char* op, std::int64_t gates,
                             std::int64_t inputs, std::int64_t width,
                             const RecurrentCellOptions& options, Rng& rng)
    : op_(op), inputs_(inputs), width_(width) {
  xtape::detail::require_at_least<std::int64_t>(op, "inputs", inputs, 1);
  xtape::detail::require_at_least<std::int64_t>(op, "width", width, 1);
  const double limit = 1 / std::sqrt(static_cast<double>(width));
  const auto drawn = [&](const char* name, const Shape& shape) {
    return parameter(name, rng.uniform(shape, -limit, limit, options.dtype));
  };
  weight_ih = drawn("weight_ih", {gates * width, inputs});
  weight_hh = drawn("weight_hh", {gates * width, width});
  if (options.bias) {
    bias_ih = drawn("bias_ih", Shape{gates * width});
    bias_hh = drawn("bias_hh", Shape{gates * width});
  }
  const bool rectified = options.nonlinearity == Nonlinearity::relu;
  describe(type, detail::Arguments(inputs, width)("bias", options.bias, true)(
                     "nonlinearity", std::string(rectified ? "relu" : "tanh"), "tanh")
                     .text);
}

Tensor RecurrentCell::step(const Tensor& x) const {
  xtape::detail::require_defined(op_, "x", x);
  if ((x.rank() != 2 && x.rank() != 1) || x.extent(-1) != inputs_) {
    throw ShapeError(std::string(op_) + ": [batch, " + std::to_string(inputs_) +
                     " inputs] or [inputs] is needed; got " + x.describe());
  }
  return expand_dims(x.rank() == 1 ? expand_dims(x, 0) : x, 0);
}

Tensor RecurrentCell::with_batch(const char* what, const Tensor& state, const Tensor& x) const {
  if (!state.defined()) return state;
  Shape wanted = x.shape();
  wanted[x.rank() - 1] = width_;
  if (state.shape() != wanted) {
    throw ShapeError(std::string(op_) + ": " + what + " must be " + to_string(wanted) + "; got " +
                     state.describe());
  }
  return x.rank() == 1 ? expand_dims(state, 0) : state;
}

RNNCell::RNNCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options,
                 Rng& rng)
    : RecurrentCell("RNNCell", "rnn_cell", 1, inputs, width, options, rng),
      nonlinearity_(options.nonlinearity) {}
Tensor RNNCell::operator()(const Tensor& x, const Tensor& hidden) const {
  return call(x, [&](const Tensor& in) {
    const Tensor h =
        rnn(step(in), weights(), with_batch("hidden", hidden, in), {}, nonlinearity_).hidden;
    return in.rank() == 1 ? squeeze(h, 0) : h;
  });
}

GRUCell::GRUCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options,
                 Rng& rng)
    : RecurrentCell("GRUCell", "gru_cell", 3, inputs, width, options, rng) {}
Tensor GRUCell::operator()(const Tensor& x, const Tensor& hidden) const {
  return call(x, [&](const Tensor& in) {
    const Tensor h = gru(step(in), weights(), with_batch("hidden", hidden, in)).hidden;
    return in.rank() == 1 ? squeeze(h, 0) : h;
  });
}

LSTMCell::LSTMCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options,
                   Rng& rng)
    : RecurrentCell("LSTMCell", "lstm_cell", 4, inputs, width, options, rng) {}
LstmState LSTMCell::operator()(const Tensor& x, const LstmState& state) const {
  Tensor cell;
  const Tensor hidden = call(x, [&](const Tensor& in) {
    const LstmState before{with_batch("hidden", state.hidden, in),
                           with_batch("cell", state.cell, in)};
    const LstmResult result = lstm(step(in), weights(), before);
    cell = in.rank() == 1 ? squeeze(result.cell, 0) : result.cell;
    return in.rank() == 1 ? squeeze(result.hidden, 0) : result.hidden;
  });
  return {hidden, cell};
}

}  // namespace xtape::nn
