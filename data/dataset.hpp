#pragma once
#include <xtape/core/tensor.hpp>

namespace xtape::data {

/// Samples and what is to be learned about them: `auto [x, y] = ...`. Row i of y belongs to row i
/// of x.
struct Dataset {
  Tensor x, y;
};

/// What a model learns from, and what it is judged by.
struct Split {
  Dataset train, test;
};

}  // namespace xtape::data
