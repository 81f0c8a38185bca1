#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include <xtape/ops/convolution.hpp>
#include <xtape/ops/convolve.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/pooling.hpp>
#include <xtape/ops/products.hpp>

#include "case.hpp"

/// Uses of products.
inline std::vector<Case> product_cases() {
  using namespace xtape;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  const Tensor with_zeros =
      tensor({{0.0, 2.0, 3.0}, {0.0, 0.0, 5.0}, {1.0, 2.0, 4.0}}, Dtype::float64);
  return {
      {"matmul: matrices", {x, sixteenths({3, 4}, 1)}, [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: a matrix by itself, transposed",
       {x},
       [](auto& v) { return matmul(v[0], transpose(v[0])); }},
      {"matmul: row by column",
       {vector, sixteenths({3}, 1)},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: row by matrices", {vector, cube}, [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: matrices by column",
       {cube, sixteenths({2})},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: leading axes broadcast",
       {sixteenths({2, 1, 2, 3}), sixteenths({3, 3, 1}, 1)},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: inner extent 0",
       {nothing, zeros({0, 3}, Dtype::float64)},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"linear: a matrix",
       {x, sixteenths({3, 4}, 1), sixteenths({4}, 2)},
       [](auto& v) { return linear(v[0], v[1], v[2]); }},
      {"linear: a vector",
       {vector, sixteenths({3, 2}, 1), sixteenths({2}, 2)},
       [](auto& v) { return linear(v[0], v[1], v[2]); }},
      {"linear: three axes",
       {cube, sixteenths({2, 2}, 1), sixteenths({2}, 3)},
       [](auto& v) { return linear(v[0], v[1], v[2]); }},
      {"linear: nothing but the bias",
       {nothing, zeros({0, 3}, Dtype::float64), vector},
       [](auto& v) { return linear(v[0], v[1], v[2]); }},
      {"convolve: full", {x, sixteenths({2}, 1)}, [](auto& v) { return convolve(v[0], v[1]); }},
      {"convolve: same, the longer behind",
       {vector, sixteenths({2, 4}, 1)},
       [](auto& v) { return convolve(v[0], v[1], Overlap::same); }},
      {"correlate: valid, for each",
       {x, sixteenths({4, 1, 2}, 1)},
       [](auto& v) { return correlate(v[0], v[1]); }},
      {"correlate: full, the longer behind",
       {vector, sixteenths({2, 4}, 1)},
       [](auto& v) { return correlate(v[0], v[1], Overlap::full); }},
      {"fftconvolve: same",
       {x, sixteenths({2}, 1)},
       [](auto& v) { return fftconvolve(v[0], v[1], Overlap::same); },
       true},
      {"convolution: two groups, padded",
       {sixteenths({2, 4, 5}), sixteenths({6, 2, 3}, 1), sixteenths({6}, 2)},
       [](auto& v) {
         return convolution(v[0], v[1], v[2], {.stride = 2, .padding = 1, .groups = 2});
       }},
      {"convolution: an image, dilated",
       {sixteenths({2, 4, 5}), sixteenths({3, 2, 2, 2}, 1)},
       [](auto& v) {
         return convolution(v[0], v[1], {.padding = ConvolutionPadding::same, .dilation = {1, 2}});
       }},
      {"convolution: three axes",
       {sixteenths({1, 1, 2, 3, 2}), sixteenths({2, 1, 2, 2, 1}, 1)},
       [](auto& v) { return convolution(v[0], v[1]); }},
      {"transposed_convolution: two groups",
       {sixteenths({2, 4, 2}), sixteenths({4, 1, 3}, 1), sixteenths({2}, 2)},
       [](auto& v) {
         return transposed_convolution(
             v[0], v[1], v[2], {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2});
       }},
      {"max_pool: overlapping",
       {sixteenths({2, 2, 5})},
       [](auto& v) { return max_pool(v[0], 3, {.stride = 2, .padding = 1}); }},
      {"max_pool_with_indices: of two axes",
       {sixteenths({1, 2, 4, 5})},
       [](auto& v) {
         return max_pool_with_indices(v[0], {2, 3}, {.stride = 1, .ceil_mode = true}).values;
       }},
      {"average_pool: over the end",
       {sixteenths({2, 1, 5, 3})},
       [](auto& v) {
         return average_pool(v[0], 2,
                             {.padding = 1, .ceil_mode = true, .count_include_pad = false});
       },
       true},
      {"average_pool: quarters",
       {sixteenths({1, 2, 4, 4})},
       [](auto& v) { return average_pool(v[0], 2); }},
      {"adaptive_max_pool: uneven",
       {sixteenths({1, 2, 3, 5})},
       [](auto& v) {
         return adaptive_max_pool(v[0], {2, 3});
       }},
      {"adaptive_average_pool: uneven",
       {sixteenths({1, 2, 3, 5})},
       [](auto& v) {
         return adaptive_average_pool(v[0], {1, 3});
       },
       true},
      {"unfold: padded",
       {sixteenths({1, 2, 3, 4})},
       [](auto& v) {
         return unfold(v[0], {2, 3}, {.stride = 2, .padding = 1});
       }},
      {"fold: what lies on one another",
       {sixteenths({2, 4, 5})},
       [](auto& v) { return fold(v[0], {6}, 2); }},
      {"einsum: matrices",
       {x, sixteenths({3, 2}, 1)},
       [](auto& v) {
         return einsum("ij,jk->ik", {v[0], v[1]});
       }},
      {"einsum: many matrices, the axes of the result in another order",
       {cube, sixteenths({2, 2, 2}, 1)},
       [](auto& v) {
         return einsum("bij,bjk->kib", {v[0], v[1]});
       }},
      {"einsum: rows by rows",
       {x, y},
       [](auto& v) {
         return einsum("ij,ij->i", {v[0], v[1]});
       }},
      {"einsum: one tensor twice, an outer product",
       {vector},
       [](auto& v) {
         return einsum("i,j->ji", {v[0], v[0]});
       }},
      {"einsum: a quadratic form",
       {vector, with_zeros},
       [](auto& v) {
         return einsum("i,ij,j", {v[0], v[1], v[0]});
       }},
      {"einsum: a diagonal of axes apart",
       {sixteenths({2, 3, 2})},
       [](auto& v) { return einsum("iji->ji", {v[0]}); }},
      {"einsum: a trace, times a sum",
       {with_zeros, x},
       [](auto& v) {
         return einsum("ii,jk->k", {v[0], v[1]});
       }},
      {"einsum: axes without a letter",
       {cube, sixteenths({3, 1, 2}, 1)},
       [](auto& v) {
         return einsum("i...,...i", {v[0], v[1]});
       }},
      {"einsum: an extent of 1",
       {sixteenths({2, 1}), y},
       [](auto& v) {
         return einsum("ij,kj->ik", {v[0], v[1]});
       }},
      {"einsum: a scalar",
       {scalar, x},
       [](auto& v) {
         return einsum(",ij->ji", {v[0], v[1]});
       }},
      {"einsum: of nothing",
       {nothing, zeros({0, 3}, Dtype::float64)},
       [](auto& v) {
         return einsum("ij,jk->ki", {v[0], v[1]});
       }},
      {"dot: three axes by three",
       {cube, sixteenths({1, 2, 2}, 1)},
       [](auto& v) { return dot(v[0], v[1]); }},
      {"dot: by a vector", {cube, sixteenths({2}, 1)}, [](auto& v) { return dot(v[0], v[1]); }},
      {"dot: a scalar", {scalar, x}, [](auto& v) { return dot(v[0], v[1]); }},
      {"vdot: of other shapes",
       {x, sixteenths({3, 2}, 1)},
       [](auto& v) { return vdot(v[0], v[1]); }},
      {"inner: rows by a vector", {x, vector}, [](auto& v) { return inner(v[0], v[1]); }},
      {"inner: rows by themselves", {x}, [](auto& v) { return inner(v[0], v[0]); }},
      {"outer: of a matrix and a vector", {x, vector}, [](auto& v) { return outer(v[0], v[1]); }},
      {"kron: a matrix and a vector", {x, vector}, [](auto& v) { return kron(v[0], v[1]); }},
      {"kron: four axes",
       {sixteenths({2, 1, 1, 2}), sixteenths({1, 2}, 1)},
       [](auto& v) { return kron(v[0], v[1]); }},
      {"tensordot: two axes",
       {cube, sixteenths({3, 2, 2}, 1)},
       [](auto& v) { return tensordot(v[0], v[1]); }},
      {"tensordot: lists of axes",
       {cube, sixteenths({2, 2, 2}, 1)},
       [](auto& v) {
         return tensordot(v[0], v[1], {0, -1}, {2, 0});
       }},
      {"tensordot: no axis", {vector, x}, [](auto& v) { return tensordot(v[0], v[1], 0); }},
      {"cross: rows by a vector", {x, vector}, [](auto& v) { return cross(v[0], v[1]); }},
      {"cross: along an inner axis",
       {cube, sixteenths({1, 3, 2}, 1)},
       [](auto& v) { return cross(v[0], v[1], 1); }},
  };
}
