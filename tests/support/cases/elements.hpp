#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/incomplete.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>

#include "case.hpp"

/// Uses of functions of elements, what finds and what orders them.
inline std::vector<Case> element_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  return {
      {"deg2rad: and back", {x}, [](auto& v) { return rad2deg(deg2rad(v[0]) * v[0]); }, rounds},
      {"rad2deg: an angle", {x}, [](auto& v) { return rad2deg(v[0] * v[0]); }, rounds},
      {"reciprocal: of x² + 1", {x}, [](auto& v) { return reciprocal(v[0] * v[0] + 1); }, rounds},
      {"lerp: by a tensor", {x, x}, [](auto& v) { return lerp(v[0], v[1], v[0] * v[1]); }, rounds},
      {"gammainc: both",
       {x, y},
       [](auto& v) { return gammainc(v[0] * v[0] + 1, v[1] * v[1] + 1); },
       rounds},
      {"gammaincc: beside a number",
       {x},
       [](auto& v) { return gammaincc(2, v[0] * v[0] + 3); },
       rounds},
      {"betainc: by x", {x}, [](auto& v) { return betainc(2, 3, sigmoid(v[0])); }, rounds},
      {"betainc: by all",
       {vector, scalar, x},
       [](auto& v) { return betainc(2 + sin(v[0]), 3 + sin(v[1]), sigmoid(v[2])); },
       rounds},
      {"nan_to_num: numbers", {x}, [](auto& v) { return nan_to_num(v[0] * v[0]); }},
      {"take: repeated rows",
       {sixteenths({3, 2}), index},
       [](auto& v) { return take(v[0], v[1]); }},
      {"take: an inner axis", {cube, index}, [](auto& v) { return take(v[0], v[1], 1); }},
      {"take: a sparse gradient",
       {sixteenths({3, 2}), index},
       [](auto& v) { return take(v[0], v[1], 0, {.sparse_grad = true}); }},
      {"scatter_add: repeated rows",
       {sixteenths({2, 2, 3}), index},
       [](auto& v) {
         return scatter_add(v[0], v[1], {3, 3});
       }},
      {"scatter_add: an inner axis",
       {sixteenths({2, 2, 2}), index},
       [](auto& v) {
         return scatter_add(v[0], v[1], {2, 3}, -1);
       }},
      {"take_along_axis: repeated elements",
       {x, tensor({{2, 0}, {-1, -1}})},
       [](auto& v) { return take_along_axis(v[0], v[1]); }},
      {"take_along_axis: an inner axis, the others broadcast",
       {cube, tensor({{{2}, {0}, {2}, {-2}}})},
       [](auto& v) { return take_along_axis(v[0], v[1], 1); }},
      {"scatter_add_along_axis: repeated elements",
       {x, tensor({{2, 0, -1}, {1, 1, 1}})},
       [](auto& v) {
         return scatter_add_along_axis(v[0], v[1], {2, 4});
       }},
      {"scatter_add_along_axis: an inner axis",
       {sixteenths({2, 2}), tensor({{0, 2}, {0, -1}})},
       [](auto& v) {
         return scatter_add_along_axis(v[0], v[1], {3, 2}, 0);
       }},
      {"sort: rows", {x}, [](auto& v) { return sort(v[0]); }},
      {"sort: an inner axis, descending", {cube}, [](auto& v) { return sort(v[0], 1, true); }},
      {"topk: the first two", {cube}, [](auto& v) { return topk(v[0], 2, 1).values; }},
      {"hardtanh: limits", {x}, [](auto& v) { return hardtanh(v[0], -0.3, 1.7); }},
      {"celu: an alpha", {x}, [](auto& v) { return celu(v[0], 1.5); }, rounds},
      {"hardshrink: a limit", {x}, [](auto& v) { return hardshrink(v[0], 0.3); }},
      {"softshrink: a limit", {x}, [](auto& v) { return softshrink(v[0], 0.25); }},
      {"threshold: a value", {x}, [](auto& v) { return threshold(v[0], 0.3, -2); }},
      {"prelu: channels", {cube, vector}, [](auto& v) { return prelu(v[0], v[1]); }, rounds},
      {"prelu: one slope", {x, sixteenths({1})}, [](auto& v) { return prelu(v[0], v[1]); }, rounds},
      {"glu: an inner axis", {sixteenths({2, 4, 3})}, [](auto& v) { return glu(v[0], 1); }, rounds},
      {"reglu: rows", {sixteenths({3, 4})}, [](auto& v) { return reglu(v[0]); }},
      {"geglu: rows", {sixteenths({3, 4})}, [](auto& v) { return geglu(v[0]); }, rounds},
      {"swiglu: rows", {sixteenths({3, 4})}, [](auto& v) { return swiglu(v[0]); }, rounds},
      {"softmin: columns", {x}, [](auto& v) { return softmin(v[0], 0); }, rounds},
      {"softmax: rows", {x}, [](auto& v) { return softmax(v[0]); }, rounds},
      {"softmax: an inner axis", {cube}, [](auto& v) { return softmax(v[0], 1); }, rounds},
      {"log_softmax: rows", {x}, [](auto& v) { return log_softmax(v[0]); }, rounds},
      {"log_softmax: an inner axis", {cube}, [](auto& v) { return log_softmax(v[0], 0); }, rounds},
      {"where: tensors", {condition, x, vector}, [](auto& v) { return where(v[0], v[1], v[2]); }},
      {"where: a number", {condition, x}, [](auto& v) { return where(v[0], 2, v[1]); }},
      {"clip: numbers", {x}, [](auto& v) { return clip(v[0], -0.25, 0.25); }},
      {"leaky_relu: the customary slope", {x}, [](auto& v) { return leaky_relu(v[0]); }, rounds},
      {"elu: the customary alpha", {x}, [](auto& v) { return elu(v[0]); }, rounds},
      {"dropout: half of it", {x}, [](auto& v) { return dropout(v[0], 0.5, 7, 1); }},
      {"to: through float64", {x}, [](auto& v) { return v[0].to(Dtype::float64); }},
  };
}
