// Layers of sequences, as functions of their inputs and parameters, against PyTorch.
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/nn/attention.hpp>
#include <xtape/nn/recurrent.hpp>
#include <xtape/nn/recurrent_cell.hpp>
#include <xtape/nn/transformer.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

/// The layer that `make` gives for a dtype, with the parameters that stand behind its inputs.
template <class Make, class Apply>
auto layer(std::size_t inputs, Make make, Apply apply) {
  return [=](const Tensors& v) {
    const auto own = make(v[0].dtype());
    const Tensors parameters(v.begin() + static_cast<std::ptrdiff_t>(inputs), v.end());
    return apply(nn::with_parameters(own, parameters), v);
  };
}

/// All results of a recurrent layer.
constexpr auto every_result = [](const auto& net, const Tensors& v) {
  const auto result = net(v[0], {});
  Tensors results{result.output, result.hidden};
  if constexpr (requires { result.cell; }) results.push_back(result.cell);
  return results;
};

/// True in every third place, but not in the first.
Tensor masked(const Shape& shape) {
  return reshape(remainder(arange(shape.size()), 3) == 2, shape);
}

constexpr auto both = [](const nn::AttentionResult& of) { return Tensors{of.output, of.weights}; };

nn::TransformerOptions small(Dtype dtype) {
  return {.feed_forward_width = 3, .dropout = 0, .layer_norm_eps = 0.25, .dtype = dtype};
}

}  // namespace

TEST_CASE("peers: layers") {
  using nn::RecurrentLayerOptions;
  check_sections(
      {"layers"},
      {
          {"RNN: two layers",
           layer(
               1, [](Dtype d) { return nn::RNN(2, 3, {.layers = 2, .dtype = d}); }, every_result)},
          {"GRU: both directions",
           layer(
               1,
               [](Dtype d) {
                 return nn::GRU(2, 2, {.bidirectional = true, .batch_first = false, .dtype = d});
               },
               every_result)},
          {"LSTM: two layers, both directions, no biases",
           layer(
               1,
               [](Dtype d) {
                 return nn::LSTM(2, 2,
                                 {.layers = 2, .bidirectional = true, .bias = false, .dtype = d});
               },
               every_result)},
          {"LSTM: one sequence",
           layer(
               1, [](Dtype d) { return nn::LSTM(2, 3, {.dtype = d}); }, every_result)},
          {"RNNCell: relu", layer(
                                2,
                                [](Dtype d) {
                                  return nn::RNNCell(
                                      2, 4, {.nonlinearity = Nonlinearity::relu, .dtype = d});
                                },
                                [](const auto& cell, auto& v) { return cell(v[0], v[1]); })},
          {"GRUCell: one", layer(
                               2, [](Dtype d) { return nn::GRUCell(2, 3, {.dtype = d}); },
                               [](const auto& cell, auto& v) { return cell(v[0], v[1]); })},
          {"LSTMCell: two", layer(
                                1, [](Dtype d) { return nn::LSTMCell(2, 3, {.dtype = d}); },
                                [](const auto& cell, auto& v) {
                                  const LstmState state = cell(v[0]);
                                  return Tensors{state.hidden, state.cell};
                                })},
          {"MultiheadAttention: to itself",
           layer(
               3, [](Dtype d) { return nn::MultiheadAttention(4, 2, {.dtype = d}); },
               [](const auto& of, auto& v) { return both(of.with_weights(v[0], v[1], v[2])); })},
          {"MultiheadAttention: other widths, masks, weights of each head",
           layer(
               3,
               [](Dtype d) {
                 return nn::MultiheadAttention(4, 2,
                                               {.bias = false,
                                                .key_width = 3,
                                                .value_width = 2,
                                                .batch_first = false,
                                                .dtype = d});
               },
               [](const auto& of, auto& v) {
                 return both(of.with_weights(
                     v[0], v[1], v[2],
                     {.masks = {.attn_mask = masked({2, 3}), .key_padding_mask = masked({2, 3})},
                      .average = false}));
               })},
          {"MultiheadAttention: keys of its own, masks",
           layer(
               3,
               [](Dtype d) {
                 return nn::MultiheadAttention(
                     4, 2, {.add_bias_kv = true, .add_zero_attn = true, .dtype = d});
               },
               [](const auto& of, auto& v) {
                 return both(of.with_weights(
                     v[0], v[1], v[2],
                     {.masks = {.attn_mask = masked({2, 3}), .key_padding_mask = masked({2, 3})}}));
               })},
          {"MultiheadAttention: a learnt key, causal",
           layer(
               1,
               [](Dtype d) {
                 return nn::MultiheadAttention(4, 2, {.add_bias_kv = true, .dtype = d});
               },
               [](const auto& of, auto& v) { return of(v[0], {.causal = true}); })},
          {"MultiheadAttention: zeros, other widths, numbers added",
           layer(
               4,
               [](Dtype d) {
                 return nn::MultiheadAttention(
                     4, 2, {.key_width = 3, .value_width = 2, .add_zero_attn = true, .dtype = d});
               },
               [](const auto& of, auto& v) { return of(v[0], v[1], v[2], {.attn_mask = v[3]}); })},
          {"TransformerEncoderLayer: normalised behind",
           layer(
               1, [](Dtype d) { return nn::TransformerEncoderLayer(4, 2, small(d)); },
               [](const auto& of, auto& v) { return of(v[0]); })},
          {"TransformerEncoderLayer: normalised first, gelu",
           layer(
               1,
               [](Dtype d) {
                 nn::TransformerOptions options = small(d);
                 options.activation = nn::FeedForwardActivation::gelu;
                 options.norm_first = true;
                 return nn::TransformerEncoderLayer(4, 2, options);
               },
               [](const auto& of, auto& v) { return of(v[0], {.causal = true}); })},
          {"TransformerDecoderLayer: causal",
           layer(
               2, [](Dtype d) { return nn::TransformerDecoderLayer(4, 2, small(d)); },
               [](const auto& of, auto& v) {
                 return of(v[0], v[1], {.target = {.causal = true}});
               })},
      });
}
