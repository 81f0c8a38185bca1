#include <xtape/core/create.hpp>
#include <xtape/nn/activation.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/nn/sequential.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: counts of layers and losses") {
  const Tensor x = ones({2, 3}), labels = tensor({0, 1});
  const nn::Sequential model{nn::ReLU()};
  check(Counts{
      {"Dense: inputs",
       Kind::value,
       {0, -1, least},
       [](auto n) { return nn::Dense(n, 2); },
       "dense: inputs must be at least 1; got "},
      {"Dense: outputs",
       Kind::value,
       {0, -1, least},
       [](auto n) { return nn::Dense(2, n); },
       "dense: outputs must be at least 1; got "},
      {"Dense: inputs",
       Kind::shape,
       {most},
       [](auto n) { return nn::Dense(n, 2); },
       "shape: the number of elements must fit in int64; got [%, 2]"},
      {"Dense: outputs",
       Kind::memory,
       {no_memory},
       [](auto n) { return nn::Dense(1, n, {.weight_init = nn::init::zeros()}); },
       "full: out of memory: 1152921504606846976 bytes for float32[1, %]"},
      {"Softmax: axis",
       Kind::index,
       {2, most, least},
       [&](auto a) { return nn::Softmax(a)(x); },
       "softmax: axis must lie in [-2, 2); got "},
      {"LogSoftmax: axis",
       Kind::index,
       {2, most, least},
       [&](auto a) { return nn::LogSoftmax(a)(x); },
       "log_softmax: axis must lie in [-2, 2); got "},
      {"ModuleList: index",
       Kind::index,
       {1, most},
       [&](auto i) { return model[static_cast<std::size_t>(i)]; },
       "module list: there are 1 modules; got index "},
      {"CrossEntropyOptions.ignore_index",
       Kind::value,
       {0, most},
       [&](auto i) { return nn::cross_entropy(x, x / 3, {.ignore_index = i}); },
       "=cross_entropy: ignore_index goes with labels that are classes; got float32[2, 3]"},
      {"cross_entropy: labels",
       Kind::index,
       {3, -1, most, least},
       [&](auto i) {
         return nn::cross_entropy(x, tensor({i, std::int64_t{0}}));
       },
       "cross_entropy: labels must lie in [0, 3); got % in row 0"},
  });
}

TEST_CASE("refusals: numbers of layers and losses") {
  const Tensor x = ones({2, 3}), y = ones({2}), labels = tensor({0, 1}), half = full({2}, 0.5);
  const auto penalty = [](const char* factor) {
    return "regularization: " + std::string(factor) + " must be finite and not negative; got ";
  };
  const std::vector<double> negative{-1, not_a_number, inf}, outside{-0.1, 1.1, not_a_number, inf};
  check(Numbers{
      {"DenseOptions.weight_l1", Kind::value, negative,
       [](auto v) { return nn::Dense(2, 2, {.weight_l1 = v}); }, penalty("l1")},
      {"DenseOptions.weight_l2", Kind::value, negative,
       [](auto v) { return nn::Dense(2, 2, {.weight_l2 = v}); }, penalty("l2")},
      {"DenseOptions.bias_l1", Kind::value, negative,
       [](auto v) { return nn::Dense(2, 2, {.bias_l1 = v}); }, penalty("l1")},
      {"DenseOptions.bias_l2", Kind::value, negative,
       [](auto v) { return nn::Dense(2, 2, {.bias_l2 = v}); }, penalty("l2")},
      {"Dropout: rate", Kind::value, outside, [](auto v) { return nn::Dropout(v); },
       "dropout: rate must lie in [0, 1]; got "},
      {"LeakyReLU: negative_slope",
       Kind::value,
       {not_a_number, inf, -inf},
       [](auto v) { return nn::LeakyReLU(v); },
       "leaky_relu: negative_slope must be finite; got "},
      {"LeakyReLU: negative_slope",
       Kind::value,
       {1e39},
       [&](auto v) { return nn::LeakyReLU(v)(x); },
       "leaky_relu: a number must fit in float32; got "},
      {"ELU: alpha",
       Kind::value,
       {not_a_number, inf, -inf},
       [](auto v) { return nn::ELU(v); },
       "elu: alpha must be finite; got "},
      {"constant: value",
       Kind::value,
       {1e39},
       [](auto v) { return nn::Dense(2, 2, {.weight_init = nn::init::constant(v)}); },
       "full: a number must fit in float32; got "},
      {"normal: stddev", Kind::value, negative, [](auto v) { return nn::init::normal(v); },
       "init: stddev must be finite and not negative; got "},
      {"uniform: limit", Kind::value, negative, [](auto v) { return nn::init::uniform(v); },
       "init: limit must be finite and not negative; got "},
      {"uniform: limit",
       Kind::value,
       {1e39},
       [](auto v) { return nn::Dense(2, 2, {.weight_init = nn::init::uniform(v)}); },
       "uniform: a number must fit in float32; got -%"},
      {"HuberOptions.delta",
       Kind::value,
       {0, -1, not_a_number, inf},
       [&](auto v) { return nn::huber_loss(y, y, {.delta = v}); },
       "huber_loss: delta must be finite and above 0; got "},
      {"HuberOptions.delta",
       Kind::value,
       {1e39},
       [&](auto v) { return nn::huber_loss(y, y, {.delta = v}); },
       "huber_loss: a number must fit in float32; got "},
      {"CrossEntropyOptions.label_smoothing", Kind::value, outside,
       [&](auto v) { return nn::cross_entropy(x, labels, {.label_smoothing = v}); },
       "cross_entropy: label_smoothing must lie in [0, 1]; got "},
      {"CrossEntropyOptions.class_weights", Kind::value, negative,
       [&](auto v) {
         return nn::cross_entropy(x, labels, {.class_weights = tensor({1, v, 1})});
       },
       "cross_entropy: class_weights must be finite and not negative; got % at position 1"},
      {"BinaryCrossEntropyOptions.pos_weight",
       Kind::value,
       {0, -1, not_a_number, inf},
       [&](auto v) { return nn::binary_cross_entropy(half, y, {.pos_weight = tensor(v)}); },
       "binary_cross_entropy: pos_weight must be finite and positive; got % at position 0"},
      {"binary_cross_entropy: targets", Kind::value, outside,
       [&](auto v) {
         return nn::binary_cross_entropy(half, tensor({1, v}));
       },
       "binary_cross_entropy: targets must lie in [0, 1]; got % at position 1"},
  });
}
