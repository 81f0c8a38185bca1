#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/similarity.hpp>
#include <xtape/ops/upsample.hpp>

#include "case.hpp"

/// Uses of what changes shapes and places.
inline std::vector<Case> layout_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  return {
      {"reshape: three axes",
       {x},
       [](auto& v) {
         return reshape(v[0], {3, 1, -1});
       }},
      {"reshape: of a transpose", {x}, [](auto& v) { return reshape(transpose(v[0]), {6}); }},
      {"transpose: reversed", {cube}, [](auto& v) { return transpose(v[0]); }},
      {"transpose: given axes",
       {cube},
       [](auto& v) {
         return transpose(v[0], {1, -1, 0});
       }},
      {"moveaxis: first to last", {cube}, [](auto& v) { return moveaxis(v[0], 0, -1); }},
      {"roll: around the end", {x}, [](auto& v) { return roll(v[0], -1, 1); }},
      {"tile: along a new axis too",
       {x},
       [](auto& v) {
         return tile(v[0], {2, 1, 2});
       }},
      {"pad: of a margin of 2",
       {x},
       [](auto& v) {
         return pad(v[0], {{1, 0}, {0, 2}}, 2);
       }},
      {"pad: by the edge",
       {x},
       [](auto& v) {
         return pad(v[0], {{1, 0}, {2, 1}}, PadMode::edge);
       }},
      {"pad: by a mirror",
       {x},
       [](auto& v) {
         return pad(v[0], {{1, 0}, {2, 1}}, PadMode::reflect);
       }},
      {"repeat: columns", {x}, [](auto& v) { return repeat(v[0], 2, 1); }},
      {"flatten: two axes of three", {cube}, [](auto& v) { return flatten(v[0], 1); }},
      {"ravel: a cube", {cube}, [](auto& v) { return ravel(v[0]); }},
      {"unbind: columns", {x}, [](auto& v) { return unbind(v[0], 1); }},
      {"split_with_sizes: columns",
       {x},
       [](auto& v) {
         return split_with_sizes(v[0], {2, 1}, 1);
       }},
      {"block: two rows",
       {x, y, vector},
       [](auto& v) {
         return block({{v[0], v[1]}, {v[2], v[2]}});
       }},
      {"rot90: a quarter", {x}, [](auto& v) { return rot90(v[0]); }},
      {"meshgrid: two vectors",
       {vector, vector},
       [](auto& v) {
         return meshgrid({v[0], v[1] * 2});
       }},
      {"set: a column",
       {x, scalar},
       [](auto& v) {
         return set(v[0], {Slice::all, 1}, v[1]);
       }},
      {"add_at: every other column",
       {x, scalar},
       [](auto& v) {
         return add_at(v[0], {Slice::all, range({}, {}, 2)}, v[1]);
       }},
      {"masked_fill: by a tensor",
       {vector, condition, scalar},
       [](auto& v) { return masked_fill(v[0], v[1], v[2]); }},
      {"diag: of a vector", {vector}, [](auto& v) { return diag(v[0], 1); }},
      {"diag: of a matrix", {x}, [](auto& v) { return diag(v[0], 1); }},
      {"tril: above the main diagonal", {x}, [](auto& v) { return tril(v[0], 1); }},
      {"triu: of matrices", {cube}, [](auto& v) { return triu(v[0]); }},
      {"diagonal: below the main one", {cube}, [](auto& v) { return diagonal(v[0], -1); }},
      {"trace: of a wide matrix", {x}, [](auto& v) { return trace(v[0], 1); }},
      {"swapaxes: first and last", {cube}, [](auto& v) { return swapaxes(v[0], 0, -1); }},
      {"broadcast_to: new and inner axes",
       {sixteenths({3, 1})},
       [](auto& v) {
         return broadcast_to(v[0], {2, 3, 2});
       }},
      {"broadcast_to: a scalar",
       {scalar},
       [](auto& v) {
         return broadcast_to(v[0], {2, 2});
       }},
      {"expand_dims: at the end", {x}, [](auto& v) { return expand_dims(v[0], -1); }},
      {"squeeze: all", {sixteenths({1, 3, 1})}, [](auto& v) { return squeeze(v[0]); }},
      {"squeeze: one axis", {sixteenths({1, 3, 1})}, [](auto& v) { return squeeze(v[0], 0); }},
      {"slice: range, step and index",
       {cube},
       [](auto& v) {
         return slice(v[0], {Slice::all, range({}, {}, 2), -1});
       }},
      {"slice: backwards",
       {x},
       [](auto& v) {
         return slice(v[0], {Slice::all, range({}, {}, -1)});
       }},
      {"slice: nothing", {x}, [](auto& v) { return slice(v[0], {range(1, 1)}); }},
      {"embed: backwards into a column",
       {vector},
       [](auto& v) {
         return embed(v[0], {3, 2}, {range({}, {}, -1), 1});
       }},
      {"flip: an axis", {cube}, [](auto& v) { return flip(v[0], 1); }},
      {"concatenate: an inner axis",
       {x, sixteenths({2, 1}, 1)},
       [](auto& v) {
         return concatenate({v[0], v[1], v[0]}, 1);
       }},
      {"stack: a new last axis",
       {x, y},
       [](auto& v) {
         return stack({v[0], v[1]}, -1);
       }},
      {"split: columns", {sixteenths({2, 4})}, [](auto& v) { return split(v[0], 2, 1); }},
      {"contiguous: of a transpose", {x}, [](auto& v) { return transpose(v[0]).contiguous(); }},
      {"upsample_nearest: an axis", {cube}, [](auto& v) { return upsample_nearest(v[0], 5); }},
      {"upsample_nearest: two axes, one smaller",
       {sixteenths({1, 2, 3, 2})},
       [](auto& v) {
         return upsample_nearest(v[0], {2, 5});
       }},
      {"upsample_linear: an axis",
       {cube},
       [](auto& v) { return upsample_linear(v[0], 3); },
       rounds},
      {"upsample_linear: corners aligned",
       {sixteenths({1, 2, 3, 2})},
       [](auto& v) {
         return upsample_linear(v[0], {5, 4}, {.align_corners = true});
       },
       rounds},
      {"pixel_shuffle: by 2",
       {sixteenths({4, 2, 3})},
       [](auto& v) { return pixel_shuffle(v[0], 2); }},
      {"pixel_unshuffle: by 2",
       {sixteenths({2, 1, 2, 4})},
       [](auto& v) { return pixel_unshuffle(v[0], 2); }},
      {"cosine_similarity: columns, broadcast",
       {sixteenths({3, 2}, 1), sixteenths({3, 1}, 2)},
       [](auto& v) { return cosine_similarity(v[0], v[1], {.axis = 0}); },
       rounds},
      {"pairwise_distance: rows",
       {x, y},
       [](auto& v) { return pairwise_distance(v[0], v[1]); },
       rounds},
  };
}
