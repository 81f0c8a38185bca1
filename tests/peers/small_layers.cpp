// Layers of two inputs and of weights that are made of others against PyTorch; the weights too are
// inputs.
#include <doctest/doctest.h>

#include <xtape/nn/bilinear.hpp>
#include <xtape/nn/sequences.hpp>
#include <xtape/nn/weight_norm.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/similarity.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

namespace {

/// The second to fourth tensor as length, direction and bias.
template <class Layer>
Tensor weight_normed(const Layer& layer, const std::vector<Tensor>& v) {
  return nn::with_parameters(nn::WeightNorm(layer), {v[1], v[2], v[3]})(v[0]);
}

/// The second and third as weight and bias, the others as both vectors.
template <class Layer>
Tensor spectral_normed(const Layer& layer, const std::vector<Tensor>& v) {
  const nn::SpectralNorm normed(layer);
  normed.u.assign(v[3]);
  normed.v.assign(v[4]);
  normed.eval();
  return nn::with_parameters(normed, {v[1], v[2]})(v[0]);
}

}  // namespace

TEST_CASE("peers: small layers") {
  check_sections(
      {"small_layers"},
      {
          {"cosine_similarity: rows", [](auto& v) { return cosine_similarity(v[0], v[1]); }},
          {"cosine_similarity: broadcast, a least length",
           [](auto& v) { return cosine_similarity(v[0], v[1], {.eps = 3}); }},
          {"pairwise_distance: rows", [](auto& v) { return pairwise_distance(v[0], v[1]); }},
          {"pairwise_distance: order 3",
           [](auto& v) { return pairwise_distance(v[0], v[1], {.order = 3}); }},
          {"Bilinear: with a bias",
           [](auto& v) {
             const nn::Bilinear layer(3, 4, 5, {.dtype = v[0].dtype()});
             return nn::with_parameters(layer, {v[2], v[3]})(v[0], v[1]);
           }},
          {"pad_sequence: three lengths",
           [](auto& v) {
             return sin(nn::pad_sequence({v[0], v[1], v[2]}, {.value = -1}));
           }},
          {"unpad_sequence: three lengths",
           [](auto& v) {
             return sin(concatenate(nn::unpad_sequence(v[0], tensor({4, 6, 1}))));
           }},
          {"WeightNorm: of a linear layer",
           [](auto& v) { return weight_normed(nn::Dense(4, 5, {.dtype = v[0].dtype()}), v); }},
          {"WeightNorm: of a convolution",
           [](auto& v) {
             return weight_normed(nn::Conv2d(3, 2, 3, {.padding = 1, .dtype = v[0].dtype()}), v);
           }},
          {"WeightNorm: of a transposed convolution",
           [](auto& v) {
             return weight_normed(
                 nn::ConvTranspose2d(3, 2, 2, {.stride = 2, .dtype = v[0].dtype()}), v);
           }},
          {"SpectralNorm: of a linear layer",
           [](auto& v) { return spectral_normed(nn::Dense(4, 5, {.dtype = v[0].dtype()}), v); }},
          {"SpectralNorm: of a convolution",
           [](auto& v) {
             return spectral_normed(nn::Conv2d(3, 2, 3, {.dtype = v[0].dtype()}), v);
           }},
          {"SpectralNorm: of a transposed convolution",
           [](auto& v) {
             return spectral_normed(nn::ConvTranspose2d(3, 2, 2, {.dtype = v[0].dtype()}), v);
           }},
      });
}
