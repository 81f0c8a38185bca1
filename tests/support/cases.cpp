#include "cases.hpp"

#include <xtape/ops/bitwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/positions.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>

#include "cases/distributions.hpp"
#include "cases/elements.hpp"
#include "cases/fourier.hpp"
#include "cases/layout.hpp"
#include "cases/linalg.hpp"
#include "cases/places.hpp"
#include "cases/products.hpp"
#include "cases/reductions.hpp"
#include "cases/sequences.hpp"

std::vector<Case> structural_cases() {
  std::vector<Case> all;
  for (const auto& cases :
       {reduction_cases(), layout_cases(), element_cases(), product_cases(), linalg_cases(),
        fourier_cases(), place_cases(), distribution_cases(), sequence_cases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

std::vector<Case> constant_cases() {
  using namespace xtape;
  const Tensor x = sixteenths({2, 3}), labels = tensor({2, 0});
  const Tensor bits = tensor({{6, -7}, {0, 9}}), counts = tensor({3, 1});
  return {
      {"argmax: an axis", {x}, [](auto& v) { return argmax(v[0], 1); }},
      {"argmax: all", {x}, [](auto& v) { return argmax(v[0]); }},
      {"argmin: an axis", {x}, [](auto& v) { return argmin(v[0], 0); }},
      {"argmin: all", {x}, [](auto& v) { return argmin(v[0]); }},
      {"sinusoidal_positions: three", {x}, [](auto&) { return sinusoidal_positions(3, 4); }},
      {"argsort: an axis", {x}, [](auto& v) { return argsort(v[0], 0); }},
      {"searchsorted: rows", {x}, [](auto& v) { return searchsorted(sort(v[0]), v[0]); }},
      {"digitize: three intervals",
       {x},
       [](auto& v) {
         return digitize(v[0], tensor({-0.2, 0.2}, Dtype::float64));
       }},
      {"isin: numbers", {x}, [](auto& v) { return isin(v[0], v[0][0]); }},
      {"argwhere: a vector",
       {x},
       [](auto&) {
         return argwhere(tensor({0, 3, 1}));
       }},
      {"nonzero: a matrix",
       {x},
       [](auto&) {
         return nonzero(tensor({{0, 3}, {1, 0}}));
       }},
      {"topk: places", {x}, [](auto& v) { return topk(v[0], 2).indices; }},
      {"matrix_rank: a matrix", {x}, [](auto& v) { return linalg::matrix_rank(v[0]); }},
      {"any: an axis", {x}, [](auto& v) { return any(v[0], 0); }},
      {"all: an axis", {x}, [](auto& v) { return all(v[0], 1); }},
      {"count_nonzero: all", {x}, [](auto& v) { return count_nonzero(v[0]); }},
      {"fftfreq: even", {x}, [](auto&) { return fftfreq(4); }},
      {"rfftfreq: odd", {x}, [](auto&) { return rfftfreq(5); }},
      {"one_hot: labels", {labels}, [](auto& v) { return one_hot(v[0], 3); }},
      {"isfinite: all finite", {x}, [](auto& v) { return isfinite(v[0]); }},
      {"isnan: none", {x}, [](auto& v) { return isnan(v[0]); }},
      {"isinf: none", {x}, [](auto& v) { return isinf(v[0]); }},
      {"bitwise_and: integers", {bits, counts}, [](auto& v) { return bitwise_and(v[0], v[1]); }},
      {"bitwise_or: a number", {bits}, [](auto& v) { return bitwise_or(v[0], 5); }},
      {"bitwise_xor: integers", {bits, counts}, [](auto& v) { return bitwise_xor(v[0], v[1]); }},
      {"bitwise_not: integers", {bits}, [](auto& v) { return bitwise_not(v[0]); }},
      {"left_shift: integers", {bits, counts}, [](auto& v) { return left_shift(v[0], v[1]); }},
      {"right_shift: a number", {bits}, [](auto& v) { return right_shift(v[0], 1); }},
      {"logical_not: numbers", {x}, [](auto& v) { return logical_not(v[0]); }},
      {"logical_xor: numbers", {x}, [](auto& v) { return logical_xor(v[0], v[0] > 0); }},
  };
}
