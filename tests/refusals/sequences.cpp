#include <xtape/nn/attention.hpp>
#include <xtape/nn/positions.hpp>
#include <xtape/nn/recurrent.hpp>
#include <xtape/nn/recurrent_cell.hpp>
#include <xtape/nn/transformer.hpp>
#include <xtape/ops/attention.hpp>
#include <xtape/ops/positions.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

Refusal<std::int64_t> below_one(const char* name, std::string text,
                                std::function<void(std::int64_t)> call) {
  return {name, Kind::value, {0, -1, least}, std::move(call), std::move(text)};
}

}  // namespace

TEST_CASE("refusals: sizes of recurrent layers") {
  check(Counts{
      below_one("RNN: inputs", "rnn: inputs must be at least 1; got ",
                [](auto n) { return nn::RNN(n, 2); }),
      below_one("GRU: width", "gru: width must be at least 1; got ",
                [](auto n) { return nn::GRU(2, n); }),
      below_one("LSTM: width", "lstm: width must be at least 1; got ",
                [](auto n) { return nn::LSTM(2, n); }),
      below_one("RecurrentLayerOptions.layers", "lstm: layers must be at least 1; got ",
                [](auto n) { return nn::LSTM(2, 2, {.layers = n}); }),
      below_one("RNNCell: inputs", "rnn_cell: inputs must be at least 1; got ",
                [](auto n) { return nn::RNNCell(n, 2); }),
      below_one("GRUCell: width", "gru_cell: width must be at least 1; got ",
                [](auto n) { return nn::GRUCell(2, n); }),
      below_one("LSTMCell: width", "lstm_cell: width must be at least 1; got ",
                [](auto n) { return nn::LSTMCell(2, n); }),
      {"weights: layer",
       Kind::index,
       {1, -1, most, least},
       [layer = nn::GRU(2, 2)](auto n) { return layer.weights(n); },
       "gru: there are 1 layers of 1 directions; got layer "},
  });
  check(Numbers{
      {"RecurrentLayerOptions.dropout",
       Kind::value,
       {-1e-300, 1.5, inf, not_a_number},
       [](auto rate) { return nn::GRU(2, 2, {.dropout = rate}); },
       "gru: dropout must lie in [0, 1]; got "},
  });
}

TEST_CASE("refusals: sizes of attention") {
  const Tensor x = ones({2, 4});
  check(Counts{
      below_one("MultiheadAttention: width", "multihead_attention: width must be at least 1; got ",
                [](auto n) { return nn::MultiheadAttention(n, 2); }),
      below_one("MultiheadAttention: heads", "multihead_attention: heads must be at least 1; got ",
                [](auto n) { return nn::MultiheadAttention(4, n); }),
      {"MultiheadAttention: heads",
       Kind::value,
       {3, 5, most},
       [](auto n) { return nn::MultiheadAttention(4, n); },
       "multihead_attention: heads must divide the width; got "},
      {"MultiheadAttentionOptions.key_width",
       Kind::value,
       {-1, least},
       [](auto n) { return nn::MultiheadAttention(4, 2, {.key_width = n}); },
       "multihead_attention: key_width must be at least 0; got "},
      {"MultiheadAttentionOptions.value_width",
       Kind::value,
       {-1, least},
       [](auto n) { return nn::MultiheadAttention(4, 2, {.value_width = n}); },
       "multihead_attention: value_width must be at least 0; got "},
      below_one("TransformerEncoderLayer: heads",
                "multihead_attention: heads must be at least 1; got ",
                [](auto n) { return nn::TransformerEncoderLayer(4, n); }),
      below_one("TransformerDecoderLayer: width",
                "multihead_attention: width must be at least 1; got ",
                [](auto n) { return nn::TransformerDecoderLayer(n, 1); }),
      below_one(
          "TransformerOptions.feed_forward_width",
          "transformer_encoder: feed_forward_width must be at least 1; got ",
          [](auto n) { return nn::TransformerEncoderLayer(4, 2, {.feed_forward_width = n}); }),
      below_one("TransformerEncoder: count", "transformer_encoder: count must be at least 1; got ",
                [](auto n) { return nn::TransformerEncoder(4, 2, n); }),
      below_one("TransformerDecoder: count", "transformer_decoder: count must be at least 1; got ",
                [](auto n) { return nn::TransformerDecoder(4, 2, n); }),
      below_one("LearnedPositions: width", "learned_positions: width must be at least 1; got ",
                [](auto n) { return nn::LearnedPositions(4, n); }),
      {"sinusoidal_positions: count",
       Kind::value,
       {-1, least},
       [](auto n) { return sinusoidal_positions(n, 4); },
       "sinusoidal_positions: count must be at least 0; got "},
      {"sinusoidal_positions: width",
       Kind::value,
       {-1, least},
       [](auto n) { return sinusoidal_positions(4, n); },
       "sinusoidal_positions: width must be at least 0; got "},
      {"RotaryOptions.first",
       Kind::value,
       {-1, least},
       [&](auto n) { return rotary_positions(x, {.first = n}); },
       "rotary_positions: first must be at least 0; got "},
  });
}

TEST_CASE("refusals: numbers of attention") {
  const Tensor x = ones({2, 3});
  check(Numbers{
      {"AttentionOptions.dropout",
       Kind::value,
       {-1e-300, 1.5, inf, not_a_number},
       [&](auto rate) { return scaled_dot_product_attention(x, x, x, {.dropout = rate}); },
       "scaled_dot_product_attention: dropout must lie in [0, 1]; got "},
      {"AttentionOptions.scale",
       Kind::value,
       {inf, not_a_number},
       [&](auto scale) { return scaled_dot_product_attention(x, x, x, {.scale = scale}); },
       "scaled_dot_product_attention: scale must be finite; got "},
      {"MultiheadAttentionOptions.dropout",
       Kind::value,
       {-1e-300, 1.5, inf, not_a_number},
       [](auto rate) { return nn::MultiheadAttention(4, 2, {.dropout = rate}); },
       "multihead_attention: dropout must lie in [0, 1]; got "},
      {"TransformerOptions.dropout",
       Kind::value,
       {-1e-300, 1.5, inf, not_a_number},
       [](auto rate) { return nn::TransformerDecoderLayer(4, 2, {.dropout = rate}); },
       "transformer_decoder: dropout must lie in [0, 1]; got "},
      {"TransformerOptions.layer_norm_eps",
       Kind::value,
       {-1, inf, not_a_number},
       [](auto eps) { return nn::TransformerEncoder(4, 2, 1, {.layer_norm_eps = eps}); },
       "transformer_encoder: layer_norm_eps must be finite and not negative; got "},
      {"RotaryOptions.base",
       Kind::value,
       {0, -1, inf, not_a_number},
       [&](auto base) {
         return rotary_positions(ones({2, 4}), {.base = base});
       },
       "rotary_positions: base must be finite and above 0; got "},
  });
}
