// Recurrent nets and attention against PyTorch.
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/ops/attention.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/positions.hpp>
#include <xtape/ops/recurrent.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

RecurrentWeights weights(const Tensors& v) { return {v[1], v[2], v[3], v[4]}; }
Tensors both(const RecurrentResult& of) { return {of.output, of.hidden}; }
Tensors all(const LstmResult& of) { return {of.output, of.hidden, of.cell}; }
LstmResult lstm_of(const Tensors& v, const RecurrentOptions& options) {
  return lstm(v[0], weights(v), {v[5], v[6]}, options);
}

}  // namespace

TEST_CASE("peers: sequences") {
  const Tensor chosen = tensor({{1, 0, 1, 1, 0}, {1, 1, 1, 1, 1}, {0, 1, 1, 0, 1}}) == 1;
  const Tensor few = tensor({4, 2, 1}), more = tensor({4, 3, 1});
  check_sections(
      {"sequences"},
      {
          {"rnn: tanh", [](auto& v) { return both(rnn(v[0], weights(v), v[5])); }},
          {"rnn: relu, in reverse",
           [](auto& v) {
             return both(rnn(v[0], weights(v), v[5], {.reverse = true}, Nonlinearity::relu));
           }},
          {"gru: all steps", [](auto& v) { return both(gru(v[0], weights(v), v[5])); }},
          {"gru: lengths",
           [=](auto& v) { return both(gru(v[0], weights(v), v[5], {.lengths = few})); }},
          {"gru: lengths, in reverse",
           [=](auto& v) {
             return both(gru(v[0], weights(v), v[5], {.reverse = true, .lengths = few}));
           }},
          {"lstm: all steps", [](auto& v) { return all(lstm_of(v, {})); }},
          {"lstm: lengths", [=](auto& v) { return all(lstm_of(v, {.lengths = more})); }},
          {"lstm: lengths, in reverse",
           [=](auto& v) { return all(lstm_of(v, {.reverse = true, .lengths = more})); }},
          {"rotary_positions: halves", [](auto& v) { return rotary_positions(square(v[0])); }},
          {"rotary_positions: neighbours, from the fifth on",
           [](auto& v) {
             return rotary_positions(square(v[0]),
                                     {.pairs = RotaryPairs::neighbours, .base = 100, .first = 4});
           }},
          {"scaled_dot_product_attention: heads",
           [](auto& v) { return scaled_dot_product_attention(v[0], v[1], v[2]); }},
          {"scaled_dot_product_attention: causal, a scale",
           [](auto& v) {
             return scaled_dot_product_attention(v[0], v[1], v[2], {.causal = true, .scale = 0.75});
           }},
          {"scaled_dot_product_attention: a boolean mask",
           [=](auto& v) {
             return scaled_dot_product_attention(v[0], v[1], v[2], {.mask = chosen});
           }},
          {"scaled_dot_product_attention",
           [](auto& v) { return scaled_dot_product_attention(v[0], v[1], v[2], {.mask = v[3]}); }},
      });
}
