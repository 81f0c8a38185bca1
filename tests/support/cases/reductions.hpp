#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/normalization.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/statistics.hpp>

#include "case.hpp"

/// Uses of sums and other reductions, running ones, order statistics.
inline std::vector<Case> reduction_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const auto [x, y, cube, vector, scalar, nothing, index, condition] = CaseInputs();
  const Tensor with_zeros =
      tensor({{0.0, 2.0, 3.0}, {0.0, 0.0, 5.0}, {1.0, 2.0, 4.0}}, Dtype::float64);
  return {
      {"sum: all", {x}, [](auto& v) { return sum(v[0]); }},
      {"sum: an axis", {cube}, [](auto& v) { return sum(v[0], 1); }},
      {"sum: axes, kept",
       {cube},
       [](auto& v) {
         return sum(v[0], {0, -1}, {.keep_dims = true});
       }},
      {"sum: no axis",
       {x},
       [](auto& v) { return sum(v[0], Axes(std::initializer_list<std::int64_t>{})); }},
      {"sum: of nothing", {nothing}, [](auto& v) { return sum(v[0], 1); }},
      {"sum: a scalar", {scalar}, [](auto& v) { return sum(v[0]); }},
      {"mean: all", {x}, [](auto& v) { return mean(v[0]); }},
      {"mean: an axis, kept",
       {cube},
       [](auto& v) { return mean(v[0], -2, {.keep_dims = true}); },
       rounds},
      {"var: all", {x}, [](auto& v) { return var(v[0]); }, rounds},
      {"var: an axis, kept, corrected",
       {cube},
       [](auto& v) { return var(v[0], 1, {.correction = 1, .keep_dims = true}); },
       rounds},
      {"stddev: axes",
       {cube},
       [](auto& v) {
         return stddev(v[0], {0, 2});
       },
       rounds},
      {"norm: of order 1", {x}, [](auto& v) { return norm(v[0], 1, {.order = 1}); }, rounds},
      {"norm: of order 2", {x}, [](auto& v) { return norm(v[0], 0); }, rounds},
      {"norm: of order 3, kept",
       {x},
       [](auto& v) { return norm(v[0], 1, {.order = 3, .keep_dims = true}); },
       rounds},
      {"norm: the greatest", {x}, [](auto& v) { return norm(v[0], 1, {.order = HUGE_VAL}); }},
      {"prod: all", {x}, [](auto& v) { return prod(v[0]); }, rounds},
      {"prod: axes",
       {cube},
       [](auto& v) {
         return prod(v[0], {0, 2});
       },
       rounds},
      {"prod: zeros among the elements", {with_zeros}, [](auto& v) { return prod(v[0], 1); }},
      {"prod: of nothing", {nothing}, [](auto& v) { return prod(v[0], 1); }},
      {"prod: a scalar", {scalar}, [](auto& v) { return prod(v[0]); }},
      {"amax: all", {x}, [](auto& v) { return amax(v[0]); }},
      {"amax: axes, kept",
       {cube},
       [](auto& v) {
         return amax(v[0], {0, 1}, {.keep_dims = true});
       }},
      {"amin: all", {x}, [](auto& v) { return amin(v[0]); }},
      {"amin: an axis", {cube}, [](auto& v) { return amin(v[0], 1); }},
      {"logsumexp: all", {x}, [](auto& v) { return logsumexp(v[0]); }, rounds},
      {"logsumexp: an axis, kept",
       {cube},
       [](auto& v) { return logsumexp(v[0], 1, {.keep_dims = true}); },
       rounds},
      {"sum_to: leading and inner axes",
       {cube},
       [](auto& v) {
         return sum_to(v[0], {3, 1});
       }},
      {"sum_to: its own shape",
       {x},
       [](auto& v) {
         return sum_to(v[0], {2, 3});
       }},
      {"cumsum: rows", {x}, [](auto& v) { return cumsum(v[0], 1); }},
      {"cumsum: an inner axis", {cube}, [](auto& v) { return cumsum(v[0], -2); }},
      {"cumsum: all", {x}, [](auto& v) { return cumsum(v[0]); }},
      {"cumprod: rows", {x}, [](auto& v) { return cumprod(v[0], 1); }, rounds},
      {"cumprod: an inner axis", {cube}, [](auto& v) { return cumprod(v[0], 1); }, rounds},
      {"cumprod: all", {x}, [](auto& v) { return cumprod(v[0]); }, rounds},
      {"cumprod: zeros among the elements", {with_zeros}, [](auto& v) { return cumprod(v[0], 1); }},
      {"cumprod: of nothing", {nothing}, [](auto& v) { return cumprod(v[0], 1); }},
      {"logcumsumexp: rows", {x}, [](auto& v) { return logcumsumexp(v[0], 1); }, rounds},
      {"logcumsumexp: an inner axis",
       {cube},
       [](auto& v) { return logcumsumexp(v[0], 1); },
       rounds},
      {"cummax: rows", {x}, [](auto& v) { return cummax(v[0], 1); }},
      {"cummin: an inner axis", {cube}, [](auto& v) { return cummin(v[0], 1); }},
      {"max_with_indices: an axis",
       {cube},
       [](auto& v) { return max_with_indices(v[0], 1).values; }},
      {"min_with_indices: an axis, kept",
       {cube},
       [](auto& v) { return min_with_indices(v[0], -3, {.keep_dims = true}).values; }},
      {"cummax_with_indices: rows",
       {x},
       [](auto& v) { return cummax_with_indices(v[0], 1).values; }},
      {"cummin_with_indices: columns",
       {x},
       [](auto& v) { return cummin_with_indices(v[0], 0).values; }},
      {"standardize: axes",
       {cube},
       [](auto& v) {
         return standardize(v[0], {0, 2});
       },
       rounds},
      {"layer_norm: with weights",
       {cube, sixteenths({3, 2}, 1), sixteenths({3, 2}, 4)},
       [](auto& v) { return layer_norm(v[0], v[1], v[2]); },
       rounds},
      {"rms_norm: with a weight",
       {x, vector},
       [](auto& v) { return rms_norm(v[0], v[1]); },
       rounds},
      {"group_norm: with weights",
       {sixteenths({2, 4, 3}), sixteenths({4}, 1), sixteenths({4}, 4)},
       [](auto& v) { return group_norm(v[0], 2, v[1], v[2]); },
       rounds},
      {"batch_norm: channels", {cube}, [](auto& v) { return batch_norm(v[0]).y; }, rounds},
      {"batch_norm: with weights",
       {sixteenths({3, 2, 4}), sixteenths({2}, 1), sixteenths({2}, 4)},
       [](auto& v) { return batch_norm(v[0], v[1], v[2]).y; },
       rounds},
      {"group_norm: two groups",
       {sixteenths({2, 4, 3})},
       [](auto& v) { return group_norm(v[0], 2); },
       rounds},
      {"median: all", {x}, [](auto& v) { return median(v[0]); }},
      {"median: an axis, kept",
       {cube},
       [](auto& v) { return median(v[0], 1, {.keep_dims = true}); }},
      {"quantile: axes",
       {cube},
       [](auto& v) {
         return quantile(v[0], 0.375, {0, 2});
       },
       rounds},
      {"quantile: several",
       {cube},
       [](auto& v) {
         return quantile(v[0], {0.375, 1, 0.5}, {0, 2});
       },
       rounds},
      {"ptp: an axis", {x}, [](auto& v) { return ptp(v[0], 1); }},
      {"nansum: an axis", {x}, [](auto& v) { return nansum(v[0], 1); }},
      {"nanmean: all", {x}, [](auto& v) { return nanmean(v[0]); }, rounds},
      {"diff: twice", {x}, [](auto& v) { return diff(v[0], 2); }},
      {"trapezoid: equal distances", {cube}, [](auto& v) { return trapezoid(v[0], 0.5, 1); }},
      {"trapezoid: at points", {x, vector}, [](auto& v) { return trapezoid(v[0], v[1]); }},
  };
}
