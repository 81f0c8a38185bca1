#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// y_k = x_0 + ... + x_k along an axis; of booleans and integers in int64. float32 sums go on in
/// double.   dx_k = g_k + g_(k + 1) + ...
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor cumsum(const Tensor& x, std::int64_t axis);
/// Of all elements, in row-major order.
[[nodiscard]] Tensor cumsum(const Tensor& x);

/// y_k = x_0 ... x_k along an axis; of booleans and integers in int64.
///   dx_k = the sum over i >= k of g_i times the product of the others up to i, right with zeros among
///   them
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor cumprod(const Tensor& x, std::int64_t axis);
/// Of all elements, in row-major order.
[[nodiscard]] Tensor cumprod(const Tensor& x);

/// y_k = log(exp(x_0) + ... + exp(x_k)) along an axis, without overflow; in a floating dtype. All
/// -inf: -inf, with gradient 0.
///   dx_k = the sum over i >= k of g_i exp(x_k - y_i)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor logcumsumexp(const Tensor& x, std::int64_t axis);

/// The greatest (smallest) of x_0 to x_k along an axis; NaN from the first one on.
///   dx = g at the element chosen, the first among equals
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor cummax(const Tensor& x, std::int64_t axis);
[[nodiscard]] Tensor cummin(const Tensor& x, std::int64_t axis);

}  // namespace xtape

XTAPE_EXPORT_END
