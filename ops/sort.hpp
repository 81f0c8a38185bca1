#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The elements along an axis in order. NaN counts as greatest, as in amax and topk: it comes last,
/// or first if descending.
///   dx = g, each element at the place that its own came from; equal ones in their order
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor sort(const Tensor& x, std::int64_t axis = -1, bool descending = false);

/// Where the elements of sort(x) come from: sort(x) = take_along_axis(x, argsort(x)). Equal ones
/// stay in their order. int64, without gradient. Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor argsort(const Tensor& x, std::int64_t axis = -1, bool descending = false);

/// Elements, and where they come from along an axis.
struct ValuesAndIndices {
  Tensor values, indices;
};

/// The k greatest elements along an axis, the greatest first, and where they come from:
/// `auto [values, indices] = topk(x, 5)`. NaN counts as greatest; of equal ones the first come
/// first.
///   dx = g, each element at the place that its own came from; the indices have no gradient
/// Throws ValueError unless 0 <= k <= the extent, IndexError for an axis that there is not.
[[nodiscard]] ValuesAndIndices topk(const Tensor& x, std::int64_t k, std::int64_t axis = -1);

/// The greatest (smallest) element along an axis and where it stands, the first among equals:
/// `auto [values, indices] = max_with_indices(x, 1)`. NaN if there is one, the first.
///   dx = g at that element alone, where amax shares it among equal ones; the indices have no gradient
/// Throws ValueError for no elements, IndexError for an axis that there is not.
[[nodiscard]] ValuesAndIndices max_with_indices(const Tensor& x, std::int64_t axis,
                                                ReduceOptions options = {});
[[nodiscard]] ValuesAndIndices min_with_indices(const Tensor& x, std::int64_t axis,
                                                ReduceOptions options = {});
/// The same of x_0 to x_k for each k: cummax and cummin, and where their elements stand.
///   dx = g at the element chosen; the indices have no gradient
/// Throws IndexError for an axis that there is not.
[[nodiscard]] ValuesAndIndices cummax_with_indices(const Tensor& x, std::int64_t axis);
[[nodiscard]] ValuesAndIndices cummin_with_indices(const Tensor& x, std::int64_t axis);

}  // namespace xtape

XTAPE_EXPORT_END
