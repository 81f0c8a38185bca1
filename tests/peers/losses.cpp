// Losses against PyTorch.
#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

TEST_CASE("peers: losses") {
  const Tensor weights = tensor({0.5, 1.0, 2.0, 0.25, 1.5}, Dtype::float64);
  const auto like = [=](const Tensor& x) { return weights.to(x.dtype()); };
  check_sections(
      {"losses"},
      {
          {"cross_entropy: labels", [](auto& v) { return nn::cross_entropy(v[0], v[1]); }},
          {"cross_entropy: weights, smoothed",
           [=](auto& v) {
             return nn::cross_entropy(v[0], v[1],
                                      {.label_smoothing = 0.1, .class_weights = like(v[0])});
           }},
          {"cross_entropy: ignored",
           [](auto& v) {
             return nn::cross_entropy(v[0], v[1],
                                      {.reduction = nn::Reduction::sum, .ignore_index = 2});
           }},
          {"cross_entropy: probabilities",
           [](auto& v) {
             return nn::cross_entropy(v[0], v[1], {.reduction = nn::Reduction::none});
           }},
          {"categorical_cross_entropy: labels",
           [](auto& v) { return nn::categorical_cross_entropy(v[0], v[1]); }},
          {"binary_cross_entropy_with_logits: probabilities",
           [](auto& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1]); }},
          {"binary_cross_entropy_with_logits: a weight",
           [=](auto& v) {
             return 5 *
                    nn::binary_cross_entropy_with_logits(
                        v[0], v[1], {.reduction = nn::Reduction::sum, .pos_weight = like(v[0])});
           }},
          {"binary_cross_entropy: probabilities",
           [](auto& v) { return nn::binary_cross_entropy(v[0], v[1]); }},
          {"mean_squared_error: pairs", [](auto& v) { return nn::mean_squared_error(v[0], v[1]); }},
          {"mean_absolute_error: pairs",
           [](auto& v) { return nn::mean_absolute_error(v[0], v[1]); }},
          {"huber_loss: a delta",
           [](auto& v) { return nn::huber_loss(v[0], v[1], {.delta = 1.5}); }},
          {"l1_penalty: signs", [](auto& v) { return square(nn::l1_penalty(v[0])); }},
          {"l2_penalty: squares", [](auto& v) { return nn::l2_penalty(v[0]); }},
      });
}
