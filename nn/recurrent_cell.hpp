#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/recurrent.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct RecurrentCellOptions {
  bool bias = true;
  Nonlinearity nonlinearity = Nonlinearity::tanh;  ///< of an RNNCell
  Dtype dtype = default_dtype();
};

/// What RNNCell, GRUCell and LSTMCell have in common: weights in the names and layouts of PyTorch,
/// drawn as those of `RecurrentLayer`.
class RecurrentCell : public Module {
 public:
  Parameter weight_ih, weight_hh;  // [gates width, inputs], [gates width, width]
  Parameter bias_ih, bias_hh;      // [gates width] or undefined

 protected:
  RecurrentCell(const char* type, const char* op, std::int64_t gates, std::int64_t inputs,
                std::int64_t width, const RecurrentCellOptions& options, Rng& rng);
  RecurrentWeights weights() const { return {weight_ih, weight_hh, bias_ih, bias_hh}; }
  /// x as one step of a batch.
  Tensor step(const Tensor& x) const;
  /// A state with an axis for the batch, if x has none.
  Tensor with_batch(const char* what, const Tensor& state, const Tensor& x) const;

 private:
  const char* op_;
  std::int64_t inputs_, width_;
};

/// One step of `rnn`.
///   x [batch, inputs]   hidden [batch, width], 0 unless given   ->   hidden [batch, width]; or without batch
/// Throws as RNN.
struct RNNCell : RecurrentCell {
  RNNCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options = {},
          Rng& rng = default_rng());
  Tensor operator()(const Tensor& x, const Tensor& hidden = {}) const;

 private:
  Nonlinearity nonlinearity_;
};

/// One step of `gru`, as RNNCell.
struct GRUCell : RecurrentCell {
  GRUCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options = {},
          Rng& rng = default_rng());
  Tensor operator()(const Tensor& x, const Tensor& hidden = {}) const;
};

/// One step of `lstm`: `auto [hidden, cell] = layer(x, {h, c});`
struct LSTMCell : RecurrentCell {
  LSTMCell(std::int64_t inputs, std::int64_t width, const RecurrentCellOptions& options = {},
           Rng& rng = default_rng());
  LstmState operator()(const Tensor& x, const LstmState& state = {}) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
