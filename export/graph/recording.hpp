#pragma once
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/export/model.hpp>
#include <xtape/nn/module.hpp>

namespace xtape::exporting {

using Tensors = std::vector<Tensor>;
using detail::ModelFunction;

/// A tensor that was there, or was made.
struct RecordedValue {
  Tensor tensor;
  bool constant = false;  // no input has a part in it
  std::string name;       // of a parameter or buffer
  int made_by = -1;       // the step; of what was there none
};

struct RecordedStep {
  std::string operation, attributes, place, line;
  std::vector<int> operands;
  int result;
};

/// What a model did with its inputs, which are the first values.
struct Recording {
  std::vector<RecordedValue> values;
  std::vector<RecordedStep> steps;
  std::vector<int> results;
};

/// Calls the model with copies of the inputs, in evaluation and off the tape; its flags are then
/// what they were. Throws ValueError, in the name of `op`, for what no recording can hold: random
/// numbers, tensors changed in place, decisions by values of the inputs.
Recording record_model(const char* op, const nn::Module& model, const ModelFunction& function,
                       const Tensors& inputs);

}  // namespace xtape::exporting
