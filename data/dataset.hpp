#pragma once
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Samples and what is to be learned about them: `auto [x, y] = ...`. Row i of y belongs to row i
/// of x.
struct Dataset {
  Tensor x, y;
};

/// Any number of tensors whose rows belong together, such as inputs of several kinds and targets.
using TensorList = std::vector<Tensor>;

/// What a model learns from, and what it is judged by.
struct Split {
  Dataset train, test;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
