// Reductions, running ones, order statistics and what orders, against PyTorch and JAX.
#include <cmath>

#include <doctest/doctest.h>

#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/masked.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/search.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

TEST_CASE("peers: reductions") {
  const Axes outer{0, 2}, first{0, 1};
  check_sections(
      {"reductions"},
      {
          {"sum: axes", [=](auto& v) { return sum(square(v[0]), outer); }},
          {"sum: infinities", [](auto& v) { return sum(v[0]); }},
          {"mean: an axis, kept",
           [](auto& v) { return mean(square(v[0]), 1, {.keep_dims = true}); }},
          {"prod: an axis", [](auto& v) { return prod(v[0], 1); }},
          {"prod: one zero", [](auto& v) { return prod(v[0]); }},
          {"prod: two zeros", [](auto& v) { return prod(v[0]); }},
          {"amax: ties", [](auto& v) { return square(amax(v[0], 1)); }},
          {"amax: axes", [=](auto& v) { return square(amax(v[0], outer)); }},
          {"amin: ties", [](auto& v) { return square(amin(v[0], 0)); }},
          {"logsumexp: axes", [=](auto& v) { return logsumexp(v[0], first); }},
          {"logsumexp: infinity", [](auto& v) { return logsumexp(v[0]); }},
          {"sum_to: two axes",
           [](auto& v) {
             return sum_to(square(v[0]), {3, 1});
           }},
          {"var: an axis", [](auto& v) { return var(v[0], 1); }},
          {"var: corrected", [=](auto& v) { return var(v[0], first, {.correction = 1}); }},
          {"stddev: axes", [=](auto& v) { return stddev(v[0], outer); }},
          {"norm: of order 1", [](auto& v) { return norm(v[0], 1, {.order = 1}); }},
          {"norm: of order 2", [=](auto& v) { return norm(v[0], outer); }},
          {"norm: of order 3", [](auto& v) { return norm(v[0], 1, {.order = 3}); }},
          {"norm: the greatest",
           [](auto& v) { return square(norm(v[0], 1, {.order = HUGE_VAL})); }},
          {"ptp: an axis", [](auto& v) { return square(ptp(v[0], 1)); }},
          {"nansum: NaN", [](auto& v) { return square(nansum(v[0])); }},
          {"nanmean: NaN", [](auto& v) { return square(nanmean(v[0])); }},
          {"median: odd", [](auto& v) { return square(median(v[0], 1)); }},
          {"median: even", [](auto& v) { return square(median(v[0], 1)); }},
          {"quantile: an axis", [](auto& v) { return square(quantile(v[0], 0.3, 0)); }},
          {"diff: twice", [](auto& v) { return diff(square(v[0]), 2); }},
          {"trapezoid: equal distances", [](auto& v) { return trapezoid(square(v[0]), 0.5, 1); }},
          {"trapezoid: at points", [](auto& v) { return trapezoid(v[0], square(v[1])); }},
          {"masked_sum: an axis", [](auto& v) { return masked_sum(square(v[0]), v[1], 1); }},
          {"masked_mean: all", [](auto& v) { return masked_mean(square(v[0]), v[1]); }},
          {"masked_amax: axes", [=](auto& v) { return square(masked_amax(v[0], v[1], outer)); }},
          {"masked_amin: axes", [=](auto& v) { return square(masked_amin(v[0], v[1], outer)); }},
          {"masked_softmax: rows", [](auto& v) { return masked_softmax(v[0], v[1]); }},
          {"softmax: an axis", [](auto& v) { return softmax(v[0], 1); }},
          {"softmax: infinity", [](auto& v) { return softmax(v[0]); }},
          {"log_softmax: an axis", [](auto& v) { return log_softmax(v[0], 0); }},
          {"cumsum: an axis", [](auto& v) { return cumsum(square(v[0]), 1); }},
          {"cumprod: an axis", [](auto& v) { return cumprod(v[0], 1); }},
          {"cumprod: zeros", [](auto& v) { return cumprod(v[0], 1); }},
          {"logcumsumexp: an axis", [](auto& v) { return logcumsumexp(v[0], 2); }},
          {"cummax: an axis", [](auto& v) { return square(cummax(v[0], 2)); }},
          {"cummin: an axis", [](auto& v) { return square(cummin(v[0], 1)); }},
          {"sort: ties", [](auto& v) { return square(sort(v[0], 1)); }},
          {"sort: descending", [](auto& v) { return square(sort(v[0], 1, true)); }},
          {"cummax_with_indices: an axis",
           [](auto& v) { return square(cummax_with_indices(v[0], 1).values); }},
          {"cummin_with_indices: an axis",
           [](auto& v) { return square(cummin_with_indices(v[0], 0).values); }},
          {"max_with_indices: the first among equals",
           [](auto& v) { return square(max_with_indices(v[0], 1).values); }},
          {"min_with_indices: kept",
           [](auto& v) { return square(min_with_indices(v[0], 0, {.keep_dims = true}).values); }},
          {"topk: an axis", [](auto& v) { return square(topk(v[0], 2, 2).values); }},
          {"unique: ties", [](auto& v) { return square(unique(v[0]).values); }},
          {"interp: between and beyond", [](auto& v) { return square(interp(v[0], v[1], v[2])); }},
          {"interp: by the places",
           [](auto& v) { return interp(v[0], cumsum(v[1], 0) - 2, v[2]); }},
          {"bincount: weights", [](auto& v) { return bincount(v[0], square(v[1]), 7); }},
          {"histogram: weights",
           [](auto& v) {
             return histogram(v[0], 8, {.range = std::pair(-2.0, 2.0), .weights = square(v[1])})
                 .counts;
           }},
      });
}
