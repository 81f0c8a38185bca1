#pragma once
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/gradcheck/problem.hpp>

namespace xtape::detail {

/// Compares the first derivatives of a problem with finite differences; all but the order of the
/// result is set.
void compare_derivatives(const Problem& problem, const GradcheckOptions& options,
                         GradcheckResult& result);

}  // namespace xtape::detail
