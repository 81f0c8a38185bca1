// Losses against PyTorch.
#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/softmax.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

namespace {
constexpr auto none = nn::Reduction::none;
}  // namespace

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
          {"smooth_l1_loss: a beta",
           [](auto& v) { return nn::smooth_l1_loss(v[0], v[1], {.beta = 0.75}); }},
          {"smooth_l1_loss: none",
           [](auto& v) { return nn::smooth_l1_loss(v[0], v[1], {.beta = 0}); }},
          {"l1_penalty: signs", [](auto& v) { return square(nn::l1_penalty(v[0])); }},
          {"l2_penalty: squares", [](auto& v) { return nn::l2_penalty(v[0]); }},
      });
}

TEST_CASE("peers: losses of classes and of probabilities") {
  const Tensor weights = tensor({0.5, 1.0, 2.0, 0.25, 1.5}, Dtype::float64);
  const auto like = [=](const Tensor& x) { return weights.to(x.dtype()); };
  check_sections(
      {"class_losses"},
      {
          {"cross_entropy: sequences",
           [=](auto& v) {
             return nn::cross_entropy(v[0], v[1],
                                      {.label_smoothing = 0.2, .class_weights = like(v[0])});
           }},
          {"cross_entropy: images",
           [](auto& v) {
             return nn::cross_entropy(v[0], v[1],
                                      {.reduction = none, .ignore_index = 2, .axis = 1});
           }},
          {"cross_entropy: probabilities of images",
           [](auto& v) { return nn::cross_entropy(v[0], v[1], {.axis = 1}); }},
          {"nll_loss: weights",
           [=](auto& v) { return nn::nll_loss(v[0], v[1], {.class_weights = like(v[0])}); }},
          {"nll_loss: images",
           [](auto& v) { return nn::nll_loss(v[0], v[1], {.ignore_index = 1, .axis = 1}); }},
          {"binary_cross_entropy_with_logits: weights of the elements",
           [](auto& v) {
             return nn::binary_cross_entropy_with_logits(v[0], v[1], {.weights = v[2]});
           }},
          {"binary_cross_entropy: weights of the outputs",
           [=](auto& v) { return nn::binary_cross_entropy(v[0], v[1], {.weights = like(v[0])}); }},
          {"focal_loss: the customary alpha and gamma",
           [](auto& v) { return nn::focal_loss(v[0], v[1]); }},
          {"focal_loss: a small gamma",
           [](auto& v) {
             return nn::focal_loss(v[0], v[1], {.reduction = none, .gamma = 0.5, .alpha = 0.5});
           }},
          {"softmax_focal_loss: weights",
           [=](auto& v) {
             return nn::softmax_focal_loss(v[0], v[1], {.class_weights = like(v[0])});
           }},
          {"softmax_focal_loss: images",
           [](auto& v) {
             return nn::softmax_focal_loss(
                 v[0], v[1], {.reduction = none, .gamma = 0.5, .ignore_index = 2, .axis = 1});
           }},
          {"dice_loss: images", [](auto& v) { return nn::dice_loss(v[0], v[1]); }},
          {"kl_divergence: probabilities",
           [](auto& v) { return nn::kl_divergence(log_softmax(v[0]), softmax(v[1])); }},
          {"kl_divergence: logarithms",
           [](auto& v) {
             return nn::kl_divergence(v[0], v[1],
                                      {.reduction = none, .log_target = true, .axis = 0});
           }},
          {"gaussian_nll_loss: variances",
           [](auto& v) { return nn::gaussian_nll_loss(v[0], v[1], v[2]); }},
          {"gaussian_nll_loss: full",
           [](auto& v) {
             return nn::gaussian_nll_loss(v[0], v[1], v[2], {.reduction = none, .full = true});
           }},
          {"poisson_nll_loss: logarithms",
           [](auto& v) { return nn::poisson_nll_loss(v[0], v[1]); }},
          {"poisson_nll_loss: rates, full",
           [](auto& v) {
             return nn::poisson_nll_loss(v[0], v[1], {.log_input = false, .full = true});
           }},
          {"ctc_loss: lengths",
           [](auto& v) {
             return nn::ctc_loss(log_softmax(v[0]), v[1],
                                 {.input_lengths = v[2], .target_lengths = v[3]});
           }},
          {"ctc_loss: each",
           [](auto& v) {
             return nn::ctc_loss(
                 log_softmax(v[0]), v[1],
                 {.reduction = none, .input_lengths = v[2], .target_lengths = v[3]});
           }},
      });
}

TEST_CASE("peers: losses with a margin") {
  const Tensor weights = tensor({0.5, 1.0, 2.0, 0.25, 1.5}, Dtype::float64);
  const auto signs = [](const Tensor& zero_or_one) { return 2 * zero_or_one - 1; };
  check_sections(
      {"margin_losses"},
      {
          {"hinge_loss: signs", [=](auto& v) { return nn::hinge_loss(v[0], signs(v[1])); }},
          {"hinge_loss: squared",
           [=](auto& v) {
             return nn::hinge_loss(v[0], signs(v[1]),
                                   {.reduction = none, .margin = 0.5, .squared = true});
           }},
          {"hinge_embedding_loss: signs",
           [=](auto& v) { return nn::hinge_embedding_loss(v[0], signs(v[1])); }},
          {"soft_margin_loss: signs",
           [=](auto& v) { return nn::soft_margin_loss(v[0], signs(v[1])); }},
          {"multi_margin_loss: labels", [](auto& v) { return nn::multi_margin_loss(v[0], v[1]); }},
          {"multi_margin_loss: squared, with weights",
           [=](auto& v) {
             return nn::multi_margin_loss(
                 v[0], v[1],
                 {.reduction = none, .margin = 0.75, .power = 2, .class_weights = weights});
           }},
          {"multilabel_margin_loss: several labels",
           [](auto& v) { return nn::multilabel_margin_loss(v[0], v[1]); }},
          {"multilabel_soft_margin_loss: weights",
           [=](auto& v) {
             return nn::multilabel_soft_margin_loss(v[0], v[1], {.class_weights = weights});
           }},
          {"margin_ranking_loss: a margin",
           [=](auto& v) {
             return nn::margin_ranking_loss(v[0], v[1], signs(v[2]), {.margin = 0.25});
           }},
          {"cosine_embedding_loss: a margin",
           [=](auto& v) {
             return nn::cosine_embedding_loss(v[0], v[1], signs(v[2]), {.margin = 0.1});
           }},
          {"triplet_margin_loss: lengths",
           [](auto& v) { return nn::triplet_margin_loss(v[0], v[1], v[2]); }},
          {"triplet_margin_loss: order 3, swapped",
           [](auto& v) {
             return nn::triplet_margin_loss(
                 v[0], v[1], v[2], {.reduction = none, .margin = 2, .order = 3, .swap = true});
           }},
      });
}
