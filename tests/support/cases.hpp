#pragma once
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>

#include "compare.hpp"

/// One use of a public operation that is no row of elementwise.def; the name begins with the
/// operation's. Floating inputs are sixteenths, so that only operations that `round` depend on the
/// order of sums.
struct Case {
  using Tensors = std::vector<xtape::Tensor>;
  template <class F>
  Case(std::string text, Tensors arguments, F f, bool rounding = false)
      : name(std::move(text)),
        inputs(std::move(arguments)),
        apply([f](const Tensors& x) { return xtape::detail::output_list(f(x)); }),
        rounds(rounding) {}
  std::string name;
  Tensors inputs;
  std::function<Tensors(const Tensors&)> apply;
  bool rounds;
};

inline std::vector<Case> structural_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const Tensor x = sixteenths({2, 3}), y = sixteenths({2, 3}, 1), cube = sixteenths({2, 3, 2}, 2);
  const Tensor vector = sixteenths({3}, 3), scalar = sixteenths({}),
               nothing = zeros({2, 0}, Dtype::float64);
  const Tensor with_zeros =
      tensor({{0.0, 2.0, 3.0}, {0.0, 0.0, 5.0}, {1.0, 2.0, 4.0}}, Dtype::float64);
  const auto definite = [](const Tensor& a) {  // whatever a holds
    return matmul(a, swapaxes(a, -2, -1)) + 3 * eye(a.extent(-2), a.dtype());
  };
  const Tensor index = tensor({{2, 0}, {-1, 2}}), condition = tensor({true, false, true});
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
      {"deg2rad: and back", {x}, [](auto& v) { return rad2deg(deg2rad(v[0]) * v[0]); }, rounds},
      {"rad2deg: an angle", {x}, [](auto& v) { return rad2deg(v[0] * v[0]); }, rounds},
      {"reciprocal: of x² + 1", {x}, [](auto& v) { return reciprocal(v[0] * v[0] + 1); }, rounds},
      {"lerp: by a tensor", {x, x}, [](auto& v) { return lerp(v[0], v[1], v[0] * v[1]); }, rounds},
      {"nan_to_num: numbers", {x}, [](auto& v) { return nan_to_num(v[0] * v[0]); }},
      {"solve: a matrix",
       {x},
       [=](auto& v) { return linalg::solve(definite(v[0]), v[0]); },
       rounds},
      {"solve_triangular: the upper triangle",
       {x},
       [=](auto& v) { return linalg::solve_triangular(definite(v[0]), v[0], {.lower = false}); },
       rounds},
      {"inverse: a matrix", {x}, [=](auto& v) { return linalg::inverse(definite(v[0])); }, rounds},
      {"cholesky: a matrix",
       {x},
       [=](auto& v) { return linalg::cholesky(definite(v[0])); },
       rounds},
      {"det: a matrix", {x}, [=](auto& v) { return linalg::det(definite(v[0])); }, rounds},
      {"slogdet: the logarithm",
       {x},
       [=](auto& v) { return linalg::slogdet(definite(v[0])).logabsdet; },
       rounds},
      {"logdet: a matrix", {x}, [=](auto& v) { return linalg::logdet(definite(v[0])); }, rounds},
      {"matrix_power: of an inverse",
       {x},
       [=](auto& v) { return linalg::matrix_power(definite(v[0]), -2); },
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

      {"take: repeated rows",
       {sixteenths({3, 2}), index},
       [](auto& v) { return take(v[0], v[1]); }},
      {"take: an inner axis", {cube, index}, [](auto& v) { return take(v[0], v[1], 1); }},
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
      {"ptp: an axis", {x}, [](auto& v) { return ptp(v[0], 1); }},
      {"nansum: an axis", {x}, [](auto& v) { return nansum(v[0], 1); }},
      {"nanmean: all", {x}, [](auto& v) { return nanmean(v[0]); }, rounds},
      {"diff: twice", {x}, [](auto& v) { return diff(v[0], 2); }},
      {"trapezoid: equal distances", {cube}, [](auto& v) { return trapezoid(v[0], 0.5, 1); }},
      {"trapezoid: at points", {x, vector}, [](auto& v) { return trapezoid(v[0], v[1]); }},

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
      {"contiguous: of a transpose", {x}, [](auto& v) { return transpose(v[0]).contiguous(); }},
  };
}

/// Uses of the operations that have no gradient.
inline std::vector<Case> constant_cases() {
  using namespace xtape;
  const Tensor x = sixteenths({2, 3}), labels = tensor({2, 0});
  return {
      {"argmax: an axis", {x}, [](auto& v) { return argmax(v[0], 1); }},
      {"argmax: all", {x}, [](auto& v) { return argmax(v[0]); }},
      {"argmin: an axis", {x}, [](auto& v) { return argmin(v[0], 0); }},
      {"argmin: all", {x}, [](auto& v) { return argmin(v[0]); }},
      {"argsort: an axis", {x}, [](auto& v) { return argsort(v[0], 0); }},
      {"topk: places", {x}, [](auto& v) { return topk(v[0], 2).indices; }},
      {"any: an axis", {x}, [](auto& v) { return any(v[0], 0); }},
      {"all: an axis", {x}, [](auto& v) { return all(v[0], 1); }},
      {"count_nonzero: all", {x}, [](auto& v) { return count_nonzero(v[0]); }},
      {"one_hot: labels", {labels}, [](auto& v) { return one_hot(v[0], 3); }},
      {"isfinite: all finite", {x}, [](auto& v) { return isfinite(v[0]); }},
      {"isnan: none", {x}, [](auto& v) { return isnan(v[0]); }},
      {"isinf: none", {x}, [](auto& v) { return isinf(v[0]); }},
      {"logical_not: numbers", {x}, [](auto& v) { return logical_not(v[0]); }},
      {"logical_xor: numbers", {x}, [](auto& v) { return logical_xor(v[0], v[0] > 0); }},
  };
}
