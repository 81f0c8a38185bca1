#include <xtape/core/create.hpp>
#include <xtape/nn/bilinear.hpp>
#include <xtape/nn/branches.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/embedding.hpp>
#include <xtape/nn/flatten.hpp>
#include <xtape/nn/sequences.hpp>
#include <xtape/nn/upsample.hpp>
#include <xtape/nn/weight_norm.hpp>
#include <xtape/ops/similarity.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: counts of small layers") {
  const Tensor x = ones({2, 3}), image = ones({1, 4, 2, 2});
  const nn::Dense dense(2, 2);
  check(Counts{
      {"Bilinear: first",
       Kind::value,
       {0, -1, least},
       [](auto n) { return nn::Bilinear(n, 2, 2); },
       "bilinear: first must be at least 1; got "},
      {"Bilinear: second",
       Kind::value,
       {0, -1, least},
       [](auto n) { return nn::Bilinear(2, n, 2); },
       "bilinear: second must be at least 1; got "},
      {"Bilinear: outputs",
       Kind::value,
       {0, -1, least},
       [](auto n) { return nn::Bilinear(2, 2, n); },
       "bilinear: outputs must be at least 1; got "},
      {"Bilinear: outputs",
       Kind::shape,
       {most},
       [](auto n) { return nn::Bilinear(2, 2, n); },
       "shape: the number of elements must fit in int64; got [2, 2, %]"},
      {"pixel_shuffle: factor",
       Kind::value,
       {0, -1, most, least},
       [&](auto r) { return pixel_shuffle(image, r); },
       "pixel_shuffle: factor must lie in [1, 1073741824]; got "},
      {"pixel_shuffle: factor",
       Kind::shape,
       {3},
       [&](auto r) { return pixel_shuffle(image, r); },
       "=pixel_shuffle: the channels must be a multiple of 9; got float32[1, 4, 2, 2]"},
      {"pixel_unshuffle: factor",
       Kind::value,
       {0, -1, most, least},
       [&](auto r) { return pixel_unshuffle(image, r); },
       "pixel_unshuffle: factor must lie in [1, 1073741824]; got "},
      {"pixel_unshuffle: factor",
       Kind::shape,
       {3},
       [&](auto r) { return pixel_unshuffle(image, r); },
       "pixel_unshuffle: height and width must be multiples of %; got float32[1, 4, 2, 2]"},
      {"PixelShuffle: factor",
       Kind::value,
       {0, -1, least},
       [](auto r) { return nn::PixelShuffle(r); },
       "pixel_shuffle: factor must be at least 1; got "},
      {"PixelUnshuffle: factor",
       Kind::value,
       {0, -1, least},
       [](auto r) { return nn::PixelUnshuffle(r); },
       "pixel_unshuffle: factor must be at least 1; got "},
      {"upsample_nearest: size",
       Kind::value,
       {0, -1, most, least},
       [&](auto n) { return upsample_nearest(image, n); },
       "upsample_nearest: size must lie in [1, 2147483647]; got "},
      {"upsample_linear: size",
       Kind::value,
       {0, -1, most, least},
       [&](auto n) { return upsample_linear(image, n); },
       "upsample_linear: size must lie in [1, 2147483647]; got "},
      {"Upsample: scale",
       Kind::value,
       {0, -1, most, least},
       [&](auto n) { return nn::Upsample({.scale = n})(image); },
       "upsample: scale must lie in [1, 2147483647]; got "},
      {"Unflatten: axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) {
         return nn::Unflatten(a, {3, 1})(x);
       },
       "unflatten: axis must lie in [-2, 2); got "},
      {"Unflatten: shape",
       Kind::shape,
       {0, 2, -2, most, least},
       [&](auto n) { return nn::Unflatten(1, {n})(x); },
       "unflatten: [%] must make up the axis; got float32[2, 3]"},
      {"ConcatenateOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) {
         return nn::Concatenate(nn::ConcatenateOptions{a}, nn::Identity(), nn::Identity())(x);
       },
       "concatenate: axis must lie in [-2, 2); got "},
      {"SimilarityOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return cosine_similarity(x, x, {.axis = a}); },
       "cosine_similarity: axis must lie in [-2, 2); got "},
      {"DistanceOptions.axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return pairwise_distance(x, x, {.axis = a}); },
       "pairwise_distance: axis must lie in [-2, 2); got "},
      {"SpectralNormOptions.iterations",
       Kind::value,
       {0, -1, least},
       [&](auto n) { return nn::SpectralNorm(dense, {.iterations = n}); },
       "spectral_norm: iterations must be at least 1; got "},
  });
}

TEST_CASE("refusals: numbers of small layers") {
  const Tensor x = ones({2, 3});
  const nn::Dense dense(2, 2);
  const std::vector<double> outside{-0.1, 1.1, not_a_number, inf}, negative{-1, not_a_number, inf},
      not_positive{0, -1, not_a_number, inf};
  const std::string rate = "rate must lie in [0, 1]; got ";
  check(Numbers{
      {"ChannelDropout: rate", Kind::value, outside, [](auto v) { return nn::Dropout2d(v); },
       "dropout: " + rate},
      {"AlphaDropout: rate", Kind::value, outside, [](auto v) { return nn::AlphaDropout(v); },
       "alpha_dropout: " + rate},
      {"StochasticDepth: rate", Kind::value, outside, [](auto v) { return nn::StochasticDepth(v); },
       "stochastic_depth: " + rate},
      {"SimilarityOptions.eps", Kind::value, negative,
       [&](auto v) { return cosine_similarity(x, x, {.eps = v}); },
       "cosine_similarity: eps must be finite and not negative; got "},
      {"DistanceOptions.eps", Kind::value, negative,
       [&](auto v) { return pairwise_distance(x, x, {.eps = v}); },
       "pairwise_distance: eps must be finite and not negative; got "},
      {"DistanceOptions.order",
       Kind::value,
       {0, -1, not_a_number},
       [&](auto v) { return pairwise_distance(x, x, {.order = v}); },
       "pairwise_distance: order must be above 0; got "},
      {"SpectralNormOptions.eps", Kind::value, not_positive,
       [&](auto v) { return nn::SpectralNorm(dense, {.eps = v}); },
       "spectral_norm: eps must be finite and above 0; got "},
      {"PadSequenceOptions.length",
       Kind::value,
       {2, 0, -1, least},
       [](auto n) {
         return nn::pad_sequence({zeros({3, 2}), zeros({1, 2})}, {.length = n});
       },
       "pad_sequence: length must be at least that of the longest sequence, 3; got "},
      {"EmbeddingOptions.max_norm", Kind::value, not_positive,
       [](auto v) { return nn::Embedding(2, 2, {.max_norm = v}); },
       "embedding: max_norm must be finite and above 0; got "},
  });
}
