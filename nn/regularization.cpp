#include <xtape/core/require.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {

Tensor l1_penalty(const Tensor& w) { return sum(where(w >= 0, w, -w)); }

Tensor l2_penalty(const Tensor& w) { return sum(square(w)); }

void detail::check_penalty(double l1, double l2) {
  xtape::detail::require_not_negative("regularization", "l1", l1);
  xtape::detail::require_not_negative("regularization", "l2", l2);
}

}  // namespace xtape::nn
