#pragma once
#include <string>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/optim/optimizer.hpp>

/// Throws if the loss depends on a parameter that the optimizer does not step: one whose module
/// forgot to register it, or that was left out of the groups.
inline void require_all_stepped(const xtape::optim::Optimizer& optimizer, const xtape::Tensor& loss,
                                const xtape::nn::Module& model) {
  const std::vector<std::string> missed = optimizer.missed(loss, model.named_parameters());
  if (!missed.empty()) throw xtape::ValueError("no optimizer steps the parameter " + missed[0]);
}
