#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// What stands in place of numbers that are none.
struct Replacement {
  double nan, above, below;
  bool infinities;  ///< are replaced too: without gradient
};

/// x, floating, with NaN and infinities replaced; where it is, the gradient is 0.
Tensor replaced(const char* op, const Tensor& x, const Replacement& by);

/// Whether each element of a floating x is finite, or infinite.
Tensor finite(const Tensor& x);
Tensor infinite(const Tensor& x);

}  // namespace xtape::detail
