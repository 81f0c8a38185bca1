#include "operations.hpp"

#include <utility>

#include "../support/cases.hpp"
#include "../support/rows.hpp"

namespace models {
namespace {

using namespace xtape;
using Tensors = std::vector<Tensor>;
using Apply = std::function<Tensors(const Tensors&)>;

/// Several results as one list of numbers.
Tensor joined(const Tensors& results) {
  if (results.size() == 1) return results[0];
  Tensors rows;
  for (const Tensor& result : results) rows.push_back(reshape(result, {-1}).to(Dtype::float32));
  return concatenate(rows, 0);
}

/// Operands of one dtype lie in the input one behind the other; the rest are constants.
Use use_of(const std::string& name, const Tensors& inputs, const Apply& apply, bool of_first) {
  bool floating = false;
  for (const Tensor& input : inputs) floating = floating || is_floating(input.dtype());
  const Dtype dtype = floating ? Dtype::float32 : Dtype::int64;
  Tensors given = inputs, packed;
  std::vector<bool> taken;
  for (Tensor& input : given) {
    if (is_floating(input.dtype())) input = input.detach().to(Dtype::float32);
    const bool fits = input.dtype() == dtype && (!of_first || packed.empty());
    taken.push_back(fits);
    if (fits) packed.push_back(reshape(input.detach(), {-1}));
  }
  const auto function = [=](const Tensor& x) {
    Tensors operands = given;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (!taken[i]) continue;
      const std::int64_t end = first + operands[i].size();
      operands[i] = reshape(slice(x, {range(first, end)}), operands[i].shape());
      first = end;
    }
    return joined(apply(operands));
  };
  return {name, function, concatenate(packed, 0).contiguous()};
}

/// Numbers for the arguments of a row, in the middle of their ranges.
Tensors arguments(const Row& row) {
  Tensors inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    const Row::Input& range = row.inputs[i];
    const Tensor x = drawn({2, 3}, range.low, range.high, i + 1);
    inputs.push_back(range.is_order ? round(x) : x);
  }
  return inputs;
}

std::vector<Use> uses_of_all(bool of_first) {
  std::vector<Use> uses;
  for (const Row& row : elementwise_rows()) {
    const Apply apply = [f = row.apply](const Tensors& x) { return Tensors{f(x)}; };
    uses.push_back(use_of(row.name, arguments(row), apply, of_first));
  }
  for (const auto& cases : {structural_cases(), constant_cases()})
    for (const Case& one : cases) uses.push_back(use_of(one.name, one.inputs, one.apply, of_first));
  return uses;
}

/// "norm" of "norm: order 3".
std::string operation_of(const std::string& use) { return use.substr(0, use.find(':')); }

}  // namespace

std::vector<Attempt> sweep(const std::function<void(const Use& use)>& exporter) {
  const std::vector<Use> of_all = uses_of_all(false), of_first = uses_of_all(true);
  std::vector<Attempt> attempts;
  for (std::size_t i = 0; i < of_all.size(); ++i) {
    Attempt attempt{of_all[i].name, {}, {}};
    bool part = of_all[i].x.size() > 0;
    for (const Use& use : {of_all[i], of_first[i]}) {
      if (!part || attempt.exported) continue;
      try {
        exporter(use);
        attempt.exported = use;
      } catch (const Error& error) {
        attempt.error = error.what();
        part = attempt.error.find("the input has no part in the result") == std::string::npos;
      }
    }
    if (part) attempts.push_back(std::move(attempt));
  }
  return attempts;
}

std::set<std::string> refused(const std::vector<Attempt>& attempts) {
  std::set<std::string> all, names;
  for (const Attempt& attempt : attempts)
    if (attempt.exported) all.insert(operation_of(attempt.name));
  for (const Attempt& attempt : attempts) {
    if (attempt.exported) continue;
    const std::string operation = operation_of(attempt.name);
    names.insert(all.contains(operation) ? attempt.name : operation);
  }
  return names;
}

}  // namespace models
