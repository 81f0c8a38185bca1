#include <xtape/core/create.hpp>
#include <xtape/nn/loss.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: counts of losses") {
  const Tensor x = full({2, 3}, 0.5), labels = tensor({0, 1});
  const Tensor steps = full({1, 2, 3}, -1), one = tensor({{1}});
  check(Counts{
      {"CrossEntropyOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return nn::cross_entropy(x, labels, {.axis = a}); },
       "cross_entropy: axis must lie in [-2, 2); got "},
      {"SoftmaxFocalOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return nn::softmax_focal_loss(x, labels, {.axis = a}); },
       "softmax_focal_loss: axis must lie in [-2, 2); got "},
      {"SoftmaxFocalOptions.ignore_index",
       Kind::index,
       {2, -1, most, least},
       [&](auto i) {
         return nn::softmax_focal_loss(x, tensor({0, 7}), {.ignore_index = i});
       },
       "softmax_focal_loss: labels must lie in [0, 3) or be %; got 7 in row 1"},
      {"KLDivergenceOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return nn::kl_divergence(x, x, {.axis = a}); },
       "kl_divergence: axis must lie in [-2, 2); got "},
      {"MultiMarginOptions.power",
       Kind::value,
       {0, 3, most, least},
       [&](auto p) { return nn::multi_margin_loss(x, labels, {.power = p}); },
       "multi_margin_loss: power must lie in [1, 2]; got "},
      {"multi_margin_loss: labels",
       Kind::index,
       {3, -1, most, least},
       [&](auto i) {
         return nn::multi_margin_loss(x, tensor({i, std::int64_t{0}}));
       },
       "multi_margin_loss: labels must lie in [0, 3); got % in row 0"},
      {"CTCOptions.blank",
       Kind::index,
       {3, -1, most, least},
       [&](auto b) { return nn::ctc_loss(steps, one, {.blank = b}); },
       "ctc_loss: blank must lie in [0, 3); got "},
      {"ctc_loss: input_lengths",
       Kind::value,
       {0, 3, -1, most, least},
       [&](auto n) { return nn::ctc_loss(steps, one, {.input_lengths = tensor({n})}); },
       "ctc_loss: input_lengths must lie in [1, 2]; got % in sample 0"},
      {"ctc_loss: target_lengths",
       Kind::value,
       {2, -1, most, least},
       [&](auto n) { return nn::ctc_loss(steps, one, {.target_lengths = tensor({n})}); },
       "ctc_loss: target_lengths must lie in [0, 1]; got % in sample 0"},
      {"ctc_loss: labels",
       Kind::index,
       {3, 0, -1, most, least},
       [&](auto k) { return nn::ctc_loss(steps, tensor({{k}})); },
       "ctc_loss: labels must lie in [0, 3) and not be the blank, 0; got % in sample 0"},
  });
}

TEST_CASE("refusals: numbers of losses") {
  const Tensor x = full({2, 3}, 0.5), y = ones({2, 3}), labels = tensor({0, 1});
  const Tensor sign = ones({2}, Dtype::int64);
  const std::vector<double> not_finite{not_a_number, inf, -inf}, negative{-1, not_a_number, inf},
      not_positive{0, -1, not_a_number, inf}, outside{-0.1, 1.1, not_a_number, inf};
  const std::string weight = " must be finite and not negative; got % at position 1";
  check(Numbers{
      {"SmoothL1Options.beta", Kind::value, negative,
       [&](auto v) { return nn::smooth_l1_loss(x, y, {.beta = v}); },
       "smooth_l1_loss: beta must be finite and not negative; got "},
      {"BinaryCrossEntropyOptions.weights", Kind::value, negative,
       [&](auto v) {
         return nn::binary_cross_entropy(x, y, {.weights = tensor({1, v, 1})});
       },
       "binary_cross_entropy: weights" + weight},
      {"FocalOptions.gamma", Kind::value, negative,
       [&](auto v) { return nn::focal_loss(x, y, {.gamma = v}); },
       "focal_loss: gamma must be finite and not negative; got "},
      {"FocalOptions.alpha", Kind::value, outside,
       [&](auto v) { return nn::focal_loss(x, y, {.alpha = v}); },
       "focal_loss: alpha must lie in [0, 1]; got "},
      {"focal_loss: targets",
       Kind::value,
       {0.5, -1, not_a_number},
       [&](auto v) {
         return nn::focal_loss(x, full({2, 3}, v));
       },
       "focal_loss: targets must be 0 or 1; got % at position 0"},
      {"SoftmaxFocalOptions.gamma", Kind::value, negative,
       [&](auto v) {
         return nn::softmax_focal_loss(x, tensor({0, 1}), {.gamma = v});
       },
       "softmax_focal_loss: gamma must be finite and not negative; got "},
      {"DiceOptions.smooth", Kind::value, negative,
       [&](auto v) { return nn::dice_loss(x, y, {.smooth = v}); },
       "dice_loss: smooth must be finite and not negative; got "},
      {"dice_loss: targets", Kind::value, outside,
       [&](auto v) {
         return nn::dice_loss(x.to(Dtype::float64), full({2, 3}, v, Dtype::float64));
       },
       "dice_loss: targets must lie in [0, 1]; got % at position 0"},
      {"kl_divergence: targets", Kind::value, outside,
       [&](auto v) {
         return nn::kl_divergence(x.to(Dtype::float64), full({2, 3}, v, Dtype::float64));
       },
       "kl_divergence: targets must lie in [0, 1]; got % at position 0"},
      {"GaussianNLLOptions.eps", Kind::value, not_positive,
       [&](auto v) { return nn::gaussian_nll_loss(x, y, y, {.eps = v}); },
       "gaussian_nll_loss: eps must be finite and above 0; got "},
      {"gaussian_nll_loss: variances", Kind::value, negative,
       [&](auto v) {
         return nn::gaussian_nll_loss(x, y, full({2, 3}, v));
       },
       "gaussian_nll_loss: variances must be finite and not negative; got % at position 0"},
      {"PoissonNLLOptions.eps", Kind::value, not_positive,
       [&](auto v) { return nn::poisson_nll_loss(x, y, {.eps = v}); },
       "poisson_nll_loss: eps must be finite and above 0; got "},
      {"poisson_nll_loss: targets", Kind::value, negative,
       [&](auto v) {
         return nn::poisson_nll_loss(x, full({2, 3}, v));
       },
       "poisson_nll_loss: targets must be finite and not negative; got % at position 0"},
      {"HingeOptions.margin", Kind::value, not_finite,
       [&](auto v) { return nn::hinge_loss(x, y, {.margin = v}); },
       "hinge_loss: margin must be finite; got "},
      {"hinge_loss: targets",
       Kind::value,
       {0, 2, not_a_number},
       [&](auto v) {
         return nn::hinge_loss(x, full({2, 3}, v));
       },
       "hinge_loss: targets must be -1 or 1; got % at position 0"},
      {"MarginOptions.margin", Kind::value, not_finite,
       [&](auto v) { return nn::hinge_embedding_loss(x, y, {.margin = v}); },
       "hinge_embedding_loss: margin must be finite; got "},
      {"MultiMarginOptions.margin", Kind::value, not_finite,
       [&](auto v) { return nn::multi_margin_loss(x, labels, {.margin = v}); },
       "multi_margin_loss: margin must be finite; got "},
      {"MultiMarginOptions.class_weights", Kind::value, negative,
       [&](auto v) {
         return nn::multi_margin_loss(x, labels, {.class_weights = tensor({1, v, 1})});
       },
       "multi_margin_loss: class_weights" + weight},
      {"PairMarginOptions.margin", Kind::value, not_finite,
       [&](auto v) { return nn::cosine_embedding_loss(x, y, sign, {.margin = v}); },
       "cosine_embedding_loss: margin must be finite; got "},
      {"TripletMarginOptions.margin", Kind::value, not_finite,
       [&](auto v) { return nn::triplet_margin_loss(x, y, y, {.margin = v}); },
       "triplet_margin_loss: margin must be finite; got "},
      {"TripletMarginOptions.order",
       Kind::value,
       {0.5, -1, not_a_number},
       [&](auto v) { return nn::triplet_margin_loss(x, y, y, {.order = v}); },
       "triplet_margin_loss: order must be at least 1; got "},
      {"TripletMarginOptions.eps", Kind::value, negative,
       [&](auto v) { return nn::triplet_margin_loss(x, y, y, {.eps = v}); },
       "triplet_margin_loss: eps must be finite and not negative; got "},
  });
}
