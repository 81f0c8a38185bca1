#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Recurrent nets: a state that each step of a sequence changes. One floating dtype; any order of
/// derivative. In the names and layouts of PyTorch:
///   x [steps, batch, inputs]   states [batch, width]   ->   output [steps, batch, width], the state
///   behind each step, and the state behind the last one
/// All throw ShapeError and DtypeError for what does not fit, ValueError for lengths beyond the
/// steps.
namespace xtape {

/// Of n gates, in the order in which they stand below.
struct RecurrentWeights {
  Tensor weight_ih, weight_hh;        ///< [n width, inputs], [n width, width]
  Tensor bias_ih = {}, bias_hh = {};  ///< [n width]; none unless given
};

struct RecurrentOptions {
  bool reverse = false;  ///< from the last step to the first
  /// int64 [batch]: the steps that each sequence has, from the first. The output behind them is 0,
  /// whatever x is there, and the state that of the last one; in reverse it begins there.
  Tensor lengths = {};
};

struct RecurrentResult {
  Tensor output, hidden;
};
struct LstmResult {
  Tensor output, hidden, cell;
};

enum class Nonlinearity { tanh, relu };

/// h = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu; from h = `hidden`, 0 unless given.
/// Source: Elman, Finding Structure in Time (1990).
[[nodiscard]] RecurrentResult rnn(const Tensor& x, const RecurrentWeights& weights,
                                  const Tensor& hidden = {}, const RecurrentOptions& options = {},
                                  Nonlinearity nonlinearity = Nonlinearity::tanh);

/// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh), two of three parts; n = tanh(W_ih x + b_ih +
/// r (W_hh h + b_hh)), the third;  h = (1 - z) n + z h
/// Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (2014), with r
/// behind the product.
[[nodiscard]] RecurrentResult gru(const Tensor& x, const RecurrentWeights& weights,
                                  const Tensor& hidden = {}, const RecurrentOptions& options = {});

struct LstmState {
  Tensor hidden = {}, cell = {};  ///< 0 unless given
};

/// i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh), the first, second and fourth of four parts; g
/// = tanh of the third;  c = f c + i g,  h = o tanh(c)
/// Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997); Gers et al., Learning to
/// Forget (2000).
[[nodiscard]] LstmResult lstm(const Tensor& x, const RecurrentWeights& weights,
                              const LstmState& state = {}, const RecurrentOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
