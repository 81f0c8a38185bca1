#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// exp(x) / sum(exp(x)) along an axis, without overflow; in a floating dtype.
///   dx = y (g - sum(g y))
/// A row of -inf alone has no maximum to compare with: it gives zeros, and gradient 0. NaN in a row
/// fills the row.
/// Source: the row maximum is subtracted, as in Goodfellow et al., Deep Learning (2016), section
/// 4.1.
[[nodiscard]] Tensor softmax(const Tensor& x, std::int64_t axis = -1);

/// log(softmax(x)), right where softmax would round to 0.
///   dx = g - exp(y) sum(g)
/// A row of -inf alone gives -inf.
[[nodiscard]] Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
