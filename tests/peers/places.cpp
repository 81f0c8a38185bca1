// What finds and replaces elements by indices and masks, against PyTorch.
#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

TEST_CASE("peers: elements by indices and masks") {
  check_sections(
      {"places"},
      {
          {"take: repeated rows", [](auto& v) { return take(square(v[0]), v[1]); }},
          {"take: an inner axis", [](auto& v) { return take(square(v[0]), v[1], 1); }},
          {"scatter_add: repeated rows",
           [](auto& v) {
             return scatter_add(square(v[0]), v[1], {6, 3, 5});
           }},
          {"take_along_axis: an inner axis",
           [](auto& v) { return take_along_axis(square(v[0]), v[1], 1); }},
          {"scatter_add_along_axis: an inner axis",
           [](auto& v) {
             return scatter_add_along_axis(square(v[0]), v[1], {4, 6, 5}, 1);
           }},
          {"put_along_axis: a column",
           [](auto& v) {
             const Tensor x = square(v[0]);
             return put_along_axis(x, v[1], v[2] * mean(v[0]));
           }},
          {"take_at: two axes of three",
           [](auto& v) {
             return take_at(square(v[0]), {v[1], v[2]});
           }},
          {"set: a tensor of indices",
           [](auto& v) {
             return set(square(v[0]), {tensor({2, -1})}, square(v[1]));
           }},
          {"add_at: two tensors of indices",
           [](auto& v) {
             return add_at(square(v[0]), {v[1], v[2]}, v[3] * mean(v[0]));
           }},
          {"index_add: repeated columns",
           [](auto& v) { return index_add(square(v[0]), v[1], v[2] * mean(v[0]), 1); }},
          {"masked_select: elements", [](auto& v) { return masked_select(square(v[0]), v[1]); }},
          {"masked_select: rows", [](auto& v) { return masked_select(square(v[0]), v[1]); }},
      });
}
