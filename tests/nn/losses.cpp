// What holds for each of the losses of likelihoods, of margins and of overlaps; their values:
// peers/losses.cpp.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Loss {
  std::string name;
  Tensors inputs;  // the floating ones are differentiated
  std::function<Tensor(const Tensors&, nn::Reduction)> apply;
};

Tensor signs(const Shape& shape) { return where(drawn(shape, -1, 1, 9) > 0, 1, -1); }
Tensor bits(const Shape& shape) { return (drawn(shape, -1, 1, 9) > 0).to(Dtype::int64); }

std::vector<Loss> losses() {
  const Tensor p = drawn({3, 4}, -2, 2, 1), t = drawn({3, 4}, -2, 2, 2),
               q = drawn({3, 4}, 0.1, 0.9);
  const Tensor n = drawn({3, 4}, -2, 2, 3), labels = tensor({2, 0, 3});
  return {
      {"smooth_l1_loss",
       {p, t},
       [](auto& v, auto r) {
         return nn::smooth_l1_loss(v[0], v[1], {.reduction = r, .beta = 0.7});
       }},
      {"focal_loss",
       {p, bits({3, 4})},
       [](auto& v, auto r) { return nn::focal_loss(v[0], v[1], {.reduction = r}); }},
      {"softmax_focal_loss",
       {p, labels},
       [](auto& v, auto r) { return nn::softmax_focal_loss(v[0], v[1], {.reduction = r}); }},
      {"dice_loss",
       {q, bits({3, 4})},
       [](auto& v, auto r) { return nn::dice_loss(v[0], v[1], {.reduction = r}); }},
      {"nll_loss",
       {p, labels},
       [](auto& v, auto r) { return nn::nll_loss(v[0], v[1], {.reduction = r}); }},
      {"kl_divergence",
       {p, q},
       [](auto& v, auto r) { return nn::kl_divergence(v[0], v[1], {.reduction = r}); }},
      {"gaussian_nll_loss",
       {p, t, q},
       [](auto& v, auto r) { return nn::gaussian_nll_loss(v[0], v[1], v[2], {.reduction = r}); }},
      {"poisson_nll_loss",
       {p, 3 * q},
       [](auto& v, auto r) { return nn::poisson_nll_loss(v[0], v[1], {.reduction = r}); }},
      {"hinge_loss",
       {p, signs({3, 4})},
       [](auto& v, auto r) { return nn::hinge_loss(v[0], v[1], {.reduction = r}); }},
      {"hinge_embedding_loss",
       {p, signs({3, 4})},
       [](auto& v, auto r) { return nn::hinge_embedding_loss(v[0], v[1], {.reduction = r}); }},
      {"soft_margin_loss",
       {p, signs({3, 4})},
       [](auto& v, auto r) { return nn::soft_margin_loss(v[0], v[1], {.reduction = r}); }},
      {"multi_margin_loss",
       {p, labels},
       [](auto& v, auto r) { return nn::multi_margin_loss(v[0], v[1], {.reduction = r}); }},
      {"multilabel_margin_loss",
       {p, bits({3, 4})},
       [](auto& v, auto r) { return nn::multilabel_margin_loss(v[0], v[1], {.reduction = r}); }},
      {"multilabel_soft_margin_loss",
       {p, bits({3, 4})},
       [](auto& v, auto r) {
         return nn::multilabel_soft_margin_loss(v[0], v[1], {.reduction = r});
       }},
      {"margin_ranking_loss",
       {p, t, signs({3, 4})},
       [](auto& v, auto r) { return nn::margin_ranking_loss(v[0], v[1], v[2], {.reduction = r}); }},
      {"cosine_embedding_loss",
       {p, t, signs({3})},
       [](auto& v, auto r) {
         return nn::cosine_embedding_loss(v[0], v[1], v[2], {.reduction = r});
       }},
      {"triplet_margin_loss",
       {p, t, n},
       [](auto& v, auto r) { return nn::triplet_margin_loss(v[0], v[1], v[2], {.reduction = r}); }},
      {"ctc_loss",
       {log_softmax(drawn({3, 5, 4}, -2, 2)), tensor({{1, 1}, {3, 2}, {2, 1}})},
       [](auto& v, auto r) { return nn::ctc_loss(v[0], v[1], {.reduction = r}); }},
  };
}

/// A loss as a function of its floating inputs.
struct OfFloating {
  const Loss& loss;
  nn::Reduction reduction;
  Tensors floating() const {
    Tensors result;
    for (const Tensor& x : loss.inputs)
      if (is_floating(x.dtype())) result.push_back(x);
    return result;
  }
  Tensor operator()(const Tensors& given) const {
    Tensors all = loss.inputs;
    auto next = given.begin();
    for (Tensor& x : all)
      if (is_floating(x.dtype())) x = *next++;
    return loss.apply(all, reduction);
  }
};

/// The inputs with something done to each.
template <class F>
Tensors each(const Tensors& inputs, F f) {
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(f(x));
  return result;
}

}  // namespace

TEST_CASE("losses: reductions, derivatives of order 2, backward and forward") {
  for (const Loss& loss : losses()) {
    CAPTURE(loss.name);
    const Tensor none = loss.apply(loss.inputs, nn::Reduction::none);
    CHECK(none.shape() == Shape{3});
    CHECK(mismatch(loss.apply(loss.inputs, nn::Reduction::sum), sum(none), 1e-14) == "");
    const double labels = loss.name == "ctc_loss" ? 2 : 1;  // whose number is divided by
    CHECK(mismatch(loss.apply(loss.inputs, nn::Reduction::mean), mean(none) / labels, 1e-14) == "");
    const OfFloating f{loss, nn::Reduction::none};
    CHECK(gradcheck(f, f.floating(), {.order = 2}));
  }
}

TEST_CASE("losses: for all examples at once what each gives, and its gradient") {
  for (const Loss& loss : losses()) {
    CAPTURE(loss.name);
    const auto backwards = [](const Tensor& x) { return flip(x, 0); };
    const Tensors other = each(loss.inputs, backwards);
    Tensors both;
    for (std::size_t i = 0; i < other.size(); ++i)
      both.push_back(stack({loss.inputs[i], other[i]}));
    const auto mean = [&](const Tensors& v) { return loss.apply(v, nn::Reduction::mean); };
    CHECK(mismatch(vmap(mean)(both), stack({mean(loss.inputs), mean(other)}), 1e-14) == "");
    const auto slope = [&](const Tensors& v) {
      Tensors at = v;
      return grad([&](const Tensor& x) {
        at[0] = x;
        return mean(at);
      })(v[0]);
    };
    CHECK(mismatch(vmap(slope)(both), stack({slope(loss.inputs), slope(other)}), 1e-14) == "");
  }
}

TEST_CASE("losses: strided inputs, float32, no samples, NaN") {
  for (const Loss& loss : losses()) {
    CAPTURE(loss.name);
    const auto strided = [](const Tensor& x) {
      return swapaxes(swapaxes(x, 0, -1).clone(), 0, -1);
    };
    const auto single = [](const Tensor& x) {
      return is_floating(x.dtype()) ? x.to(Dtype::float32) : x;
    };
    const auto empty = [](const Tensor& x) { return slice(x, {range(0, 0)}); };
    const Tensor all = loss.apply(loss.inputs, nn::Reduction::none);
    CHECK(mismatch(loss.apply(each(loss.inputs, strided), nn::Reduction::none), all, 1e-15) == "");
    CHECK(mismatch(loss.apply(each(loss.inputs, single), nn::Reduction::none),
                   all.to(Dtype::float32), 4e-6) == "");
    CHECK(loss.apply(each(loss.inputs, empty), nn::Reduction::none).shape() == Shape{0});
    CHECK(loss.apply(each(loss.inputs, empty), nn::Reduction::sum).item() == 0);
    CHECK(std::isnan(loss.apply(each(loss.inputs, empty), nn::Reduction::mean).item()));
    Tensors with_nan = loss.inputs;
    with_nan[0] = where(with_nan[0] == with_nan[0], std::nan(""), 0);
    CHECK(std::isnan(loss.apply(with_nan, nn::Reduction::mean).item()));
  }
}

TEST_CASE("losses refuse shapes that differ, and integers as predictions") {
  for (const Loss& loss : losses()) {
    CAPTURE(loss.name);
    Tensors wrong = loss.inputs;
    wrong[1] = slice(wrong[1], {range(0, 2)});
    const auto text = error_of<ShapeError>([&] { return loss.apply(wrong, nn::Reduction::mean); });
    CHECK(text.starts_with(loss.name + ": "));
    wrong = loss.inputs;
    wrong[0] = ones(wrong[0].shape(), Dtype::int64);
    const auto integers =
        error_of<DtypeError>([&] { return loss.apply(wrong, nn::Reduction::mean); });
    CHECK(integers.starts_with(loss.name + ": "));
    CHECK(integers.find("int64") != std::string::npos);
  }
}

TEST_CASE("softmax_focal_loss: cross_entropy for gamma 0, the binary one for two classes") {
  const Tensor x = drawn({5, 4}, -2, 2, 7), labels = tensor({2, 0, 3, -1, 1});
  const Tensor weights = tensor({1.0, 0.5, 2.0, 3.0}, Dtype::float64);
  for (const auto r : {nn::Reduction::mean, nn::Reduction::sum, nn::Reduction::none}) {
    CHECK(values(nn::softmax_focal_loss(
              x, labels,
              {.reduction = r, .gamma = 0, .ignore_index = -1, .class_weights = weights})) ==
          values(nn::cross_entropy(
              x, labels, {.reduction = r, .ignore_index = -1, .class_weights = weights})));
  }
  // softmax of (0, z) at the second class is sigmoid(z)
  const Tensor z = drawn({6}, -3, 3, 8), y = tensor({0, 1, 1, 0, 1, 0});
  const Tensor two = stack({zeros({6}, Dtype::float64), z}, 1);
  const auto none = nn::Reduction::none;
  const Doubles found = values(nn::softmax_focal_loss(two, y, {.reduction = none, .gamma = 1.5}));
  const Doubles expected =
      values(2 * nn::focal_loss(z, y, {.reduction = none, .gamma = 1.5, .alpha = 0.5}));
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-13));
  CHECK(error_of<DtypeError>([&] { return nn::softmax_focal_loss(x, softmax(x)); }) ==
        "softmax_focal_loss: labels must be classes; got float64[5, 4]");

  // sure of what is true, and of what is not
  const Tensor far = tensor({{800.0, -800.0}, {800.0, -800.0}}, Dtype::float64);
  far.set_requires_grad(true);
  const Tensor losses =
      nn::softmax_focal_loss(far, tensor({0, 1}), {.reduction = none, .gamma = 0.5});
  CHECK(values(losses.detach()) == Doubles{0, 1600});
  CHECK(values(grad(sum(losses), {far})[0]) == Doubles{0, 0, 1, -1});
}

TEST_CASE("losses that stay finite, and exact, where formulas would not") {
  const Tensor x = tensor({800.0, -800.0}, Dtype::float64), y = tensor({1, 1});
  const auto each_of = [](const Tensor& losses) { return values(losses); };
  const nn::LossOptions none{nn::Reduction::none};
  CHECK(each_of(nn::soft_margin_loss(x, y, none)) == Doubles{0, 800});
  CHECK(each_of(nn::focal_loss(x, y, {.reduction = nn::Reduction::none})) == Doubles{0, 200});
  CHECK(each_of(nn::multilabel_soft_margin_loss(reshape(x, {2, 1}), reshape(y, {2, 1}),
                                                {.reduction = nn::Reduction::none})) ==
        Doubles{0, 800});
  // a class without a part of the target has none of the divergence
  const Tensor log_q = tensor({{0.0, -inf}}, Dtype::float64).set_requires_grad(true);
  const Tensor divergence = nn::kl_divergence(log_q, tensor({{1.0, 0.0}}, Dtype::float64));
  CHECK(divergence.item() == 0);
  divergence.backward();
  CHECK(values(log_q.grad()) == Doubles{-1, 0});
  const Tensor variance = tensor({0.0}, Dtype::float64).set_requires_grad(true);
  const Tensor likelihood =
      nn::gaussian_nll_loss(tensor({1.0}, Dtype::float64), tensor({1.0}, Dtype::float64), variance);
  CHECK(likelihood.item() == doctest::Approx(-3 * std::log(10.0)));
  likelihood.backward();
  CHECK(values(variance.grad())[0] == doctest::Approx(5e5));
  CHECK(each_of(nn::poisson_nll_loss(tensor({-inf}), tensor({0.0}), {})) == Doubles{0});
  const Tensor near = full({1, 10}, 0.9999);
  // float32: squares, or products of them, would be infinite
  CHECK(nn::cosine_embedding_loss(tensor({{3e9, 4e9}}), tensor({{4e9, 3e9}}), tensor({1})).item() ==
        doctest::Approx(0.04).epsilon(1e-5));
  // a b / sqrt((a² + 1e-12) (b² + 1e-12))
  const Tensor small = tensor({{1e-6, 0.0}});
  CHECK(nn::cosine_embedding_loss(small, small, tensor({1})).item() == doctest::Approx(0.5));
  CHECK(nn::cosine_embedding_loss(0 * small, small, tensor({1})).item() == 1);
  for (const double large : {1e14, 1e20, 1e38}) {
    CAPTURE(large);
    const Tensor a = tensor({{large, large}}).set_requires_grad(true),
                 right = tensor({{large, -large}});
    CHECK(nn::cosine_embedding_loss(a, a.detach(), tensor({1})).item() ==
          doctest::Approx(0).epsilon(1e-6));
    const Tensor loss = nn::cosine_embedding_loss(a, right, tensor({1}));
    CHECK(loss.item() == doctest::Approx(1));
    loss.backward();  // the unit vector to the right, less nothing, over the length of a
    CHECK(a.grad()(0, 0).item() * large == doctest::Approx(-0.5));
  }
  CHECK(nn::gaussian_nll_loss(tensor({0.0}), tensor({1e20}), tensor({1e30})).item() ==
        doctest::Approx(5e9).epsilon(1e-6));
  CHECK(error_of<ValueError>([&] {
          return nn::gaussian_nll_loss(near, near, near, {.eps = 1e-50});
        }) == "gaussian_nll_loss: a number must fit in float32; got 1e-50");
  // (1 - p) / (1 + p) for all in the picture, where 1 - 2 p / (1 + p) has three digits left
  const double missing = 1 - near[0][0].item();
  CHECK(nn::dice_loss(near, ones({1, 10}), {.smooth = 0}).item() ==
        doctest::Approx(missing / (2 - missing)).epsilon(1e-6));
}

TEST_CASE("losses: slopes at kinks are those of the side with a loss, but for hinge_loss") {
  const auto slope = [](auto f, double at) {
    return values(
        grad([&](const Tensor& x) { return sum(f(x)); })(tensor({at}, Dtype::float64)))[0];
  };
  const Tensor one = tensor({1}), minus = tensor({-1}), zero = tensor({0.0}, Dtype::float64);
  CHECK(slope([&](auto& x) { return nn::hinge_loss(x, one); }, 1) == 0);
  CHECK(slope([&](auto& x) { return nn::hinge_embedding_loss(x, minus); }, 1) == -1);
  CHECK(slope([&](auto& x) { return nn::margin_ranking_loss(x, zero, one); }, 0) == -1);
  CHECK(slope([&](auto& x) { return nn::smooth_l1_loss(x, zero, {.beta = 0.5}); }, 0.5) == 1);
}

TEST_CASE("cross_entropy over any axis is that of the rows of classes") {
  const Tensor x = drawn({2, 3, 4, 5}, -2, 2), labels = remainder(arange(24), 5);
  const nn::CrossEntropyOptions options{.label_smoothing = 0.1, .ignore_index = 3};
  const Tensor rows = nn::cross_entropy(reshape(x, {24, 5}), labels, options);
  CHECK(mismatch(nn::cross_entropy(x, reshape(labels, {2, 3, 4}), options), rows) == "");
  nn::CrossEntropyOptions second = options;
  second.axis = 1;
  CHECK(mismatch(nn::cross_entropy(moveaxis(x, 3, 1), reshape(labels, {2, 3, 4}), second), rows) ==
        "");
  second.reduction = nn::Reduction::none;
  const Tensor none = nn::cross_entropy(moveaxis(x, 3, 1), reshape(labels, {2, 3, 4}), second);
  CHECK(none.shape() == Shape{2, 3, 4});
  CHECK(error_of<ShapeError>([&] {
          return nn::cross_entropy(x, zeros({2, 3}, Dtype::int64));
        }) ==
        "cross_entropy: logits need labels of their shape, or of it without the classes; got "
        "float64[2, 3, 4, 5] and int64[2, 3]");
}

TEST_CASE("ctc_loss: paths by hand, labels that do not fit, lengths") {
  const Tensor even = full({1, 3, 2}, std::log(0.5), Dtype::float64);
  // Of the 8 paths of 3 steps, those that read "1": all but the ones of blanks alone and 1-1.
  CHECK(nn::ctc_loss(even, tensor({{1}})).item() == doctest::Approx(-std::log(6.0 / 8)));
  CHECK(nn::ctc_loss(even, tensor({{1, 1}}), {.reduction = nn::Reduction::sum}).item() ==
        doctest::Approx(-std::log(1.0 / 8)));
  CHECK(nn::ctc_loss(even, zeros({1, 0}, Dtype::int64)).item() ==
        doctest::Approx(-std::log(1.0 / 8)));
  const Tensor x = even.clone().set_requires_grad(true);
  const Tensor crowded = nn::ctc_loss(x, tensor({{1, 1, 1}}));
  CHECK(crowded.item() == inf);
  crowded.backward();
  CHECK(values(x.grad()) == Doubles(6, 0));
  CHECK(nn::ctc_loss(even, tensor({{1, 1, 1}}), {.zero_infinity = true}).item() == 0);
  // What lies behind a length has no part in it.
  const Tensor long_one = concatenate({even, full({1, 2, 2}, 7, Dtype::float64)}, 1);
  CHECK(nn::ctc_loss(long_one, tensor({{1, -5}}),
                     {.input_lengths = tensor({3}), .target_lengths = tensor({1})})
            .item() == doctest::Approx(-std::log(6.0 / 8)));
  CHECK(error_of<ValueError>([&] {
          return nn::ctc_loss(even, tensor({{1}}), {.input_lengths = tensor({4})});
        }) == "ctc_loss: input_lengths must lie in [1, 3]; got 4 in sample 0");
  CHECK(error_of<ValueError>([&] {
          return nn::ctc_loss(even, tensor({{1}}), {.target_lengths = tensor({2})});
        }) == "ctc_loss: target_lengths must lie in [0, 1]; got 2 in sample 0");
  CHECK(error_of<IndexError>([&] { return nn::ctc_loss(even, tensor({{2}})); }) ==
        "ctc_loss: labels must lie in [0, 2) and not be the blank, 0; got 2 in sample 0");
  CHECK(error_of<IndexError>([&] { return nn::ctc_loss(even, tensor({{0}})); }) ==
        "ctc_loss: labels must lie in [0, 2) and not be the blank, 0; got 0 in sample 0");
  CHECK(error_of<ShapeError>([&] {
          return nn::ctc_loss(even, tensor({{1}}), {.target_lengths = tensor({1.0})});
        }) == "ctc_loss: target_lengths must be int64[1]; got float32[1]");
}
