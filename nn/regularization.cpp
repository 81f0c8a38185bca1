#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {

Tensor l1_penalty(const Tensor& w) { return sum(where(w >= 0, w, -w)); }

Tensor l2_penalty(const Tensor& w) { return sum(square(w)); }

}  // namespace xtape::nn
