#pragma once
#include <functional>
#include <string>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/module.hpp>

namespace xtape::exporting {

using Function = std::function<Tensor(const Tensor&)>;

/// A tensor that was there, or was made.
struct RecordedValue {
  Tensor tensor;
  bool constant = false;  // the input has no part in it
  std::string name;       // of a parameter or buffer
  int made_by = -1;       // the step; of what was there none
};

struct RecordedStep {
  std::string operation, attributes, place;
  std::vector<int> operands;
  int result;
};

/// What a model did with one input, which is value 0.
struct Recording {
  std::vector<RecordedValue> values;
  std::vector<RecordedStep> steps;
  int result = -1;
};

/// Calls the model with a copy of the input, in evaluation and off the tape; its flags are then
/// what they were. Throws ValueError, in the name of `op`, for what no recording can hold: random
/// numbers, tensors changed in place, decisions by values of the input.
Recording record_model(const char* op, const nn::Module& model, const Function& function,
                       const Tensor& input);

}  // namespace xtape::exporting
