#pragma once
// Rows of elementwise.def under gradcheck.

#include <algorithm>
#include <vector>

#include <xtape/ops/gradcheck.hpp>

#include "rows.hpp"

inline bool has_derivative(const Row& row) {
  return std::any_of(row.inputs.begin(), row.inputs.end(),
                     [](const Row::Input& input) { return input.differentiable; });
}

/// The row as a function of its differentiable inputs alone; the others stay.
inline xtape::GradcheckResult check_row(const Row& row, const std::vector<xtape::Tensor>& inputs,
                                        const xtape::GradcheckOptions& options) {
  std::vector<xtape::Tensor> differentiable;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (row.inputs[i].differentiable) differentiable.push_back(inputs[i]);
  }
  const auto f = [&](const std::vector<xtape::Tensor>& given) {
    std::vector<xtape::Tensor> all = inputs;
    auto next = given.begin();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (row.inputs[i].differentiable) all[i] = *next++;
    }
    return row.apply(all);
  };
  return gradcheck(f, differentiable, options);
}
