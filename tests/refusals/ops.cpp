#include <xtape/core/create.hpp>
#include <xtape/ops/debug_guard.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/implicit.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/statistics.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

constexpr std::int64_t half = std::int64_t{1} << 62;

}  // namespace

TEST_CASE("refusals: axes") {
  const Tensor first = tensor({0});
  check(of_axis("take: axis", [&](auto& x, auto a) { return take(x, first, a); }));
  check(of_axis("scatter_add: axis",
                [&](auto& x, auto a) { return scatter_add(x, first, x.shape(), a); }));
  check(of_axis("squeeze: axis", [](auto& x, auto a) { return squeeze(x, a); }));
  check(of_axis("flip: axis", [](auto& x, auto a) { return flip(x, a); }));
  check(of_axis("concatenate: axis", [](auto& x, auto a) { return concatenate({x, x}, a); }));
  check(of_axis("split: axis", [](auto& x, auto a) { return split(x, 1, a); }));
  check(of_axis("moveaxis: from", [](auto& x, auto a) { return moveaxis(x, a, 0); }));
  check(of_axis("roll: axis", [](auto& x, auto a) { return roll(x, 1, a); }));
  check(of_axis("repeat: axis", [](auto& x, auto a) { return repeat(x, 2, a); }));
  check(of_axis("unbind: axis", [](auto& x, auto a) { return unbind(x, a); }));
  check(of_axis("split_with_sizes: axis", [](auto& x, auto a) {
    return split_with_sizes(x, {1, 1}, a);
  }));
  check(of_axis("rot90: from", [](auto& x, auto a) { return rot90(x, 1, a, 1); }));
  check(of_axis(
      "flatten: first", [](auto& x, auto a) { return flatten(x, a); }, 2, false));
  check(of_axis("swapaxes: a", [](auto& x, auto a) { return swapaxes(x, a, a); }));
  check(of_axis("sum: axes", [](auto& x, auto a) { return sum(x, a); }));
  check(of_axis("mean: axes", [](auto& x, auto a) { return mean(x, {a}); }));
  check(of_axis("var: axes", [](auto& x, auto a) { return var(x, a); }));
  check(of_axis("stddev: axes", [](auto& x, auto a) { return stddev(x, a); }));
  check(of_axis("norm: axes", [](auto& x, auto a) { return norm(x, a); }));
  check(of_axis("any: axes", [](auto& x, auto a) { return any(x, a); }));
  check(of_axis("all: axes", [](auto& x, auto a) { return all(x, a); }));
  check(of_axis("count_nonzero: axes", [](auto& x, auto a) { return count_nonzero(x, a); }));
  check(of_axis("prod: axes", [](auto& x, auto a) { return prod(x, a); }));
  check(of_axis("amax: axes", [](auto& x, auto a) { return amax(x, a); }));
  check(of_axis("amin: axes", [](auto& x, auto a) { return amin(x, a); }));
  check(of_axis("logsumexp: axes", [](auto& x, auto a) { return logsumexp(x, a); }));
  check(of_axis("argmax: axis", [](auto& x, auto a) { return argmax(x, a); }));
  check(of_axis("argmin: axis", [](auto& x, auto a) { return argmin(x, a); }));
  check(of_axis(
      "softmax: axis", [](auto& x, auto a) { return softmax(x, a); }, 2, false));
  check(of_axis(
      "log_softmax: axis", [](auto& x, auto a) { return log_softmax(x, a); }, 2, false));
  check(of_axis(
      "expand_dims: axis", [](auto& x, auto a) { return expand_dims(x, a); }, 3));
  check(of_axis(
      "stack: axis",
      [](auto& x, auto a) {
        return stack({x, x}, a);
      },
      3));
}

TEST_CASE("refusals: counts and places of operations") {
  const Tensor x = ones({2, 3}), scalar = tensor(1.0), labels = tensor({0, 1});
  const Tensor wide = broadcast_to(scalar, {half});
  const std::string negative = "shape: extents must not be negative; got ";
  const std::string overflow = "shape: the number of elements must fit in int64; got ";
  check(Counts{
      {"take: indices",
       Kind::index,
       {2, -3, most, least},
       [&](auto i) { return take(x, tensor({i})); },
       "take: index must lie in [-2, 2); got % at position 0"},
      {"scatter_add: indices",
       Kind::index,
       {2, -3, most, least},
       [&](auto i) {
         return scatter_add(ones({1, 3}), tensor({i}), {2, 3});
       },
       "scatter_add: index must lie in [-2, 2); got % at position 0"},
      {"scatter_add: shape",
       Kind::shape,
       {-1},
       [&](auto n) { return scatter_add(x, labels, {n}); },
       negative + "[%]"},
      {"one_hot: classes",
       Kind::value,
       {-1, least},
       [&](auto n) { return one_hot(labels, n); },
       "one_hot: classes must not be negative; got "},
      {"one_hot: classes",
       Kind::shape,
       {most},
       [&](auto n) { return one_hot(labels, n); },
       overflow + "[2, %]"},
      {"one_hot: classes",
       Kind::index,
       {0, 1},
       [&](auto n) { return one_hot(tensor({5}), n); },
       "one_hot: labels must lie in [0, %); got 5 in row 0"},
      {"reshape: shape",
       Kind::shape,
       {-2, least},
       [&](auto n) {
         return reshape(x, {n, 3});
       },
       negative + "[%, 3]"},
      {"reshape: shape",
       Kind::shape,
       {most, half},
       [&](auto n) {
         return reshape(x, {n, 3});
       },
       overflow + "[%, 3]"},
      {"reshape: shape",
       Kind::shape,
       {5},
       [&](auto n) { return reshape(x, Shape{n}); },
       "reshape: the number of elements must stay; got float32[2, 3] for [%]"},
      {"transpose: axes",
       Kind::index,
       {2, most, least},
       [&](auto a) {
         return transpose(x, {a, 0});
       },
       "transpose: axis must lie in [-2, 2); got "},
      {"moveaxis: to",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return moveaxis(x, 0, a); },
       "moveaxis: axis must lie in [-2, 2); got "},
      {"tile: repeats",
       Kind::value,
       {-1, least},
       [&](auto n) {
         return tile(x, {1, n});
       },
       "tile: repeats must be at least 0; got "},
      {"repeat: count",
       Kind::value,
       {-1, least},
       [&](auto n) { return repeat(x, n, 0); },
       "repeat: count must be at least 0; got "},
      {"diag: k",
       Kind::value,
       {most, least},
       [](auto k) { return diag(ones({3}), k); },
       "diag: k must lie in (-2^31, 2^31); got "},
      {"pad: widths",
       Kind::value,
       {-1, least},
       [&](auto n) {
         return pad(x, {{0, n}, {0, 0}});
       },
       "pad: widths must be at least 0; got "},
      {"swapaxes: b",
       Kind::index,
       {2, most, least},
       [&](auto a) { return swapaxes(x, 0, a); },
       "swapaxes: axis must lie in [-2, 2); got "},
      {"broadcast_to: shape",
       Kind::shape,
       {-1},
       [&](auto n) { return broadcast_to(scalar, {n}); },
       negative + "[%]"},
      {"broadcast_to: shape",
       Kind::shape,
       {most},
       [&](auto n) {
         return broadcast_to(scalar, {n, 2});
       },
       overflow + "[%, 2]"},
      {"sum_to: shape",
       Kind::shape,
       {5, most},
       [&](auto n) { return sum_to(x, {n}); },
       "sum_to: the tensor must be a broadcast of [%]; got float32[2, 3]"},
      {"slice: slices",
       Kind::index,
       {2, -3, most, least},
       [&](auto i) { return slice(x, {i}); },
       "slice: index must lie in [-2, 2); got "},
      {"range: step",
       Kind::value,
       {0},
       [&](auto n) { return slice(x, {range(0, 1, n)}); },
       "=slice: step must not be 0"},
      {"embed: shape",
       Kind::shape,
       {-1},
       [&](auto n) { return embed(x, {n}, {}); },
       negative + "[%]"},
      {"embed: slices",
       Kind::index,
       {2, least},
       [&](auto i) {
         return embed(x, {2, 3}, {i});
       },
       "embed: index must lie in [-2, 2); got "},
      {"split: parts of nothing",
       Kind::shape,
       {-1, 0, 2, most},
       [](auto n) { return split(zeros({0}), n); },
       "split: the number of parts must divide the axis; got % for axis 0 of float32[0]"},
      {"split: parts",
       Kind::shape,
       {0, -1, 4, most, least},
       [&](auto n) { return split(x, n); },
       "split: the number of parts must divide the axis; got % for axis 0 of float32[2, 3]"},
      {"concatenate: tensors",
       Kind::shape,
       {0},
       [&](auto) {
         return concatenate({wide, wide});
       },
       "concatenate: the extent along axis % must fit in int64; got float32[4611686018427387904] "
       "and others"},
      {"add: operands",
       Kind::memory,
       {no_memory},
       [&](auto n) { return broadcast_to(scalar, {n}) + 1; },
       "add: out of memory: 1152921504606846976 bytes for float32[%]"},
      {"matmul: shapes",
       Kind::memory,
       {no_memory},
       [&](auto n) {
         return matmul(broadcast_to(scalar, {n, 1}), ones({1, 1}));
       },
       "matmul: out of memory: 1152921504606846976 bytes for float32[%, 1]"},
      {"GradcheckOptions.order",
       Kind::value,
       {0, -1},
       [&](auto n) {
         return gradcheck([](auto& v) { return sum(v[0]); }, {x}, {.order = static_cast<int>(n)});
       },
       "gradcheck: order must be at least 1; got "},
      {"DebugOptions.max_nodes",
       Kind::value,
       {-1, least},
       [&](auto n) {
         const DebugGuard guard({.max_nodes = n});
         return 0;
       },
       "DebugGuard: max_nodes must be at least 0; got "},
      {"SolveOptions.max_iterations",
       Kind::value,
       {0, -1, least},
       [&](auto n) {
         return root([](const Tensor& a, const Tensor& b) { return a - b; }, x, x,
                     {.max_iterations = n});
       },
       "root: max_iterations must be at least 1; got "},
      {"HessianEstimate.samples",
       Kind::value,
       {0, -1, least},
       [&](auto n) {
         return hessian_diagonal([](const Tensor& a) { return sum(a * a); }, x, {.samples = n});
       },
       "hessian_diagonal: samples must be at least 1; got "},
      {"GradcheckOptions.seed",
       Kind::value,
       {std::int64_t{1} << 32},
       [&](auto n) {
         return gradcheck([](auto& v) { return sum(v[0]); }, {x},
                          {.seed = static_cast<std::uint64_t>(n)});
       },
       "seed: the seed must be less than 2^32; got "},
  });
}

TEST_CASE("refusals: numbers of operations") {
  const Tensor x = ones({2}), integers = tensor({1, 2}), truths = tensor({true, false});
  const auto checked = [&](const GradcheckOptions& options) {
    return gradcheck([](auto& v) { return sum(v[0]); }, {x}, options);
  };
  const std::string fits = ": a number must fit in float32; got ";
  check(Numbers{
      {"dropout: rate",
       Kind::value,
       {-0.1, 1.1, not_a_number, inf},
       [&](auto v) { return dropout(x, v, 0, 0); },
       "dropout: rate must lie in [0, 1]; got "},
      {"clip: low",
       Kind::value,
       {1e39, -1e300},
       [&](auto v) { return clip(x, v, 0); },
       "clip" + fits},
      {"clip: high",
       Kind::value,
       {1e39, -1e300},
       [&](auto v) { return clip(x, 0, v); },
       "clip" + fits},
      {"where: a",
       Kind::value,
       {1e39},
       [&](auto v) { return where(truths, v, x); },
       "where" + fits},
      {"where: b",
       Kind::value,
       {1e39},
       [&](auto v) { return where(truths, x, v); },
       "where" + fits},
      {"add: b", Kind::value, {1e39}, [&](auto v) { return x + v; }, "add" + fits},
      {"pow: b", Kind::value, {1e39}, [&](auto v) { return pow(x, v); }, "pow" + fits},
      {"less: b", Kind::value, {1e39}, [&](auto v) { return x < v; }, "less" + fits},
      {"elu: b", Kind::value, {1e39}, [&](auto v) { return elu(x, v); }, "elu" + fits},
      {"to: dtype",
       Kind::value,
       {1e39, not_a_number, inf, -inf},
       [&](auto v) { return tensor({v}, Dtype::float64).to(Dtype::int64); },
       "to: a number must fit in int64; got "},
      {"VarianceOptions.correction",
       Kind::value,
       {-1.0, not_a_number, inf},
       [&](auto v) { return var(x, {}, {.correction = v}); },
       "var: correction must be finite and not negative; got "},
      {"VarianceOptions.correction",
       Kind::value,
       {1e9},
       [&](auto v) { return stddev(x, {}, {.correction = v}); },
       "stddev: more elements than the correction are needed; got 2 with the correction "},
      {"NormOptions.order",
       Kind::value,
       {0.0, -1.0, -inf, not_a_number},
       [&](auto v) { return norm(x, {}, {.order = v}); },
       "norm: order must be positive; got "},
      {"NanToNumOptions.nan",
       Kind::value,
       {1e300},
       [&](auto v) { return nan_to_num(tensor({1.0}), {.nan = v}); },
       "nan_to_num: a number must fit in float32; got "},
      {"NanToNumOptions.posinf",
       Kind::value,
       {1e300},
       [&](auto v) { return nan_to_num(tensor({1.0}), {.posinf = v}); },
       "nan_to_num: a number must fit in float32; got "},
      {"NanToNumOptions.neginf",
       Kind::value,
       {-1e300},
       [&](auto v) { return nan_to_num(tensor({1.0}), {.neginf = v}); },
       "nan_to_num: a number must fit in float32; got "},
      {"SolveOptions.tolerance",
       Kind::value,
       {0.0, -1.0, not_a_number, inf},
       [&](auto v) {
         return root([](const Tensor& a, const Tensor& b) { return a - b; }, x, x,
                     {.tolerance = v});
       },
       "root: tolerance must be finite and above 0; got "},
      {"GradcheckOptions.eps",
       Kind::value,
       {0, -1, not_a_number, inf},
       [&](auto v) { return checked({.eps = v}); },
       "gradcheck: eps must be finite and above 0; got "},
      {"GradcheckOptions.atol",
       Kind::value,
       {-1, not_a_number, inf},
       [&](auto v) { return checked({.atol = v}); },
       "gradcheck: atol must be finite and not negative; got "},
      {"GradcheckOptions.rtol",
       Kind::value,
       {-1, not_a_number, inf},
       [&](auto v) { return checked({.rtol = v}); },
       "gradcheck: rtol must be finite and not negative; got "},
  });
  CHECK_THROWS_AS(pow(integers, -1), ValueError);
}

// Beside an extent of 0 the others may be anything; so may those of a view of one element.
TEST_CASE("extents whose products overflow make no trouble where there are no elements") {
  const Tensor huge = zeros({0, half, 4}), wide = broadcast_to(tensor(1.5), {most});
  CHECK(mean(huge, {1, 2}).shape() == Shape{0});
  CHECK(sum(huge, {1, 2}).shape() == Shape{0});
  CHECK(prod(huge.clone().set_requires_grad(true), {1, 2}).shape() == Shape{0});
  CHECK(slice(wide, {range({}, {}, -1)}).shape() == Shape{most});
  CHECK(slice(wide, {range({}, {}, most)}).size() == 1);
  CHECK(slice(wide, {range(-1, {}, least)}).size() == 1);
  CHECK(slice(huge, {Slice::all, half - 1}).shape() == Shape{0, 4});
  CHECK(matmul(huge, zeros({4, 3})).shape() == Shape{0, half, 3});
  CHECK(linear(huge, zeros({4, 3}), zeros({3})).shape() == Shape{0, half, 3});
  CHECK(matmul(zeros({half, 0, 3}), zeros({1, 3, 4})).size() == 0);
  CHECK(take(huge, tensor({3, 0}), 2).shape() == Shape{0, half, 2});
  CHECK(scatter_add(zeros({half, 1, 0}), tensor({1}), {half, 2, 0}, 1).size() == 0);
}
