// The rows of the tables of elementwise operations, on what the program has and on their own
// domain.
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>

#include "../support/rows.hpp"
#include "words.hpp"

using namespace xtape;

namespace {

/// Any number, brought between two.
Tensor brought(const Tensor& x, const Row::Input& input) {
  const Tensor inside = input.low + (input.high - input.low) * sigmoid(x);
  return input.is_order ? floor(inside) : inside;
}

bool is_smooth(const std::string& name) {
  for (const char* kinked :
       {"abs",      "sign",      "relu",        "maximum",      "minimum",     "leaky_relu",
        "elu",      "where",     "clip",        "floor",        "ceil",        "trunc",
        "round",    "selu",      "softsign",    "relu6",        "hardsigmoid", "hardswish",
        "copysign", "remainder", "fmod",        "floor_divide", "heaviside",   "where_positive",
        "times",    "over",      "less",        "less_equal",   "greater",     "greater_equal",
        "equal",    "not_equal", "logical_and", "logical_or",   "logical_xor"})
    if (name == kinked) return false;
  return true;
}

}  // namespace

std::vector<Word> words_of_rows() {
  std::vector<Word> result;
  for (const Row& row : elementwise_rows()) {
    const auto use = [row](const Tensors& x, bool own_domain) {
      Tensors inputs;
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        const bool bring = own_domain || row.inputs[i].is_order;
        inputs.push_back(bring ? brought(x[i], row.inputs[i]) : x[i]);
      }
      return row.apply(inputs);
    };
    const bool has_order = row.inputs[0].is_order;
    result.push_back(
        {row.name, row.inputs.size(), is_smooth(row.name) && !has_order ? Word::smooth : Word::none,
         [use](const Tensors& x, const Ways& ways) { return use(x, ways[0] % 3 != 0); }});
  }
  return result;
}
