#pragma once
#include <vector>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// Samples from the greatest score on: how many of equal score there are, and how many of those
/// have target 1.
struct Tied {
  double size, hits;
};

/// Throws, in the name of `op`, ShapeError unless scores and targets are [n], ValueError for a
/// target other than 0 and 1 and a score that is NaN.
std::vector<Tied> by_score(const char* op, const Tensor& scores, const Tensor& targets);

double all_hits(const std::vector<Tied>& groups);

}  // namespace xtape::detail
