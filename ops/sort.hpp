#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The elements along an axis in order. NaN counts as greatest, as in amax and topk: it comes last, or
/// first if descending.
///   dx = g, each element at the place that its own came from; equal ones in their order
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor sort(const Tensor& x, std::int64_t axis = -1, bool descending = false);

/// Where the elements of sort(x) come from: sort(x) = take_along_axis(x, argsort(x)). Equal ones stay
/// in their order. int64, without gradient. Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor argsort(const Tensor& x, std::int64_t axis = -1, bool descending = false);

/// What topk finds.
struct TopK {
  Tensor values, indices;
};

/// The k greatest elements along an axis, the greatest first, and where they come from:
/// `auto [values, indices] = topk(x, 5)`. NaN counts as greatest; of equal ones the first come first.
///   dx = g, each element at the place that its own came from; the indices have no gradient
/// Throws ValueError unless 0 <= k <= the extent, IndexError for an axis that there is not.
[[nodiscard]] TopK topk(const Tensor& x, std::int64_t k, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
