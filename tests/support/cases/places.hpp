#pragma once
#include <vector>

#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/masked.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/search.hpp>

#include "case.hpp"

/// Uses of what finds elements by indices, masks and search.
inline std::vector<Case> place_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  const Tensor rows = tensor({{1, 0}, {-1, 1}}), columns = tensor({2, -3});
  const Tensor places = tensor({-3.0, -0.55, 0.45, 3.0}, Dtype::float64);
  return {
      {"take_at: two axes of three",
       {cube, rows, columns},
       [](auto& v) {
         return take_at(v[0], {v[1], v[2]});
       }},
      {"set: two tensors of indices",
       {x, rows, columns, vector},
       [](auto& v) {
         return set(v[0], {v[1], v[2]}, slice(v[3], {range(0, 2)}));
       }},
      {"add_at: two tensors of indices",
       {x, rows, columns, scalar},
       [](auto& v) {
         return add_at(v[0], {v[1], v[2]}, v[3]);
       }},
      {"index_add: repeated columns",
       {x, sixteenths({2, 2}), tensor({1, -2})},
       [](auto& v) { return index_add(v[0], v[2], v[1], 1); }},
      {"put_along_axis: repeated elements",
       {x, tensor({{2, -1}, {0, 1}}), sixteenths({2, 2}, 4)},
       [](auto& v) { return put_along_axis(v[0], v[1], v[2]); }},
      {"put_along_axis: an inner axis, the indices broadcast",
       {cube, tensor({{{1}, {0}}}), scalar},
       [](auto& v) { return put_along_axis(v[0], v[1], v[2], 1); }},
      {"masked_select: columns of rows",
       {cube},
       [](auto& v) {
         return masked_select(v[0], tensor({{true, false, true}, {false, false, true}}));
       }},
      {"masked_sum: an axis", {x, condition}, [](auto& v) { return masked_sum(v[0], v[1], 1); }},
      {"masked_mean: an axis",
       {x, condition},
       [](auto& v) { return masked_mean(v[0], v[1], 1); },
       rounds},
      {"masked_amax: an axis", {x, condition}, [](auto& v) { return masked_amax(v[0], v[1], 1); }},
      {"masked_amin: all", {x, condition}, [](auto& v) { return masked_amin(v[0], v[1]); }},
      {"masked_softmax: rows",
       {x, condition},
       [](auto& v) { return masked_softmax(v[0], v[1]); },
       rounds},
      {"interp: between places, ascending whatever the inputs are",
       {x, sixteenths({4}, 5), sixteenths({4}, 6)},
       [places](auto& v) { return interp(v[0], places.to(v[1].dtype()) + tanh(v[1]) / 128, v[2]); },
       rounds},
      {"bincount: weights",
       {vector},
       [](auto& v) {
         return bincount(tensor({2, 0, 2}), v[0]);
       }},
  };
}
