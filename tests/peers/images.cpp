// Signals, images, windows and normalizations against PyTorch.
#include <doctest/doctest.h>

#include <xtape/ops/convolution.hpp>
#include <xtape/ops/convolve.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/normalization.hpp>
#include <xtape/ops/pooling.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/upsample.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

TEST_CASE("peers: images") {
  check_sections(
      {"images"},
      {
          {"convolve: full", [](auto& v) { return convolve(v[0], v[1]); }},
          {"correlate: valid", [](auto& v) { return correlate(v[0], v[1]); }},
          {"correlate: same", [](auto& v) { return correlate(v[0], v[1], Overlap::same); }},
          {"fftconvolve: same", [](auto& v) { return fftconvolve(v[0], v[1], Overlap::same); }},
          {"convolution: groups, strides, padding, a bias",
           [](auto& v) {
             return convolution(v[0], v[1], v[2], {.stride = 2, .padding = 2, .groups = 2});
           }},
          {"convolution: an image, padded to the same",
           [](auto& v) {
             return convolution(v[0], v[1],
                                {.padding = ConvolutionPadding::same, .dilation = {1, 2}});
           }},
          {"convolution: strides of two axes",
           [](auto& v) {
             return convolution(v[0], v[1], {.stride = {2, 3}, .padding = {1, 0}});
           }},
          {"convolution: three axes",
           [](auto& v) { return convolution(v[0], v[1], {.padding = 1}); }},
          {"convolution: each channel by itself",
           [](auto& v) { return convolution(v[0], v[1], {.padding = 1, .groups = 3}); }},
          {"transposed_convolution: strides, a bias",
           [](auto& v) {
             return transposed_convolution(v[0], v[1], v[2],
                                           {.stride = 2, .padding = 1, .output_padding = {1, 0}});
           }},
          {"transposed_convolution: groups, dilated",
           [](auto& v) {
             return transposed_convolution(v[0], v[1], {.dilation = 2, .groups = 2});
           }},
          {"unfold: strides",
           [](auto& v) {
             return unfold(square(v[0]), {2, 3}, {.stride = 2, .padding = 1});
           }},
          {"fold: overlapping",
           [](auto& v) {
             return fold(square(v[0]), {4, 5}, {2, 3});
           }},
          {"max_pool: overlapping",
           [](auto& v) { return max_pool(square(v[0]), 3, {.stride = 2, .padding = 1}); }},
          {"max_pool_with_indices: dilated",
           [](auto& v) {
             return max_pool_with_indices(square(v[0]), 3, {.stride = 2, .dilation = 2}).values;
           }},
          {"average_pool: beyond the end",
           [](auto& v) {
             return average_pool(square(v[0]), 3, {.stride = 2, .padding = 1, .ceil_mode = true});
           }},
          {"adaptive_max_pool: uneven",
           [](auto& v) {
             return adaptive_max_pool(square(v[0]), {2, 3});
           }},
          {"adaptive_average_pool: uneven",
           [](auto& v) {
             return adaptive_average_pool(square(v[0]), {2, 3});
           }},
          {"upsample_nearest: one axis", [](auto& v) { return upsample_nearest(square(v[0]), 9); }},
          {"upsample_nearest: two axes",
           [](auto& v) {
             return upsample_nearest(square(v[0]), {6, 5});
           }},
          {"upsample_nearest: three axes",
           [](auto& v) {
             return upsample_nearest(square(v[0]), {4, 3, 3});
           }},
          {"upsample_linear: one axis", [](auto& v) { return upsample_linear(square(v[0]), 9); }},
          {"upsample_linear: two axes",
           [](auto& v) {
             return upsample_linear(square(v[0]), {7, 3});
           }},
          {"upsample_linear: two axes, corners aligned",
           [](auto& v) {
             return upsample_linear(square(v[0]), {7, 9}, {.align_corners = true});
           }},
          {"upsample_linear: three axes, corners aligned",
           [](auto& v) {
             return upsample_linear(square(v[0]), {1, 4, 7}, {.align_corners = true});
           }},
          {"pixel_shuffle: images", [](auto& v) { return pixel_shuffle(square(v[0]), 2); }},
          {"pixel_unshuffle: images", [](auto& v) { return pixel_unshuffle(square(v[0]), 2); }},
          {"standardize: a channel",
           [](auto& v) {
             return standardize(v[0], {0, 2}, {.eps = 0.01});
           }},
          {"layer_norm: with weights",
           [](auto& v) { return layer_norm(v[0], v[1], v[2], {.eps = 0.01}); }},
          {"rms_norm: with a weight", [](auto& v) { return rms_norm(v[0], v[1], {.eps = 0.01}); }},
          {"batch_norm: with weights",
           [](auto& v) { return batch_norm(v[0], v[1], v[2], {.eps = 0.01}).y; }},
          {"group_norm: with weights",
           [](auto& v) { return group_norm(v[0], 2, v[1], v[2], {.eps = 0.01}); }},
          {"group_norm: two groups", [](auto& v) { return group_norm(v[0], 2, {.eps = 0.01}); }},
          {"block: two rows",
           [](auto& v) {
             return block({{square(v[0]), v[1]}, {v[2], v[2] * sum(v[1])}});
           }},
      });
}
