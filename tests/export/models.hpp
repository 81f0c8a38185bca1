#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

/// Models to be handed over, with inputs: what exports are checked with.
namespace models {

using namespace xtape;

struct Case {
  std::string name;
  nn::AnyModule model;
  std::function<Tensor(std::int64_t)> input;  // of so many rows
};

inline std::function<Tensor(std::int64_t)> normal(const Shape& row, double mean = 0,
                                                  double deviation = 1) {
  return [=](std::int64_t rows) {
    Shape shape = row;
    shape.insert(0, rows);
    Rng rng(static_cast<std::uint32_t>(rows + 1));
    return rng.normal(shape, mean, deviation);
  };
}
inline std::function<Tensor(std::int64_t)> integers(const Shape& row, std::int64_t end) {
  return [=](std::int64_t rows) {
    Shape shape = row;
    shape.insert(0, rows);
    return Rng(static_cast<std::uint32_t>(rows + 1)).integers(0, end, shape);
  };
}

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
struct CausalAttention : nn::Module {
  nn::MultiheadAttention attention = child("attention", nn::MultiheadAttention(8, 2));
  Tensor operator()(const Tensor& x) const { return attention(x, {.causal = true}); }
};

/// Layers, as models are made of.
inline std::vector<Case> of_layers() {
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
  add("encoder", nn::TransformerEncoderLayer(16, 4), normal({5, 16}));
  add("causal", CausalAttention(), normal({5, 8}));
  add("embedding", Words(), integers({6}, 50));
  return cases;
}

/// Functions, one a rule or so.
std::vector<Case> of_functions();

}  // namespace models
