#pragma once
#include <vector>

#include <xtape/ops/attention.hpp>
#include <xtape/ops/positions.hpp>
#include <xtape/ops/recurrent.hpp>

#include "case.hpp"

/// Inputs of a net of so many gates: x, its weights and its states.
inline std::vector<xtape::Tensor> recurrent_inputs(std::int64_t gates, std::int64_t states) {
  const std::int64_t width = 2, rows = gates * width;
  std::vector<xtape::Tensor> all{sixteenths({2, 2, 1}), sixteenths({rows, 1}, 1),
                                 sixteenths({rows, width}, 2), sixteenths({rows}, 3),
                                 sixteenths({rows}, 4)};
  for (std::int64_t i = 0; i < states; ++i)
    all.push_back(sixteenths({2, width}, 5 + static_cast<std::uint64_t>(i)));
  return all;
}

/// Uses of operations on sequences.
inline std::vector<Case> sequence_cases() {
  using namespace xtape;
  const auto weights = [](const std::vector<Tensor>& v) {
    return RecurrentWeights{v[1], v[2], v[3], v[4]};
  };
  const auto both = [](const RecurrentResult& of) { return std::vector{of.output, of.hidden}; };
  const Tensor lengths = tensor({1, 2});
  const Tensor q = sixteenths({2, 1, 2, 2}), k = sixteenths({3, 2}, 1),
               v3 = sixteenths({2, 3, 1}, 2);
  return {
      {"rnn: two steps", recurrent_inputs(1, 1),
       [=](auto& v) { return both(rnn(v[0], weights(v), v[5])); }, true},
      {"rnn: rectified, in reverse", recurrent_inputs(1, 1),
       [=](auto& v) {
         return both(rnn(v[0], weights(v), v[5], {.reverse = true}, Nonlinearity::relu));
       },
       true},
      {"gru: two steps", recurrent_inputs(3, 1),
       [=](auto& v) { return both(gru(v[0], weights(v), v[5])); }, true},
      {"gru: in reverse, of two lengths", recurrent_inputs(3, 1),
       [=](auto& v) {
         return both(gru(v[0], weights(v), v[5], {.reverse = true, .lengths = lengths}));
       },
       true},
      {"lstm: two steps, of two lengths", recurrent_inputs(4, 2),
       [=](auto& v) {
         const LstmResult of = lstm(v[0], weights(v), {v[5], v[6]}, {.lengths = lengths});
         return std::vector{of.output, of.hidden, of.cell};
       },
       true},
      {"lstm: no states, no biases", recurrent_inputs(4, 0),
       [](auto& v) {
         return lstm(v[0], {v[1], v[2], {}, {}}).output;
       },
       true},
      {"rotary_positions: halves", {q}, [](auto& v) { return rotary_positions(v[0]); }, true},
      {"rotary_positions: neighbours, from the second on",
       {sixteenths({3, 4})},
       [](auto& v) {
         return rotary_positions(v[0], {.pairs = RotaryPairs::neighbours, .base = 10, .first = 1});
       },
       true},
      {"scaled_dot_product_attention: heads that share keys",
       {q, k, v3},
       [](auto& v) { return scaled_dot_product_attention(v[0], v[1], v[2]); },
       true},
      {"scaled_dot_product_attention: causal, with a mask",
       {q, k, v3},
       [](auto& v) {
         return scaled_dot_product_attention(
             v[0], v[1], v[2],
             {.mask = tensor({{false, true, true}, {true, false, true}}), .causal = true});
       },
       true},
      {"scaled_dot_product_attention: numbers added",
       {q, k, v3, sixteenths({2, 3}, 3)},
       [](auto& v) {
         return scaled_dot_product_attention(v[0], v[1], v[2], {.mask = v[3], .scale = 0.5});
       },
       true},
  };
}
