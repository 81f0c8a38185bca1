#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// a + b for two gradients of one shape and dtype: the only operation that the engine itself needs.
/// Writes into whichever nobody else holds; recorded, if the backward pass is.   da = g,  db = g
Tensor accumulate(Tensor a, Tensor b);

}  // namespace xtape::detail
