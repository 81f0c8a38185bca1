#pragma once
#include <cstdint>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/recurrent.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct RecurrentLayerOptions {
  std::int64_t layers = 1;     ///< each on the output of the one before
  bool bidirectional = false;  ///< another net from the last step to the first beside each
  bool bias = true;
  double dropout = 0;  ///< the rate of `Dropout` between layers
  bool batch_first =
      true;  ///< x [batch, steps, inputs], as in Keras; else [steps, batch, inputs], as in PyTorch
  Nonlinearity nonlinearity = Nonlinearity::tanh;  ///< of an RNN
  Dtype dtype = default_dtype();
};

/// What RNN, GRU and LSTM have in common: weights for each layer and direction, in the names,
/// layouts and order of gates of PyTorch: weight_ih_l0 [gates width, inputs], weight_hh_l0 [gates
/// width, width], bias_ih_l0, bias_hh_l0 [gates width]; weight_ih_l0_reverse ...; weight_ih_l1
/// [gates width, directions width] ...; initially from [-1 / sqrt(width), 1 / sqrt(width)), as
/// there.
class RecurrentLayer : public Module {
 public:
  RecurrentLayer(const RecurrentLayer&) = default;
  RecurrentLayer(RecurrentLayer&&) noexcept = default;
  RecurrentLayer& operator=(const RecurrentLayer& other);
  ~RecurrentLayer() = default;

  struct Weights {
    Parameter weight_ih, weight_hh, bias_ih, bias_hh;  // biases undefined without
  };
  /// Throws IndexError.
  const Weights& weights(std::int64_t layer, bool reverse = false) const;

 protected:
  /// A net over all steps: x [steps, batch, inputs], states [batch, width].
  using Net = LstmResult (*)(const Tensor& x, const RecurrentWeights& weights,
                             const LstmState& state, const RecurrentOptions& options);
  struct Kind {
    const char *type, *op;
    std::int64_t gates;
    Net net;
  };

  RecurrentLayer(const Kind& kind, std::int64_t inputs, std::int64_t width,
                 const RecurrentLayerOptions& options, Rng& rng);

  /// All layers; states are [layers directions, batch, width].
  LstmResult run(const Tensor& x, const LstmState& state, const Tensor& lengths) const;

 private:
  LstmResult run_layers(const Tensor& x, const LstmState& state, const Tensor& lengths) const;
  Tensor checked(const Tensor& x) const;
  LstmState checked(const LstmState& state, const Tensor& x, bool single) const;
  std::int64_t directions() const { return options_.bidirectional ? 2 : 1; }

  Kind kind_;
  std::int64_t inputs_, width_;
  RecurrentLayerOptions options_;
  std::vector<Weights> weights_;  // of each layer and direction
  std::vector<Dropout> dropout_;  // one, where it is asked for
};

/// Beside x; what is undefined is 0, and each sequence as long as x has steps.
struct RecurrentInput {
  Tensor hidden = {};   ///< [layers directions, batch, width]
  Tensor lengths = {};  ///< int64 [batch], see `xtape::RecurrentOptions`
};
struct LstmInput {
  Tensor hidden = {}, cell = {};
  Tensor lengths = {};
};

/// `rnn` in layers.
///   x [batch, steps, inputs]   ->   output [batch, steps, directions width], of the last layer, and hidden
///   [layers directions, batch, width], of each layer and direction behind its last step; or one sequence
///   x [steps, inputs], without the axis of the batch
/// `auto [output, hidden] = layer(x, {.lengths = n});`, or `layer(x)` for the output alone. A state
/// that is handed on, `hidden.detach()`, truncates back-propagation.
/// Throws ShapeError, DtypeError for what does not fit, ValueError for sizes below 1 and lengths
/// beyond x.
struct RNN : RecurrentLayer {
  RNN(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options = {},
      Rng& rng = default_rng());
  Tensor operator()(const Tensor& x) const;
  RecurrentResult operator()(const Tensor& x, const RecurrentInput& beside) const;
};

/// `gru` in layers, as RNN.
struct GRU : RecurrentLayer {
  GRU(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options = {},
      Rng& rng = default_rng());
  Tensor operator()(const Tensor& x) const;
  RecurrentResult operator()(const Tensor& x, const RecurrentInput& beside) const;
};

/// `lstm` in layers, as RNN: `auto [output, hidden, cell] = layer(x, {.hidden = h, .cell = c});`
struct LSTM : RecurrentLayer {
  LSTM(std::int64_t inputs, std::int64_t width, const RecurrentLayerOptions& options = {},
       Rng& rng = default_rng());
  Tensor operator()(const Tensor& x) const;
  LstmResult operator()(const Tensor& x, const LstmInput& beside) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
