#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/sort.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/sort.hpp>

namespace xtape {
namespace {

/// The places of the first `chosen` elements in order.
struct ArgSort {
  OpInfo info;
  int axis;
  bool descending;
  std::int64_t chosen;
  void attributes(auto& visit) const {
    visit("axis", axis);
    visit("descending", descending);
    visit("chosen", chosen);
  }

  OpResult infer(const Tensor& x) const {
    Shape shape = x.shape();
    shape[axis] = chosen;
    return {shape, Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::argsort(x.contiguous(), axis, descending, chosen, y);
  }
  Tensor batch(const Examples& x) const {
    return apply(ArgSort{info, axis + 1, descending, chosen}, x[0]);
  }
};

/// The elements in order, where nobody asks for the places that a derivative is about.
struct Sort {
  static constexpr OpInfo info{"sort"};
  int axis;
  bool descending;
  void attributes(auto& visit) const {
    visit("axis", axis);
    visit("descending", descending);
  }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::sort(x.contiguous(), axis, descending, y);
  }
  Tensor batch(const Examples& x) const { return apply(Sort{axis + 1, descending}, x[0]); }
};

int axis_of(const char* op, const Tensor& x, std::int64_t axis) {
  detail::require_defined(op, "x", x);
  return normalize_axis(op, axis, x.rank());
}

Tensor places(const char* op, const Tensor& x, int axis, bool descending) {
  return apply(ArgSort{{op}, axis, descending, x.shape()[axis]}, x);
}

/// The axis, along which there must be elements if there are results.
int axis_to_compare(const char* op, const Tensor& x, std::int64_t given) {
  const int axis = axis_of(op, x, given);
  Shape others = x.shape();
  others[axis] = 1;
  if (x.shape()[axis] > 0 || others.size() == 0) return axis;
  throw ValueError(std::string(op) + ": no elements to compare; got " + x.describe());
}

/// The elements that an operation finds along an axis, of which it keeps `indices`.
ValuesAndIndices one_along(const Tensor& x, const Tensor& indices, int axis, bool keep_dims) {
  const Tensor values = detail::taken_along(x, indices, axis);
  if (keep_dims) return {values, indices};
  return {squeeze(values, axis), squeeze(indices, axis)};
}

}  // namespace

Tensor sort(const Tensor& x, std::int64_t given, bool descending) {
  const int axis = axis_of("sort", x, given);
  if (!detail::watched(x) && kernels::sorts_values(x.dtype()))
    return apply(Sort{axis, descending}, x);
  return detail::taken_along(x, places("sort", x, axis, descending), axis);
}

Tensor argsort(const Tensor& x, std::int64_t axis, bool descending) {
  return places("argsort", x, axis_of("argsort", x, axis), descending);
}

ValuesAndIndices topk(const Tensor& x, std::int64_t k, std::int64_t given) {
  const int axis = axis_of("topk", x, given);
  detail::require_in<std::int64_t>("topk", "k", k, 0, x.shape()[axis]);
  const Tensor indices = apply(ArgSort{{"topk"}, axis, true, k}, x);
  return {detail::taken_along(x, indices, axis), indices};
}

ValuesAndIndices max_with_indices(const Tensor& x, std::int64_t given, ReduceOptions options) {
  const int axis = axis_to_compare("max_with_indices", x, given);
  return one_along(x, argmax(x, axis, {.keep_dims = true}), axis, options.keep_dims);
}

ValuesAndIndices min_with_indices(const Tensor& x, std::int64_t given, ReduceOptions options) {
  const int axis = axis_to_compare("min_with_indices", x, given);
  return one_along(x, argmin(x, axis, {.keep_dims = true}), axis, options.keep_dims);
}

}  // namespace xtape
