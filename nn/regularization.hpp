#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Sum of |w|, a scalar.
///   dw = g where w >= 0, -g elsewhere: the subgradient at 0 is +1, as in Neural Networks from
///   Scratch, chapter 14
[[nodiscard]] Tensor l1_penalty(const Tensor& w);

/// Sum of w², a scalar.   dw = 2 g w
[[nodiscard]] Tensor l2_penalty(const Tensor& w);

namespace detail {
/// Throws ValueError unless the factors of both penalties are finite and not negative.
void check_penalty(double l1, double l2);
}  // namespace detail

}  // namespace xtape::nn

XTAPE_EXPORT_END
