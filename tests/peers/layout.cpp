// What changes shapes and places, of squares, against PyTorch.
#include <doctest/doctest.h>

#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

namespace {

/// The operation of the square of the only input.
template <class F>
auto of_square(F f) {
  return [f](auto& v) { return f(square(v[0])); };
}

/// The operation of two, the second of which depends on the first.
template <class F>
auto of_two(F f) {
  return [f](auto& v) { return f(square(v[0]), v[1] * mean(v[0])); };
}

}  // namespace

TEST_CASE("peers: shapes and places") {
  check_sections(
      {"layout"},
      {
          {"reshape: two axes", of_square([](auto x) {
             return reshape(x, {6, 10});
           })},
          {"transpose: given axes", of_square([](auto x) {
             return transpose(x, {2, 0, 1});
           })},
          {"swapaxes: first and last", of_square([](auto x) { return swapaxes(x, 0, 2); })},
          {"moveaxis: first to last", of_square([](auto x) { return moveaxis(x, 0, 2); })},
          {"broadcast_to: new and inner axes", of_square([](auto x) {
             return broadcast_to(x, {2, 6, 3, 8});
           })},
          {"expand_dims: in the middle", of_square([](auto x) { return expand_dims(x, 1); })},
          {"squeeze: all", of_square([](auto x) { return squeeze(x); })},
          {"slice: range, step and index", of_square([](auto x) {
             return slice(x, {range(1, {}), range({}, {}, 2), -2});
           })},
          {"slice: backwards", of_square([](auto x) {
             return slice(x, {Slice::all, range(-2, {}, -3)});
           })},
          {"embed: with gaps", of_square([](auto x) {
             return embed(x, {8, 6, 5}, {range(1, {}, 2), range({}, {}, 2)});
           })},
          {"flip: an axis", of_square([](auto x) { return flip(x, 1); })},
          {"concatenate: an inner axis", of_two([](auto a, auto b) {
             return concatenate({a, b, a}, 1);
           })},
          {"stack: a new last axis", of_two([](auto a, auto b) {
             return stack({a, b}, -1);
           })},
          {"split: columns", of_square([](auto x) { return split(x, 2, 1); })},
          {"split_with_sizes: columns", of_square([](auto x) {
             return split_with_sizes(x, {3, 5}, 1);
           })},
          {"unbind: an inner axis", of_square([](auto x) { return unbind(x, 1); })},
          {"roll: around the end", of_square([](auto x) { return roll(x, -2, 2); })},
          {"tile: along a new axis too", of_square([](auto x) {
             return tile(x, {2, 1, 2});
           })},
          {"pad: a margin of 2", of_square([](auto x) {
             return pad(x, {{1, 0}, {0, 2}}, 2);
           })},
          {"pad: by the edge", of_square([](auto x) {
             return pad(x, {{0, 0}, {1, 0}, {2, 1}}, PadMode::edge);
           })},
          {"pad: by a mirror", of_square([](auto x) {
             return pad(x, {{0, 0}, {1, 0}, {2, 1}}, PadMode::reflect);
           })},
          {"pad: around", of_square([](auto x) {
             return pad(x, {{0, 0}, {1, 0}, {2, 1}}, PadMode::wrap);
           })},
          {"repeat: columns", of_square([](auto x) { return repeat(x, 3, 1); })},
          {"flatten: two axes of three", of_square([](auto x) { return flatten(x, 1); })},
          {"ravel: a cube", of_square([](auto x) { return ravel(x); })},
          {"rot90: three quarters", of_square([](auto x) { return rot90(x, 3); })},
          {"meshgrid: two vectors",
           [](auto& v) {
             return meshgrid({square(v[0]), square(v[1])});
           }},
          {"set: a part", of_two([](auto a, auto b) {
             return set(a, {range(1, {}), range({}, {}, 2)}, b);
           })},
          {"add_at: a part", of_two([](auto a, auto b) {
             return add_at(a, {range(1, {}), range({}, {}, 2)}, b);
           })},
          {"masked_fill: a mask",
           [](auto& v) { return masked_fill(square(v[0]), v[1], square(v[2])); }},
          {"diag: of a vector", of_square([](auto x) { return diag(x, 1); })},
          {"diag: of a matrix", of_square([](auto x) { return diag(x, 1); })},
          {"diagonal: of matrices", of_square([](auto x) { return diagonal(x, -1); })},
          {"trace: of a wide matrix", of_square([](auto x) { return trace(x, 1); })},
          {"tril: of matrices", of_square([](auto x) { return tril(x, 1); })},
          {"triu: of matrices", of_square([](auto x) { return triu(x, 1); })},
          {"contiguous: of a transpose",
           of_square([](auto x) { return transpose(x).contiguous(); })},
          {"to: there and back",
           of_square([](auto x) { return x.to(Dtype::float64).to(x.dtype()); })},
      });
}
