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
  if (!step.attributes.empty()) text += " " + step.attributes;
  if (const char* rule = running_rule(); rule != nullptr)
    text += std::string(" in the backward pass of ") + rule;
  if (const std::string line = user_line(); !line.empty()) text += ", called at " + line + ",";
  return text;
}

std::string objection_to_rule(const Step& step) {
  Problem problem{[&](Tensors& x) { return Tensors{step.again(x)}; }, {}, {}};
  for (const Tensor* x : step.inputs) {
    if (x->dtype() == Dtype::float32) return {};
    problem.inputs.push_back(x->detach());
  }
  problem.names = numbered("input", problem.inputs.size());
  const RecordingScope on(true);
  const auto compared = [&](GradcheckOptions options) {
    options.fast = true;
    options.subsets = false;
    GradcheckResult result{.order = 1};
    compare_derivatives(problem, options, result);
    return result;
  };
  const GradcheckResult result = compared({});
  if (result) return {};
  if (compared({.relative = true})) return {};  // operands far from 1
  // Beside a pole, as that of a logarithm, only much smaller steps stay on this side of it.
  if (compared({.stencil = Stencil::two_point, .eps = 1e-9, .atol = 1e-5, .rtol = 1e-4})) return {};
  std::ostringstream text;
  text << result;
  return text.str();
}

}  // namespace xtape::detail
