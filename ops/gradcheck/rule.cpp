#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/place.hpp>
#include <xtape/ops/gradcheck/compare.hpp>
#include <xtape/ops/gradcheck/rule.hpp>

namespace xtape::detail {

std::string what_ran(const Step& step) {
  std::string text = step.operation;
  const char* rule = running_rule();
  const bool told = rule != nullptr && step.attributes == "gives=gradient";  // by the rule
  if (!step.attributes.empty() && !told) text += " " + step.attributes;
  if (rule != nullptr) text += std::string(" in the backward pass of ") + rule;
  if (const std::string line = user_line(); !line.empty()) text += ", called at " + line + ",";
  return text;
}

std::optional<std::string> objection_to_rule(const Step& step) {
  if (step.result.dtype() != Dtype::float64) return {};
  Tensors all;
  std::vector<std::size_t> moved;  // those that somebody differentiates by
  Problem problem{[&](Tensors& x) {
                    Tensors given = all;
                    for (std::size_t i = 0; i < moved.size(); ++i) given[moved[i]] = x[i];
                    std::vector<const Tensor*> pointers;
                    for (const Tensor& one : given) pointers.push_back(&one);
                    return Tensors{step.copy->apply(pointers)};
                  },
                  {},
                  {}};
  for (const Tensor* x : step.inputs) {
    if (x->dtype() == Dtype::float32) return {};
    all.push_back(x->detach());
    if (!x->requires_grad()) continue;
    moved.push_back(all.size() - 1);
    problem.names.push_back("input " + std::to_string(all.size() - 1));
    problem.inputs.push_back(all.back());
  }
  const Values point = flattened(problem.inputs);
  if (std::none_of(point.begin(), point.end(), [](double x) { return std::isfinite(x); }))
    return {};
  const RecordingScope on(true);
  const auto compared = [&](GradcheckOptions options) {
    options.fast = true;
    options.subsets = false;
    GradcheckResult result{.order = 1};
    compare_derivatives(problem, options, result);
    return result;
  };
  const GradcheckResult result = compared({});
  if (result) return "";
  if (compared({.relative = true})) return "";  // operands far from 1
  // Beside a pole, as that of a logarithm, only much smaller steps stay on this side of it.
  if (compared({.eps = 1e-6}) || compared({.eps = 1e-9})) return "";
  std::ostringstream text;
  text << result;
  return text.str();
}

}  // namespace xtape::detail
