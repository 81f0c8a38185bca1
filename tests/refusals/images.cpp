#include <xtape/core/create.hpp>
#include <xtape/nn/convolution.hpp>
#include <xtape/nn/embedding.hpp>
#include <xtape/nn/flatten.hpp>
#include <xtape/nn/normalization.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

/// `argument` of a layer below 1.
Refusal<std::int64_t> below_one(const char* name, std::string text,
                                std::function<void(std::int64_t)> call) {
  return {name, Kind::value, {0, -1, least}, std::move(call), std::move(text)};
}

/// A factor or an eps that is negative, infinite or NaN.
Refusal<double> negative(const char* name, std::string text, std::function<void(double)> call) {
  return {name, Kind::value, {-1, -1e-300, inf, not_a_number}, std::move(call), std::move(text)};
}

}  // namespace

TEST_CASE("refusals: counts of layers of images") {
  check(Counts{
      below_one("Conv: inputs", "conv: inputs must be at least 1; got ",
                [](auto n) { return nn::Conv2d(n, 2, 3); }),
      below_one("Conv: outputs", "conv: outputs must be at least 1; got ",
                [](auto n) { return nn::Conv2d(2, n, 3); }),
      below_one("Conv: kernel", "conv: kernel must lie in [1, 2147483647]; got ",
                [](auto n) { return nn::Conv2d(2, 2, n); }),
      below_one("ConvOptions.groups", "conv: groups must be at least 1; got ",
                [](auto n) { return nn::Conv2d(2, 2, 3, {.groups = n}); }),
      below_one("ConvOptions.stride", "conv: stride must lie in [1, 2147483647]; got ",
                [](auto n) { return nn::Conv2d(2, 2, 3, {.stride = n}); }),
      {"ConvOptions.padding",
       Kind::value,
       {-1, most},
       [](auto n) { return nn::Conv2d(2, 2, 3, {.padding = n}); },
       "conv: padding must lie in [0, 2147483647]; got "},
      below_one("ConvTranspose: inputs", "conv_transpose: inputs must be at least 1; got ",
                [](auto n) { return nn::ConvTranspose1d(n, 2, 3); }),
      below_one("ConvTransposeOptions.groups", "conv_transpose: groups must be at least 1; got ",
                [](auto n) { return nn::ConvTranspose1d(2, 2, 3, {.groups = n}); }),
      {"ConvTransposeOptions.output_padding",
       Kind::value,
       {-1, most},
       [](auto n) { return nn::ConvTranspose1d(2, 2, 3, {.output_padding = n}); },
       "conv_transpose: output_padding must lie in [0, 2147483647]; got "},
      below_one("BatchNorm: channels", "batch_norm: channels must be at least 1; got ",
                [](auto n) { return nn::BatchNorm2d(n); }),
      {"BatchNorm: channels",
       Kind::memory,
       {no_memory},
       [](auto n) { return nn::BatchNorm2d(n); },
       "full: out of memory: 1152921504606846976 bytes for float32[%]"},
      below_one("GroupNorm: groups", "group_norm: groups must be at least 1; got ",
                [](auto n) { return nn::GroupNorm(n, 4); }),
      {"GroupNorm: groups",
       Kind::value,
       {3, 5, most},
       [](auto n) { return nn::GroupNorm(n, 4); },
       "group_norm: groups must divide the channels; got "},
      below_one("InstanceNorm: channels", "group_norm: groups must be at least 1; got ",
                [](auto n) { return nn::InstanceNorm(n); }),
      {"LayerNorm: extent",
       Kind::shape,
       {0},
       [](auto n) { return nn::LayerNorm(n); },
       "layer_norm: a shape with elements is needed; got [%]"},
      {"RMSNorm: extent",
       Kind::shape,
       {0},
       [](auto n) { return nn::RMSNorm(n); },
       "rms_norm: a shape with elements is needed; got [%]"},
      below_one("Embedding: count", "embedding: count must be at least 1; got ",
                [](auto n) { return nn::Embedding(n, 2); }),
      below_one("Embedding: width", "embedding: width must be at least 1; got ",
                [](auto n) { return nn::Embedding(2, n); }),
      {"EmbeddingOptions.padding_index",
       Kind::value,
       {-1, 2, most, least},
       [](auto n) { return nn::Embedding(2, 2, {.padding_index = n}); },
       "embedding: padding_index must lie in [0, 1]; got "},
      {"Flatten: first",
       Kind::index,
       {2, -3, most, least},
       [](auto n) {
         return nn::Flatten(n)(ones({2, 3}));
       },
       "flatten: axis must lie in [-2, 2); got "},
  });
}

TEST_CASE("refusals: normalizations") {
  const Tensor x = ones({2, 4});
  check(Counts{
      {"standardize: axes",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return standardize(x, a); },
       "standardize: axis must lie in [-2, 2); got "},
      {"layer_norm: shape",
       Kind::shape,
       {3, 0, most},
       [&](auto n) { return layer_norm(x, Shape{n}); },
       "layer_norm: the last axes must be [%]; got float32[2, 4]"},
      {"rms_norm: shape",
       Kind::shape,
       {3, 0, most},
       [&](auto n) { return rms_norm(x, Shape{n}); },
       "rms_norm: the last axes must be [%]; got float32[2, 4]"},
      {"group_norm: groups",
       Kind::value,
       {3, 5, most},
       [&](auto n) { return group_norm(x, n); },
       "group_norm: groups must divide the channels; got "},
  });
  check(Numbers{
      negative("NormalizationOptions.eps", "standardize: eps must be finite and not negative; got ",
               [&](auto eps) { return standardize(x, 1, {.eps = eps}); }),
      negative("BatchNormOptions.eps", "batch_norm: eps must be finite and not negative; got ",
               [](auto eps) { return nn::BatchNorm1d(2, {.eps = eps}); }),
      negative("LayerNormOptions.eps", "layer_norm: eps must be finite and not negative; got ",
               [](auto eps) { return nn::LayerNorm(2, {.eps = eps}); }),
      {"BatchNormOptions.momentum",
       Kind::value,
       {-1, 1.5, inf, not_a_number},
       [](auto momentum) { return nn::BatchNorm1d(2, {.momentum = momentum}); },
       "batch_norm: momentum must lie in [0, 1]; got "},
      negative("ConvOptions.weight_l1", "regularization: l1 must be finite and not negative; got ",
               [](auto l1) { return nn::Conv1d(1, 1, 1, {.weight_l1 = l1}); }),
      negative("ConvOptions.weight_l2", "regularization: l2 must be finite and not negative; got ",
               [](auto l2) { return nn::Conv1d(1, 1, 1, {.weight_l2 = l2}); }),
      negative("ConvTransposeOptions.weight_l1",
               "regularization: l1 must be finite and not negative; got ",
               [](auto l1) { return nn::ConvTranspose1d(1, 1, 1, {.weight_l1 = l1}); }),
      negative("ConvTransposeOptions.weight_l2",
               "regularization: l2 must be finite and not negative; got ",
               [](auto l2) { return nn::ConvTranspose1d(1, 1, 1, {.weight_l2 = l2}); }),
  });
}
