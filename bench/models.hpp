#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

namespace bench {

/// A workload that is no plain stack of dense layers. Contestants share data and initial weights,
/// which all draw from NumPy's legacy stream.
struct Model {
  /// One step; the first element of its result, a loss, say, is compared.
  using Step = std::function<xtape::Tensor()>;

  std::string name;
  std::string description;
  std::function<Step()> start;  ///< from the initial weights
};

/// h transformer, i inference of one row, j LSTM, k LeNet, l gradient penalty, m scalars.
std::vector<Model> models();
std::vector<Model> net_models();
std::vector<Model> scalar_models();

}  // namespace bench
