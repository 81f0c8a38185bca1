#pragma once
#include <initializer_list>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The middle element in order over axes, or the mean of the two in the middle; NaN if there is one
/// among the elements. Of integers in float64. Empty: NaN.
///   dx = g at the element in the middle, or half of it at each of the two
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor median(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// What the part q of the elements over axes lies below, interpolated between the two elements
/// beside it; NaN if there is one among them. Of integers in float64.
///   dx = g, shared between these two as the value is
/// Throws ValueError unless q lies in [0, 1], and for no elements; IndexError for an axis that
/// there is not.
[[nodiscard]] Tensor quantile(const Tensor& x, double q, const Axes& axes = {},
                              ReduceOptions options = {});
/// Of several parts, along a new axis in front; the elements are put in order once.
[[nodiscard]] Tensor quantile(const Tensor& x, std::initializer_list<double> q,
                              const Axes& axes = {}, ReduceOptions options = {});
[[nodiscard]] Tensor quantile(const Tensor& x, const std::vector<double>& q, const Axes& axes = {},
                              ReduceOptions options = {});

/// Greatest element less the smallest; NaN if there is one.   dx = that of amax less that of amin
/// Throws DtypeError for booleans, ValueError for no elements, IndexError for an axis that there is
/// not.
[[nodiscard]] Tensor ptp(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

/// Sum and mean of the elements that are not NaN; without any 0, and NaN.   dx = 0 where x is NaN
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor nansum(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});
[[nodiscard]] Tensor nanmean(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});

}  // namespace xtape

XTAPE_EXPORT_END
