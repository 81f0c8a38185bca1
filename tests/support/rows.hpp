#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

/// The rows of elementwise.def, functions.def and special.def as tests see them.
struct Row {
  struct Input {
    double low, high;  // drawn from here
    bool differentiable;
    bool is_order = false;  // of a function of the other input: a whole number
  };
  std::string name;
  bool takes_integers;
  std::vector<Input> inputs;
  std::function<xtape::Tensor(const std::vector<xtape::Tensor>&)> apply;
};

std::vector<Row> elementwise_rows();

/// The value that each row must have, from the C library. A row without an entry fails its tests.
using Reference = std::function<long double(const std::vector<long double>&)>;
const std::map<std::string, Reference>& scalar_references();
