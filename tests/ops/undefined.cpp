// Every operation says which of its operands is undefined, in its own name.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/bitwise.hpp>
#include <xtape/ops/close.hpp>
#include <xtape/ops/convolution.hpp>
#include <xtape/ops/convolve.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/incomplete.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/normalization.hpp>
#include <xtape/ops/pooling.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>

#include "support/rows.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

struct Use {
  std::string name;
  std::size_t operands;
  std::function<void(const Tensors&)> call;
};

/// One of a single operand.
template <class F>
Use of_one(const char* name, F f) {
  return {name, 1, [f](const Tensors& x) { static_cast<void>(f(x[0])); }};
}
template <class F>
Use of_two(const char* name, F f) {
  return {name, 2, [f](const Tensors& x) { static_cast<void>(f(x[0], x[1])); }};
}

std::vector<Use> uses() {
  using T = const Tensor&;
  std::vector<Use> all{
      of_one("sum", [](T x) { return sum(x); }),
      of_one("fft", [](T x) { return fft(x); }),
      of_one("rfft", [](T x) { return rfft(x); }),
      of_one("irfft", [](T x) { return irfft(x); }),
      of_one("fftshift", [](T x) { return fftshift(x); }),
      of_one("complex_abs", [](T x) { return complex_abs(x); }),
      of_two("complex_multiply", [](T a, T b) { return complex_multiply(a, b); }),
      of_one("bitwise_not", [](T x) { return bitwise_not(x); }),
      of_two("gammainc", [](T a, T b) { return gammainc(a, b); }),
      of_two("betainc", [](T a, T b) { return betainc(2, a, b); }),
      of_one("mean", [](T x) { return mean(x); }),
      of_one("prod", [](T x) { return prod(x, 0); }),
      of_one("amax", [](T x) { return amax(x, 0); }),
      of_one("amin", [](T x) { return amin(x); }),
      of_one("logsumexp", [](T x) { return logsumexp(x); }),
      of_one("argmax", [](T x) { return argmax(x, 0); }),
      of_one("argmin", [](T x) { return argmin(x); }),
      of_one("sum_to",
             [](T x) {
               return sum_to(x, {1, 2});
             }),
      of_one("var", [](T x) { return var(x); }),
      of_one("stddev", [](T x) { return stddev(x); }),
      of_one("norm", [](T x) { return norm(x); }),
      of_one("any", [](T x) { return any(x); }),
      of_one("all", [](T x) { return xtape::all(x); }),
      of_one("count_nonzero", [](T x) { return count_nonzero(x); }),
      of_one("median", [](T x) { return median(x); }),
      of_one("quantile", [](T x) { return quantile(x, 0.5); }),
      of_one("ptp", [](T x) { return ptp(x); }),
      of_one("nansum", [](T x) { return nansum(x); }),
      of_one("nanmean", [](T x) { return nanmean(x); }),
      of_one("diff", [](T x) { return diff(x); }),
      of_one("trapezoid", [](T x) { return trapezoid(x); }),
      of_one("cumsum", [](T x) { return cumsum(x, 0); }),
      of_one("cumprod", [](T x) { return cumprod(x, 0); }),
      of_one("logcumsumexp", [](T x) { return logcumsumexp(x, 0); }),
      of_one("cummax", [](T x) { return cummax(x, 0); }),
      of_one("cummin", [](T x) { return cummin(x, 0); }),
      of_one("cummax_with_indices", [](T x) { return cummax_with_indices(x, 0).values; }),
      of_one("cummin_with_indices", [](T x) { return cummin_with_indices(x, 0).values; }),
      of_one("max_with_indices", [](T x) { return max_with_indices(x, 0).values; }),
      of_one("min_with_indices", [](T x) { return min_with_indices(x, 0).values; }),
      of_two("convolve", [](T a, T b) { return convolve(a, b); }),
      of_two("correlate", [](T a, T b) { return correlate(a, b); }),
      of_two("fftconvolve", [](T a, T b) { return fftconvolve(a, b); }),
      of_two("convolution", [](T a, T b) { return convolution(a, b); }),
      of_two("transposed_convolution", [](T a, T b) { return transposed_convolution(a, b); }),
      of_one("standardize", [](T x) { return standardize(x, 0); }),
      of_one("layer_norm", [](T x) { return layer_norm(x, Shape{2}); }),
      of_two("rms_norm", [](T a, T b) { return rms_norm(a, b); }),
      of_one("batch_norm", [](T x) { return batch_norm(x).y; }),
      of_two("batch_norm",
             [](T a, T b) {
               return batch_norm(ones({2, 2}), a, b).y;
             }),
      of_one("group_norm", [](T x) { return group_norm(x, 1); }),
      of_one("max_pool", [](T x) { return max_pool(x, 2); }),
      of_one("average_pool", [](T x) { return average_pool(x, 2); }),
      of_one("adaptive_max_pool", [](T x) { return adaptive_max_pool(x, 2); }),
      of_one("adaptive_average_pool", [](T x) { return adaptive_average_pool(x, 2); }),
      of_one("unfold", [](T x) { return unfold(x, 2); }),
      of_one("fold", [](T x) { return fold(x, {2}, 2); }),
      of_two("block",
             [](T a, T b) {
               return block({{a, b}});
             }),
      of_two("index", [](T a, T b) { return a[b]; }),
      of_one("reshape", [](T x) { return reshape(x, {4}); }),
      of_one("reshape", [](T x) { return reshape(x, {-1}); }),
      of_one("transpose", [](T x) { return transpose(x); }),
      of_one("transpose",
             [](T x) {
               return transpose(x, {1, 0});
             }),
      of_one("swapaxes", [](T x) { return swapaxes(x, 0, 1); }),
      of_one("broadcast_to",
             [](T x) {
               return broadcast_to(x, {3, 2, 2});
             }),
      of_one("expand_dims", [](T x) { return expand_dims(x, 0); }),
      of_one("squeeze", [](T x) { return squeeze(x); }),
      of_one("squeeze", [](T x) { return squeeze(x, 0); }),
      of_one("slice", [](T x) { return slice(x, {0}); }),
      of_one("embed",
             [](T x) {
               return embed(x, {2, 2}, {Slice::all});
             }),
      of_one("flip", [](T x) { return flip(x, 0); }),
      of_two("concatenate",
             [](T x, T y) {
               return concatenate({x, y});
             }),
      of_two("stack",
             [](T x, T y) {
               return stack({x, y});
             }),
      of_one("split", [](T x) { return split(x, 2); }),
      of_one("split_with_sizes",
             [](T x) {
               return split_with_sizes(x, {1, 1});
             }),
      of_one("unbind", [](T x) { return unbind(x); }),
      of_one("moveaxis", [](T x) { return moveaxis(x, 0, 1); }),
      of_one("flatten", [](T x) { return flatten(x); }),
      of_one("ravel", [](T x) { return ravel(x); }),
      of_one("roll", [](T x) { return roll(x, 1, 0); }),
      of_one("tile", [](T x) { return tile(x, {2}); }),
      of_one("repeat", [](T x) { return repeat(x, 2, 0); }),
      of_one("rot90", [](T x) { return rot90(x); }),
      of_one("pad",
             [](T x) {
               return pad(x, {{1, 1}});
             }),
      of_two("set", [](T x, T y) { return set(x, {Slice::all}, y); }),
      of_two("add_at", [](T x, T y) { return add_at(x, {Slice::all}, y); }),
      of_one("masked_fill", [](T x) { return masked_fill(x, eye(2) > 0, 1); }),
      of_one("masked_fill", [](T x) { return masked_fill(ones({2}), x, 1); }),
      of_one("diag", [](T x) { return diag(x); }),
      of_one("diagonal", [](T x) { return diagonal(x); }),
      of_one("trace", [](T x) { return trace(x); }),
      of_one("tril", [](T x) { return tril(x); }),
      of_one("triu", [](T x) { return triu(x); }),
      of_one("take", [](T x) { return take(x, 0); }),
      of_one("take", [](T index) { return take(ones({2}), index); }),
      of_one("scatter_add",
             [](T x) {
               return scatter_add(x, tensor({0, 1}), {2, 2});
             }),
      of_one("scatter_add", [](T index) { return scatter_add(ones({2}), index, {2}); }),
      of_one("one_hot", [](T x) { return one_hot(x, 2); }),
      of_one("take_along_axis",
             [](T x) {
               return take_along_axis(x, tensor({{0, 1}}), 0);
             }),
      of_one("take_along_axis",
             [](T i) {
               return take_along_axis(ones({2, 2}), i, 0);
             }),
      of_one("scatter_add_along_axis",
             [](T x) {
               return scatter_add_along_axis(x, tensor({{0, 1}}), {2, 2}, 0);
             }),
      of_one("sort", [](T x) { return sort(x); }),
      of_one("argsort", [](T x) { return argsort(x); }),
      of_one("topk", [](T x) { return topk(x, 1).values; }),
      of_one("softmax", [](T x) { return softmax(x); }),
      of_one("log_softmax", [](T x) { return log_softmax(x); }),
      of_one("dropout", [](T x) { return dropout(x, 0.5, 1, 0); }),
      of_two("matmul", [](T x, T y) { return matmul(x, y); }),
      {"linear", 3, [](const Tensors& x) { static_cast<void>(linear(x[0], x[1], x[2])); }},
      of_two("dot", [](T x, T y) { return dot(x, y); }),
      of_two("vdot", [](T x, T y) { return vdot(x, y); }),
      of_two("inner", [](T x, T y) { return inner(x, y); }),
      of_two("outer", [](T x, T y) { return outer(x, y); }),
      of_two("kron", [](T x, T y) { return kron(x, y); }),
      of_two("tensordot", [](T x, T y) { return tensordot(x, y); }),
      of_two("cross", [](T x, T y) { return cross(x, y); }),
      of_two("einsum",
             [](T x, T y) {
               return einsum("ij,jk", {x, y});
             }),
      of_two("where", [](T x, T y) { return where(eye(2) > 0, x, y); }),
      of_one("where", [](T x) { return where(x.defined() ? x > 0 : x, 1, 2); }),
      of_one("isfinite", [](T x) { return isfinite(x); }),
      of_one("isnan", [](T x) { return isnan(x); }),
      of_two("isclose", [](T x, T y) { return isclose(x, y); }),
      of_two("allclose", [](T x, T y) { return tensor(allclose(x, y)); }),
      of_one("isinf", [](T x) { return isinf(x); }),
      of_one("logical_not", [](T x) { return logical_not(x); }),
      of_two("logical_xor", [](T x, T y) { return logical_xor(x, y); }),
      of_one("nan_to_num", [](T x) { return nan_to_num(x); }),
      of_one("divide", [](T x) { return reciprocal(x); }),  // which it is
      of_one("deg2rad", [](T x) { return deg2rad(x); }),
      of_one("rad2deg", [](T x) { return rad2deg(x); }),
      of_two("lerp", [](T x, T y) { return lerp(x, y, 0.5); }),
      of_one("detach", [](T x) { return stop_gradient(x); }),  // likewise
      of_two("solve", [](T x, T y) { return linalg::solve(x, y); }),
      of_two("solve_triangular", [](T x, T y) { return linalg::solve_triangular(x, y); }),
      of_one("inverse", [](T x) { return linalg::inverse(x); }),
      of_one("cholesky", [](T x) { return linalg::cholesky(x); }),
      of_one("det", [](T x) { return linalg::det(x); }),
      of_one("slogdet", [](T x) { return linalg::slogdet(x).sign; }),
      of_one("logdet", [](T x) { return linalg::logdet(x); }),
      of_one("matrix_power", [](T x) { return linalg::matrix_power(x, 2); }),
      of_one("expm", [](T x) { return linalg::expm(x); }),
      of_one("eigh", [](T x) { return linalg::eigh(x).values; }),
      of_one("eigvalsh", [](T x) { return linalg::eigvalsh(x); }),
      of_one("svd", [](T x) { return linalg::svd(x).s; }),
      of_one("singular_values", [](T x) { return linalg::singular_values(x); }),
      of_one("qr", [](T x) { return linalg::qr(x).q; }),
      of_one("lu", [](T x) { return linalg::lu(x).l; }),
      of_one("pinv", [](T x) { return linalg::pinv(x); }),
      of_two("lstsq", [](T x, T y) { return linalg::lstsq(x, y); }),
      of_one("matrix_rank", [](T x) { return linalg::matrix_rank(x); }),
      of_one("cond", [](T x) { return linalg::cond(x); }),
      of_one("matrix_norm", [](T x) { return linalg::matrix_norm(x); }),
      of_one("to", [](T x) { return x.to(Dtype::float64); }),
      of_one("contiguous", [](T x) { return x.contiguous(); }),
  };
  for (const Row& row : elementwise_rows()) {
    if (row.name == "where") continue;  // it compares for its condition
    all.push_back({row.name, row.inputs.size(),
                   [row](const Tensors& x) { static_cast<void>(row.apply(x)); }});
  }
  return all;
}

}  // namespace

TEST_CASE("an undefined operand is told in the name of the operation") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    for (std::size_t i = 0; i < use.operands; ++i) {
      CAPTURE(i);
      Tensors x(use.operands, eye(2));
      x[i] = Tensor();
      std::string text = "(nothing was thrown)";
      try {
        use.call(x);
      } catch (const ValueError& error) {
        text = error.what();
      }
      CAPTURE(text);
      CHECK(text.starts_with(use.name + ": "));
      CHECK(text.ends_with(" must be defined; got an undefined tensor"));
    }
  }
}
