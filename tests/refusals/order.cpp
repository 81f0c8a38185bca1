#include <xtape/core/create.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/masked.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/search.hpp>
#include <xtape/ops/sort.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: axes of order and accumulation") {
  const Tensor places = zeros({2, 3}, Dtype::int64);
  check(of_axis("take_along_axis: axis",
                [&](auto& x, auto a) { return take_along_axis(x, places, a); }));
  check(of_axis("scatter_add_along_axis: axis",
                [&](auto& x, auto a) { return scatter_add_along_axis(x, places, x.shape(), a); }));
  check(of_axis("put_along_axis: axis",
                [&](auto& x, auto a) { return put_along_axis(x, places, 1, a); }));
  check(
      of_axis("index_add: axis", [&](auto& x, auto a) { return index_add(x, tensor({0}), 1, a); }));
  const Tensor mask = tensor(true);
  check(of_axis("masked_sum: axes", [&](auto& x, auto a) { return masked_sum(x, mask, a); }));
  check(of_axis("masked_mean: axes", [&](auto& x, auto a) { return masked_mean(x, mask, a); }));
  check(of_axis("masked_amax: axes", [&](auto& x, auto a) { return masked_amax(x, mask, a); }));
  check(of_axis("masked_amin: axes", [&](auto& x, auto a) { return masked_amin(x, mask, a); }));
  check(
      of_axis("masked_softmax: axis", [&](auto& x, auto a) { return masked_softmax(x, mask, a); }));
  check(of_axis("sort: axis", [](auto& x, auto a) { return sort(x, a); }));
  check(of_axis("argsort: axis", [](auto& x, auto a) { return argsort(x, a); }));
  check(of_axis("topk: axis", [](auto& x, auto a) { return topk(x, 1, a).values; }));
  check(of_axis("median: axes", [](auto& x, auto a) { return median(x, a); }));
  check(of_axis("quantile: axes", [](auto& x, auto a) { return quantile(x, 0.5, a); }));
  check(of_axis("ptp: axes", [](auto& x, auto a) { return ptp(x, a); }));
  check(of_axis("nansum: axes", [](auto& x, auto a) { return nansum(x, a); }));
  check(of_axis("nanmean: axes", [](auto& x, auto a) { return nanmean(x, a); }));
  check(of_axis("diff: axis", [](auto& x, auto a) { return diff(x, 1, a); }));
  check(of_axis("trapezoid: axis", [](auto& x, auto a) { return trapezoid(x, 1, a); }));
  check(of_axis("cumsum: axis", [](auto& x, auto a) { return cumsum(x, a); }));
  check(of_axis("cumprod: axis", [](auto& x, auto a) { return cumprod(x, a); }));
  check(of_axis("logcumsumexp: axis", [](auto& x, auto a) { return logcumsumexp(x, a); }));
  check(of_axis("cummax: axis", [](auto& x, auto a) { return cummax(x, a); }));
  check(of_axis("cummin: axis", [](auto& x, auto a) { return cummin(x, a); }));
  check(of_axis("cummax_with_indices: axis",
                [](auto& x, auto a) { return cummax_with_indices(x, a).values; }));
  check(of_axis("cummin_with_indices: axis",
                [](auto& x, auto a) { return cummin_with_indices(x, a).values; }));
  check(of_axis("max_with_indices: axis",
                [](auto& x, auto a) { return max_with_indices(x, a).values; }));
  check(of_axis("min_with_indices: axis",
                [](auto& x, auto a) { return min_with_indices(x, a).values; }));
}

TEST_CASE("refusals: counts and places along an axis") {
  const Tensor x = ones({2, 3}), labels = tensor({0, 1});
  check(Counts{
      {"take_along_axis: indices",
       Kind::index,
       {3, -4, most, least},
       [&](auto i) { return take_along_axis(x, tensor({{i}})); },
       "take_along_axis: index must lie in [-3, 3); got % at position 0"},
      {"scatter_add_along_axis: indices",
       Kind::index,
       {3, -4, most, least},
       [&](auto i) {
         return scatter_add_along_axis(ones({1, 1}), tensor({{i}}), {1, 3});
       },
       "scatter_add_along_axis: index must lie in [-3, 3); got % at position 0"},
      {"scatter_add_along_axis: shape",
       Kind::shape,
       {-1},
       [&](auto n) { return scatter_add_along_axis(x, labels, {n}); },
       "shape: extents must not be negative; got [%]"},
      {"take_at: indices",
       Kind::index,
       {3, -4, most, least},
       [&](auto i) {
         return take_at(x, {tensor({0}), tensor({i})});
       },
       "take_at: index must lie in [-3, 3); got % at position 0"},
      {"put_along_axis: indices",
       Kind::index,
       {3, -4, most, least},
       [&](auto i) { return put_along_axis(x, tensor({{i}}), 1); },
       "put_along_axis: index must lie in [-3, 3); got % at position 0"},
      {"index_add: indices",
       Kind::index,
       {2, -3, most, least},
       [&](auto i) { return index_add(x, tensor({i}), 1); },
       "index_add: index must lie in [-2, 2); got % at position 0"},
      {"bincount: least_count",
       Kind::value,
       {-1, least},
       [&](auto n) { return bincount(labels, n); },
       "bincount: least_count must be at least 0; got "},
      {"bincount: x",
       Kind::value,
       {-1, least},
       [&](auto n) { return bincount(tensor({n})); },
       "bincount: the numbers must not be negative; got % at position 0"},
      {"bincount: x",
       Kind::value,
       {most},
       [&](auto n) { return bincount(tensor({n})); },
       "bincount: too great a number to count to; got "},
      {"histogram: bins",
       Kind::value,
       {0, -1, least},
       [&](auto n) { return histogram(x, n).counts; },
       "histogram: bins must be at least 1; got "},
      {"diff: n",
       Kind::value,
       {-1, least},
       [&](auto n) { return diff(x, n); },
       "diff: n must be at least 0; got "},
      {"topk: k",
       Kind::value,
       {4, -1, most, least},
       [&](auto k) { return topk(x, k).values; },
       "topk: k must lie in [0, 3]; got "},
  });
}

TEST_CASE("refusals: parts of the elements") {
  const Tensor x = ones({2, 3});
  check(Numbers{{"quantile: q",
                 Kind::value,
                 {-0.1, 1.1, not_a_number, inf, -inf},
                 [&](auto q) { return quantile(x, q); },
                 "quantile: q must lie in [0, 1]; got "}});
}

TEST_CASE("refusals: what interp gives beyond the ends") {
  const Tensor x = ones({2}), places = tensor({0.0, 1.0});
  check(Numbers{
      {"InterpOptions.left",
       Kind::value,
       {1e300, -1e300},
       [&](auto y) { return interp(x, places, places, {.left = y}); },
       "interp: a number must fit in float32; got "},
      {"InterpOptions.right",
       Kind::value,
       {1e300, -1e300},
       [&](auto y) { return interp(x, places, places, {.right = y}); },
       "interp: a number must fit in float32; got "},
  });
}
