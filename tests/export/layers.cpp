#include "models.hpp"

namespace models {
namespace {

struct Words : nn::Module {
  nn::Embedding words = child("words", nn::Embedding(50, 8));
  nn::Dense out = child("out", nn::Dense(8, 3));
  Tensor operator()(const Tensor& x) const { return out(mean(words(x), 1)); }
};

/// A net over steps, and a layer of what it ends with.
template <class Net>
struct Sequence : nn::Module {
  Net net;
  nn::Dense out;
  explicit Sequence(const nn::RecurrentLayerOptions& options = {.layers = 2, .bidirectional = true})
      : net(child("net", Net(4, 6, options))),
        out(child("out", nn::Dense(options.bidirectional ? 12 : 6, 3))) {}
  Tensor operator()(const Tensor& x) const { return out(slice(net(x), {Slice::all, -1})); }
};
struct LastStates : nn::Module {
  nn::LSTM net = child("net", nn::LSTM(4, 6));
  Tensor operator()(const Tensor& x) const {
    const LstmResult all = net(x, {});
    return concatenate({all.hidden[0], all.cell[0]}, -1);
  }
};
/// Lengths that the sequences say themselves, 0 too: by how many numbers of the first feature are
/// positive.
template <class Net>
struct OfLengths : nn::Module {
  Net net = child("net", Net(4, 6, {.layers = 2, .bidirectional = true}));
  Tensor operator()(const Tensor& x) const {
    const Tensor first = slice(x, {Slice::all, Slice::all, 0});
    const Tensor lengths = maximum(sum((first > 0).to(Dtype::int64), 1) - 3, 0);
    const auto all = net(x, {.lengths = lengths});
    return concatenate({flatten(all.output, 1), all.hidden[0], all.hidden[3]}, 1);
  }
};
/// Three steps of a cell, [batch, 3, 4] to [batch, 3, 4].
template <class Cell>
struct Cells : nn::Module {
  Cell cell = child("cell", Cell(4, 4));
  Tensor operator()(const Tensor& x) const {
    std::vector<Tensor> states;
    LstmState state;
    for (std::int64_t step = 0; step < 3; ++step) {
      const Tensor in = slice(x, {Slice::all, step});
      if constexpr (std::is_same_v<Cell, nn::LSTMCell>) {
        state = cell(in, state);
      } else {
        state.hidden = cell(in, state.hidden);
      }
      states.push_back(state.hidden);
    }
    return stack(states, 1);
  }
};
Tensor normalized(const Tensor& x) { return layer_norm(x, Shape{4}); }
struct CausalAttention : nn::Module {
  nn::MultiheadAttention attention = child("attention", nn::MultiheadAttention(8, 2));
  Tensor operator()(const Tensor& x) const { return attention(x, {.causal = true}); }
};

}  // namespace

std::vector<Case> of_layers() {
  seed(5);
  std::vector<Case> cases;
  const auto add = [&](const char* name, const auto& model, auto input) {
    cases.push_back({name, nn::AnyModule(model), std::move(input)});
  };
  using nn::Sequential;
  add("mlp",
      Sequential(nn::Dense(6, 16), nn::ReLU(), nn::Dropout(0.5), nn::Dense(16, 4), nn::Softmax()),
      normal({6}));
  add("lenet",
      Sequential(nn::Conv2d(1, 6, 5, {.padding = 2}), nn::ReLU(), nn::MaxPool2d(2),
                 nn::Conv2d(6, 16, 5), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                 nn::Dense(400, 120), nn::ReLU(), nn::Dense(120, 10)),
      normal({1, 28, 28}));
  const Sequential images(nn::Conv2d(3, 8, 3, {.stride = 2, .padding = 1}), nn::BatchNorm2d(8),
                          nn::SiLU(), nn::Conv2d(8, 8, 3, {.padding = 1, .groups = 4}),
                          nn::GroupNorm(2, 8), nn::GELU(), nn::AdaptiveAvgPool2d(1), nn::Flatten(),
                          nn::Dense(8, 5));
  static_cast<void>(images(normal({3, 9, 9}, 1, 2)(4)));  // running statistics of its own
  add("images", images, normal({3, 9, 9}));
  add("pools",
      Sequential(nn::AvgPool2d(3, {.stride = 2, .padding = 1, .ceil_mode = true}),
                 nn::ConvTranspose2d(2, 3, 3, {.stride = 2, .padding = 1, .output_padding = 1}),
                 nn::MaxPool2d(3, {.stride = 2, .padding = 1, .ceil_mode = true}),
                 nn::Upsample({.scale = 2}),
                 nn::Upsample({.size = {7, 11}, .mode = nn::Interpolation::linear}), nn::Flatten()),
      normal({2, 8, 9}));
  add("signal",
      Sequential(nn::Conv1d(2, 4, 3, {.stride = 2, .dilation = 2}), nn::BatchNorm1d(4), nn::ELU(),
                 nn::MaxPool1d(2), nn::Flatten()),
      normal({2, 17}));
  add("rnn", Sequence<nn::RNN>(), normal({7, 4}));
  add("rnn_relu", Sequence<nn::RNN>({.nonlinearity = Nonlinearity::relu}), normal({7, 4}));
  add("gru", Sequence<nn::GRU>(), normal({7, 4}));
  add("lstm", Sequence<nn::LSTM>(), normal({7, 4}));
  add("lstm_states", LastStates(), normal({7, 4}));
  add("rnn_of_lengths", OfLengths<nn::RNN>(), normal({7, 4}));
  add("gru_of_lengths", OfLengths<nn::GRU>(), normal({7, 4}));
  add("lstm_of_lengths", OfLengths<nn::LSTM>(), normal({7, 4}));
  const nn::RecurrentLayerOptions second{.bidirectional = true, .batch_first = false};
  for (auto& one :
       std::vector<Case>{{"rnn_steps_first", nn::AnyModule(nn::RNN(4, 6, second)), {}},
                         {"gru_steps_first", nn::AnyModule(nn::GRU(4, 6, second)), {}},
                         {"lstm_steps_first", nn::AnyModule(nn::LSTM(4, 6, second)), {}}})
    cases.push_back({one.name, one.model, steps_first(7, 4), 1});
  add("encoder", nn::TransformerEncoderLayer(16, 4), normal({5, 16}));
  add("causal", CausalAttention(), normal({5, 8}));
  add("embedding", Words(), integers({6}, 50));
  add("cells",
      Sequential(Cells<nn::RNNCell>(), nn::AnyModule(normalized), Cells<nn::GRUCell>(),
                 nn::AnyModule(normalized), Cells<nn::LSTMCell>()),
      normal({3, 4}));
  add("volumes",
      Sequential(nn::Conv3d(2, 3, 2, {.padding = 1}), nn::PReLU(3), nn::MaxPool3d(2),
                 nn::GlobalAvgPool()),
      normal({2, 4, 4, 4}));
  add("shuffled",
      Sequential(nn::PixelShuffle(2), nn::InstanceNorm(1), nn::PixelUnshuffle(2),
                 nn::AdaptiveMaxPool2d(2), nn::AdaptiveAvgPool2d(3)),
      normal({4, 3, 3}));
  add("gates",
      Sequential(nn::WeightNorm(nn::Dense(6, 8)), nn::SwiGLU(), nn::Residual(nn::Dense(4, 4)),
                 nn::GEGLU(), nn::CELU(), nn::Softshrink(), nn::Threshold(-0.2, 0.1)),
      normal({6}));
  add("norms",
      Sequential(nn::LayerNorm(Shape{3, 6}), nn::RMSNorm(Shape{6}),
                 nn::LayerNorm(Shape{6}, {.affine = false}), nn::Softmin(), nn::Hardtanh()),
      normal({3, 6}));
  // Of one row or one channel steps of one element follow each other.
  add("layer_norms",
      Sequential(nn::Dense(4, 8), nn::LayerNorm(Shape{8}), nn::ReLU(), nn::Dense(8, 8),
                 nn::LayerNorm(Shape{8}), nn::Dense(8, 2)),
      normal({4}));
  add("normalized_softmax", Sequential(nn::Dense(4, 8), nn::LayerNorm(Shape{8}), nn::Softmax()),
      normal({4}));
  add("regression", Sequential(nn::Dense(8, 1), nn::Softplus(), nn::AnyModule([](const Tensor& x) {
                                 return x * 100;
                               })),
      normal({8}));
  add("group_norms",
      Sequential(nn::Conv2d(1, 4, 3), nn::GroupNorm(1, 4), nn::Conv2d(4, 4, 3),
                 nn::GroupNorm(1, 4)),
      normal({1, 8, 8}));
  add("one_channel", Sequential(nn::Conv2d(1, 1, 3), nn::GlobalAvgPool(), nn::Sigmoid()),
      normal({1, 8, 8}));
  add("encoder_of_one_step", nn::TransformerEncoderLayer(16, 4), normal({1, 16}));
  add("encoder_of_two", Sequential(nn::LearnedPositions(10, 8), nn::TransformerEncoder(8, 2, 2)),
      normal({5, 8}));
  return cases;
}

}  // namespace models
